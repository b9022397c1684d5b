"""ONNX file -> Graph: one pass over its nodes, in order, in which every shape is known."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import onnx

from aot.base.errors import AotError
from aot.frontends.building import Builder, Value
from aot.frontends.onnx import file
from aot.frontends.onnx.nodes import Model, Nodes, shown
from aot.frontends.ports import input_shape, port_order
from aot.frontends.settings import Settings, constant_of
from aot.graph.ir import Graph

_NO_TENSORS = {
    "sequence_type": "a sequence", "map_type": "a map", "optional_type": "an optional",
    "sparse_tensor_type": "a sparse tensor", "opaque_type": "opaque",
}  # fmt: skip
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
        reason = shown(f"{type(error).__name__}: {error}")[:300]
        raise AotError(f"{source} is damaged: {reason}", "export the model again") from None


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
        ports = _port_labels([v.name for v in given], [v.name for v in proto.output])
        self._build.keep_names([*(v.name for v in given), *ports])
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
        outputs = [self._output(v.name, port) for v, port in zip(proto.output, ports, strict=True)]
        orders = [port_order(v.name, o.rank, settings) for v, o in zip(proto.output, outputs, strict=True)]
        return self._build.graph(name, inputs, outputs, orders)

    def _input(self, port: onnx.ValueInfoProto) -> Value:
        self._require_tensor(port)
        dims, shapes = port.type.tensor_type.shape.dim, self._settings.shapes
        sizes = [d.dim_value if d.HasField("dim_value") else 0 for d in dims]
        shape = input_shape(port.name, sizes, [d.dim_param or "N" for d in dims], shapes, self._source)
        dtype = file.TYPES[port.type.tensor_type.elem_type]
        if port.name in self._settings.constants:
            data = constant_of(port.name, self._settings.constants[port.name], shape, dtype)
            return self._build.constant(data, port.name)
        return self._build.input(port.name, shape, dtype, port_order(port.name, len(shape), self._settings))

    def _require_tensor(self, port: onnx.ValueInfoProto) -> None:
        """Raise AotError for an input that is something else, and say what."""
        kind = port.type.WhichOneof("value") or "nothing"
        element = port.type.tensor_type.elem_type
        if kind == "tensor_type" and element in file.TYPES:
            return
        what = _kind_of(element) if kind == "tensor_type" else _NO_TENSORS.get(kind, "of no type")
        raise AotError(
            f"the input {port.name[:200]!r} of {self._source} is {what}; aot reads tensors of numbers",
            "export the model without the part that makes numbers of it, and do that part before the model runs",
        )

    def _output(self, label: str, port: str) -> Value:
        if label not in self._nodes.values:
            raise AotError(f"{self._source} is not a valid graph: its output {label!r} is never computed")
        value = self._nodes.values[label]
        if not value.elements:
            raise AotError(f"the output {label!r} of {self._source} has no elements: {list(value.shape)}",
                           "export the model without it")  # fmt: skip
        return replace(value, label=port)

    def _refuse_unread(self) -> None:
        if problems := self._nodes.problems:
            count = len(problems)
            what = "1 operator is" if count == 1 else f"{count} operators are"
            raise AotError(f"{what} not supported in {self._source}", *problems)


def _port_labels(inputs: Iterable[str], outputs: Iterable[str]) -> list[str]:
    """What outputs are called: another name where one goes out twice, or is that of an input."""
    taken, labels = set(inputs), list[str]()
    for name in outputs:
        label, count = name, 1
        while label in taken:
            count += 1
            label = f"{name}_{count}"
        taken.add(label)
        labels.append(label)
    return labels


def _kind_of(element: int) -> str:
    names = {code: name for name, code in onnx.TensorProto.DataType.items()}
    return f"a tensor of {names.get(element, 'an unknown type').lower()}"


def _names_read(graph: onnx.GraphProto) -> Iterator[str]:
    """Every name that is read in a graph or goes out of it, as often as it is; graphs inside it read at least twice."""
    yield from (o.name for o in graph.output)
    for node in graph.node:
        yield from node.input
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from 2 * list(_names_read(inner))
