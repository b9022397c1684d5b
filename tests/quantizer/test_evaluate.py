"""`aot evaluate`: the C's answers are the interpreter's, and numbers against labels and the float32 model are right."""

from pathlib import Path

import float_graphs
import numpy as np
import pytest
from command import aot, refused
from float_graphs import samples
from PIL import Image

from aot.frontends.tflite.writer import write
from aot.oracle.interpreter import run
from aot.quantizer import quantize
from aot.quantizer.evaluate import score
from aot.quantizer.quality import Noise, as_inputs, reals

FLOAT = float_graphs.convolutions()
SAMPLES = samples(FLOAT, 12, seed=3)
WANTED = [run(FLOAT, sample)["y"] for sample in SAMPLES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models")
    (place / "float.tflite").write_bytes(write(FLOAT))
    (place / "int8.tflite").write_bytes(quantize(FLOAT, samples(FLOAT)).tflite())
    np.savez(place / "x.npz", x=np.concatenate([sample["image"] for sample in SAMPLES]))
    np.savez(place / "classes.npz", y=np.array([wanted.argmax() for wanted in WANTED]))
    np.savez(place / "values.npz", y=np.concatenate(WANTED))
    np.savez(place / "short.npz", y=np.zeros(3, int))
    np.savez(place / "text.npz", y=np.array(["a"] * 12))
    np.savez(place / "single.npz", y=np.int64(3))
    np.savez(place / "above.npz", y=np.arange(12) + 1000)
    np.savez(place / "below.npz", y=np.arange(12) - 1)
    np.savez(place / "two.npz", y=np.zeros(12), z=np.zeros(12))
    return place


@pytest.mark.parametrize("how", [[], ["--interpreter"]])
def test_against_classes_and_float(folder: Path, how: list[str]) -> None:
    common = ("evaluate", folder / "int8.tflite", "--inputs", folder / "x.npz", "--json", *how)
    found = aot(*common, "--labels", folder / "classes.npz", "--reference", folder / "float.tflite").json
    graph = quantize(FLOAT, samples(FLOAT)).graph
    answers = [reals(run(graph, as_inputs(sample, graph))["y"], graph["y"]) for sample in SAMPLES]
    right = np.mean([a.argmax() == w.argmax() for a, w in zip(answers, WANTED, strict=True)])
    noise = Noise()
    for answer, wanted in zip(answers, WANTED, strict=True):
        noise.add(wanted.astype(np.float64), answer)
    assert found["samples"] == 12 and found["score"]["accuracy"] == right and found["reference_score"]["accuracy"] == 1
    assert found["likeness"]["sqnr"] == pytest.approx(noise.sqnr) and found["likeness"]["agreement"] == right
    largest = max(np.abs(a - w).max() for a, w in zip(answers, WANTED, strict=True))
    assert found["likeness"]["largest_error"] == pytest.approx(largest)


def test_samples_of_other_kinds(folder: Path, tmp_path: Path) -> None:
    """Real samples in a table, in arrays of a folder, or as images with what makes them the same: the same answers."""
    pixels = np.random.default_rng(8).integers(0, 256, (3, *FLOAT["image"].shape[1:]), np.uint8)
    samples = (pixels.astype(np.float32) - 128) * np.float32(0.01)
    np.savetxt(tmp_path / "x.csv", samples.reshape(3, -1), delimiter=",", fmt="%.9g")
    np.savez(tmp_path / "x.npz", image=samples)
    np.savez(tmp_path / "double.npz", image=samples.astype(np.float64))
    for kind in ("arrays", "images"):
        (tmp_path / kind).mkdir()
    for i, picture in enumerate(pixels):
        np.save(tmp_path / "arrays" / f"{i}.npy", samples[i])
        Image.fromarray(picture).save(tmp_path / "images" / f"{i}.png")
    models = (folder / "int8.tflite", "--reference", folder / "float.tflite", "--interpreter", "--json")
    ways = (
        ["x.npz"],
        ["double.npz"],
        ["x.csv"],
        ["arrays"],
        ["images", "--image-scale", "0.01", "--image-mean", "128"],
    )
    found = [aot("evaluate", *models, "--inputs", tmp_path / name, *more).json for name, *more in ways]
    assert found[0]["samples"] == 3 and all(one == found[0] for one in found)
    (tmp_path / "images" / "1.png").write_bytes(b"damaged")
    assert "1 cannot be read" in refused("evaluate", models[0], "--interpreter", "--inputs", tmp_path / "images")


def test_against_values(folder: Path) -> None:
    done = aot("evaluate", folder / "float.tflite", "--inputs", folder / "x.npz", "--labels", folder / "values.npz")
    assert done.code == 0 and "12 samples" in done.out and "off by" in done.out


def test_scores() -> None:
    answers = [np.array([[0.1, 0.9]]), np.array([[0.8, 0.2]])]
    assert score(answers, np.array([1, 1])).accuracy == 0.5
    assert score([np.array([0.4]), np.array([0.6])], np.array([False, True])).accuracy == 1
    assert score(answers, np.zeros((2, 2))).rmse == pytest.approx(np.sqrt((0.01 + 0.81 + 0.64 + 0.04) / 4))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("short", "3 labels for 12 samples"),
        ("single", "1 labels for 12 samples"),
        ("text", "fit neither"),
        ("two", "has 2 arrays"),
        ("none", "cannot read"),
        ("above", "the label 1000 is none of"),
        ("below", "the label -1 is none of"),
    ],
)
def test_bad_labels(folder: Path, labels: str, message: str) -> None:
    text = refused(
        "evaluate", folder / "int8.tflite", "--inputs", folder / "x.npz", "--labels", folder / f"{labels}.npz"
    )
    assert message in text


def test_another_models_inputs(folder: Path) -> None:
    other = folder / "other.tflite"
    other.write_bytes(write(float_graphs.sines()))
    common = ("evaluate", folder / "int8.tflite", "--inputs", folder / "x.npz")
    assert "not the same input" in refused(*common, "--reference", other)
