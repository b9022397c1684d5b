"""Operators and tensors of a graph, as a front-end makes them one after the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from aot.base.errors import AotError
from aot.frontends.building.value import Order, Value, plain_factors, shape_in
from aot.graph.identifiers import Names
from aot.graph.ir import Array, Graph, Op, Quant, State, Tensor, Unsupported
from aot.ops.dequantize import Dequantize
from aot.ops.reshape import Reshape
from aot.ops.transpose import Transpose

_MOST_BYTES = 64 << 20  # of a tensor
_NARROWED = {"float64": "float32", "float16": "float32", "bfloat16": "float32"}


def element_type(dtype: str) -> str:
    """What a tensor holds for a type of the model: all reals are float32."""
    return _NARROWED.get(dtype, dtype)


class Builder:
    """Collects a graph. `label` is what the operators made next are called."""

    def __init__(self, names: Names | None = None) -> None:
        self.names = Names() if names is None else names
        self.label = "tensor"
        self._tensors: dict[str, Tensor] = {}
        self._ops: list[Op] = []
        self._made: dict[tuple[object, ...], str] = {}  # what reorders and constants were asked for before
        self._constants: list[Value] = []  # kept alive: their data's identity is a key of what was made
        self._ports: dict[str, str] = {}  # names that are kept for ports, by label
        self._states: list[State] = []

    # Values

    def keep_names(self, labels: Iterable[str]) -> None:
        """Ports are called as the model calls them, whatever else would like the name."""
        self._ports = {label: self.names.unique(label) for label in labels}

    def input(self, label: str, shape: Sequence[int], dtype: str, order: Order | None = None) -> Value:
        """A port through which a value comes in; with `order`, its axes lie so, and the tensor's shape is that.

        Raises AotError for one that is too large.
        """
        order = tuple(range(len(shape))) if order is None else order
        tensor = Tensor(self._ports[label], shape_in(shape, order), element_type(dtype), label=label)
        if tensor.bytes > _MOST_BYTES:
            what = f"the input {label[:200]!r} has {tensor.bytes:,} bytes: too many for a microcontroller"
            raise AotError(what, "give it another shape: --input-shape; in Python input_shapes={...}")
        self._tensors[tensor.name] = tensor
        return self._value(tensor, shape, order)

    def _value(self, tensor: Tensor, shape: Sequence[int], order: Order) -> Value:
        factors, _ = plain_factors(shape)
        return Value(tuple(shape), tensor.dtype, tensor.name, factors=factors, order=order, label=tensor.label)

    def state(self, initial: Array, label: str) -> str:
        """The tensor of what is remembered from one run to the next, as it is when a run starts."""
        return self._tensor(label, initial.shape, initial.dtype.name).name

    def remember(self, current: str, following: str, initial: Array) -> None:
        """`following` is what the state `current` will be when the next run starts; `initial`, when the first does."""
        self._states.append(State(current, following, initial))

    def constant(self, data: Array, label: str = "") -> Value:
        """A value that is known."""
        return Value(data.shape, data.dtype.name, data=data, label=label or self.label)

    # What operators read

    def stored(self, value: Value, order: Order | None = None) -> str:
        """The tensor that holds `value` with its axes in `order`, as they are without one; reordered if need be."""
        order = tuple(range(value.rank)) if order is None else order
        shape = shape_in(value.shape, order)
        if value.constant:
            return self._constant(value, order)
        if value.lies_in(order):
            return self._viewed(value.tensor, shape)
        grid = tuple(e for e in (value.extents[f] for f in value.order) if e != 1)
        telling = [f for f in value.order if value.extents[f] != 1]
        wanted = [f for f in value.factor_order(order) if value.extents[f] != 1]
        permutation = tuple(telling.index(f) for f in wanted)
        return self._viewed(self._transposed(self._viewed(value.tensor, grid), permutation), shape)

    def raw(self, value: Value) -> str:
        """The tensor that holds `value`, however its axes lie."""
        return self._constant(value, tuple(range(value.rank))) if value.constant else value.tensor

    def reshape(self, value: Value, shape: Sequence[int]) -> Value:
        """`value` with another shape: its elements move only where an axis would be split through factors."""
        found = value.reshaped(shape)
        if found is not None:
            return found
        factors, order = plain_factors(shape)
        return replace(self.settled(value), shape=tuple(shape), factors=factors, order=order)

    def settled(self, value: Value, order: Order | None = None) -> Value:
        """`value` with its axes in `order` in memory, each in one piece."""
        order = tuple(range(value.rank)) if order is None else order
        factors, _ = plain_factors(value.shape)
        return replace(value, tensor=self.stored(value, order), data=None, codes=None, factors=factors, order=order)

    # Operators

    def emit(
        self,
        kind: type[Op],
        inputs: Sequence[str | None],
        extents: Sequence[int],
        dtype: str = "float32",
        order: Order | None = None,
        **attributes: Any,
    ) -> Value:
        """An operator with one output, a value of shape `extents` whose axes lie in `order`."""
        return self.emit_all(kind, inputs, [(extents, dtype)], order, **attributes)[0]

    def emit_all(
        self,
        kind: type[Op],
        inputs: Sequence[str | None],
        outputs: Sequence[tuple[Sequence[int], str]],
        order: Order | None = None,
        **attributes: Any,
    ) -> list[Value]:
        """An operator and its outputs, each of a shape and a type."""
        values = []
        for shape, dtype in outputs:
            lies = tuple(range(len(shape))) if order is None else order
            values.append(self._value(self._tensor(self.label, shape_in(shape, lies), dtype), shape, lies))
        self.add(kind, inputs, [v.tensor for v in values], **attributes)
        return values

    def like(
        self, value: Value, kind: type[Op], others: Sequence[str] = (), dtype: str = "", **attributes: Any
    ) -> Value:
        """An operator, element by element, on `value`: the result lies as it does."""
        source = self.raw(value)
        x = self._tensors[source]
        y = self._tensor(self.label, x.shape, dtype or value.dtype)
        self.add(kind, (source, *others), (y.name,), **attributes)
        factors, order = plain_factors(value.shape) if value.constant else (value.factors, value.order)
        return Value(value.shape, y.dtype, y.name, factors=factors, order=order, label=self.label)

    def add(self, kind: type[Op], inputs: Sequence[str | None], outputs: Sequence[str], **attributes: Any) -> None:
        """An operator between tensors that are there."""
        self._ops.append(kind(name=outputs[0], inputs=tuple(inputs), outputs=tuple(outputs), **attributes))

    def producer(self, name: str) -> Op | None:
        """What computes the tensor of this name."""
        return next((op for op in reversed(self._ops) if name in op.outputs), None)

    def replace(self, op: Op, other: Op) -> None:
        """Put `other`, with the same outputs, where `op` is; its operands must be constants or there before it."""
        self._ops[self._ops.index(op)] = other

    def number(self, value: float, dtype: str = "float32") -> str:
        """The tensor of a constant without dimensions."""
        return self.stored(self.constant(np.asarray(value, dtype), "number"))

    def literal(self, data: Array, label: str = "", quant: Quant | None = None) -> str:
        """The tensor of a constant that lies as it is."""
        return self.stored(replace(self.constant(data, label), quant=quant))

    def tensor(self, name: str) -> Tensor:
        """The tensor of this name."""
        return self._tensors[name]

    def quantize(self, value: Value, quant: Quant) -> Value:
        """`value`, whose integers stand for reals by `quant`."""
        if not value.constant:
            axis = quant.axis
            assert axis is None, "activations are quantized per tensor"
            self._tensors[value.tensor] = replace(self._tensors[value.tensor], quant=quant)
        return replace(value, quant=quant)

    def graph(self, name: str, inputs: Sequence[str], outputs: Sequence[Value], orders: Sequence[Order]) -> Graph:
        """What was collected; the outputs lie in `orders`, under the names that are kept for their labels."""
        renamed: dict[str, str] = {}
        for value, order in zip(outputs, orders, strict=True):
            self._port(value, order, renamed, inputs)
        tensors = {renamed.get(n, n): replace(t, name=renamed.get(n, n)) for n, t in self._tensors.items()}
        ops = tuple(_renamed(op, renamed) for op in self._ops)
        state = tuple(replace(s, next=renamed.get(s.next, s.next)) for s in self._states)
        return Graph(name, tensors, ops, tuple(inputs), tuple(self._ports[value.label] for value in outputs), state)

    def _port(self, value: Value, order: Order, renamed: dict[str, str], inputs: Sequence[str]) -> None:
        """Give the tensor of an output the name of its port, or copy it where it is something else, too."""
        source = self.stored(value, order)
        x, name = self._tensors[source], self._ports[value.label]
        if source in renamed or source in inputs or x.constant:
            self._tensors[name] = replace(x, name=name, data=None, label=value.label)
            self.add(Reshape, (source,), (name,))
        else:
            renamed[source] = name
            self._tensors[source] = replace(x, label=value.label)

    # What is shared

    def _tensor(self, label: str, shape: Sequence[int], dtype: str, quant: Quant | None = None) -> Tensor:
        tensor = _small(Tensor(self.names.unique(label), tuple(shape), element_type(dtype), quant, label=label))
        self._tensors[tensor.name] = tensor
        return tensor

    def _constant(self, value: Value, order: Order) -> str:
        key = (id(value.data), value.shape, order)
        if key not in self._made:
            self._made[key] = self._dequantized(value, order) if value.codes is not None else self._given(value, order)
            self._constants.append(value)
        return self._made[key]

    def _given(self, value: Value, order: Order) -> str:
        turned = value.transposed(order)
        data = np.ascontiguousarray(turned.array).reshape(turned.shape).astype(element_type(turned.dtype))
        tensor = Tensor(self.names.unique(value.label), data.shape, data.dtype.name, turned.quant, data, value.label)
        self._tensors[tensor.name] = tensor
        return tensor.name

    def _dequantized(self, value: Value, order: Order) -> str:
        """The codes, and what makes reals of them."""
        turned = value.transposed(order)
        assert turned.codes is not None
        codes = np.ascontiguousarray(turned.codes)
        held = Tensor(self.names.unique(value.label), codes.shape, codes.dtype.name, turned.quant, codes, value.label)
        self._tensors[held.name] = held
        y = self._tensor(f"{value.label}_real", held.shape, "float32")
        self.add(Dequantize, (held.name,), (y.name,), notation=True)
        return y.name

    def _viewed(self, name: str, shape: tuple[int, ...]) -> str:
        x = self._tensors[name]
        if x.shape == shape:
            return name
        return self._once(("view", name, shape), Reshape, x, shape)

    def _transposed(self, name: str, permutation: tuple[int, ...]) -> str:
        x = self._tensors[name]
        shape = tuple(x.shape[i] for i in permutation)
        return self._once(("order", name, permutation), Transpose, x, shape, permutation=permutation)

    def _once(
        self, key: tuple[object, ...], kind: type[Op], x: Tensor, shape: tuple[int, ...], **attributes: Any
    ) -> str:
        if key not in self._made:
            y = self._tensor(x.label, shape, x.dtype, x.quant)
            self.add(kind, (x.name,), (y.name,), **attributes)
            self._made[key] = y.name
        return self._made[key]


def _small(tensor: Tensor) -> Tensor:
    """The tensor, if it is one that a microcontroller could hold."""
    if tensor.bytes > _MOST_BYTES:
        raise Unsupported(f"%{tensor.name} has {tensor.bytes:,} bytes: too many for a microcontroller")
    return tensor


def _renamed(op: Op, names: Mapping[str, str]) -> Op:
    inputs = tuple(None if n is None else names.get(n, n) for n in op.inputs)
    return replace(
        op, name=names.get(op.name, op.name), inputs=inputs, outputs=tuple(names.get(n, n) for n in op.outputs)
    )
