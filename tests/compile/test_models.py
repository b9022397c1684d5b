"""Real models on every board whose memory holds them: all outputs equal the interpreter's, byte for byte."""

from pathlib import Path

import bench
import pytest
from real_models import FOLDER, MODELS, RANDOM, is_float, needed, samples_of

from aot.base.choices import CompileOptions
from aot.base.errors import AotError
from aot.compile.pipeline import compile_file
from aot.compile.printing import make
from aot.compile.records import Compiled
from aot.device.verify import connect, run, verify_layers
from aot.graph.fixedpoint import ROUNDINGS
from aot.oracle.samples import random_samples
from aot.project.compile import Firmware
from aot.targets import all_boards, load_board

# What does not fit, and only that: the micro:bit has 16 KiB of RAM and 256 KiB of flash, the Netduino's RAM is 128 KiB.
TOO_LARGE = {
    ("microbit", "mlperf_tiny/ad01_fp32.tflite"),
    ("microbit", "mlperf_tiny/kws_ref_model_float32.tflite"),
    ("microbit", "mlperf_tiny/pretrainedResnet.tflite"),
    ("microbit", "mlperf_tiny/vww_96_float.tflite"),
    ("netduinoplus2", "mlperf_tiny/ad01_fp32.tflite"),
    ("netduinoplus2", "mlperf_tiny/pretrainedResnet.tflite"),
    ("netduinoplus2", "mlperf_tiny/vww_96_float.tflite"),
    ("microbit", "mlperf_tiny/ad01_int8.tflite"),
    ("microbit", "mlperf_tiny/pretrainedResnet_quant.tflite"),
    ("microbit", "mlperf_tiny/vww_96_int8.tflite"),
    ("microbit", "tflm/person_detect.tflite"),
}
# Where the painted stack is compared with the computed one; in integers alone, for float functions are the C library's.
PAINTED = ("mps2-an385", "mps2-an386", "mps3-an547", "riscv-virt", "riscv-virt-v", "xtensa-sim")
MOST_STACK, MOST_DOUBT = 512, 16  # bytes: of any model on any board, and by which the bound may exceed what was seen:
# the last of a frame, which RISC-V aligns to 16 bytes, may be padding that nothing is written to

_MORE_STACK = {"xtensa-sim": 96}  # person_detect's: loops of 15 registers that others have in 31, or take from memory
_CALLER = {"xtensa-sim": 16}  # bytes of the function that calls the model, which other cores leave by then
_SHARING = (("mps2-an500", "mps2-an505", "netduinoplus2"), ("riscv-virt", "riscv-virt-v", "xtensa-sim"))

pytestmark = needed


def _runs() -> list[tuple[str, str]]:
    """Every model on every emulated board; in a short run, only some of them."""
    boards = [board.name for board in all_boards() if board.tier == "CI"]
    return [(b, m) for b in boards for i, m in enumerate(MODELS) if RANDOM >= 16 or _in_short_runs(b, i, m)]


def _in_short_runs(board: str, number: int, model: str) -> bool:
    """Emulators are slow at float32; boards with like cores, or the host's kernels, share the models."""
    shared = next((boards for boards in _SHARING if board in boards), None)
    mine = shared is None or number % len(shared) == shared.index(board)
    return board == "host" or (mine and not is_float(model))


@pytest.mark.parametrize(("board", "model"), _runs())
def test_exact_on(board: str, model: str, tmp_path: Path) -> None:
    path = Path(FOLDER) / model
    if (board, model) in TOO_LARGE:
        with pytest.raises(AotError, match=f"does not fit {board}"):
            compile_file(path, load_board(board))
        return
    compiled = compile_file(path, load_board(board))
    firmware = make(compiled, tmp_path)
    verdict = run(compiled, firmware, samples_of(model, compiled.source), count=board == bench.BOARD)
    assert verdict.exact
    if board in bench.BOARDS:
        _check_growth(model, compiled, firmware, verdict.instructions)
    if compiled.board.memories:
        assert firmware.stack.bytes <= MOST_STACK + _MORE_STACK.get(board, 0)
    if board in PAINTED and not is_float(model):
        _check_stack(compiled, firmware)


def _check_growth(model: str, compiled: Compiled, firmware: Firmware, instructions: int | None) -> None:
    """Not by more than a percent; instructions are counted on the main board alone, for that takes time."""
    names = {file: name for name, file in (*bench.MODELS, *bench.FLOATS)}
    row = {"flash": firmware.flash.total, "arena": compiled.plan.size, "instructions": instructions or 0}
    board = compiled.board.name
    if (name := names.get(model)) in bench.known()[board]:
        assert bench.growth({name: row}, board) == []


def _check_stack(compiled: Compiled, firmware: Firmware) -> None:
    """The bound out of the call graph holds for the stack that a run has painted over, and is no loose one."""
    with connect(compiled, firmware, None, icount=False) as device:
        measured = device.stack() - _CALLER.get(compiled.board.name, 0)
    assert firmware.stack.unknown == ()
    assert measured <= firmware.stack.bytes <= measured + MOST_DOUBT


def _roundings() -> list[tuple[str, str]]:
    """Float32 is rounded in one way only; in a short run, each model is in two."""
    found = [(m, r) for m in MODELS for r in ROUNDINGS if r == "double" or not is_float(m)]
    others = [pair for pair in found if pair[1] != "double"]
    return [pair for pair in found if RANDOM >= 16 or pair[1] == "double" or others.index(pair) % 4 == 0]


@pytest.mark.parametrize(("model", "rounding"), _roundings())
def test_every_layer_is_exact(model: str, rounding: str, tmp_path: Path) -> None:
    compiled = compile_file(Path(FOLDER) / model, load_board("host"), CompileOptions(rounding=rounding))
    firmware = make(compiled, tmp_path, trace=True)
    verdict = verify_layers(compiled, firmware, samples_of(model, compiled.source))
    assert verdict.exact


@pytest.mark.parametrize("rounding", ["single", "float"])
@pytest.mark.parametrize("model", ["mlperf_tiny/kws_ref_model.tflite", "mlperf_tiny/pretrainedResnet_quant.tflite"])
def test_other_roundings_on_a_board(model: str, rounding: str, tmp_path: Path) -> None:
    compiled = compile_file(Path(FOLDER) / model, load_board("mps2-an386"), CompileOptions(rounding=rounding))
    verdict = run(compiled, make(compiled, tmp_path), random_samples(compiled.source, RANDOM), count=False)
    assert verdict.exact
