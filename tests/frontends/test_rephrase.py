"""What a .tflite file cannot say of padding it says with PAD and SLICE: the file, read again, computes the same."""

from typing import Any

import numpy as np
import pytest
from litert import Resolver, outputs

from aot.frontends import parse
from aot.frontends.tflite import write
from aot.graph.ir import Array, Graph, Quant, Tensor
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.pool2d import MaxPool2D
from aot.ops.transpose_conv import TransposeConv
from aot.passes import normalize

_RNG = np.random.default_rng(4)
_PADS = [((1, 1), (1, 1)), ((2, 0), (0, 1)), ((0, 0), (2, 0)), ((0, 0), (0, 0))]


def _layer(kind: type, dtype: str, pads: Any) -> Graph:
    quant = Quant((0.05,), (3,)) if dtype == "int8" else None
    x = Tensor("x", (1, 7, 6, 3), dtype, quant)
    shape = (1, 3, 3, 3) if kind is DepthwiseConv2D else (3, 3, 3, 3)
    data: Array = _RNG.integers(-100, 100, shape).astype(dtype)
    w = Tensor("w", shape, dtype, Quant((0.01,), (0,)) if quant else None, data)
    operands: tuple[str, ...] = ("x", "w")
    options: dict[str, Any] = {"stride": (2, 2), "padding": pads}
    rows, columns = ((e + sum(p) - 3) // 2 + 1 for e, p in zip((7, 6), pads, strict=True))
    if kind is TransposeConv:
        rows, columns = ((e - 1) * 2 + 3 - sum(p) for e, p in zip((7, 6), pads, strict=True))
    if kind is MaxPool2D:
        operands, options = ("x",), {**options, "kernel": (3, 3)}
    y = Tensor("y", (1, rows, columns, 3), dtype, quant)
    tensors = {t.name: t for t in (x, w, y) if t.name in (*operands, "y")}
    return Graph("net", tensors, (kind(name="y", inputs=operands, outputs=("y",), **options),), ("x",), ("y",))


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("pads", _PADS, ids=str)
@pytest.mark.parametrize("kind", [Conv2D, DepthwiseConv2D, MaxPool2D, TransposeConv])
def test_any_padding_can_be_written(kind: type, pads: Any, dtype: str) -> None:
    graph = _layer(kind, dtype, pads)
    graph.ops[0].check(graph)
    content = write(graph)
    x = _RNG.integers(-128, 128, (1, 7, 6, 3)).astype(dtype)
    wanted = graph.values({"x": x}, "double")["y"]
    read = normalize(parse(content, "net"))
    np.testing.assert_array_equal(read.values({"x": x}, "double")["y"], wanted)
    oracle = outputs(content, [x], Resolver.REFERENCE)[0]
    np.testing.assert_allclose(oracle, wanted, rtol=1e-5 if dtype == "float32" else 0)
