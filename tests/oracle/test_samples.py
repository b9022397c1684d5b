"""What may be in an .npz file of inputs, what is refused, and how outputs are written."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import refused
from paths import DIGITS

from aot.base.errors import AotError
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Quant, Tensor
from aot.oracle.samples import random_samples, read_samples, samples_of, write_outputs

X = Tensor("x", (1, 4), "int8", Quant((0.5,), (-10,)), label="serving_x:0")
K = Tensor("k", (3,), "float32", label="k")
ONE = Graph("one", {"x": X}, (), ("x",), ("x",))
TWO = Graph("two", {"x": X, "k": K}, (), ("x", "k"), ("x", "k"))


def zeros(*shape: int, dtype: str = "int8") -> Array:
    return np.zeros(shape, dtype)


@pytest.mark.parametrize(
    ("shape", "count"),
    [((4,), 1), ((1, 4), 1), ((2, 4), 2), ((5, 1, 4), 5), ((1, 1, 4), 1)],
    ids=lambda value: str(value),
)
def test_shapes(shape: tuple[int, ...], count: int) -> None:
    values = np.arange(np.prod(shape)).astype(np.int8)
    samples = samples_of({"x": values.reshape(shape)}, ONE)
    assert len(samples) == count
    assert all(sample["x"].shape == X.shape for sample in samples)
    assert np.array_equal(np.concatenate([sample["x"].ravel() for sample in samples]), values)


def test_shapes_without_a_batch() -> None:
    graph = Graph("g", {"k": K}, (), ("k",), ("k",))
    assert len(samples_of({"k": zeros(3, dtype="float32")}, graph)) == 1
    assert len(samples_of({"k": zeros(3, 3, dtype="float32")}, graph)) == 3


@pytest.mark.parametrize("name", ["x", "serving_x:0", "anything"])
def test_names_of_a_single_input(name: str) -> None:
    assert len(samples_of({name: zeros(1, 4)}, ONE)) == 1


def test_several_inputs() -> None:
    samples = samples_of({"k": zeros(2, 3, dtype="float32"), "serving_x:0": zeros(2, 4)}, TWO)
    assert [list(sample) for sample in samples] == [["x", "k"]] * 2


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "no array for the input x"),
        ({"x": zeros(5)}, "has shape [5]"),
        ({"x": zeros(2, 5)}, "has shape [2, 5]"),
        ({"x": zeros(1, 1, 1, 4)}, "has shape [1, 1, 1, 4]"),
        ({"x": zeros(0, 4)}, "holds no sample"),
        ({"x": zeros(0, 1, 4)}, "holds no sample"),
        ({"x": np.int8(3)}, "has shape []"),
        ({"x": zeros(1, 4, dtype="uint8")}, "takes int8, not uint8"),
        ({"x": zeros(1, 4, dtype="float64")}, "--quantize-inputs"),
        ({"x": np.array([["a", "b", "c", "d"]])}, "takes int8, not str"),
        ({"x": np.array([[1j, 0, 0, 0]])}, "takes int8, not complex128"),
        ({"x": zeros(1, 4), "labels": zeros(1)}, "arrays that are no inputs: labels"),
        ({"a": zeros(1, 4), "b": zeros(1, 4)}, "no array for the input x"),
    ],
)
def test_refused(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", **arrays)
    with pytest.raises(AotError) as error:
        read_samples(tmp_path / "f.npz", ONE)
    assert message in str(error.value) and "f.npz" in error.value.what


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": zeros(1, 4)}, "no array for the input k"),
        ({"x": zeros(2, 4), "k": zeros(3, 3, dtype="float32")}, "it has x: 2, k: 3"),
        ({"x": zeros(1, 4), "k": zeros(3, dtype="float32"), "z": zeros(1)}, "no inputs: z"),
        ({"x": zeros(1, 4), "k": zeros(3, dtype="float64")}, "takes float32, not float64"),
    ],
)
def test_refused_for_two_inputs(arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(AotError) as error:
        samples_of(arrays, TWO)
    assert message in str(error.value)
    assert "quantize-inputs" not in str(error.value)


def test_quantized() -> None:
    reals = {"x": np.array([[0.0, 1.0, -1e30, np.inf]])}
    assert samples_of(reals, ONE, quantize=True)[0]["x"].tolist() == [[-10, -8, -128, 127]]
    with pytest.raises(AotError, match="not-a-number"):
        samples_of({"x": np.full((1, 4), np.nan, np.float32)}, ONE, quantize=True)


def test_byte_order_does_not_matter() -> None:
    samples = samples_of({"x": zeros(1, 4), "k": np.array([1, 2, 3], ">f4")}, TWO)
    assert samples[0]["k"].dtype == np.dtype("=f4") and samples[0]["k"].tolist() == [1, 2, 3]


def damaged(tmp_path: Path) -> list[Path]:
    """Files that are no .npz files, each in another way."""
    good = tmp_path / "good.npz"
    np.savez_compressed(good, x=np.arange(256, dtype=np.int8).reshape(64, 4))
    content = good.read_bytes()
    files = {
        "empty": b"",
        "text": b"hello",
        "truncated": content[: len(content) // 2],
        "flipped": content[:60] + bytes(b ^ 255 for b in content[60:90]) + content[90:],
        "pickle": b"\x80\x04K\x01.",
    }
    for name, data in files.items():
        (tmp_path / f"{name}.npz").write_bytes(data)
    np.savez(tmp_path / "objects.npz", x=np.array([[{}, 1, 2, 3]], object))
    np.save(tmp_path / "array.npy", zeros(1, 4))
    with zipfile.ZipFile(tmp_path / "other.npz", "w") as archive:
        archive.writestr("x.npy", b"not an array")
        archive.writestr("readme.txt", b"hello")
    good.unlink()
    return [*sorted(tmp_path.iterdir()), tmp_path / "absent.npz", tmp_path]


def test_damaged_files(tmp_path: Path) -> None:
    for path in damaged(tmp_path):
        with pytest.raises(AotError) as error:
            read_samples(path, ONE)
        assert path.name in error.value.what, error.value
    (tmp_path / "text.npz").write_text("0.5, 0.25\n")
    assert "not an .npz file" in refused("run", DIGITS, "-b", "host", "--inputs", tmp_path / "text.npz")
    assert "Python objects" in refused("run", DIGITS, "-b", "host", "--inputs", tmp_path / "objects.npz")


def test_any_flipped_byte(tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    np.savez_compressed(path, x=np.arange(64, dtype=np.int8).reshape(16, 4))
    content = bytearray(path.read_bytes())
    for at in range(len(content)):
        for bit in (1, 128):
            content[at] ^= bit
            path.write_bytes(content)
            content[at] ^= bit
            try:
                read_samples(path, ONE)
            except AotError as error:
                assert str(error)


def test_random_samples_depend_on_the_seed_alone() -> None:
    a, b, c = (random_samples(TWO, 2, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(p[n], q[n]) for p, q in zip(a, b, strict=True) for n in p)
    assert not np.array_equal(a[0]["x"], c[0]["x"])
    assert a[0]["x"].dtype == np.int8 and a[0]["k"].dtype == np.float32


def test_outputs_are_written_like_inputs(tmp_path: Path) -> None:
    samples = random_samples(TWO, 3)
    path = tmp_path / "no suffix"
    write_outputs(path, TWO, [[sample["x"], sample["k"]] for sample in samples])
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    with np.load(path) as written:
        assert {name: written[name].shape for name in written.files} == {"x": (3, 4), "k": (3, 3)}
    again = read_samples(path, TWO)
    assert all(np.array_equal(p[n], q[n]) for p, q in zip(samples, again, strict=True) for n in p)


@pytest.mark.parametrize("place", ["", "absent/out.npz"])
def test_outputs_cannot_be_written(place: str, tmp_path: Path) -> None:
    with pytest.raises(AotError):
        write_outputs(tmp_path / place, ONE, [[zeros(1, 4)]])
    assert not list(tmp_path.iterdir())
