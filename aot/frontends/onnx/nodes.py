"""The nodes of a graph, one after the other: what each name stands for, and which nodes cannot be read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from aot.graph.ir import Graph, Unsupported

_LONGEST_LINE = 800  # of a problem
_DEEPEST = 8  # functions inside functions, branches inside branches
_MOST_NODES = 30_000  # that are read of a file, which may call for the same ones again and again


@dataclass
class Model:
    """What is the same for all graphs of a file."""

    source: str
    folder: Path | None
    opset: int
    left: int = _MOST_NODES


class Told(Unsupported):
    """A node that cannot be read because of others inside it, which are problems of their own."""


@dataclass
class Nodes:
    """Reads the nodes of one graph, or of one inside it, into a builder."""

    model: Model
    build: Builder
    values: dict[str, Value] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    readers: Counter[str] = field(default_factory=Counter)  # how often each name is read
    depth: int = 0
    expanded: bool = False  # whether it is what an operator consists of

    def __post_init__(self) -> None:
        self._unread: set[str] = set()  # what operators that cannot be read would have computed
        self._reads: Counter[str] = Counter()  # by the tensors that names stand for

    def count_input(self, label: str) -> None:
        """An input of the graph is read, too."""
        self._reads[self.values[label].tensor] = self.readers[label]

    def run(self, nodes: Iterable[Node]) -> None:
        """Read nodes in their order; those that cannot be read become problems."""
        for node in nodes:
            if any(name in self._unread for name in node.inputs):
                self._unread.update(node.outputs)
                continue
            try:
                results = self._read(node)
            except Unsupported as reason:
                self._unread.update(node.outputs)
                if not isinstance(reason, Told):
                    self.problems.append(_described(node, reason.what))
                continue
            for name, value in zip(node.outputs, results, strict=False):
                if name and value is not None:
                    self._count(node, name, value)
                    self.values[name] = value

    def value(self, name: str) -> Value:
        """What a name stands for. Raises AotError where nothing has it."""
        if name not in self.values:
            if name in self._unread:
                raise Told("")
            raise AotError(f"{self.model.source} is not a valid graph: {name!r} is used before it is computed")
        return self.values[name]

    def _read(self, node: Node) -> Sequence[Value | None]:
        self.model.left -= 1
        if self.model.left < 0:
            raise AotError(f"{self.model.source} has more than {_MOST_NODES:,} operators", "export a smaller model")
        inputs = [self.value(name) if name else None for name in node.inputs]
        if not self.expanded:  # what stands for an operator is called as that is
            self.build.label = label_of(node, 0)
        if folds(node, inputs):
            arrays = evaluated(node, [None if v is None else v.array for v in inputs])
            return [self.build.constant(data, label) for data, label in zip(arrays, node.outputs, strict=False)]
        reader = READERS.get(node.kind)
        if reader is None:
            return self._by_function(node, inputs, "aot does not have this operator")
        alone = [not self.depth and v is not None and self._reads[v.tensor] == 1 for v in inputs]
        try:
            result = reader(Call(self.build, node, inputs, alone, self))
        except Told:
            raise
        except Unsupported as reason:
            return self._by_function(node, inputs, reason.what)
        return [result] if isinstance(result, Value) else result

    def _count(self, node: Node, name: str, value: Value) -> None:
        """A name stands for `value`, which may be what an input of the node is called, too."""
        shared = any(value.tensor == self.values[i].tensor for i in node.inputs if i)
        self._reads[value.tensor] += self.readers[name] - shared

    # What is inside a node

    def _by_function(self, node: Node, inputs: Sequence[Value | None], reason: str) -> Sequence[Value | None]:
        """What the standard says that the operator is made of; `reason` is why there is no better way."""
        body = function_of(node, inputs) if self.depth < _DEEPEST else None
        if body is None:
            raise Unsupported(reason)
        given = {name: v for name, v in zip(body.inputs, inputs, strict=False) if v is not None}
        inside = replace(self._inside(given), problems=[], expanded=True)
        try:
            return inside.results(body.nodes, body.outputs)
        except Told:
            within = f"{reason}, nor all that it consists of: {inside.problems[0]}"
            raise Unsupported(reason if node.kind in READERS else within) from None

    def results(self, nodes: Iterable[Node], names: Iterable[str]) -> list[Value | None]:
        """What these names stand for after the nodes; None for those that nothing computes."""
        before = len(self.problems)
        self.run(nodes)
        if len(self.problems) > before or any(name in self._unread for name in names):
            raise Told("")
        return [self.values.get(name) for name in names]

    def _inside(self, values: Mapping[str, Value]) -> "Nodes":
        if self.depth >= _DEEPEST:
            raise Unsupported(f"graphs inside each other more than {_DEEPEST} deep")
        return Nodes(self.model, self.build, dict(values), self.problems, depth=self.depth + 1, expanded=self.expanded)

    def inlined(self, graph: onnx.GraphProto, inputs: Sequence[Value]) -> list[Value]:
        """The outputs of a graph inside this one, whose nodes become nodes here."""
        inside = self._inside(self.values)
        inside._unread |= self._unread
        return inside.graph_results(graph, inputs)

    def graph_results(self, graph: onnx.GraphProto, inputs: Sequence[Value]) -> list[Value]:
        """The outputs of a graph with these inputs; it may read whatever this one knows."""
        for port, value in zip(graph.input, inputs, strict=True):
            self.values[port.name] = value
        for label, data in file.constants(graph, self.model.folder).items():
            self.values[label] = self.build.constant(data, label)
        names = [o.name for o in graph.output]
        found = self.results(file.nodes(graph, self.model.opset), names)
        return [self.value(name) if v is None else v for v, name in zip(found, names, strict=True)]

    def outer_values(self, graphs: Sequence[onnx.GraphProto]) -> list[str]:
        """The names of what is computed here and read by graphs inside."""
        free = {name: None for graph in graphs for name in file.free_names(graph)}
        return [name for name in free if name in self._unread or not self.value(name).constant]

    def separate(self, name: str, captured: Sequence[str], inputs: Sequence[Value]) -> "tuple[Nodes, list[Value]]":
        """A graph of its own, to be filled, and its ports: for what it captures, then for its inputs."""
        build = Builder(self.build.names)
        known = {n: v for n, v in self.values.items() if v.constant}
        inside = replace(self._inside(known), build=build)
        outside = [*(self.value(n) for n in captured), *inputs]
        labels = [f"{name}_{i}" for i in range(len(outside))]
        build.keep_names(labels)
        inside._unread |= self._unread
        ports = [build.input(n, v.shape, v.dtype) for n, v in zip(labels, outside, strict=True)]
        inside.values.update(zip(captured, ports, strict=False))
        return inside, ports

    def finished(self, name: str, ports: Sequence[Value], outputs: Sequence[Value]) -> Graph:
        """The graph that was made in this builder."""
        labels = [f"{name}_result_{i}" for i in range(len(outputs))]
        self.build.keep_names(labels)
        named = [replace(v, label=n) for v, n in zip(outputs, labels, strict=True)]
        orders = [tuple(range(v.rank)) for v in named]
        return self.build.graph(name, [p.tensor for p in ports], named, orders)


def _described(node: Node, reason: str) -> str:
    """A line on a node that cannot be read."""
    name = f" {node.name[:80]}" if node.name else ""
    return shown(f"{node.kind}{name} ({', '.join(node.inputs)} -> {', '.join(node.outputs)})"[:300] + f": {reason}")


def shown(text: str) -> str:
    """What a file or a library says, as one line of some length."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)[:_LONGEST_LINE]
