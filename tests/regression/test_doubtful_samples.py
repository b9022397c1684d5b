"""Samples on another scale than the model's were taken without a word."""

from pathlib import Path

import float_graphs
import numpy as np
import pytest
from command import aot
from float_graphs import samples

import aot as package
from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import Array
from aot.oracle.doubts import doubts_of
from aot.quantizer import Options, quantize

FLOAT = float_graphs.convolutions()
RANDOM = np.random.default_rng(4)
UNIT = RANDOM.random((24, 8, 8, 3)).astype(np.float32)
PIXELS = np.floor(UNIT * 256)


def _model(folder: Path, low: float, high: float, io: str = "int8") -> Path:
    """A model that was calibrated with values from `low` to `high`."""
    given = [{"image": low + one[None] * (high - low)} for one in UNIT]
    path = folder / "model.tflite"
    path.write_bytes(quantize(FLOAT, given, Options(io=io, range="min-max")).tflite())  # type: ignore[arg-type]
    return path


def _file(folder: Path, array: Array) -> Path:
    np.savez(folder / "x.npz", image=array.astype(np.float32))
    return folder / "x.npz"


@pytest.mark.parametrize("command", ["run", "verify", "profile", "evaluate"])
def test_pixels_for_a_model_of_0_to_1(command: str, tmp_path: Path) -> None:
    arguments = (command, _model(tmp_path, 0, 1), "--inputs", _file(tmp_path, PIXELS[:2]))
    board = "mps2-an386" if command == "profile" else "host"
    done = aot(*arguments, *(() if command == "evaluate" else ("--board", board, "--quantize-inputs")))
    (line,) = done.err.splitlines()
    assert done.code == 0 and "saturate" in line and line.endswith("x / 255"), done
    assert "what it takes is 0 to 0.99" in line
    assert "warning" not in done.out


def test_the_same_in_python_and_in_json(tmp_path: Path) -> None:
    model = _model(tmp_path, 0, 1)
    ran = package.run(model, "host", {"image": PIXELS[:2]}, quantize_inputs=True)
    assert len(ran.warnings) == 1 and "x / 255" in ran.warnings[0]
    assert len(package.evaluate(model, _file(tmp_path, PIXELS[:2])).warnings) == 1
    assert aot("evaluate", model, "--inputs", _file(tmp_path, PIXELS[:2]), "--json").json["warnings"]


def test_float_inputs_that_become_codes_at_once(tmp_path: Path) -> None:
    ran = package.run(_model(tmp_path, -1, 1, "float"), "host", {"image": PIXELS[:2].astype(np.float32)})
    assert "x / 127.5 - 1" in ran.warnings[0]


@pytest.mark.parametrize(
    ("low", "high", "array", "said"),
    [
        (0, 1, UNIT, ""),
        (-1, 1, UNIT * 2 - 1, ""),
        (0, 255, PIXELS, ""),
        (-1, 1, UNIT * 1000 - 500, "saturate"),
        (0, 1, np.where(UNIT < 0.01, 3, UNIT), ""),  # an outlier here and there
        (0, 1, np.where(UNIT < 0.1, 3, UNIT), "10% of the values"),
        (0, 255, UNIT, "x * 255"),
        (-9, 9, UNIT / 1000, "within one of its codes"),
        (0, 1, np.zeros_like(UNIT), ""),
        (0, 1, PIXELS.astype(np.int8), ""),  # codes
    ],
)
def test_what_is_doubtful(low: float, high: float, array: Array, said: str) -> None:
    given = [{"image": (low + one[None] * (high - low)).astype(np.float32)} for one in UNIT]
    graph = quantize(FLOAT, given, Options(range="min-max")).graph
    lines = doubts_of({"image": array}, graph, "x.npz")
    assert [said in line for line in lines] == ([True] if said else []), lines


def test_random_samples_are_not_doubted(tmp_path: Path) -> None:
    assert aot("run", _model(tmp_path, 0, 1), "--board", "host").err == ""


@pytest.mark.parametrize(("factor", "told"), [(255, True), (1, False)])
def test_pixels_to_calibrate_with(factor: int, told: bool, tmp_path: Path) -> None:
    (tmp_path / "float.tflite").write_bytes(write(FLOAT))
    out = tmp_path / "out.tflite"
    done = aot("quantize", tmp_path / "float.tflite", "--calibration", _file(tmp_path, UNIT * factor), "-o", out)
    assert done.code == 0 and ("use x / 255" in done.err) == told, done.err


def test_a_model_that_scales_pixels_itself_wants_them() -> None:
    net = float_graphs.Net(1, image=(1, 8, 8, 3))
    scaled = net.add(float_graphs.Mul, "scaled", (1, 8, 8, 3), "image", net.constant("k", np.array(1 / 255)))
    graph = net.graph(net.add(float_graphs.Tanh, "y", (1, 8, 8, 3), scaled))
    made = quantize(graph, [{"image": one[None].astype(np.float32)} for one in PIXELS])
    assert made.warnings == ()


def test_held_out_samples(tmp_path: Path) -> None:
    (tmp_path / "float.tflite").write_bytes(write(FLOAT))
    paths = (tmp_path / "float.tflite", "--calibration", _file(tmp_path, np.tile(UNIT, (2, 1, 1, 1))))
    done = aot("quantize", *paths, "-o", tmp_path / "a.tflite")
    assert "on others: --holdout 0.2" in done.out
    for wanted, held in (("0.25", 12), ("10", 10)):
        done = aot("quantize", *paths, "-o", tmp_path / f"{held}.tflite", "--holdout", wanted)
        assert f"{48 - held} samples; " in done.out and f"over {held} others, which were held out" in done.out, done
        assert "these it was calibrated with" not in done.out
        found = aot("quantize", *paths, "-o", tmp_path / f"{held}.tflite", "--holdout", wanted, "--json", "--force")
        assert (found.json["samples"], found.json["held_out"]) == (48 - held, held)


@pytest.mark.parametrize("holdout", [0.25, 7])
def test_held_out_samples_calibrate_nothing(holdout: float) -> None:
    """Outliers that are held out change no range; and errors are measured on what is held out alone."""
    given = samples(FLOAT, 28)
    done = package.quantize(FLOAT, iter(given), holdout=holdout)
    assert (done.calibration.samples, len(done.held_out)) == (21, 7)
    held = {sample["image"].tobytes() for sample in done.held_out}
    others = [sample for sample in given if sample["image"].tobytes() not in held]
    assert len(others) == 21
    seen = done.calibration.statistics["image"]
    assert (seen.low, seen.high) == (min(s["image"].min() for s in others), max(s["image"].max() for s in others))
    assert done.measured == done.held_out


@pytest.mark.parametrize(
    ("holdout", "complaint"),
    [("0", "no part"), ("1.5", "no part"), ("-3", "no part"), ("nan", "no part"), ("x", "neither a share nor a number"),
     ("24", "all of the 24"), ("0.01", "none of the 24")],
)  # fmt: skip
def test_what_cannot_be_held_out(holdout: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "float.tflite").write_bytes(write(FLOAT))
    done = aot("quantize", tmp_path / "float.tflite", "--calibration", _file(tmp_path, UNIT), "-o",
               tmp_path / "out.tflite", "--holdout", holdout)  # fmt: skip
    assert done.code == 1 and complaint in done.err and not (tmp_path / "out.tflite").exists(), done


def test_sequences_are_not_cut() -> None:
    graph = float_graphs.streaming()
    with pytest.raises(package.AotError, match="its samples are one sequence"):
        package.quantize(graph, samples(graph, 24), holdout=0.5)
