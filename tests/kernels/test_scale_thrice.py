"""The product of a sum and a float32 scale in integers, against numpy's float32."""

import ctypes
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import cases
import emulated
import graphs
import merge
import native
import numpy as np
import pytest
from compilers import WARNINGS

from aot.compile.printing import print_model
from aot.emit.helpers import pieces
from aot.graph.fixedpoint import requantize_float
from aot.graph.ir import Array, Graph, Quant, Tensor
from aot.kernels.call import Target
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.mean import Mean
from aot.ops.reduce import Sum
from aot.oracle import interpreter
from aot.oracle.tolerance import compare, slacks

_LARGEST = 1 << 24
_EACH = 6_000 * cases.TIMES  # sums for each exponent, of each kind
_LOOP = """
void scale_all(int64_t count, const int32_t *acc, const uint32_t *multiplier, const int32_t *shift, int32_t *out);
void scale_all(int64_t count, const int32_t *acc, const uint32_t *multiplier, const int32_t *shift, int32_t *out)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = scale_thrice(acc[i], multiplier[i], shift[i]);
    }
}
"""
_Scale = Callable[[Array, Array], Array]


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> _Scale:
    """The C function, of sums and float32 scales."""
    folder = tmp_path_factory.mktemp("thrice")
    helper = pieces(["scale_thrice"], Target(frozenset()))["scale_thrice"].text
    (folder / "scale.c").write_text(f"#include <stdint.h>\n{helper}\n{_LOOP}")
    subprocess.run(["gcc", "-std=c99", *WARNINGS, "-O2", "-fPIC", "-shared", "scale.c", "-o", "scale.so"],
                   cwd=folder, check=True)  # fmt: skip
    function = ctypes.CDLL(str(folder / "scale.so")).scale_all

    def scale(acc: Array, scales: Array) -> Array:
        shift = (-np.frexp(scales)[1]).astype(np.int32)
        multiplier = np.ldexp(scales.astype(np.float64), 32 + shift).astype(np.uint32)
        out = np.empty(acc.size, np.int32)
        arrays = [np.ascontiguousarray(acc, np.int32), multiplier, shift, out]
        function(ctypes.c_int64(acc.size), *(ctypes.c_void_p(a.ctypes.data) for a in arrays))
        return out

    return scale


def _kinds(rng: np.random.Generator, shift: int) -> Iterator[tuple[Array, Array]]:
    """Sums and scales of one exponent: any, of few bits, near ties, at ties, and the largest sums."""
    mantissas = rng.integers(1 << 23, 1 << 24, _EACH)
    scales = np.ldexp(mantissas.astype(np.float32), -24 - shift)
    most = min(_LARGEST, (1 << 17) << shift)
    yield rng.integers(-most, most + 1, _EACH), scales
    coarse = np.ldexp((mantissas >> rng.integers(0, 24, _EACH)).astype(np.float32) + 1, -24)
    coarse = np.ldexp(np.frexp(coarse)[0], -shift).astype(np.float32)
    yield rng.integers(-most, most + 1, _EACH), coarse
    halves = rng.integers(0, 1 << rng.integers(1, 17), _EACH) + 0.5
    for some in (scales, coarse):
        sums = np.rint(halves / some).astype(np.int64) + rng.integers(-1, 2, _EACH)
        yield np.where(rng.random(_EACH) < 0.5, -1, 1) * np.minimum(sums, _LARGEST), some
    yield np.full(_EACH, _LARGEST) * rng.choice([-1, 1], _EACH), scales


@pytest.mark.parametrize("shift", range(1, 32))
def test_equals_float32(shift: int, scaled: _Scale) -> None:
    rng = np.random.default_rng([cases.SEED, shift])
    for acc, scales in _kinds(rng, shift):
        wanted, got = requantize_float(acc, scales), scaled(acc, scales)
        told = np.abs(wanted) < 1 << 17  # what is larger is beyond the limits of any output
        wrong = np.flatnonzero((wanted != got) & told)
        assert not wrong.size, [(acc[i], float(scales[i]).hex(), wanted[i], got[i]) for i in wrong[:5]]
        assert (np.abs(got[~told]) >= (1 << 17) - 1).all()


def test_ties_of_the_product_are_met(scaled: _Scale) -> None:
    """Sums whose product is no tie, but whose float32 product is."""
    met = 0
    for shift in range(1, 32):
        for acc, scales in _kinds(np.random.default_rng([cases.SEED, shift]), shift):
            once = np.rint(acc * scales.astype(np.float64))
            met += int((once != requantize_float(acc, scales)).sum())
    assert met > 1000


def _dense(scale: float, bias: int = 0) -> Graph:
    """A small dense layer whose sums are scaled by `scale`."""
    x, y = graphs.int8("x", (1, 8), Quant((0.5,), (3,))), graphs.int8("y", (1, 4), Quant((1.0,), (7,)))
    w = graphs.int8("w", (4, 8), Quant((2 * scale,), (0,)), np.arange(-16, 16, dtype=np.int8).reshape(4, 8))
    b = Tensor("b", (4,), "int32", Quant((scale,), (0,)), np.full(4, bias, np.int32))
    return graphs.graph_of(FullyConnected, [x, w, b], y)


@pytest.mark.parametrize(
    ("scale", "bias", "board", "integer"),
    [(0.3, 0, "mps2-an385", True), (0.3, 0, "mps2-an386", False), (0.3, _LARGEST, "mps2-an385", False),
     (0.5, 0, "mps2-an385", False), (2.0**-32, 0, "mps2-an385", True), (2.0**-33, 0, "mps2-an385", False)],
)  # fmt: skip
def test_where_it_is_taken(scale: float, bias: int, board: str, integer: bool) -> None:
    """On cores without an FPU, for scales below a half and sums that are floats to the bit."""
    model = native.compiled(_dense(scale, bias), "float", board)
    assert ("scale_thrice(" in print_model(model)[model.sources[1]]) == integer


@pytest.mark.parametrize("board", ["mps2-an385", *(["riscv-virt"] if cases.TIMES > 1 else [])])
def test_layers_on_cores_without_fpu(board: str, tmp_path: Path) -> None:
    """Every third case of the operators that scale sums; some by floats, where the sums or scales are large."""
    kinds = (BatchMatMul, Conv2D, DepthwiseConv2D, FullyConnected, Mean, Sum)
    parts = [case for case in cases.computed(cases.each()[::3], "onnx") if isinstance(case[0].ops[0], kinds)]
    graph, sample = merge.merged(parts)
    model = native.compiled(graph, "onnx", board)
    text = print_model(model)["merged.c"]
    assert text.count("thrice_output_s8(") > 6 and "float_output_s8(" in text
    (got,) = emulated.run(model, tmp_path, [sample])
    wrong = []
    for i, (part, values) in enumerate(parts):
        expected = interpreter.run(part, values, "onnx")
        for name in part.outputs:
            if compare(expected[name], got[merge.prefixed(i, name)], slacks(part)[name]).wrong.any():
                wrong.append(str(part))
    assert not wrong, f"{len(wrong)} of {len(parts)}\n" + "\n".join(wrong[:5])
