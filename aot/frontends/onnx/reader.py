"""ONNX file -> Graph: one pass over its nodes, in order, in which every shape is known."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import onnx

from aot.base.errors import AotError
from aot.frontends.building import Builder, Value
from aot.frontends.onnx import file
from aot.frontends.onnx.folding import evaluated, folds
from aot.frontends.onnx.functions import function_of
from aot.frontends.onnx.labels import label_of
from aot.frontends.onnx.operators import READERS
from aot.frontends.onnx.records import Call, Node
from aot.frontends.ports import input_shape, port_order
from aot.frontends.settings import Settings, constant_of
from aot.graph.ir import Graph, Unsupported

# What a damaged file makes of readers that take its attributes at their word.
_DAMAGE = (IndexError, ValueError, TypeError, OverflowError, AttributeError, KeyError, AssertionError)
_DEEPEST = 8  # functions inside functions, branches inside branches


def parse(content: bytes, name: str, source: str, settings: Settings) -> Graph:
    """The graph in the bytes of an .onnx file, called `name`; `source` is what errors call it.

    `settings` tell of its ports, by their names; a free batch is 1. Raises AotError for any fault in it.
    """
    model = file.load(content, source)
    folder = Path(source).parent if Path(source).is_file() else None
    try:
        return _Reader(model, folder, source, settings).graph(name)
    except _DAMAGE as error:
        raise AotError(
            f"{source} is damaged: {type(error).__name__}: {error}"[:300], "export the model again"
        ) from None


class _Reader:
    """Reads one file."""

    def __init__(self, model: onnx.ModelProto, folder: Path | None, source: str, settings: Settings) -> None:
        self._model, self._folder, self._source, self._settings = model, folder, source, settings
        self._build = Builder()
        self._values: dict[str, Value] = {}
        self._problems: list[str] = []
        self._readers = Counter(_names_read(model.graph))
        self._reads: Counter[str] = Counter()  # by the tensors that names stand for
        self._unread: set[str] = set()  # what operators that cannot be read would have computed

    def graph(self, name: str) -> Graph:
        """The graph in the file, called `name`."""
        proto = self._model.graph
        known = file.constants(proto, self._folder)
        given = [v for v in proto.input if v.name not in known]
        self._build.keep_names([*(v.name for v in given), *(v.name for v in proto.output)])
        for label, data in known.items():
            self._values[label] = self._build.constant(data, label)
        labels, settings = [v.name for v in given], self._settings
        settings.check(labels, [*labels, *(v.name for v in proto.output)], self._source)
        for port in given:
            self._values[port.name] = self._input(port)
            self._reads[self._values[port.name].tensor] = self._readers[port.name]
        inputs = [value.tensor for label in labels if not (value := self._values[label]).constant]
        self._run(file.nodes(proto, file.opset_of(self._model)))
        self._refuse_unread()
        outputs = [self._output(v.name) for v in proto.output]
        orders = [port_order(v.label, v.rank, settings) for v in outputs]
        return self._build.graph(name, inputs, outputs, orders)

    def _input(self, port: onnx.ValueInfoProto) -> Value:
        dims, shapes = port.type.tensor_type.shape.dim, self._settings.shapes
        sizes = [d.dim_value if d.HasField("dim_value") else 0 for d in dims]
        shape = input_shape(port.name, sizes, [d.dim_param or "N" for d in dims], shapes, self._source)
        dtype = file.TYPES.get(port.type.tensor_type.elem_type)
        if dtype is None:
            raise AotError(f"the input {port.name!r} is no tensor of a type that aot supports")
        if port.name in self._settings.constants:
            data = constant_of(port.name, self._settings.constants[port.name], shape, dtype)
            return self._build.constant(data, port.name)
        return self._build.input(port.name, shape, dtype, port_order(port.name, len(shape), self._settings))

    def _output(self, label: str) -> Value:
        if label not in self._values:
            raise AotError(f"{self._source} is not a valid graph: its output {label!r} is never computed")
        return replace(self._values[label], label=label)

    def _run(self, nodes: Iterable[Node], depth: int = 0) -> None:
        for node in nodes:
            if any(name in self._unread for name in node.inputs):
                self._unread.update(node.outputs)
                continue
            try:
                results = self._read(node, depth)
            except Unsupported as reason:
                self._unread.update(node.outputs)
                self._problems.append(_described(node, reason.what))
                continue
            for name, value in zip(node.outputs, results, strict=False):
                if name and depth == 0:
                    self._count(node, name, value)
                if name:
                    self._values[name] = value

    def _read(self, node: Node, depth: int) -> Sequence[Value]:
        inputs = [self._value(name) if name else None for name in node.inputs]
        if depth == 0:  # what stands for an operator is called as that is
            self._build.label = label_of(node, 0)
        if folds(node, inputs):
            arrays = evaluated(node, [None if v is None else v.array for v in inputs])
            return [self._build.constant(data, label) for data, label in zip(arrays, node.outputs, strict=False)]
        reader = READERS.get(node.kind)
        if reader is None:
            return self._expanded(node, inputs, depth)
        alone = [depth == 0 and v is not None and self._reads[v.tensor] == 1 for v in inputs]
        result = reader(Call(self._build, node, inputs, alone))
        return [result] if isinstance(result, Value) else result

    def _value(self, name: str) -> Value:
        if name not in self._values:
            raise AotError(f"{self._source} is not a valid graph: {name!r} is used before it is computed")
        return self._values[name]

    def _refuse_unread(self) -> None:
        if self._problems:
            count = len(self._problems)
            what = "1 operator is" if count == 1 else f"{count} operators are"
            raise AotError(f"{what} not supported in {self._source}", *self._problems)

    def _count(self, node: Node, name: str, value: Value) -> None:
        """A name of the main graph stands for `value`, which may be what an input of the node is called, too."""
        shared = any(value.tensor == self._values[i].tensor for i in node.inputs if i)
        self._reads[value.tensor] += self._readers[name] - shared

    def _expanded(self, node: Node, inputs: Sequence[Value | None], depth: int) -> Sequence[Value]:
        """What the standard says that the operator is made of."""
        body = function_of(node, inputs) if depth < _DEEPEST else None
        if body is None:
            raise Unsupported("aot does not have this operator")
        outside = self._values
        self._values = {name: v for name, v in zip(body.inputs, inputs, strict=False) if v is not None}
        try:
            self._run(body.nodes, depth + 1)
            return [self._values[name] for name in body.outputs if name in self._values]
        finally:
            self._values = outside


def _names_read(graph: onnx.GraphProto) -> Iterator[str]:
    """Every name that is read in a graph or goes out of it, as often as it is; graphs inside it read at least twice."""
    yield from (o.name for o in graph.output)
    for node in graph.node:
        yield from node.input
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from 2 * list(_names_read(inner))


def _described(node: Node, reason: str) -> str:
    """A line on a node that cannot be read."""
    name = f" {node.name[:80]}" if node.name else ""
    return f"{node.kind}{name} ({', '.join(node.inputs)} -> {', '.join(node.outputs)})"[:300] + f": {reason}"
