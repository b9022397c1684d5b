"""The rounding high multiply of each kind of core, against integers of any size."""

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest
from compilers import WARNINGS

from aot.emit.helpers import pieces
from aot.graph.ir import Array
from aot.kernels.call import Target

_COUNT = 1_000_000  # a wrong last bit shows in one of 2^14
_LOOP = """
void scale_all(int64_t count, const int32_t *acc, const int32_t *multiplier, int32_t *out);
void scale_all(int64_t count, const int32_t *acc, const int32_t *multiplier, int32_t *out)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = NAME(acc[i], multiplier[i]);
    }
}
"""


def _scaled(helper: str, features: frozenset[str], acc: Array, multiplier: Array, folder: Path) -> Array:
    """What the C function gives; it stops at overflows."""
    text = "\n".join(piece.text for piece in pieces([helper], Target(features)).values())
    (folder / "scale.c").write_text(f"#include <stdint.h>\n{text}\n{_LOOP.replace('NAME', helper)}")
    stops = ("-fsanitize=signed-integer-overflow,shift", "-fsanitize-undefined-trap-on-error")
    command = ["gcc", "-std=c99", *WARNINGS, "-O2", *stops, "-fPIC", "-shared", "scale.c", "-o", "scale.so"]
    subprocess.run(command, cwd=folder, check=True)
    out = np.empty(acc.size, np.int32)
    arrays = [np.ascontiguousarray(acc, np.int32), np.ascontiguousarray(multiplier, np.int32), out]
    pointers = (ctypes.c_void_p(a.ctypes.data) for a in arrays)
    ctypes.CDLL(str(folder / "scale.so")).scale_all(ctypes.c_int64(acc.size), *pointers)
    return out


def _values(rng: np.random.Generator, low: int, high: int) -> Array:
    """Of any size from `low` up to `high`, with the ends, and with values whose halves are at theirs."""
    parts = [0, 1, 0x7FFF, 0x8000, 0xFFFF]
    edges = np.array([(a << 16) + b - s for a in parts for b in parts for s in (0, 1 << 31)] + [low, high - 1])
    edges = edges[(low <= edges) & (edges < high)]
    sizes = rng.integers(low, high, _COUNT) >> rng.integers(0, 31, _COUNT)
    return np.concatenate([edges.repeat(len(edges)), np.clip(sizes, low, high - 1)])


@pytest.mark.parametrize("features", [frozenset[str](), frozenset({"m0"})])
@pytest.mark.parametrize(("helper", "bound"), [("rounding_high", 1 << 31), ("normalized_high", 1 << 30)])
def test_equals_integers(helper: str, bound: int, features: frozenset[str], tmp_path: Path) -> None:
    rng = np.random.default_rng(len(features))
    acc = _values(rng, -bound, bound)
    few = _values(rng, 1 << 30, 1 << 31)
    multiplier = rng.permutation(np.resize(few, acc.size))
    multiplier[: min(acc.size, 64)] = (1 << 31) - 1
    expected = (acc.astype(np.int64) * multiplier + (1 << 30)) >> 31
    assert np.array_equal(_scaled(helper, features, acc, multiplier, tmp_path), expected)
