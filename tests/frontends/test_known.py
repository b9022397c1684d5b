"""Positions, counts and limits that a model computes from the shapes of its tensors: known when it is read."""

import litert
import numpy as np
import pytest
from reading import parse

from aot.base.errors import AotError
from aot.frontends.tflite.parts import Line, Part, Record
from aot.frontends.tflite.writer import write_parts
from aot.graph.ir import Graph, Tensor
from aot.oracle.interpreter import run
from aot.passes import run_passes
from aot.passes.check_operators import check_operators

_SLICE = Record(1, "StridedSliceOptions", {"ShrinkAxisMask": 1})


def _constant(name: str, *values: int, scalar: bool = False) -> Tensor:
    data = np.array(values[0] if scalar else values, np.int32)
    return Tensor(name, data.shape, "int32", data=data)


def _model(*lines: Line, outputs: list[Tensor]) -> bytes:
    """A model whose scalar `count` is the second dimension of its input, and what `lines` make of it."""
    tensors = [
        Tensor("x", (2, 3), "float32"),
        Tensor("free", (), "int32"),
        Tensor("shape", (2,), "int32"),
        Tensor("count", (), "int32"),
        Tensor("more", (), "int32"),
        Tensor("pair", (2,), "int32"),
        *(_constant(name, value, scalar=True) for name, value in (("zero", 0), ("one", 1))),
        *(_constant(f"{name}_", value) for name, value in (("begin", 1), ("end", 2), ("step", 1))),
    ]
    first = (
        Line("SHAPE", Record(1, "ShapeOptions", {"OutType": 2}), ("x",), ("shape",)),
        Line("STRIDED_SLICE", _SLICE, ("shape", "begin_", "end_", "step_"), ("count",)),
        Line("ADD", Record(1, "AddOptions"), ("count", "one"), ("more",)),
        Line("PACK", Record(1, "PackOptions", {"ValuesCount": 2, "Axis": 0}), ("count", "more"), ("pair",)),
    )
    ports = ("x", "free"), tuple(t.name for t in outputs)
    return write_parts([Part("net", (*tensors, *outputs), (*first, *lines), *ports)])


def _range(limit: str) -> Line:
    return Line("RANGE", Record(1, "RangeOptions"), ("zero", limit, "one"), ("y",))


_CASES = {
    "range": (_range("more"), Tensor("y", (4,), "int32")),
    "tile": (Line("TILE", Record(1, "TileOptions"), ("x", "pair"), ("y",)), Tensor("y", (6, 12), "float32")),
    "fill": (Line("FILL", Record(1, "FillOptions"), ("pair", "free"), ("y",)), Tensor("y", (3, 4), "int32")),
    "one-hot": (
        Line("ONE_HOT", Record(1, "OneHotOptions", {"Axis": -1}), ("pair", "more", "one", "zero"), ("y",)),
        Tensor("y", (2, 4), "int32"),
    ),
    "sum": (Line("SUM", Record(1, "ReducerOptions"), ("x", "axis"), ("y",)), Tensor("y", (2,), "float32")),
}


def _file(name: str) -> bytes:
    line, y = _CASES[name]
    axis = Line("SUB", Record(1, "SubOptions"), ("count", "end_"), ("axis",))
    return _model(axis, line, outputs=[y, Tensor("axis", (1,), "int32")])


@pytest.mark.parametrize("name", _CASES)
def test_what_follows_from_shapes_is_known(name: str) -> None:
    content = _file(name)
    graph: Graph = parse(content, "net")
    check_operators(graph)
    sample = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "free": np.array(7, np.int32)}
    wanted = litert.outputs(content, list(sample.values()), litert.Resolver.REFERENCE)
    lean = run_passes(graph)
    for output, array in zip(graph.outputs, wanted, strict=True):
        assert run(graph, sample)[output].tolist() == run(lean, sample)[output].tolist() == array.tolist()
    assert not {"Shape", "Range", "Add"} & {op.kind for op in lean.ops}


def test_a_range_of_run_time_values_is_refused() -> None:
    graph = parse(_model(_range("free"), outputs=[Tensor("y", (4,), "int32")]), "net")
    with pytest.raises(AotError) as caught:
        check_operators(graph)
    assert "%free is computed: %y has a dynamic shape; supported: what shapes tell" in str(caught.value.things_to_try)
