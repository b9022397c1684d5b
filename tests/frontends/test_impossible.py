"""Files whose shapes and indices cannot be: refused when read, with the operator, its tensors, and what is wrong."""

from typing import Any

import graphs
import numpy as np
import pytest
from command import tampered
from reading import parse

from aot.frontends.tflite.writer import write
from aot.graph.ir import Array, Op, Tensor
from aot.ops.add import Add
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.concatenation import Concatenation
from aot.ops.fully_connected import FullyConnected
from aot.ops.gather import EmbeddingLookup, Gather
from aot.ops.mean import Mean
from aot.ops.pack import Pack
from aot.ops.pad import Pad
from aot.ops.pool2d import MaxPool2D
from aot.ops.reshape import Reshape
from aot.ops.slice import Slice
from aot.ops.split import Split
from aot.ops.transpose import Transpose
from aot.passes.check_operators import problems


def _real(name: str, *shape: int, data: Array | None = None) -> Tensor:
    return Tensor(name, shape, "float32", None, data)


_INDEX = Tensor("i", (1,), "int32", None, np.array([5], np.int32))
_WEIGHTS = _real("w", 4, 5, data=np.zeros((4, 5), np.float32))
_X, _Y = _real("x", 2, 3), _real("y", 2, 3)
_CASES: dict[str, tuple[type[Op], list[Tensor], Tensor, dict[str, Any], str]] = {
    "elements of a reshape": (Reshape, [_X], _real("y", 7), {}, "Reshape (%x -> %y): %x has 6 elements, %y has 7"),
    "types": (Add, [_X, Tensor("b", (2, 3), "int32")], _Y, {},
              "Add (%x, %b -> %y): types float32, int32, float32; supported: int8, int8, int8 or int16, int16,"),
    "broadcast": (Add, [_X, _real("b", 4)], _Y, {},
                  "Add (%x, %b -> %y): %x of shape [2, 3] and %b of shape [4] do not broadcast"),
    "permutation": (Transpose, [_X], _real("y", 3, 2), {"permutation": (0, 2)},
                    "TRANSPOSE (%x, %y_permutation -> %y): permutation [0, 2] of 2 dimensions"),
    "joined shapes": (Concatenation, [_X, _real("b", 3, 3)], _real("y", 2, 6), {"axis": 1},
                      "Concatenation (%x, %b -> %y): %b has shape [3, 3]; expected [2, 3]"),
    "axis": (Concatenation, [_X, _real("b", 2, 3)], _real("y", 2, 6), {"axis": 5},
             "CONCATENATION (%x, %b -> %y): axes [5] of a tensor with 2 dimensions"),
    "axis of a constant": (Split, [_X], _Y, {"axis": 9},
                           "SPLIT (%y_axis, %x -> %y): axes [9] of a tensor with 2 dimensions"),
    "axes of a reduction": (Mean, [_X], _real("y", 2), {"axes": (4,)},
                            "MEAN (%x, %y_axes -> %y): axes [4] of a tensor with 2 dimensions"),
    "index": (Gather, [_X, _INDEX], _real("y", 1, 3), {"axis": 0},
              "Gather (%x, %i -> %y): %i has an index out of range: supported are 0 to 1"),
    "row": (EmbeddingLookup, [_INDEX, _X], _real("y", 1, 3), {},
            "EmbeddingLookup (%i, %x -> %y): %i has an index out of range: supported are 0 to 1"),
    "part": (Slice, [_X], _Y, {"begin": (1, 1), "size": (2, 3)}, "Slice (%x -> %y): elements 1 to 3 of 2 along axis 0"),
    "pads": (Pad, [_X], _Y, {"pads": ((1, 1),)}, "PAD (%x, %y_paddings -> %y): [1, 1] before and after 2 dimensions"),
    "rows": (FullyConnected, [_X, _WEIGHTS], _real("y", 2, 4), {},
             "FullyConnected (%x, %w -> %y): input of 6 elements, weights for rows of 5"),
    "matrices": (BatchMatMul, [_X, _real("b", 4, 5)], _real("y", 2, 5), {},
                 "BatchMatMul (%x, %b -> %y): %x has rows of 3, %b columns of 4"),
    "stack": (Pack, [_X, _real("b", 4, 3)], _real("y", 2, 2, 3), {"axis": 0},
              "Pack (%x, %b -> %y): %b has shape [4, 3]; expected [2, 3]"),
}  # fmt: skip


@pytest.mark.parametrize("name", _CASES)
def test_is_refused(name: str) -> None:
    kind, inputs, output, attributes, message = _CASES[name]
    graph = graphs.graph_of(kind, [*inputs], output, **attributes)
    (problem,) = problems(parse(write(graph), "net"))
    assert str(problem).startswith(message)


_FUSED = "fused activation 5; supported: NONE, RELU, RELU6, RELU_N1_TO_1"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("FusedActivationFunction", 5, _FUSED),
        ("Padding", 7, "padding 7; supported: SAME, VALID"),
        ("StrideH", 0, "filter (2, 2), stride (0, 2); supported: from 1 up"),
    ],
)
def test_attributes(field: str, value: int, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = _real("x", 1, 4, 4, 1), _real("y", 1, 2, 2, 1)
    graph = graphs.graph_of(MaxPool2D, [x], y, kernel=(2, 2), stride=(2, 2))
    (problem,) = problems(parse(tampered(graph, monkeypatch, "Pool2DOptions", **{field: value}), "net"))
    assert str(problem) == f"MAX_POOL_2D (%x -> %y): {message}"
