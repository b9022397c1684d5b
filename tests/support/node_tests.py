"""The node tests that the package onnx comes with: one small model for each way to use an operator, and its answers."""

import re
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx_models import answers, graph_of

from aot.base.errors import AotError
from aot.graph.ir import Array, Graph

FOLDER = Path(__file__).parents[1] / "frontends" / "onnx"
PASSING = FOLDER / "node_tests.txt"
REFUSED = FOLDER / "node_tests_refused.txt"
_TYPES = {
    TensorProto.FLOAT, TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64,
    TensorProto.BOOL,
}  # fmt: skip
# What is refused by name, whatever the test: there is nothing to compare.
_OUTSIDE = (
    "Optional", "Sequence", "String", "Random", "Training", "Adam", "Adagrad", "Momentum", "Gradient", "TfIdf", "Regex",
    "LabelEncoder", "ArrayFeature", "Binarizer", "TreeEnsemble", "ImageDecoder", "Bernoulli", "Multinomial", "Compress",
    "NonZero", "Unique", "NonMaxSuppression",
)  # fmt: skip
_LOOSEST = {"rtol": 1e-3, "atol": 1e-5}  # float32 sums in another order; onnx's own bounds are 1e-3 and 1e-7
_OLDEST = 9
_UNKNOWN = re.compile(r"%([^\s()]+)(?: \([^)]*\)|\))? is not constant")


@dataclass(frozen=True)
class NodeTest:
    """A model, values of its inputs, and those of its outputs."""

    name: str
    model: onnx.ModelProto
    inputs: Mapping[str, Array]
    outputs: Sequence[Array]

    @property
    def expanded(self) -> bool:
        """Whether it is an operator in terms of others, as the standard defines it."""
        return "_expanded" in self.name

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: value.shape for name, value in self.inputs.items()}


@cache
def node_tests() -> dict[str, NodeTest]:
    """Those on float32, integers and bool, whose shapes do not depend on values, by name."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some are made by dividing by zero
        cases = sorted(load_model_tests(kind="node"), key=lambda case: case.name)
    return {case.name: _node_test(case.name, case.model, *case.data_sets[0]) for case in cases if _is_ours(case.model)}


def _node_test(name: str, model: onnx.ModelProto, inputs: Sequence[Array], outputs: Sequence[Array]) -> NodeTest:
    _raise_opset(model)
    labels = [v.name for v in model.graph.input]
    given = {label: np.asarray(value) for label, value in zip(labels, inputs, strict=False)}
    return NodeTest(name, model, given, [np.asarray(value) for value in outputs])


def _raise_opset(model: onnx.ModelProto) -> None:
    """The oldest opset that is read, for a test of an older one whose operators are still the same."""
    for one in model.opset_import:
        kinds = {n.op_type for n in model.graph.node}
        if (
            not one.domain
            and one.version < _OLDEST
            and all(onnx.defs.get_schema(k, _OLDEST).since_version <= one.version for k in kinds)
        ):
            one.version = _OLDEST


def _is_ours(model: onnx.ModelProto) -> bool:
    types = [v.type for v in (*model.graph.input, *model.graph.output)]
    kinds = {t.tensor_type.elem_type if t.HasField("tensor_type") else 0 for t in types}
    nodes = list(_nodes(model.graph))
    standard = all(n.domain in ("", "ai.onnx") for n in nodes)
    return standard and kinds <= _TYPES and not any(word in n.op_type for n in nodes for word in _OUTSIDE)


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _nodes(attribute.g)


def read(test: NodeTest) -> Graph:
    """The graph, with inputs that have to be known as constants: those that a refusal names, all but the first, all."""
    known = {name for name, value in test.inputs.items() if not value.size}
    while True:
        free = {name: shape for name, shape in test.shapes.items() if name not in known}
        try:
            return graph_of(_with_constants(test, known), input_shapes=free)
        except AotError as error:
            named = [found for text in (error.what, *error.things_to_try) for found in _UNKNOWN.findall(text)]
            if not named or not free:
                raise
            known |= (set(named) & free.keys()) or (set(list(test.inputs)[1:]) & free.keys()) or free.keys()


def _with_constants(test: NodeTest, names: Collection[str]) -> bytes:
    model = onnx.ModelProto()
    model.CopyFrom(test.model)
    model.graph.initializer.extend(numpy_helper.from_array(test.inputs[name], name) for name in sorted(names))
    return model.SerializeToString()


def fault(test: NodeTest, graph: Graph) -> str:
    """What is wrong with the interpreter's answers, "" if nothing is."""
    found = answers(graph, {graph[name].label: test.inputs[graph[name].label] for name in graph.inputs})
    for port, wanted in zip(test.model.graph.output, test.outputs, strict=True):
        got = found[port.name]
        if got.shape != wanted.shape:
            return f"{port.name} has shape {list(got.shape)} instead of {list(wanted.shape)}"
        if got.dtype != wanted.dtype:
            return f"{port.name} is {got.dtype} instead of {wanted.dtype}"
        if not _same(got, wanted):
            return f"{port.name} has other values"
    return ""


def _same(got: Array, wanted: Array) -> bool:
    if wanted.dtype.kind == "f":
        return bool(np.allclose(got, wanted, **_LOOSEST, equal_nan=True))
    return bool(np.array_equal(got, wanted))


def verdict(test: NodeTest) -> str:
    """Why a test is refused, or how it fails; "" if it passes."""
    try:
        return fault(test, read(test))
    except AotError as error:
        return " ".join((error.what, *error.things_to_try[:1]))


def passing() -> list[str]:
    """The names of the tests that pass, as they were written down."""
    return PASSING.read_text().split()
