"""The dialogue of the MLPerf Tiny benchmark's runner with real firmware: names, inputs as it sends them, results."""

import re
from pathlib import Path

import numpy as np
import pytest
from cases import TIMES
from command import aot, refused
from paths import DIGITS
from real_models import FOLDER, needed

from aot.base.choices import CompileOptions
from aot.compile.pipeline import compile_file
from aot.compile.printing import make
from aot.compile.records import Compiled
from aot.device.protocol import Device
from aot.oracle import interpreter
from aot.runners import start
from aot.targets import load_board

MODELS = Path(FOLDER) / "mlperf_tiny"
FILES = {
    "ad01": "ad01_int8.tflite",
    "ic01": "pretrainedResnet_quant.tflite",
    "kws01": "kws_ref_model.tflite",
    "sww01": "str_ww_ref_model.tflite",
    "vww01": "vww_96_int8.tflite",
}
NAMES = tuple(FILES) if TIMES > 1 else ("ad01", "ic01")  # reals and pixels; the others are sent as codes
LINE_BYTES = 32  # what fits a command of 80 characters, with room


def _sent_and_codes(name: str, model: Compiled) -> tuple[bytes, np.ndarray]:
    """What the runner sends for a random input, and the codes that the model gets for it."""
    rng = np.random.default_rng(7)
    tensor = model.source[model.source.inputs[0]]
    if name == "ad01":
        reals = rng.normal(-10, 20, tensor.elements).astype(np.float32)
        codes = np.clip(np.floor(reals / np.float32(tensor.scale) + np.float32(tensor.zero_point) + 0.5), -128, 127)
        return reals.tobytes(), codes.astype(np.int8)
    codes = rng.integers(-128, 128, tensor.elements).astype(np.int8)
    return (codes.view(np.uint8) ^ 0x80 if name in ("ic01", "vww01") else codes).tobytes(), codes


def _expected_results(name: str, model: Compiled, sent: bytes, codes: np.ndarray) -> list[float]:
    graph = model.source
    (x,), (y,) = graph.inputs, graph.outputs
    output = interpreter.run(graph, {x: codes.reshape(graph[x].shape)})[y].reshape(-1)
    reals = graph[y].scale * (output.astype(np.float64) - graph[y].zero_point)
    if name == "ad01":
        return [float(np.mean((reals - np.frombuffer(sent, np.float32)) ** 2))]
    return [float(real) for real in reals]


@needed
@pytest.mark.parametrize("name", NAMES)
def test_dialogue(name: str, tmp_path: Path) -> None:
    """As the runner has it in accuracy mode: name, profile, the input in hexadecimal, one inference, results."""
    board = load_board("host")
    model = compile_file(MODELS / FILES[name], board, CompileOptions(mlperf=True))
    elf = make(model, tmp_path).elf
    sent, codes = _sent_and_codes(name, model)
    with start(elf, board) as connection:
        device = Device(connection.port, model.held, died=connection.died, boots=True)
        device.identify()
        assert device.command("name") == ["m-name-dut-[aot]"]
        assert device.command("profile") == ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", f"m-model-[{name}]"]
        assert device.command(f"db load {len(sent)}") == [f"m-[Expecting {len(sent)} bytes]"]
        lines = [device.command(f"db {sent[i : i + LINE_BYTES].hex()}") for i in range(0, len(sent), LINE_BYTES)]
        assert lines == [[]] * (len(lines) - 1) + [["m-load-done"]]
        answer = device.command("infer 1 0")
        assert answer[:3] == ["m-warmup-start-0", "m-warmup-done", "m-infer-start-1"]
        laps = [re.fullmatch(r"m-lap-us-(\d+)", line) for line in answer[3:5]]
        assert laps[0] and laps[1] and int(laps[0][1]) <= int(laps[1][1])
        assert answer[5] == "m-infer-done" and answer[-1] == device.command("results")[-1]
        numbers = re.fullmatch(r"m-results-\[((?:-?\d+\.\d{3},?)+)\]", answer[-1])
        assert numbers
        results = [float(number) for number in numbers[1].split(",")]
        expected = _expected_results(name, model, sent, codes)
        assert results == pytest.approx(expected, abs=0.0011, rel=1e-5)
        device.command("infer 3 1")
        assert device.command("results")[-1] == answer[-1]


@needed
def test_firmware_for_the_benchmark_is_verified_too(tmp_path: Path) -> None:
    done = aot("build", MODELS / FILES["ad01"], "--board", "nucleo-l4r5zi", "--mlperf", "-o", tmp_path / "p")
    assert done.code == 0, done.err
    assert '"ad01"' in (tmp_path / "p" / "firmware" / "deployment.c").read_text()


def test_other_models_are_refused(tmp_path: Path) -> None:
    said = refused("build", DIGITS, "--board", "host", "--mlperf", "-o", tmp_path / "p")
    assert "digits is no model of MLPerf Tiny: its inputs and outputs are int8[64], int8[10]" in said
    assert "kws01 takes int8[490] and gives int8[12]" in said
