"""Calibration: what is kept of values that stream by, ranges from it, and the files samples come from."""

import re
import tracemalloc
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import float_graphs
import numpy as np
import pytest
from command import aot, refused
from PIL import Image
from reading import load

from aot.base.errors import AotError
from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Tensor
from aot.ops.common import Activation
from aot.ops.fully_connected import FullyConnected
from aot.ops.relu import Relu
from aot.quantizer import ImageOptions, open_samples
from aot.quantizer.calibrate import Statistics, calibrate
from aot.quantizer.histogram import Histogram
from aot.quantizer.ranges import ESTIMATORS, parameters

IMAGE = float_graphs.convolutions()  # its input is float32[1, 8, 8, 3]
TWO = float_graphs.arithmetic()


# Histograms


def test_a_histogram_does_not_depend_on_the_order() -> None:
    """Whether the range grows early or late: the same values end up in the same bins."""
    random = np.random.default_rng(0)
    parts = [random.normal(size=500) * 10.0**i + i for i in range(-4, 4)]
    forwards, backwards = Histogram(), Histogram()
    for part in parts:
        forwards.add(part)
    for part in reversed(parts):
        backwards.add(part)
    assert forwards.exponent == backwards.exponent and forwards.first == backwards.first
    assert np.array_equal(forwards.counts, backwards.counts)
    assert forwards.counts.sum() == 4000 and 2048 <= len(forwards.counts) <= 4097


@pytest.mark.parametrize("values", [[0.0], [7.0, 7.0], [-1e-30, 1e-30], [1e29, -3.0], [5e-324, 1.0]])
def test_histograms_of_odd_values(values: list[float]) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(np.array([value]))
    assert histogram.counts.sum() == len(values) and len(histogram.counts) <= 4097
    assert min(values) <= histogram.quantile(0.5) <= max(values)


def test_quantiles() -> None:
    values = np.random.default_rng(1).gamma(2.0, size=20000)
    histogram = Histogram()
    for part in np.split(values, 100):
        histogram.add(part)
    for share in (0.0001, 0.01, 0.5, 0.99, 0.9999):
        assert abs(histogram.quantile(share) - np.quantile(values, share)) <= 2 * histogram.width + 0.02 * (
            share > 0.99
        )


def test_memory_does_not_grow_with_the_samples(tmp_path: Path) -> None:
    """Beyond the 26 samples of this size that are kept: 80 kB each, from a file and from a generator."""
    net = float_graphs.Net(x=(1, 20000))
    graph = net.graph(net.add(Relu, "y", (1, 20000), "x"))
    one = np.ones((1, 20000), np.float32)
    np.save(tmp_path / "s.npy", np.ones((200, 20000), np.float32))

    def peak(given: Iterable[Mapping[str, Array]]) -> int:
        tracemalloc.start()
        calibrate(graph, given)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few = peak({"x": one} for _ in range(30))
    assert 26 * 80_000 < few < 5_000_000
    assert peak({"x": one} for _ in range(200)) < few + 300_000
    assert peak(open_samples(tmp_path / "s.npy", graph)) < few + 300_000


# Ranges


def statistics(*samples: Array) -> Statistics:
    seen = Statistics(samples[0].shape)
    for sample in samples:
        seen.add(sample)
    return seen


OUTLIER = np.append(np.random.default_rng(2).normal(size=50000), 100.0)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("min-max", (-5, -3.5), (100, 100)),
        ("moving-average", (-5, -3.5), (100, 100)),
        ("percentile", (-5, -3.5), (3.5, 5)),
        ("mse", (-5, -3), (85, 99)),
        ("entropy", (-5, -1), (30, 100)),
    ],
)
def test_estimators_and_an_outlier(name: str, low: tuple[float, float], high: tuple[float, float]) -> None:
    found = ESTIMATORS[name](statistics(OUTLIER))
    assert low[0] <= found[0] <= low[1] and high[0] <= found[1] <= high[1]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators_of_nothing(name: str) -> None:
    assert ESTIMATORS[name](statistics(np.zeros(8), np.zeros(8))) == (0, 0)


def test_moving_average() -> None:
    low, high = ESTIMATORS["moving-average"](statistics(np.array([0.0, 1.0]), np.array([-1.0, 2.0])))
    assert (low, high) == pytest.approx((-0.1, 1.1))


@pytest.mark.parametrize(
    ("low", "high", "dtype", "scale", "zero_point"),
    [
        (0, 255, "int8", 1.0, -128),
        (-128, 127, "int8", 1.0, 0),
        (-255, 0, "int8", 1.0, 127),
        (2, 255, "int8", 1.0, -128),  # zero is always among the codes
        (0, 0, "int8", 1.0, -128),
        (-1, 32767, "int16", 1.0, 0),
        (0, 1e-35, "int16", 1.0, 0),
    ],
)
def test_parameters(low: float, high: float, dtype: str, scale: float, zero_point: int) -> None:
    assert parameters(low, high, dtype).scale == (scale,)
    assert parameters(low, high, dtype).zero_point == (zero_point,)


# Files


def values(count: int = 5) -> Array:
    return np.arange(count * 192, dtype=np.float32).reshape(count, 8, 8, 3) / 960


def read(path: Path, graph: Graph = IMAGE) -> Array:
    return np.concatenate([sample["image"] for sample in open_samples(path, graph)])


def as_npz(folder: Path) -> Path:
    np.savez_compressed(folder / "s.npz", anything=values())
    return folder / "s.npz"


def as_npy(folder: Path) -> Path:
    np.save(folder / "s.npy", values().astype(np.float64))
    return folder / "s.npy"


def as_fortran_npy(folder: Path) -> Path:
    np.save(folder / "s.npy", np.asfortranarray(values()))
    return folder / "s.npy"


def as_folder(folder: Path) -> Path:
    for i, one in enumerate(values()):
        np.save(folder / f"{i}.npy", one[None])
    (folder / "notes.txt").write_text("not a sample")
    return folder


def as_folder_without_batch(folder: Path) -> Path:
    for i, one in enumerate(values()):
        np.save(folder / f"{i}.npy", one)
    return folder


def as_csv(folder: Path) -> Path:
    text = [",".join(f"c{i}" for i in range(192)), *(",".join(f"{v:.9g}" for v in one.ravel()) for one in values()), ""]
    (folder / "s.csv").write_text("\n".join(text))
    return folder / "s.csv"


@pytest.mark.parametrize("make", [as_npz, as_npy, as_fortran_npy, as_folder, as_folder_without_batch, as_csv])
def test_files_of_samples(make: object, tmp_path: Path) -> None:
    path = make(tmp_path)  # type: ignore[operator] # one of the functions above
    assert np.array_equal(read(path), values())
    assert np.array_equal(read(path), values())  # and once more


def test_one_sample_of_exactly_the_shape(tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", values(1))
    assert np.array_equal(read(tmp_path / "s.npy"), values(1))


def test_several_inputs(tmp_path: Path) -> None:
    x, y = np.zeros((3, 4, 6), np.float32), np.ones((3, 6, 4), np.float32)
    np.savez(tmp_path / "s.npz", y=y, x=x)
    assert [sorted(sample) for sample in open_samples(tmp_path / "s.npz", TWO)] == [["x", "y"]] * 3
    np.savez(tmp_path / "t.npz", y=y, x=x[:2])
    with pytest.raises(AotError, match="different numbers"):
        list(open_samples(tmp_path / "t.npz", TWO))
    np.savez(tmp_path / "u.npz", z=y, x=x)
    with pytest.raises(AotError, match="no array for the input y"):
        list(open_samples(tmp_path / "u.npz", TWO))
    np.save(tmp_path / "s.npy", x)
    with pytest.raises(AotError, match="no array for the input"):
        list(open_samples(tmp_path / "s.npy", TWO))


def picture(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (8, 8)) -> None:
    Image.new("RGB", size, colour).save(path)


def test_images(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", (0, 51, 255))
    picture(tmp_path / "b.bmp", (255, 0, 0), (20, 10))
    a, b = read(tmp_path)
    assert np.allclose(a, [0, 0.2, 1]) and np.allclose(b, [1, 0, 0])
    options = ImageOptions(scale=1 / 127.5, mean=127.5)
    first = next(iter(open_samples(tmp_path, IMAGE, options)))["image"]
    assert np.allclose(first, [-1, -0.6, 1])


def test_images_are_cropped(tmp_path: Path) -> None:
    """Red, green and blue thirds: the middle is green alone."""
    image = Image.new("RGB", (24, 8))
    for i, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
        image.paste(colour, (8 * i, 0, 8 * i + 8, 8))
    image.save(tmp_path / "a.png")
    cropped = next(iter(open_samples(tmp_path, IMAGE, ImageOptions(resize="crop"))))["image"]
    assert np.allclose(cropped, [0, 1, 0])
    assert not np.allclose(read(tmp_path), [0, 1, 0])


def test_images_that_cannot_be_read(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", (9, 9, 9))
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:30])
    (tmp_path / "c.jpg").write_text("no image")
    source = open_samples(tmp_path, IMAGE)
    assert len(list(source)) == 1
    (warning,) = source.warnings(1)
    assert "1 images were used; 2 cannot be read" in warning and "b.png" in warning and "c.jpg" in warning
    (tmp_path / "a.png").unlink()
    with pytest.raises(AotError, match="none of the 2 images"):
        list(open_samples(tmp_path, IMAGE))


def test_images_for_an_input_of_no_images(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", (9, 9, 9))
    flat = Graph("flat", {"x": Tensor("x", (1, 12), "float32")}, (), ("x",), ("x",))
    with pytest.raises(AotError, match="not an image"):
        list(open_samples(tmp_path, flat))


# Through the command


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "net.tflite"
    path.write_bytes(write(IMAGE))
    return path


BAD: dict[str, tuple[object, str]] = {
    "missing.npz": (None, "no such file"),
    "a.txt": (b"1,2", "not a kind aot knows"),
    "a.npz": (b"PK nonsense", "not .npz, or damaged"),
    "b.npz": ({}, "no array for the input"),
    "a.npy": (b"nonsense", "not .npy, or damaged"),
    "b.npy": (np.zeros((0, 8, 8, 3), np.float32), "no samples"),
    "c.npy": (np.zeros((2, 7), np.float32), "has shape"),
    "d.npy": (np.zeros((2, 8, 8, 3), np.uint8), "takes float32, not uint8"),
    "e.npy": (np.full((2, 8, 8, 3), np.nan, np.float32), "not finite"),
    "f.npy": (np.array(["a"]), "takes float32"),
    "g.npy": (np.array([{}]), "Python objects"),
    "a.csv": (b"1,2,3\n", "has 3 numbers"),
    "b.csv": (b",".join([b"1"] * 192) + b"\n1,x\n", "not a number"),
    "c.csv": (b"", "no samples"),
    "empty": ("folder", "neither .npy files nor images"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(name: str, model: Path, tmp_path: Path) -> None:
    content, message = BAD[name]
    path = tmp_path / name
    if isinstance(content, str):
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, dict):
        np.savez(path, **content)
    elif content is not None:
        np.save(path, content)
    assert message in refused("quantize", model, "--calibration", path, "-o", tmp_path / "out.tflite")
    assert not (tmp_path / "out.tflite").exists()
    assert message in refused("build", model, "--calibration", path, "-b", "host", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_quantize_and_build(model: Path, tmp_path: Path) -> None:
    samples, out = as_npz(tmp_path), tmp_path / "out.tflite"
    done = aot("quantize", model, "--calibration", samples, "-o", out, "--json")
    assert done.code == 0 and done.json["operators"] == {"int8": 10, "int16": 0, "float32": 0}
    assert done.json["samples"] == 5 and done.json["sqnr_db"] > 20
    assert "exists already" in refused("quantize", model, "--calibration", samples, "-o", out)
    assert "is the model itself" in refused("quantize", out, "--calibration", samples, "-o", out, "--force")
    assert aot("verify", out, "-b", "host").code == 0
    again = aot("quantize", out, "--calibration", samples, "-o", tmp_path / "copy.tflite", "--report")
    assert "quantized already" in again.err and "there is no report" in again.err
    assert (tmp_path / "copy.tflite").read_bytes() == out.read_bytes()
    built = aot("build", model, "--calibration", samples, "-b", "host", "-o", tmp_path / "c", "--no-compile")
    text = (tmp_path / "c" / "net.c").read_text()
    assert built.code == 0 and "_s8(" in text and "_f32(" not in text


def test_warnings_are_shown(tmp_path: Path) -> None:
    """What stays in float32: by both commands, with what it costs; and it is refused where that is asked for."""
    model, samples = tmp_path / "sines.tflite", tmp_path / "s.npy"
    model.write_bytes(write(float_graphs.sines()))
    np.save(samples, np.random.default_rng(0).normal(size=(8, 1, 8)))
    common = (model, "--calibration", samples)
    for command in (
        ("build", *common, "-b", "host", "-o", tmp_path / "out", "--no-compile"),
        ("quantize", *common, "-o", tmp_path / "out.tflite"),
    ):
        assert "warning: Sin (%wave) stays in float32" in aot(*command).err
    assert "as a whole" in refused("quantize", *common, "-o", tmp_path / "strict.tflite", "--strict")


def test_the_report_of_the_command(model: Path, tmp_path: Path) -> None:
    samples, out, page = as_npz(tmp_path), tmp_path / "out.tflite", tmp_path / "page.html"
    shown = aot("quantize", model, "--calibration", samples, "-o", out, "--report", "--html", page)
    assert shown.code == 0 and "the worst first" in shown.out and "DepthwiseConv2D" in shown.out
    text = page.read_text()
    assert text.count("<svg") == 10 + 6 and not re.search(r"<script|<link|https?:|src=|url\(|@import", text)
    done = aot("quantize", model, "--calibration", samples, "-o", out, "--force", "--report", "--json")
    assert done.json["layers"][0]["name"] == "a"
    assert {"sqnr_db", "alone_db", "clipped", "unused", "bars", "scale"} <= set(done.json["layers"][0])
    assert isinstance(done.json["suggestions"], list)


def test_suggestions_hold(tmp_path: Path) -> None:
    """Followed, each gains what it promised: on the samples that were kept to the digits shown, on all within 2 dB."""
    net = float_graphs.Net(13, x=(1, 16))
    first = net.layer(FullyConnected, "first", (1, 24), "x", (24, 16), activation=Activation.RELU)
    model, samples = tmp_path / "net.tflite", tmp_path / "s.npz"
    model.write_bytes(write(net.graph(net.layer(FullyConnected, "y", (1, 4), first, (4, 24)))))
    np.savez(samples, x=np.random.default_rng(0).normal(size=(200, 16)).astype(np.float32) ** 3)

    def made(name: str, *options: str) -> tuple[Any, float]:
        out = tmp_path / name
        found = aot("quantize", model, "--calibration", samples, "-o", out, "--json", *options).json
        return found, aot("evaluate", out, "--inputs", samples, "--reference", model, "--json").json["likeness"]["sqnr"]

    plain, before = made("plain.tflite", "--report")
    assert plain["suggestions"]
    for suggestion in plain["suggestions"]:
        option = {"int16": "--int16", "float32": "--float"}[suggestion["dtype"]]
        other, after = made(f"{suggestion['layer']}.tflite", option, suggestion["layer"])
        assert other["sqnr_db"] - plain["sqnr_db"] == pytest.approx(suggestion["gain"], abs=0.011)
        assert after - before == pytest.approx(suggestion["gain"], abs=2)


def test_options_of_the_command(model: Path, tmp_path: Path) -> None:
    """Layers by name, types of the ends, dense layers with one scale; names that are not there."""
    samples, out = as_npz(tmp_path), tmp_path / "out.tflite"
    common = ("quantize", model, "--calibration", samples, "-o", out, "--force")
    done = aot(*common, "--int16", "e", "--float", "scores", "--io", "float", "--range", "mse", "--json")
    assert done.json["operators"] == {"int8": 8, "int16": 1, "float32": 1}
    assert load(out)["image"].dtype == "float32"
    aot(*common, "--dense-per-tensor", "--no-bias-correction")
    quant = load(out)["scores_w"].quant
    assert quant is not None and len(quant.scale) == 1
    assert "there is no layer called f" in refused(*common, "--int16", "f")
