"""ONNX file -> Graph: one pass over its nodes, in order, in which every shape is known."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import onnx

from aot.base.errors import AotError
from aot.frontends.building import Builder, Value
from aot.frontends.onnx import file
from aot.frontends.onnx.nodes import Model, Nodes
from aot.frontends.ports import input_shape, port_order
from aot.frontends.settings import Settings, constant_of
from aot.graph.ir import Graph

# What a damaged file makes of readers that take its attributes at their word.
_DAMAGE = (IndexError, ValueError, TypeError, OverflowError, AttributeError, KeyError, AssertionError)


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
    """Reads one file: its ports; its nodes are read by `Nodes`."""

    def __init__(self, model: onnx.ModelProto, folder: Path | None, source: str, settings: Settings) -> None:
        self._model, self._folder, self._source, self._settings = model, folder, source, settings
        self._build = Builder()
        common = Model(source, folder, file.opset_of(model))
        self._nodes = Nodes(common, self._build, readers=Counter(_names_read(model.graph)))

    def graph(self, name: str) -> Graph:
        """The graph in the file, called `name`."""
        proto, values = self._model.graph, self._nodes.values
        known = file.constants(proto, self._folder)
        given = [v for v in proto.input if v.name not in known]
        self._build.keep_names([*(v.name for v in given), *(v.name for v in proto.output)])
        for label, data in known.items():
            values[label] = self._build.constant(data, label)
        labels, settings = [v.name for v in given], self._settings
        settings.check(labels, [*labels, *(v.name for v in proto.output)], self._source)
        for port in given:
            values[port.name] = self._input(port)
            self._nodes.count_input(port.name)
        inputs = [value.tensor for label in labels if not (value := values[label]).constant]
        self._nodes.run(file.nodes(proto, file.opset_of(self._model)))
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
        if label not in self._nodes.values:
            raise AotError(f"{self._source} is not a valid graph: its output {label!r} is never computed")
        return replace(self._nodes.values[label], label=label)

    def _refuse_unread(self) -> None:
        if problems := self._nodes.problems:
            count = len(problems)
            what = "1 operator is" if count == 1 else f"{count} operators are"
            raise AotError(f"{what} not supported in {self._source}", *problems)


def _names_read(graph: onnx.GraphProto) -> Iterator[str]:
    """Every name that is read in a graph or goes out of it, as often as it is; graphs inside it read at least twice."""
    yield from (o.name for o in graph.output)
    for node in graph.node:
        yield from node.input
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from 2 * list(_names_read(inner))
