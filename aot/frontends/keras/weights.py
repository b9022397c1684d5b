"""Where the weights of a layer are: by number in a .keras file, by name in an .h5 file."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from aot.frontends.keras import hdf5
from aot.frontends.keras.description import Layer
from aot.graph.ir import Array, Unsupported


def require_finite(data: Array, name: str) -> None:
    """Raise Unsupported for what a model has whose training went astray."""
    if not np.all(np.isfinite(data)):
        raise Unsupported(f"its {name} has values that are not finite")


class Weights(ABC):
    """The weights of one layer. What was asked for before is the same array again: shared layers have them once."""

    def __init__(self) -> None:
        self._arrays: dict[tuple[str, ...], list[Array]] = {}
        self._inner: dict[str, Weights] = {}
        self._layers: list[Weights] | None = None

    def take(self, *names: str) -> list[Array]:
        """All variables of the layer, in the order in which Keras makes them."""
        if names not in self._arrays:
            self._arrays[names] = self._taken(names)
            for name, data in zip(names, self._arrays[names], strict=True):
                require_finite(data, name)
        return self._arrays[names]

    def inside(self, attribute: str, name: str) -> "Weights":
        """The weights of a layer that this one has as an `attribute`, and calls `name`."""
        if attribute not in self._inner:
            self._inner[attribute] = self._within(attribute, name)
        return self._inner[attribute]

    def of_layers(self, layers: Sequence[Layer]) -> "list[Weights]":
        """The weights of each layer of a model."""
        if self._layers is None:
            self._layers = self._of_layers(layers)
        return self._layers

    @abstractmethod
    def _taken(self, names: tuple[str, ...]) -> list[Array]: ...

    @abstractmethod
    def _within(self, attribute: str, name: str) -> "Weights": ...

    @abstractmethod
    def _of_layers(self, layers: Sequence[Layer]) -> "list[Weights]": ...


class Numbered(Weights):
    """In a .keras file variables have numbers, and layers are called after their class, numbered from the second on."""

    def __init__(self, root: hdf5.Group, path: str = "") -> None:
        super().__init__()
        self._root, self._path = root, path

    def _taken(self, names: tuple[str, ...]) -> list[Array]:
        return [hdf5.array(self._root, f"{self._path}/vars/{i}") for i in range(len(names))]

    def _within(self, attribute: str, name: str) -> Weights:
        old = f"{self._path}/_{attribute}"  # Keras 2 called some of them so
        return Numbered(self._root, old if hdf5.group(self._root, old) else f"{self._path}/{attribute}")

    def _of_layers(self, layers: Sequence[Layer]) -> list[Weights]:
        old = hdf5.group(self._root, f"{self._path}/layers") is None
        if old and hdf5.group(self._root, f"{self._path}/{_OLD}") is not None:
            return self._of_old_layers(layers)
        counts: dict[str, int] = {}
        found: list[Weights] = []
        for layer in layers:
            name = snake_case(layer.kind)
            count = counts.get(name, 0)
            found.append(Numbered(self._root, f"{self._path}/layers/{name}{f'_{count}' if count else ''}"))
            counts[name] = count + (not layer.operation)
        return found

    def _of_old_layers(self, layers: Sequence[Layer]) -> list[Weights]:
        """Keras 2 counted layers with weights twice, so that numbers are left out: their order tells."""
        counts: dict[str, int] = {}
        found: list[Weights] = []
        for layer in layers:
            name = snake_case(layer.kind)
            numbers = [0, *sorted(self._numbers(name))]
            count = counts.get(name, 0)
            number = numbers[count] if count < len(numbers) else len(numbers)
            found.append(Numbered(self._root, f"{self._path}/{_OLD}/{name}{f'_{number}' if number else ''}"))
            counts[name] = count + 1
        return found

    def _numbers(self, name: str) -> list[int]:
        folder = hdf5.group(self._root, f"{self._path}/{_OLD}")
        assert folder is not None
        return [
            int(m[1]) for key in hdf5.members(folder) if (m := re.fullmatch(rf"{re.escape(name)}_(\d{{1,6}})", key))
        ]


_OLD = "_layer_checkpoint_dependencies"
_KERAS_2 = {"kernel": "depthwise_kernel"}  # what depth-wise convolutions called theirs


class Named(Weights):
    """In an .h5 file each layer of the outermost model has a list of all weights inside, by their names."""

    def __init__(self, root: hdf5.Group, left: list[str], name: str) -> None:
        super().__init__()
        self._root, self._left, self._name = root, left, name  # `left` is shared by all layers inside

    def _taken(self, names: tuple[str, ...]) -> list[Array]:
        return [hdf5.array(self._root, self._next(name)) for name in names]

    def _next(self, variable: str) -> str:
        """The first one of this name that is left, of the layer itself if there is one."""
        names = (variable, _KERAS_2.get(variable))
        called = [path for path in self._left if re.sub(r"(_\d+)?(:0)?$", "", path.split("/")[-1]) in names]
        own = [path for path in called if self._name in path.split("/")[:-1]]
        if not called:
            raise Unsupported(f"its weights {variable!r} are not in the file")
        path = (own or called)[0]
        self._left.remove(path)
        return path

    def _within(self, attribute: str, name: str) -> Weights:
        return Named(self._root, self._left, name)

    def _of_layers(self, layers: Sequence[Layer]) -> list[Weights]:
        return [Named(self._root, self._left, layer.name) for layer in layers]


class NamedModel(Weights):
    """The outermost model of an .h5 file: each of its layers has a group."""

    def __init__(self, root: hdf5.Group) -> None:
        super().__init__()
        self._root = root

    def _taken(self, names: tuple[str, ...]) -> list[Array]:
        raise Unsupported("a model with weights of its own")

    def _within(self, attribute: str, name: str) -> Weights:
        raise Unsupported("a model with weights of its own")

    def _of_layers(self, layers: Sequence[Layer]) -> list[Weights]:
        return [self._of_layer(layer) for layer in layers]

    def _of_layer(self, layer: Layer) -> Weights:
        found = hdf5.group(self._root, layer.name)
        return (
            Named(self._root, [], layer.name)
            if found is None
            else Named(found, hdf5.texts(found, "weight_names"), layer.name)
        )


def snake_case(name: str) -> str:
    """A class's name as Keras calls it in a file: MaxPooling2D is max_pooling2d."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
