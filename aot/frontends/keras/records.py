"""What readers of layers get: a call of a layer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aot.frontends.building import Call as AnyCall
from aot.frontends.building import Value
from aot.frontends.keras.description import Layer, whole, whole_numbers
from aot.frontends.keras.reads import Reads
from aot.frontends.keras.weights import Weights, require_finite
from aot.graph.ir import Array, Unsupported
from aot.ops.common import require

Apply = Callable[[Layer, Sequence[Any], Mapping[str, Any], Weights], list[Value]]


@dataclass(frozen=True, eq=False)
class Call(AnyCall):
    """A layer that is being called: its weights, and its arguments, in which tensors are values.

    `apply` calls a layer inside, `reads` knows who reads what.
    """

    layer: Layer
    weights: Weights
    args: Sequence[Any]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    apply: Apply | None = None
    reads: Reads | None = None

    def alone(self, value: Value) -> bool:
        """Whether nobody else reads a value."""
        return self.reads is not None and self.reads.alone(value)

    @property
    def inputs(self) -> list[Value]:
        """All tensors that the layer is called with."""
        return [*values_in(self.args), *values_in(self.kwargs)]

    def input(self, index: int = 0) -> Value:
        """One of them, which must be there."""
        inputs = self.inputs
        require(index < len(inputs), f"input {index} is missing")
        return inputs[index]

    def argument(self, index: int, name: str, default: Any = None) -> Any:
        """An argument of an operation: by its place, by its name, or what the operation was made with."""
        if index < len(self.args):
            return self.args[index]
        if name in self.kwargs:
            return self.kwargs[name]
        return self.layer.config.get(name, default)

    def within(self, layer: Layer, inputs: Sequence[Value], weights: Weights, **kwargs: Any) -> list[Value]:
        """The outputs of a layer inside."""
        assert self.apply is not None
        return self.apply(layer, list(inputs), kwargs, weights)

    def constant(self, data: Array, name: str) -> Value:
        """A constant that is called after the layer and `name`."""
        require_finite(data, name)
        return self.build.constant(data, f"{self.build.label}/{name}")

    def variables(self, *names: str, shapes: Sequence[Sequence[int]] | None = None) -> list[Value]:
        """All weights of the layer, by the names of those that it has; of these shapes, where they are known."""
        found = [self.constant(data, name) for name, data in zip(names, self.weights.take(*names), strict=True)]
        for value, name, shape in zip(found, names, shapes or [v.shape for v in found], strict=True):
            require(value.shape == tuple(shape), f"{name} has shape {list(value.shape)}; expected {list(shape)}")
        return found


def values_in(structure: Any) -> Iterator[Value]:
    """The tensors in arguments, in order; of a dictionary in the order of its keys, as Keras has it."""
    if isinstance(structure, Value):
        yield structure
    elif isinstance(structure, Mapping):
        for key in sorted(structure, key=str):
            yield from values_in(structure[key])
    elif isinstance(structure, list | tuple):
        for part in structure:
            yield from values_in(part)


Reader = Callable[[Call], "Value | Sequence[Value]"]


def axis_of(axis: Any, rank: int) -> int:
    """An axis that may count from the end."""
    place = whole(axis, "axis")
    if not -rank <= place < rank:
        raise Unsupported(f"axis {place} of {rank} dimensions")
    return place % rank


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """One axis, several, or all where nothing is said."""
    if axis is None:
        return tuple(range(rank))
    return tuple(sorted({axis_of(a, rank) for a in whole_numbers(axis, "axis")}))
