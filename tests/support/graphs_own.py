"""Seeded graphs of operators that no .tflite file can say; those of several families. Each has a second definition."""

from collections.abc import Callable

import graphs
import graphs_own_images
import graphs_own_movement
import graphs_own_recurrent
import numpy as np
from definitions import FUNCTIONS
from graphs import Rng, graph_of
from graphs_elementwise import f32, symmetric

from aot.graph.ir import Graph, Quant, Tensor
from aot.ops.clip import Clip
from aot.ops.normalize import Normalize
from aot.ops.real_functions import RealFunction

Builder = Callable[[Rng], Graph]


def clip(dtype: str) -> Builder:
    """Both limits, one, none; also limits that cross, and some beyond the type."""

    def build(rng: Rng) -> Graph:
        quant = graphs.quant(rng) if dtype == "int8" else symmetric(graphs.quant(rng)) if dtype == "int16" else None
        ends = [-1e9, 1e9] if dtype == "int32" else [-12.5, 12.5]
        low, high = np.round(np.sort(rng.uniform(*ends, 2)), 0 if dtype == "int32" else 3).tolist()
        if rng.random() < 0.1:
            low, high = high, low
        limits = {name: f32(value) if dtype != "int32" else value for name, value in (("low", low), ("high", high))}
        for name in rng.permutation(["low", "high"])[: int(rng.choice([0, 0, 0, 1, 1, 2]))]:
            del limits[str(name)]
        dims = (256,) if dtype == "int8" else graphs.shape(rng, int(rng.integers(1, 4)), 7)
        x = Tensor("wide" if dtype == "float32" and rng.random() < 0.5 else "x", dims, dtype, quant)
        return graph_of(Clip, [x], Tensor("y", dims, dtype, quant), **limits)

    return build


_PARAMETERS: dict[str, Callable[[Rng], dict[str, float]]] = {
    "celu": lambda rng: {"alpha": f32(rng.uniform(0.2, 3))},
    "elu": lambda rng: {"alpha": f32(rng.uniform(-1, 3))},
    "hard_sigmoid": lambda rng: {"alpha": f32(rng.uniform(-0.5, 1)), "beta": f32(rng.uniform(-1, 1))},
    "selu": lambda rng: {"alpha": f32(1.6732632), "beta": f32(rng.choice([1.050701, 2.5]))},
    "shrink": lambda rng: {"alpha": f32(rng.uniform(0, 5)), "beta": f32(rng.uniform(-1, 1))},
    "swish": lambda rng: {"alpha": f32(rng.uniform(-1, 2))},
    "thresholded_relu": lambda rng: {"alpha": f32(rng.uniform(-3, 3))},
}
_WITHIN_ONE = ("acos", "asin", "atanh", "erf")


def real_function(function: str) -> Builder:
    """Numbers of an usual size, at times reals that are hardly any."""

    def build(rng: Rng) -> Graph:
        dims = graphs.shape(rng, int(rng.integers(1, 4)), 7)
        name = "wide" if rng.random() < 0.3 else "unit" if function in _WITHIN_ONE else "x"
        x, y = Tensor(name, dims, "float32"), Tensor("y", dims, "float32")
        return graph_of(RealFunction, [x], y, function=function, **_parameters(rng, function))

    return build


def _parameters(rng: Rng, function: str) -> dict[str, float]:
    return _PARAMETERS[function](rng) if function in _PARAMETERS else {}


def tabulated(rng: Rng) -> Graph:
    """All codes through any of the functions."""
    quants = (Quant((f32(10 ** rng.uniform(-3, -1)),), (graphs.zero_point(rng),)) for _ in "xy")
    x, y = (Tensor(name, (256,), "int8", quant) for name, quant in zip("xy", quants, strict=True))
    function = str(rng.choice(list(FUNCTIONS)))
    return graph_of(RealFunction, [x], y, function=function, **_parameters(rng, function))


def normalize(rng: Rng) -> Graph:
    """Layers, instances, groups of channels; with and without mean, scale and bias."""
    dims = graphs.shape(rng, int(rng.integers(1, 5)), 7)
    batch_dims = int(rng.choice([min(1, len(dims) - 1), len(dims) - 1]))
    channels = dims[-1] * int(rng.choice([1, 2, 3]))
    groups = int(rng.choice([1, channels, channels // dims[-1], dims[-1]]))
    x, y = (Tensor(name, (*dims[:-1], channels), "float32") for name in "xy")
    constants = [
        Tensor(n, (channels,), "float32", data=np.float32(rng.normal(size=channels))) for n in ("scale", "bias")
    ]
    operands = [t if rng.random() < 0.6 else None for t in constants]
    attributes = {"epsilon": f32(10 ** rng.uniform(-6, -2)), "centred": bool(rng.random() < 0.7)}
    return graph_of(Normalize, [x, *operands], y, batch_dims=batch_dims, groups=groups, **attributes)


OWN: dict[str, Builder] = {
    **{f"Clip {dtype}": clip(dtype) for dtype in Clip.types},
    "Normalize": normalize,
    **{f"RealFunction {name}": real_function(name) for name in FUNCTIONS},
    "RealFunction int8": tabulated,
    **graphs_own_images.OWN,
    **graphs_own_movement.OWN,
    **graphs_own_recurrent.OWN,
}
