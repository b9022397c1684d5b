"""Operands that only repeat the shape of the output were asked to be constants; the output tells what they say."""

import litert
import numpy as np
import pytest
from reading import parse

from aot.frontends.tflite.parts import Line, Part, Record
from aot.frontends.tflite.writer import write_parts
from aot.graph.ir import Tensor
from aot.oracle.interpreter import run
from aot.passes.check_operators import check_operators


def _real(name: str, *shape: int) -> Tensor:
    return Tensor(name, shape, "float32")


def _int(name: str, *values: int) -> Tensor:
    return Tensor(name, (len(values),), "int32", data=np.array(values, np.int32))


_WEIGHTS = Tensor("w", (2, 3, 3, 3), "float32", data=np.linspace(-1, 1, 54, dtype=np.float32).reshape(2, 3, 3, 3))
_CONV = Record(1, "TransposeConvOptions", {"Padding": 0, "StrideH": 2, "StrideW": 2})
_RESIZE = Record(3, "ResizeNearestNeighborOptions")
_CASES = {  # the operator, with `told` as a further input of the model; the tensors; what it has to say
    "TRANSPOSE_CONV": (Line("TRANSPOSE_CONV", _CONV, ("told", "w", "x"), ("y",)),
                       (_real("x", 1, 4, 5, 3), _WEIGHTS, _real("y", 1, 8, 10, 2)), (1, 8, 10, 2)),
    "RESHAPE": (Line("RESHAPE", Record(1, "ReshapeOptions"), ("x", "told"), ("y",)),
                (_real("x", 2, 6), _real("y", 3, 4)), (3, 4)),
    "FILL": (Line("FILL", Record(1, "FillOptions"), ("told", "x"), ("y",)), (_real("x"), _real("y", 2, 3)), (2, 3)),
    "BROADCAST_TO": (Line("BROADCAST_TO", Record(2, "BroadcastToOptions"), ("x", "told"), ("y",)),
                     (_real("x", 1, 3), _real("y", 2, 3)), (2, 3)),
    "SLICE": (Line("SLICE", Record(1, "SliceOptions"), ("x", "begin", "told"), ("y",)),
              (_real("x", 4, 6), _int("begin", 1, 2), _real("y", 2, 3)), (2, 3)),
    "TILE": (Line("TILE", Record(1, "TileOptions"), ("x", "told"), ("y",)),
             (_real("x", 1, 3), _real("y", 4, 6)), (4, 2)),
    "RESIZE_NEAREST_NEIGHBOR": (Line("RESIZE_NEAREST_NEIGHBOR", _RESIZE, ("x", "told"), ("y",)),
                                (_real("x", 1, 3, 4, 2), _real("y", 1, 6, 8, 2)), (6, 8)),
}  # fmt: skip


@pytest.mark.parametrize("name", _CASES)
def test_the_output_tells(name: str) -> None:
    line, tensors, values = _CASES[name]
    told = Tensor("told", (len(values),), "int32")
    content = write_parts([Part("net", (*tensors, told), (line,), ("x", "told"), ("y",))])
    graph = parse(content)
    check_operators(graph)
    sample = {"x": np.random.default_rng(0).normal(size=graph["x"].shape).astype(np.float32)}
    sample["told"] = np.array(values, np.int32)
    (wanted,) = litert.outputs(content, list(sample.values()), litert.Resolver.REFERENCE)
    actual = run(graph, sample)["y"]
    assert actual.shape == wanted.shape and np.allclose(actual, wanted, atol=1e-5)
