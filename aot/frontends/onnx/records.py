"""What readers of operators get of an ONNX file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from aot.frontends.building import Builder, Value
from aot.frontends.building import Call as AnyCall
from aot.graph.ir import Array, Graph, Unsupported

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto


@dataclass(frozen=True, eq=False)
class Node:
    """One operator of the file. Optional inputs that are left out are empty names; `opset` is its domain's version."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    opset: int
    proto: "NodeProto"

    def integer(self, name: str, default: int) -> int:
        """An attribute that is a whole number."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int):
            raise Unsupported(f"{name} is not a whole number")
        return value

    def integers(self, name: str, default: Sequence[int]) -> tuple[int, ...]:
        """An attribute that is a list of whole numbers."""
        return tuple(int(v) for v in self.attributes.get(name, default))

    def real(self, name: str, default: float) -> float:
        """An attribute that is a number."""
        return float(self.attributes.get(name, default))

    def text(self, name: str, default: str) -> str:
        """An attribute that is a text."""
        value = self.attributes.get(name, default)
        return value.decode(errors="replace") if isinstance(value, bytes) else str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """An attribute that is 0 or 1."""
        return bool(self.integer(name, int(default)))


Inputs = Sequence[Value | None]


class Inside(Protocol):
    """The graph that a node is in, for readers of nodes that have graphs inside."""

    build: Builder

    def value(self, name: str) -> Value:
        """What a name stands for."""

    def inlined(self, graph: "GraphProto", inputs: Sequence[Value]) -> list[Value]:
        """The outputs of a graph inside this one, whose nodes become nodes here."""

    def outer_values(self, graphs: Sequence["GraphProto"]) -> list[str]:
        """The names of what is computed here and read by graphs inside."""

    def separate(self, name: str, captured: Sequence[str], inputs: Sequence[Value]) -> "tuple[Inside, list[Value]]":
        """A graph of its own, to be filled, and its ports: for what it captures, then for its inputs."""

    def graph_results(self, graph: "GraphProto", inputs: Sequence[Value]) -> list[Value]:
        """The outputs of a graph whose nodes become nodes here, under their own names."""

    def finished(self, name: str, ports: Sequence[Value], outputs: Sequence[Value]) -> Graph:
        """The graph that was filled."""


@dataclass(frozen=True, eq=False)
class Call(AnyCall):
    """A node that is being read: what makes operators, and what its inputs stand for."""

    node: Node
    inputs: Inputs
    read_by_none_else: Sequence[bool]
    around: Inside

    def alone(self, index: int) -> bool:
        """Whether nothing else reads what this input stands for."""
        return self.read_by_none_else[index]

    def has(self, index: int) -> bool:
        """Whether there is an input of this number."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def input(self, index: int) -> Value:
        """An input that must be there."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            raise Unsupported(f"input {index} is missing")
        return value

    def known(self, index: int, what: str) -> Array:
        """An input that must be constant; `what` it is called otherwise."""
        value = self.input(index)
        if not value.constant:
            raise Unsupported(f"{what} (%{value.label}) is not constant")
        return value.array

    def listed(self, index: int, attribute: str, what: str) -> tuple[int, ...] | None:
        """Whole numbers that are an input or, before some opset, an attribute; None where they are left out."""
        if self.has(index):
            return tuple(int(v) for v in self.known(index, what).ravel())
        return self.node.integers(attribute, ()) if attribute in self.node.attributes else None


Reader = Callable[[Call], "Value | Sequence[Value]"]


def axis_of(axis: int, rank: int) -> int:
    """An axis that may count from the end."""
    if not -rank <= axis < rank:
        raise Unsupported(f"axis {axis} of {rank} dimensions")
    return axis % rank
