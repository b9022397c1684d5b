"""Operators on several tensors: what their builders do not draw."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import graphs
import litert
import numpy as np
import pytest
from reading import parse

from aot.frontends.tflite import parts as tflite_parts
from aot.frontends.tflite.operators import Operator, Record
from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Quant, Tensor, Unsupported
from aot.ops.add import Add
from aot.ops.cast import Cast
from aot.ops.comparison import Less
from aot.ops.constants import Range
from aot.ops.division import FloorDiv
from aot.ops.prelu import Prelu
from aot.ops.rearrange import BroadcastTo
from aot.ops.select import Select, SelectV2
from aot.ops.shape import Shape
from aot.oracle.interpreter import run
from aot.passes import run_passes


@dataclass(frozen=True, kw_only=True)
class _Fill(Op):
    """FILL as the file has it, which aot reads as BROADCAST_TO."""

    def check(self, graph: Graph) -> None:
        """Whatever the writer is given."""

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        dims, x = (values[name] for name in self.inputs)
        return (np.broadcast_to(x, dims),)


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the writer write `_Fill`."""

    def unread(op: object) -> Op:
        raise AssertionError("only written")

    record = Operator("FILL", _Fill, unread, lambda op, graph: Record(3, "FillOptions"))
    monkeypatch.setitem(tflite_parts._WRITERS, _Fill, record)


@pytest.mark.usefixtures("fill")
def test_fill_is_read_as_a_broadcast() -> None:
    dims = Tensor("dims", (2,), "int32", data=np.array([2, 3], np.int32))
    quant = Quant((0.5,), (3,))
    graph = graphs.graph_of(_Fill, [dims, Tensor("x", (), "int8", quant)], Tensor("y", (2, 3), "int8", quant))
    content = write(graph)
    read = parse(content, "net")
    assert isinstance(read.ops[0], BroadcastTo) and read.ops[0].shape == (2, 3)
    sample = {"x": np.array(-7, np.int8)}
    (expected,) = litert.outputs(content, [sample["x"]], litert.Resolver.REFERENCE)
    assert run(read, sample)["y"].tolist() == expected.tolist() == [[-7] * 3] * 2


@pytest.mark.usefixtures("fill")
def test_fill_with_the_shape_of_another_tensor() -> None:
    """How converters write zeros for the state of a recurrent layer."""
    zero = Tensor("zero", (), "float32", data=np.array(0, np.float32))
    x, dims, y = Tensor("x", (2, 3), "float32"), Tensor("dims", (2,), "int32"), Tensor("y", (2, 3), "float32")
    ops = (
        Shape(name="dims", inputs=("x",), outputs=("dims",)),
        _Fill(name="y", inputs=("dims", "zero"), outputs=("y",)),
    )
    graph = Graph("net", {t.name: t for t in (x, zero, dims, y)}, ops, ("x",), ("y",))
    content = write(graph)
    folded = run_passes(parse(content, "net"))
    sample = np.ones((2, 3), np.float32)
    (expected,) = litert.outputs(content, [sample], litert.Resolver.REFERENCE)
    assert run(folded, {"x": sample})["y"].tolist() == expected.tolist() == [[0.0] * 3] * 2
    assert "Shape" not in [op.kind for op in folded.ops]


def test_a_range_has_as_many_elements_as_float32_says() -> None:
    """In double precision 0.3 / 0.1, both from float32, is above 3."""
    reals = {name: np.array(value, np.float32) for name, value in (("a", 0.0), ("b", 0.3), ("c", 0.1))}
    tensors = [Tensor(name, (), "float32", data=data) for name, data in reals.items()]
    x, y = Tensor("x", (1,), "float32"), Tensor("y", (3,), "float32")
    op = Range(name="y", inputs=("a", "b", "c"), outputs=("y",))
    graph = Graph("net", {t.name: t for t in (x, *tensors, y)}, (op,), ("x",), ("y",))
    op.check(graph)
    sample = {"x": np.zeros(1, np.float32)}
    (expected,) = litert.outputs(write(graph), [sample["x"]], litert.Resolver.REFERENCE)
    assert run(graph, sample)["y"].tolist() == expected.tolist()


def test_cast_of_uint8_takes_the_codes_of_the_file() -> None:
    """The addition beside it turns the tensor into int8, whose codes are others."""
    quant = Quant((0.5,), (100,))
    x, sums = Tensor("x", (4,), "uint8", quant), Tensor("sums", (4,), "uint8", quant)
    codes = Tensor("codes", (4,), "float32")
    ops = (
        Add(name="sums", inputs=("x", "x"), outputs=("sums",)),
        Cast(name="codes", inputs=("x",), outputs=("codes",)),
    )
    graph = Graph("net", {t.name: t for t in (x, sums, codes)}, ops, ("x",), ("sums", "codes"))
    content = write(graph)
    sample = np.array([0, 99, 101, 255], np.uint8)
    expected = litert.outputs(content, [sample], litert.Resolver.REFERENCE)
    read = parse(content, "net")
    values = run(read, {"x": sample})
    assert [values[name].tolist() for name in read.outputs] == [value.tolist() for value in expected]
    assert expected[1].tolist() == sample.tolist()


def _tensors(dtype: str, *shapes: tuple[int, ...], quant: Quant | None = None) -> list[Tensor]:
    return [Tensor(name, shape, dtype, quant) for name, shape in zip("abc", shapes, strict=False)]


def _bool(*shape: int) -> Tensor:
    return Tensor("condition", shape, "bool")


_SHIFTS = {"power_of_two": True}
_ONE, _HALF = Quant((1.0,), (0,)), Quant((0.5,), (0,))
_NUMBERS = [
    Tensor(name, (), "int32", data=np.array(value, np.int32)) for name, value in zip("abc", (3, 9, -1), strict=True)
]


@pytest.mark.parametrize(
    ("kind", "inputs", "y", "attributes", "reason"),
    [
        (Range, _tensors("int32", (), (), ()), ((4,), "int32", None), {}, "%a is computed: %y has a dynamic shape"),
        (Range, _NUMBERS, ((6,), "int32", None), {}, "from 3 to 9 by -1 there are no elements"),
        (BroadcastTo, _tensors("int8", (2, 3)), ((3, 3), "int8", None), {"shape": (3, 3)}, "%a does not broadcast"),
        (Select, [_bool(3), *_tensors("int32", (2, 3), (2, 3))], ((2, 3), "int32", None), {}, "%condition has shape"),
        (SelectV2, [_bool(2), *_tensors("int32", (3,), (1,))], ((3,), "int32", None), {}, "do not broadcast"),
        (Prelu, _tensors("float32", (3,), (2, 3)), ((2, 3), "float32", None), {}, "%a has shape [3]; expected [2, 3]"),
        (FloorDiv, _tensors("int8", (2,), (2,), quant=_HALF), ((2,), "int8", _HALF), {}, "%a is quantized"),
        (Less, _tensors("int8", (2,), (2,), quant=_ONE), ((2,), "bool", None), {}, "supported: below 1"),
        (Add, _tensors("int16", (2,), (2,), quant=_HALF), ((2,), "int16", _ONE), _SHIFTS, "be the larger"),
    ],
)  # fmt: skip
def test_refusals(
    kind: type[Op],
    inputs: list[Tensor | None],
    y: tuple[tuple[int, ...], str, Quant | None],
    attributes: dict[str, Any],
    reason: str,
) -> None:
    graph = graphs.graph_of(kind, inputs, Tensor("y", *y), **attributes)
    with pytest.raises(Unsupported, match=re.escape(reason)):
        graph.ops[0].check(graph)
