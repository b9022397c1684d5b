"""Every kernel on every core: what the device answers is what the interpreter says, byte for byte."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cases
import merge
import native
import numpy as np
import pytest
from counts import count

from aot import interpreter, pipeline
from aot.boards import load_board
from aot.fixedpoint import ROUNDINGS
from aot.ir import Graph
from aot.kernels import KERNELS
from aot.tolerance import compare, slacks
from aot.verify import run as run_on_device

_RUNS = [(board, rounding) for board in ("host", "mps2-an386") for rounding in ROUNDINGS]
_RUNS += [(board, "double") for board in ("mps2-an385", "mps2-an500", "mps2-an505", "mps3-an547")]
_GROUP = 60  # cases in one firmware
_MICROBIT_CASES = 12  # whose parameters, in one function, its stack holds
_MICROBIT_BYTES = 8_000  # what its 16 KiB of RAM leave for inputs, and for outputs twice


@cache
def _cases(few: bool) -> list[merge.Case]:
    return cases.few() if few else cases.many()


def _few(board: str, rounding: str) -> bool:
    """Emulated boards get few cases, unless in a longer run in which their numbers are counted."""
    counted = board in ("mps2-an386", "mps2-an385") and rounding == "double"
    return board != "host" and not (counted and cases.TIMES > 1)


def _groups(parts: list[merge.Case]) -> list[list[merge.Case]]:
    """Parts of a size that compilers take in their stride: their time grows faster than the length of a function."""
    return [parts[i : i + _GROUP] for i in range(0, len(parts), _GROUP)]


def _device_outputs(graph: Graph, sample: merge.Sample, board: str, rounding: str, folder: Path) -> merge.Sample:
    """What the firmware for `board`, with `graph` in it, answers, the second time: in an arena that was used."""
    model = native.compiled(graph, rounding, board)
    verdict = run_on_device(model, pipeline.make(model, folder), [sample, sample], count=False)
    return dict(zip(graph.outputs, verdict.outputs[1], strict=True))


def _assert_exact(parts: Sequence[merge.Case], actual: merge.Sample, rounding: str) -> None:
    """Compares the second run case by case, so that a failure shows the cases that differ."""
    wrong = []
    for i, (graph, sample) in enumerate(parts):
        *_, values = interpreter.run_all(graph, [sample, sample], rounding)
        for name in graph.outputs:
            got, expected = actual[merge.prefixed(i, name)], values[name]
            if different := np.count_nonzero(compare(expected, got, slacks(graph)[name]).wrong):
                wrong.append(f"case {i}: {different} of {expected.size} differ\n{graph}")
    assert not wrong, f"{len(wrong)} of {len(parts)} cases\n" + "\n".join(wrong[:5])


@pytest.mark.parametrize(("board", "rounding"), _RUNS)
def test_bit_exact(board: str, rounding: str, tmp_path: Path) -> None:
    for i, parts in enumerate(_groups(_cases(_few(board, rounding)))):
        graph, sample = merge.merged(parts)
        _assert_exact(parts, _device_outputs(graph, sample, board, rounding, tmp_path / str(i)), rounding)
        for part, _ in parts if rounding == "double" else ():
            count(board, part)


def test_bit_exact_on_microbit(tmp_path: Path) -> None:
    """As few groups of small cases as its RAM allows, each a firmware."""
    groups: list[list[merge.Case]] = [[]]
    left = _MICROBIT_BYTES
    for case in cases.few(1300, several=1):
        need = cases.port_bytes(case[0]) + sum(case[0][name].bytes for name in case[0].outputs)
        if need > left or len(groups[-1]) == _MICROBIT_CASES:
            groups.append([])
            left = _MICROBIT_BYTES
        left -= need
        groups[-1].append(case)
    for i, parts in enumerate(groups):
        graph, sample = merge.merged(parts)
        _assert_exact(parts, _device_outputs(graph, sample, "microbit", "double", tmp_path / str(i)), "double")


def test_bit_exact_on_riscv(tmp_path: Path) -> None:
    """Every eighth case: the kernels are those of the host, what is new are the compiler and the C library."""
    for i, parts in enumerate(_groups(_cases(True)[::8])):
        graph, sample = merge.merged(parts)
        _assert_exact(parts, _device_outputs(graph, sample, "riscv-virt", "double", tmp_path / str(i)), "double")


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_sanitizers_are_silent(rounding: str, tmp_path: Path) -> None:
    for i, parts in enumerate(_groups(_cases(False))):
        graph, sample = merge.merged(parts)
        folder = tmp_path / str(i)
        folder.mkdir()
        binary = native.program(native.compiled(graph, rounding), folder, *native.SANITIZE)
        _, actual = native.run(binary, graph, [sample, sample])
        _assert_exact(parts, actual, rounding)


def test_every_kernel_is_chosen() -> None:
    """A kernel that no case reaches is not tested: the plain ones on the host, others on each core."""
    for board in {board for board, _ in _RUNS}:
        features = frozenset(load_board(board).core.features)
        graph, _ = merge.merged(_cases(board != "host"))
        roundings = {rounding for name, rounding in _RUNS if name == board}
        models = [native.compiled(graph, rounding, board) for rounding in roundings]
        chosen = {call.kernel for model in models for call in model.calls}
        special = {kernel for kernel in KERNELS if kernel.features and kernel.features <= features}
        plain = {kernel for kernel in KERNELS if not kernel.features}
        expected = plain if board == "host" else special
        missed = {f"{kernel.name} for {kernel.op.__name__}" for kernel in expected - chosen}
        assert missed <= ({"softmax_float_s8 for Softmax"} if "float" not in roundings else set()), board


def test_every_output_stage_and_variant_is_reached() -> None:
    """Shifts to the left, accumulators beyond 30 bits, and all that a template tells apart."""
    graph, _ = merge.merged(_cases(False))
    files = [native.compiled(graph, rounding).files["merged.c"] for rounding in ROUNDINGS]
    for stage in ("tensor_output_s8", "tensor_output_any_s8", "channel_output_s8", "channel_output_any_s8"):
        assert files[0].count(f"{stage}(") >= 2, stage
    assert files[2].count("float_output_s8(") >= 3
    assert "requantize(right, p->b_multiplier, p->b_shift)" in files[0]
    assert "requantize(left, p->a_multiplier, p->a_shift)" in files[0]


def test_every_kind_of_tiles_is_reached() -> None:
    """Scales of channels, of tensors and floats; sums in pairs or not, clamped or not; and what none of them can do."""
    graph, _ = merge.merged([*_cases(True), *(cases.case("Conv2D lowest weights", seed) for seed in range(12))])
    text = "".join(native.compiled(graph, rounding, "mps2-an386").files["merged.c"] for rounding in ROUNDINGS)
    kinds = {f"tiles_{s}{j}" for s in ("channel", "tensor", "float") for j in ("", "_joined")}
    kinds |= {f"tiles_{s}_joined_clamped" for s in ("channel", "tensor", "float")}
    missed = {kind for kind in (*kinds, "tile_s8") if f" {kind}(" not in text and f" {kind}_clamped(" not in text}
    assert missed == set()
