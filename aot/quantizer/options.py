"""How to quantize, and what of it cannot be."""

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from aot.base.errors import AotError
from aot.graph.ir import Graph
from aot.quantizer.ranges import ESTIMATORS

Ends = Literal["float", "int8"]
Activations = Literal["int8", "int16"]


@dataclass(frozen=True)
class Options:
    """How to quantize.

    `range` is one of ESTIMATORS; `dtype` the type of activations; inputs and outputs have it, too, or are float32 with
    `io` "float"; `int16` and `float` name layers (by their first output) that are to be in another type. With
    `per_channel`, dense layers have a scale for each unit, as convolutions always have for each channel; `correct_bias`
    makes up for the mean error of weights; `equalize` evens out channels around depth-wise layers. `strict` refuses
    what has to stay in float32.
    """

    range: str = "mse"
    io: Ends = "int8"
    dtype: Activations = "int8"
    int16: Collection[str] = ()
    float: Collection[str] = ()
    per_channel: bool = True
    correct_bias: bool = True
    equalize: bool = True
    strict: bool = False


DEFAULT = Options()


def check_choices(options: Options) -> None:
    """Raise AotError where an option has a value that is none of its choices."""
    for what, value, choices in (
        ("range estimator", options.range, tuple(ESTIMATORS)),
        ("type of inputs and outputs", options.io, get_args(Ends)),
        ("type of activations", options.dtype, get_args(Activations)),
    ):
        if value not in choices:
            raise AotError(f"there is no {what} {value!r}", f"the choices are {', '.join(choices)}")


def check_constants(graph: Graph) -> None:
    """Raise AotError where a weight is not a number, or infinite."""
    for t in graph.tensors.values():
        if t.data is not None and t.dtype == "float32" and not np.all(np.isfinite(t.data)):
            count = int(np.sum(~np.isfinite(t.data)))
            raise AotError(
                f"the constant %{t.name} of {graph.name} has values that are not finite: {count} of {t.elements}",
                "train or convert the model anew: not-a-number and infinity have no codes",
            )


def check_layers(graph: Graph, options: Options) -> None:
    """Raise AotError where a layer is named that is not there, or for two types."""
    if both := sorted({*options.int16} & {*options.float}):
        raise AotError(f"{', '.join(both)} cannot be int16 and float32", "give a layer one type")
    known = [op.name for op in graph.ops]
    for name in sorted({*options.int16, *options.float}):
        if name not in known:
            near = difflib.get_close_matches(name, known, 3)
            raise AotError(
                f"there is no layer called {name}",
                *([f"the nearest are {', '.join(near)}"] if near else []),
                "layers are named after their outputs: `aot inspect` lists them",
            )
