"""What the comment above packed weights says is how they are packed."""

import re
from pathlib import Path

import numpy as np
import pytest

from aot.base.choices import CompileOptions
from aot.compile.pipeline import compile_file
from aot.graph.fixedpoint import ROUNDINGS
from aot.kernels.call import Constant
from aot.kernels.common.output import Output
from aot.kernels.common.packing import BYTES, JOINED, WIDE, pack_rows, pack_tile, rows_note, tile_note
from aot.targets import load_board

_DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits.tflite"
_WEIGHTS = np.arange(4 * 8, dtype=np.int8).reshape(4, 8) - 7


def _said(note: str, m: np.ndarray, n: np.ndarray) -> list[int]:
    """The first four taps of two channels as `note` has them."""
    if orders := re.search(r"taps (\d), (\d), (\d), (\d)", note):
        return [256 * int(n[int(tap)]) + int(m[int(tap)]) for tap in orders.groups()]
    pair = re.findall(r"([mn])\[(\d)\]", note)
    (later,) = re.findall(r"then taps (\d), (\d)", note)
    following = dict(zip(sorted({tap for _, tap in pair}), later, strict=True))
    names = [*pair, *((channel, following[tap]) for channel, tap in pair)]
    return [int((m if channel == "m" else n)[int(tap)]) for channel, tap in names]


def _stored(packed: np.ndarray, kind: str, channels: int) -> list[int]:
    """The numbers of the first four taps of so many channels."""
    flat = packed.ravel()
    return [int(v) for v in (flat.view("<i2")[: 2 * channels] if kind == JOINED else flat[: 4 * channels])]


@pytest.mark.parametrize("kind", [BYTES, JOINED, WIDE])
@pytest.mark.parametrize("suffix", ["s8", "s16"])
def test_notes_say_how_weights_are_packed(kind: str, suffix: str) -> None:
    m, n, o, p = _WEIGHTS
    tile = tile_note(kind, suffix)
    assert _stored(pack_tile(_WEIGHTS, kind, suffix), kind, 2) == _said(tile, m, n)
    rows = rows_note(kind, suffix)
    assert _stored(pack_rows(_WEIGHTS, kind, suffix), kind, 4) == _said(rows, m, n) + _said(rows, o, p)


def _scales(output: Output) -> np.ndarray | None:
    """The scale of each channel, as the notes say that it is stored."""
    multiplier, shift, scale = output.multiplier, output.shift, output.scale
    if isinstance(multiplier, Constant) and isinstance(shift, Constant):
        (bits,) = re.findall(r"multiplier / 2\^\((\d+) \+ shift\)", multiplier.note)
        return np.asarray(multiplier.data / 2.0 ** (int(bits) + shift.data))
    if scale is not None and "{multiplier, shift}" in scale.note:
        assert "2^(32 + shift), the multiplier unsigned" in scale.note
        return np.asarray(scale.data[:, 0].astype(np.uint32) / 2.0 ** (32 + scale.data[:, 1]))
    return None if scale is None else scale.data


@pytest.mark.parametrize("board", ["host", "mps2-an386"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_notes_say_how_scales_are_stored(board: str, rounding: str) -> None:
    model = compile_file(_DIGITS, load_board(board), CompileOptions(rounding=rounding))
    found = 0
    for call in model.calls:
        output = getattr(call.params, "output", None)
        scales = _scales(output) if isinstance(output, Output) else None
        if scales is not None:
            x, w, _, y = (model.graph[name] if name else None for name in (*call.op.inputs, *call.op.outputs))
            expected = x.scale * np.array(w.quant.scale) / y.scale
            assert np.allclose(scales[: len(expected)], expected, rtol=1e-6)
            found += 1
    assert found >= 3
