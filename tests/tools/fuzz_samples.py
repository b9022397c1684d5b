"""Reads damaged samples: each is an AotError, or samples as they should be. Each fault found is one JSON line.

    python tests/tools/fuzz_samples.py images|archives [--first N] [--count N]

Images lie in a folder beside a sound one, which must be read as if it were alone. Archives are read as samples, as
those of a calibration and as labels.
"""

import io
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import campaign
import numpy as np
from mutate import mutation
from PIL import Image

from aot.base.errors import AotError
from aot.graph.ir import Array, Graph, Quant, Tensor
from aot.oracle.samples import read_samples
from aot.quantizer.labels import read_labels
from aot.quantizer.sources import open_samples

MEMORY_BYTES = 1 << 30
SECONDS = 20
_SHAPE = (1, 8, 6, 3)
_NAMES = ("../x.npy", "/x.npy", "x", ".npy", "a\nb.npy", "x" * 300 + ".npy", "x.npy")
_FORMATS = ("png", "jpeg", "bmp", "gif", "ppm", "tiff", "webp")
Rng = np.random.Generator


def _graph(dtype: str) -> Graph:
    """A model that is nothing but its input."""
    quant = None if dtype == "float32" else Quant((1 / 255,), (-128,))
    return Graph("model", {"x": Tensor("x", _SHAPE, dtype, quant)}, (), ("x",), ("x",))


_REAL, _CODES = _graph("float32"), _graph("int8")


def _picture(rng: Rng, kind: str) -> bytes:
    """A sound image of any mode that its format knows."""
    mode = {"jpeg": ("L", "RGB", "CMYK"), "ppm": ("L", "RGB")}.get(kind, ("1", "L", "P", "RGB", "RGBA", "I;16", "F"))
    mode = mode[int(rng.integers(len(mode)))]
    size = tuple(int(n) for n in rng.integers(1, 20, 2))
    file = io.BytesIO()
    picture = Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8))
    try:
        picture.convert(mode).save(file, kind)
    except (OSError, ValueError):  # a mode that the format has not
        picture.save(file, kind)
    return file.getvalue()


def images(seed: int) -> str:
    rng = np.random.default_rng([seed, 2])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sound = rng.integers(0, 256, _SHAPE[1:], np.uint8)
        Image.fromarray(sound).save(folder / "a.png")
        for i in range(3):
            kind = _FORMATS[int(rng.integers(len(_FORMATS)))]
            content = _picture(rng, kind)
            damaged = mutation(content, np.arange(min(len(content), 200)), 4 * seed + i)
            (folder / f"b{i}.{kind}").write_bytes(damaged)
        source = open_samples(folder, _REAL)
        samples = list(source)
    for sample in samples:
        _assert_real(sample)
    assert np.allclose(samples[0]["x"][0], sound / 255, atol=1e-6), "the sound image was read as another one"
    assert len(samples) + len(source.skipped) == 4
    assert all(line.isprintable() for line in source.warnings(len(samples)))
    return f"{len(source.skipped)} of 3 skipped"


def _assert_real(sample: Mapping[str, Array]) -> None:
    assert sample["x"].shape == _SHAPE and sample["x"].dtype == np.float32
    assert np.isfinite(sample["x"]).all() and 0 <= sample["x"].min() <= sample["x"].max() <= 1


def _npy(array: Array) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _claiming(rng: Rng) -> bytes:
    """An entry whose header says something else than what follows."""
    header = (
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 8, 6, 3), }",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 8, 6, 3), }",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 8, 6, 3), }",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
        b"{'descr': [('a', '<f4'), ('b', '<i8')], 'fortran_order': True, 'shape': (2, 8, 6, 3), }",
        b"{'descr': '<M8[D]', 'fortran_order': False, 'shape': (), }",
        b"{'descr': '<U7', 'fortran_order': False, 'shape': (3,), }",
        b"(" * 3000,
        b"__import__('os')",
        b"{'shape': (2, 8, 6, 3)}",
    )[int(rng.integers(10))]
    version = bytes([int(rng.integers(0, 4)), 0])
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + rng.bytes(int(rng.integers(0, 2000)))


def _entry(rng: Rng, codes: Array) -> tuple[str, bytes]:
    """What an archive may hold beside or instead of its samples."""
    dtypes = ("bool", "uint8", "int64", "float16", "float64", "complex64", "S3", ">i2", "M8[s]")
    size = int(rng.choice([0, 1, 5, 8 * 6 * 3, 1 << 20, 1 << 26]))
    several: list[Callable[[], tuple[str, bytes]]] = [
        lambda: ("folder/", b""),
        lambda: ("notes.txt", b"hello"),
        lambda: (_NAMES[int(rng.integers(len(_NAMES)))], _npy(codes)),
        lambda: ("x.npy", _npy(np.zeros(size, np.int8))),
        lambda: ("x.npy", _npy(np.zeros((size // 144, *_SHAPE[1:]), np.int8))),
        lambda: ("x.npy", _npy(codes.astype(str(rng.choice(dtypes))))),
        lambda: ("x.npy", _npy(codes.reshape(rng.permutation(codes.shape)))),
        lambda: ("x.npy", _claiming(rng)),
        lambda: ("x.npy", mutation(_npy(codes), np.arange(128), int(rng.integers(2**31)))),
    ]  # fmt: skip
    return several[int(rng.integers(len(several)))]()


def _archive(rng: Rng, codes: Array) -> tuple[bytes, bool]:
    """An archive, and whether it holds nothing but `codes`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        count = int(rng.choice([0, 1, 1, 1, 2, 3]))
        entries = [("x.npy", _npy(codes))] * (count != 1) + [_entry(rng, codes) for _ in range(count)]
        for name, content in entries:
            kind = int(rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))
            kind = zipfile.ZIP_DEFLATED if len(content) > 1 << 20 else kind
            archive.writestr(name, content, kind, 1)
    return file.getvalue(), count == 0


def archives(seed: int) -> str:
    """Half of them are of strange entries, the rest also damaged, in their last bytes, too, where the directory is."""
    rng = np.random.default_rng([seed, 3])
    codes = rng.integers(-128, 128, (2, *_SHAPE[1:]), np.int8)
    content, sound = _archive(rng, codes)
    if seed % 2:
        ends = np.concatenate([np.arange(min(64, len(content))), np.arange(max(0, len(content) - 200), len(content))])
        content = mutation(content, ends, seed)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "x.npz"
        path.write_bytes(content if rng.random() < 0.95 else _npy(codes))
        ways = (
            _tried(lambda: _assert_codes(read_samples(path, _CODES), codes if sound else None)),
            _tried(lambda: _assert_reals(list(open_samples(path, _REAL)))),
            _tried(lambda: read_labels(path)),
        )
    return "read" if any(ways) else "refused"


def _tried(read: Callable[[], object]) -> bool:
    try:
        read()
    except AotError as error:
        lines = (error.what, *error.things_to_try)
        assert all(line.isprintable() and len(line) < 1000 for line in lines), f"a poor message: {error}"
        return False
    return True


def _assert_codes(samples: Sequence[Mapping[str, Array]], codes: Array | None) -> None:
    for sample in samples:
        assert sample["x"].shape == _SHAPE and sample["x"].dtype == np.int8
    if codes is not None:  # whose checksum tells of any damage
        assert np.array_equal(np.concatenate([sample["x"] for sample in samples]), codes), "other codes were read"


def _assert_reals(samples: Sequence[Mapping[str, Array]]) -> None:
    for sample in samples:
        assert sample["x"].shape == _SHAPE and sample["x"].dtype == np.float32


def main() -> int:
    parser = campaign.parser(__doc__)
    parser.add_argument("what", choices=("images", "archives"))
    args = parser.parse_args()
    warnings.simplefilter("ignore")  # zipfile's, of names that stand twice
    Image.init()  # its plug-ins, before memory is short
    return campaign.run(args, {"images": images, "archives": archives}[args.what], SECONDS, MEMORY_BYTES)


if __name__ == "__main__":
    sys.exit(main())
