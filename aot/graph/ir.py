"""The graph: operators, and the record that holds them with their tensors. Prints as text.

    %conv_1 = Conv2D(%x, %w, %b, stride=(2, 2), padding=((0, 1), (0, 1)))  int8[1, 48, 48, 8]

Tensors are named; operators refer to them by name. Every record is frozen: a pass returns a new graph.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np

# Whoever speaks of graphs speaks of their tensors.
from aot.graph.fixedpoint import Array as Array
from aot.graph.tensor import Quant as Quant
from aot.graph.tensor import Tensor as Tensor
from aot.graph.tensor import Unsupported as Unsupported


@dataclass(frozen=True)
class Scheme:
    """How the float32 operands of an operator become integers when a model is quantized, by TFLite's specification.

    `operands` is "float" where they stay as they are, "own" where each has a range of its own, and "shared" where all,
    inputs and outputs, have one scale and zero point. With `channel_axis`, input 1 holds weights, symmetric with a
    scale for each channel along that axis, and input 2 their bias. `outputs` are the parameters that outputs of a type
    must have, whatever their range. `types` are those that the operator may have in a .tflite file.
    """

    operands: Literal["float", "own", "shared"] = "float"
    channel_axis: int | None = None
    outputs: Mapping[str, Quant] = field(default_factory=dict)
    types: tuple[str, ...] = ("int8", "int16")

    @property
    def weights_axis(self) -> int:
        """`channel_axis` of an operator that has weights."""
        if self.channel_axis is None:
            raise ValueError("an operator without weights has no channel axis")
        return self.channel_axis


@dataclass(frozen=True, kw_only=True)
class Op(ABC):
    """One operator: the names of its operands (None: an optional one left out) and, in subclasses, its attributes.

    Subclasses live in `aot/ops`; each says what the operator means through `check`, `evaluate` and `macs`, and how
    it is quantized through `scheme`.
    """

    scheme: ClassVar[Scheme] = Scheme()

    name: str
    inputs: tuple[str | None, ...]
    outputs: tuple[str, ...]

    @property
    def kind(self) -> str:
        return type(self).__name__

    @abstractmethod
    def check(self, graph: "Graph") -> None:
        """Raise Unsupported with the reason when this operator, with these tensors, is not one aot implements."""

    @abstractmethod
    def evaluate(self, graph: "Graph", values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        """The outputs' values: the definition that every kernel must equal bit for bit."""

    def ulps(self, graph: "Graph") -> int:
        """How far a core's float32 result may be from `evaluate`'s, in units in the last place; 0: equal to the bit."""
        return 0

    def macs(self, graph: "Graph") -> int:
        """Multiply-accumulates of one evaluation."""
        return 0

    @property
    def graphs(self) -> dict[str, "Graph"]:
        """The graphs inside, of control flow, by the names of their fields."""
        values = ((f.name, getattr(self, f.name)) for f in self._fields())
        return {name: value for name, value in values if isinstance(value, Graph)}

    def with_graphs(self, change: "Callable[[Graph], Graph]") -> "Op":
        """This operator with each graph inside changed."""
        return self.changed(**{name: change(graph) for name, graph in self.graphs.items()})

    def changed(self, **values: Any) -> Self:
        """This operator with other values of some of its fields."""
        return replace(self, **values)

    def _fields(self) -> list[Field[object]]:
        """The fields that a subclass adds."""
        return [f for f in fields(self) if f.name not in ("name", "inputs", "outputs")]

    def _attributes(self) -> list[Field[object]]:
        """Those that are printed in the operator's line."""
        return [f for f in self._fields() if not isinstance(getattr(self, f.name), Graph)]

    def __str__(self) -> str:
        operands = ["_" if name is None else f"%{name}" for name in self.inputs]
        shown = [f"{f.name}={getattr(self, f.name)}" for f in self._attributes() if getattr(self, f.name) != f.default]
        return f"{', '.join(f'%{o}' for o in self.outputs)} = {self.kind}({', '.join(operands + shown)})"


@dataclass(frozen=True, eq=False)
class State:
    """What a graph remembers from one run to the next.

    `current` is the tensor that holds it when a run starts, `next` the one whose value is kept; `initial` is its value
    before the first run, of the tensors' shape and type.
    """

    current: str
    next: str
    initial: Array

    def __str__(self) -> str:
        values = np.unique(self.initial)
        return f"%{self.current} = state initially {values[0] if values.size == 1 else 'a constant'}, then %{self.next}"


@dataclass(frozen=True, eq=False)
class Graph:
    """Operators in an executable order, the tensors they speak of, which come in and go out, and which are kept.

    `rounding` is the one that the runtime for models of its format has, where that is not TensorFlow Lite's.
    """

    name: str
    tensors: Mapping[str, Tensor]
    ops: tuple[Op, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    state: tuple[State, ...] = ()
    rounding: str = ""

    def __repr__(self) -> str:
        return f"<Graph {self.name}: {len(self.ops)} operators, {len(self.inputs)} inputs, {len(self.outputs)} outputs>"

    def __getitem__(self, name: str | None) -> Tensor:
        if name is None:
            raise Unsupported("an operand that it needs is left out")
        return self.tensors[name]

    def operand(self, op: Op, index: int) -> Tensor | None:
        """Input `index` of `op`, or None where it is optional and left out."""
        name = op.inputs[index] if index < len(op.inputs) else None
        return None if name is None else self.tensors[name]

    @property
    def given(self) -> tuple[str, ...]:
        """The tensors that hold a value before the first operator: inputs and current states."""
        return (*self.inputs, *(state.current for state in self.state))

    @property
    def wanted(self) -> tuple[str, ...]:
        """The tensors whose values must be there after the last operator: outputs and next states."""
        return (*self.outputs, *(state.next for state in self.state))

    @property
    def has_control_flow(self) -> bool:
        """Whether what is computed depends on values."""
        return any(op.graphs for op in self.ops)

    def values(self, given: Mapping[str, Array], rounding: str) -> dict[str, Array]:
        """The value of every tensor, out of those of `self.given`."""
        values = {name: tensor.data for name, tensor in self.tensors.items() if tensor.data is not None}
        values.update(given)
        for op in self.ops:
            values |= self.step(op, values, rounding)
        return values

    def step(self, op: Op, values: Mapping[str, Array], rounding: str) -> dict[str, Array]:
        """The outputs of one operator, from the values of its operands."""
        results = dict(zip(op.outputs, op.evaluate(self, values, rounding), strict=True))
        for name, value in results.items():
            tensor = self[name]
            assert value.shape == tensor.shape and value.dtype == tensor.dtype, f"{op}: {value.dtype}{value.shape}"
        return results

    def producer(self, name: str) -> Op | None:
        return next((op for op in self.ops if name in op.outputs), None)

    def consumers(self, name: str) -> tuple[Op, ...]:
        return tuple(op for op in self.ops if name in op.inputs)

    def unused(self, name: str) -> str:
        """`name`, with as many underscores behind it as it takes to be the name of no tensor."""
        while name in self.tensors:
            name += "_"
        return name

    def with_tensors(self, *tensors: Tensor) -> "Graph":
        """This graph with `tensors` added or replaced, by name."""
        return replace(self, tensors={**self.tensors, **{t.name: t for t in tensors}})

    def by_planes(self, names: Collection[str]) -> "Graph":
        """This graph with the tensors `names`, and no others, by planes."""
        changed = (t for t in self.tensors.values() if t.planes != (t.name in names))
        return self.with_tensors(*(replace(t, planes=not t.planes) for t in changed))

    def check(self) -> None:
        """The invariants every pass must keep. A failure is a fault of aot, so they are assertions."""
        known = {*self.given, *(name for name, t in self.tensors.items() if t.constant)}
        for op in self.ops:
            for inner in op.graphs.values():
                inner.check()
            for name in op.inputs:
                assert name is None or name in known, f"{op}: %{name} is used before it is computed"
            for name in op.outputs:
                assert name not in known, f"{op}: %{name} is computed twice"
                known.add(name)
        for name in self.wanted:
            assert name in known, f"%{name} goes out and is never computed"
        for state in self.state:
            current, following = self[state.current], self[state.next]
            assert (current.shape, current.dtype) == (following.shape, following.dtype), f"{state}: another type"
            assert (state.initial.shape, state.initial.dtype.name) == (current.shape, current.dtype), f"{state}"
        for name, tensor in self.tensors.items():
            assert name == tensor.name, f"%{tensor.name} is filed under %{name}"

    def lines(self) -> Iterator[str]:
        """The printed form, line by line."""
        for name in self.inputs:
            yield f"%{name} = input  {_type(self.tensors[name])}"
        for state in self.state:
            yield f"{state}  {_type(self.tensors[state.current])}"
        for op in self.ops:
            yield f"{op}  {', '.join(_type(self.tensors[o]) for o in op.outputs)}"
            for name, inner in op.graphs.items():
                yield f"  {name}:"
                yield from (f"    {line}" for line in inner.lines())
        yield f"return {', '.join(f'%{name}' for name in self.outputs)}"

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _type(tensor: Tensor) -> str:
    return f"{tensor} {tensor.quant}" if tensor.quant else str(tensor)


def prune_tensors(graph: Graph) -> Graph:
    """Forget the tensors that no operator, input, output or state speaks of."""
    used = {*graph.given, *graph.wanted}
    for op in graph.ops:
        used.update(op.outputs, (name for name in op.inputs if name is not None))
    return replace(graph, tensors={name: t for name, t in graph.tensors.items() if name in used})
