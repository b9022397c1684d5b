"""Archives that hold a folder or unpack to gigabytes, devices without an end, pictures that Pillow trips over."""

import io
import zipfile
from pathlib import Path
from typing import Any

import float_graphs
import numpy as np
import pytest
from command import aot, refused
from paths import DIGITS, SINE
from PIL import Image

from aot.frontends.tflite.writer import write
from aot.oracle import archives


def _npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _archive(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return path


def _all_readers(archive: Path, tmp_path: Path) -> list[str]:
    """What each command says that reads samples or labels."""
    (tmp_path / "float.tflite").write_bytes(write(float_graphs.convolutions()))
    out = tmp_path / "out.tflite"
    return [
        refused("run", SINE, "--board", "host", "--inputs", archive),
        refused("evaluate", SINE, "--inputs", archive),
        refused("evaluate", DIGITS, "--inputs", DIGITS.parent / "samples.npz", "--labels", archive),
        refused("quantize", tmp_path / "float.tflite", "--calibration", archive, "-o", out),
    ]


@pytest.mark.parametrize("extra", ["folder/", "notes.txt", "x"])
def test_entries_that_are_not_arrays(extra: str, tmp_path: Path) -> None:
    archive = _archive(tmp_path / "a.npz", {"x.npy": _npy(np.zeros((1, 1), np.int8)), extra: b""})
    for said in _all_readers(archive, tmp_path):
        assert f"its entry '{extra}' is" in said


def test_archives_that_unpack_to_too_much(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "a.npz", {"x.npy": _npy(np.zeros(1 << 25, np.int8))})
    for said in _all_readers(archive, tmp_path):
        assert "bytes are 33,554,560 unpacked" in said


def test_many_entries_that_unpack_to_too_much_together(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "a.npz", {f"x{i}.npy": _npy(np.zeros(1 << 22, np.int8)) for i in range(8)})
    for said in _all_readers(archive, tmp_path):
        assert "bytes are 33,555,456 unpacked" in said


def test_a_thousand_samples_of_a_model_are_never_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_ALWAYS_FINE", 0)
    monkeypatch.setattr(archives, "_RATIO", 1)
    codes = {count: _archive(tmp_path / f"{count}.npz", {"x.npy": _npy(np.zeros((count, 1), np.int8))})
             for count in (7_000, 9_000)}  # fmt: skip
    assert aot("evaluate", SINE, "--inputs", codes[7_000]).code == 0
    assert "bytes are 9,128 unpacked" in refused("evaluate", SINE, "--inputs", codes[9_000])


def test_a_header_that_claims_more_than_there_is_memory(tmp_path: Path) -> None:
    claimed = _npy(np.zeros((1, 1), np.int8)).replace(b"(1, 1)", b"(1, 999999999999999)")[: 1 << 12]
    header = claimed.replace(b" " * 15, b"", 1)
    for said in _all_readers(_archive(tmp_path / "a.npz", {"x.npy": header}), tmp_path):
        assert "cannot read samples" in said


@pytest.mark.parametrize("name", ["zero.npz", "zero.npy", "zero.csv", "zero.json", "zero.tflite"])
def test_devices_without_an_end(name: str, tmp_path: Path) -> None:
    (tmp_path / name).symlink_to("/dev/zero")
    samples = DIGITS.parent / "samples.npz"
    if name.endswith("tflite"):
        assert "is not a file" in refused("inspect", tmp_path / name)
        return
    assert "is a device, not a file" in refused("evaluate", DIGITS, "--inputs", samples, "--labels", tmp_path / name)
    if not name.endswith("json"):
        assert "is a device, not a file" in refused("evaluate", DIGITS, "--inputs", tmp_path / name)


@pytest.mark.parametrize("error", [ValueError("x"), SyntaxError("x"), Image.DecompressionBombError("x"), MemoryError()])
def test_whatever_the_picture_library_raises(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Image.open

    def trip(path: Path) -> Image.Image:
        if path.name.startswith("bad"):
            raise error
        return opened(path)

    monkeypatch.setattr(Image, "open", trip)
    _pictures(tmp_path)
    (tmp_path / "samples" / "bad.png").write_bytes(b"")
    _skipped(tmp_path, "bad.png")


def test_a_damaged_header(tmp_path: Path) -> None:
    _pictures(tmp_path)
    (tmp_path / "samples" / "bad.ppm").write_bytes(b"P6\n3x 20\n255\n")
    _skipped(tmp_path, "bad.ppm")


def _pictures(folder: Path) -> None:
    (folder / "samples").mkdir()
    (folder / "float.tflite").write_bytes(write(float_graphs.convolutions()))
    rng = np.random.default_rng(1)
    for i in range(3):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(folder / "samples" / f"{i}.png")


def _skipped(folder: Path, name: str) -> None:
    done = aot("quantize", folder / "float.tflite", "--calibration", folder / "samples", "-o", folder / "out.tflite")
    assert done.code == 0 and "3 images were used; 1 cannot be read" in done.err and name in done.err


def test_a_negative_size_in_a_header(tmp_path: Path) -> None:
    header = b"{'descr': '|i1', 'fortran_order': False, 'shape': (-999, 1), }".ljust(117) + b"\n"
    entry = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    for said in _all_readers(_archive(tmp_path / "a.npz", {"x.npy": entry}), tmp_path):
        assert "cannot read samples" in said


def test_names_of_arrays_in_one_line(tmp_path: Path) -> None:
    entries = {"x.npy": _npy(np.zeros((1, 1), np.int8)), "a\nerror: b.npy": _npy(np.zeros((1, 1), np.int8))}
    for said in _all_readers(_archive(tmp_path / "a.npz", entries), tmp_path)[:3]:
        assert "a?error: b" in said


def test_an_entry_without_a_name(tmp_path: Path) -> None:
    whole = _archive(tmp_path / "a.npz", {"x.npy": _npy(np.zeros((1, 1), np.int8)), "notes": b""})
    whole.write_bytes(whole.read_bytes().replace(b"notes", b"\0otes"))
    for said in _all_readers(whole, tmp_path):
        assert "its entry '' is no array" in said
