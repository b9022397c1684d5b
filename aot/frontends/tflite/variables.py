"""The variables of a .tflite file: what they begin as, and what they are while a graph is read, step by step.

A graph knows no variables: each value that one is given is a tensor of its own. There are two kinds: tensors marked as
variable, known by their number, or outside their subgraph by the numbers of both, and resources, known by their name.
"""

from dataclasses import replace

import numpy as np

from aot.base.errors import AotError
from aot.graph.identifiers import Names
from aot.graph.ir import Array, State, Tensor, Unsupported

Key = int | str | tuple[int, int]
_KEEP_VARIABLES = (
    "convert the Keras model itself: tf.lite.TFLiteConverter.from_keras_model(model)",
    "or through a folder: model.export(folder), then tf.lite.TFLiteConverter.from_saved_model(folder)",
)
HANDLE = "resource"  # the type of a tensor that stands for a variable


def reset_value(tensor: Tensor) -> Array:
    """What a variable tensor holds before the first run: the code of 0.0 where it is int8, else zeros."""
    value = tensor.zero_point if tensor.dtype == "int8" and tensor.quant else 0
    return np.full(tensor.shape, value, tensor.dtype)


class Variables:
    """The values of each variable of a graph so far, the first one first; and what it begins as, where that is told."""

    def __init__(self, names: Names, outside: "Variables | None" = None) -> None:
        """`outside` are those of the graph that has this one inside."""
        self._names, self._outside = names, outside
        self._values: dict[Key, list[Tensor]] = {}
        self._initial: dict[Key, Array] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._values

    @property
    def tensors(self) -> list[Tensor]:
        """Every value."""
        return [t for values in self._values.values() for t in values]

    def declare(self, key: Key, tensor: Tensor) -> None:
        """A variable whose value is `tensor` when a run starts."""
        self._values[key] = [tensor]

    def initialize(self, key: Key, tensor: Tensor, value: Array) -> None:
        """A variable that is `tensor` when a run starts, and begins as `value`. Unsupported where it was used."""
        if key in self._values:
            raise Unsupported(f"the variable {key!r} is used before it is initialized")
        self.declare(key, tensor)
        self._initial[key] = value

    def value(self, key: Key) -> Tensor:
        """What the variable holds now."""
        return self._values[key][-1]

    def shape(self, key: Key) -> tuple[int, ...] | None:
        """The shape of a variable of this graph, or of one that it is inside of; None where nothing tells it yet."""
        if key in self._values:
            return self._values[key][0].shape
        return None if self._outside is None else self._outside.shape(key)

    def read(self, key: Key, like: Tensor) -> Tensor:
        """The same of a resource that is read as a tensor of the type of `like`. Unsupported where it has another."""
        if key not in self._values:
            self._declare_resource(key, like)
        return self._matching(key, like)

    def renew(self, key: Key) -> Tensor:
        """A new tensor for the next value."""
        first = self._values[key][0]
        self._values[key].append(replace(first, name=self._names.unique(f"{first.name}_next")))
        return self._values[key][-1]

    def assign(self, key: Key, tensor: Tensor) -> None:
        """Make `tensor` the next value of a resource. Unsupported where its type is not that of the variable."""
        if key not in self._values:
            self._declare_resource(key, tensor)
        self._matching(key, tensor)
        self._values[key].append(tensor)

    def settled(self) -> tuple[list[Tensor], tuple[State, ...]]:
        """What the variables become: constants those that nobody changes, states the others."""
        fixed, states = [], []
        for key, values in self._values.items():
            initial = self._initial.get(key, reset_value(values[0]))
            if values[-1] is values[0]:
                fixed.append(replace(values[0], data=initial))
            else:
                states.append(State(values[0].name, values[-1].name, initial))
        return fixed, tuple(states)

    def refuse_unassigned(self, source: str) -> None:
        """Raise AotError for a resource that is read, but that nothing gives a value: at first, or later."""
        for key, values in self._values.items():
            if isinstance(key, str) and values[-1] is values[0] and key not in self._initial:
                what = f"{source} reads the variable {key!r}, but nothing in it sets it: its weights are lost"
                raise AotError(what, *_KEEP_VARIABLES)

    def assigned(self, subgraph: int) -> dict[Key, tuple[Tensor, Tensor]]:
        """The first and the last value of each, by its key outside of `subgraph`, whose variables these are."""
        pairs = {key: (values[0], values[-1]) for key, values in self._values.items()}
        return {(subgraph, key) if isinstance(key, int) else key: pair for key, pair in pairs.items()}

    def _declare_resource(self, key: Key, like: Tensor) -> None:
        name, label = (key, key) if isinstance(key, str) else (like.name, like.label)
        self.declare(key, replace(like, name=self._names.unique(name), data=None, label=label))

    def _matching(self, key: Key, tensor: Tensor) -> Tensor:
        now = self.value(key)
        if (now.shape, now.dtype, now.quant) != (tensor.shape, tensor.dtype, tensor.quant):
            here, held = (f"{t} {t.quant or ''}".strip() for t in (tensor, now))
            raise Unsupported(f"%{tensor.name} is {here}, but the variable {key!r} holds {held}")
        return now
