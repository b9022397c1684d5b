"""What a user says of a model's ports, by the names that its file gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from aot.base.errors import AotError
from aot.graph.ir import Array, Graph

Shapes = Mapping[str, Sequence[int]]
CHANNELS_LAST = "nhwc"


@dataclass(frozen=True)
class Settings:
    """Shapes of inputs; inputs that become constants; how images lie at ports.

    `layouts` are texts, `nhwc` for all ports of images or `NAME=nhwc` for one: where a model has channels first, its
    port has them last. Raises AotError for a text that is neither.
    """

    shapes: Shapes = field(default_factory=dict)
    constants: Mapping[str, ArrayLike] = field(default_factory=dict)
    layouts: Sequence[str] = ()

    def __post_init__(self) -> None:
        for text in self.layouts:
            if text.rpartition("=")[2] != CHANNELS_LAST:
                raise AotError(f"the layout {text!r} of ports is unknown", "nhwc, or NAME=nhwc for one port")

    def channels_last(self, name: str) -> bool:
        """Whether the port of this name has its channels last, whatever the model says."""
        return CHANNELS_LAST in self.layouts or f"{name}={CHANNELS_LAST}" in self.layouts

    def check(self, inputs: Sequence[str], ports: Sequence[str], source: str) -> None:
        """Raise AotError for a name that the model does not have."""
        named = [*self.shapes, *self.constants]
        layouts = [text.rpartition("=")[0] for text in self.layouts if "=" in text]
        for names, known, what in ((named, inputs, "input"), (layouts, ports, "port")):
            if others := [name for name in names if name not in known]:
                raise AotError(f"{source} has no {what} called {others[0]!r}", f"there are: {', '.join(known)}")


NO_SETTINGS = Settings()


def settings_of(
    input_shapes: Shapes | None = None,
    constants: Mapping[str, ArrayLike] | None = None,
    io_layout: str | Sequence[str] | None = None,
) -> Settings:
    """The settings that keyword arguments make."""
    layouts = (io_layout,) if isinstance(io_layout, str) else tuple(io_layout or ())
    return Settings(input_shapes or {}, constants or {}, layouts)


def constant_of(name: str, value: ArrayLike, shape: Sequence[int], dtype: str) -> Array:
    """What the input `name` holds for good; one number may stand for all elements. Raises AotError for a misfit."""
    try:
        given = np.asarray(value)
        data = given.astype(dtype)
        if not np.array_equal(data.astype(np.float64), given.astype(np.float64)):
            raise ValueError
        return np.array(np.broadcast_to(data, shape) if data.size == 1 else data.reshape(shape))
    except (ValueError, TypeError):
        raise AotError(
            f"the constant for the input {name!r} is not {dtype}{list(shape)}",
            f"--constant {name}=NUMBER, or as many numbers, with commas, as it has elements",
        ) from None


def with_constants(graph: Graph, constants: Mapping[str, ArrayLike], source: str) -> Graph:
    """The graph whose inputs of these names are constants. Raises AotError for a name that is none of an input."""
    for name, value in constants.items():
        found = next((graph[i] for i in graph.inputs if name in (i, graph[i].label)), None)
        if found is None:
            raise AotError(f"{source} has no input called {name!r}", f"its inputs: {', '.join(graph.inputs)}")
        known = replace(found, data=constant_of(name, value, found.shape, found.dtype))
        graph = replace(graph.with_tensors(known), inputs=tuple(i for i in graph.inputs if i != found.name))
    return graph
