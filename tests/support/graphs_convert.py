"""Seeded graphs of conversions between types. Imported by graphs.py, whose helpers it uses."""

from collections.abc import Callable

import graphs
import numpy as np
from graphs import Rng, graph_of

from aot.graph.ir import Graph, Quant, Tensor
from aot.ops.dequantize import Dequantize
from aot.ops.quantize import Quantize

Builder = Callable[[Rng], Graph]

_REQUANTIZED = {
    "int8": ("int8", "uint8", "int16"),
    "uint8": ("int8", "uint8", "int16"),
    "int16": ("int8", "int16", "int32"),
    "int32": ("int8", "int16"),
}


def quant_of(rng: Rng, dtype: str, scale: float) -> Quant:
    """`scale` with a zero point as the type has them."""
    signed = graphs.zero_point(rng)
    return Quant((scale,), ({"int8": signed, "uint8": signed + 128}.get(dtype, 0),))


def quantize_real(dtype: str) -> Builder:
    """From float32 with many ties."""

    def build(rng: Rng) -> Graph:
        scale = float(np.float32(rng.choice([0.1, 0.05, 0.25, 10 ** rng.uniform(-3, 1)])))
        y = Tensor("y", (200,), dtype, quant_of(rng, dtype, scale if dtype != "int16" else scale / 128))
        return graph_of(Quantize, [Tensor("x", (200,), "float32")], y)

    return build


def requantize(x_type: str, y_type: str) -> Builder:
    """Every code of 8 bits, or any; scales at most about 100 apart for equal types, and as the types ask for else."""

    def build(rng: Rng) -> Graph:
        x = graphs.quant(rng)
        factor = graphs.near(rng, x).scale[0] / x.scale[0]
        wider = {("int8", "int16"): 1 / 128, ("uint8", "int16"): 1 / 128, ("int16", "int32"): 1 / 128}
        narrower = {("int16", "int8"): 256, ("int32", "int8"): 2.0**24, ("int32", "int16"): 2.0**16}
        usual = {**wider, **narrower}.get((x_type, y_type), 1) if rng.random() < 0.8 else 1
        dims = (256,) if x_type in ("int8", "uint8") else (200,)
        y_scale = float(np.float32(x.scale[0] * factor * usual))
        return graph_of(
            Quantize,
            [Tensor("x", dims, x_type, quant_of(rng, x_type, x.scale[0]))],
            Tensor("y", dims, y_type, quant_of(rng, y_type, y_scale)),
        )

    return build


def dequantize(dtype: str) -> Builder:
    """Every code of 8 bits, or any; any scale."""

    def build(rng: Rng) -> Graph:
        x = Tensor("x", (256,) if dtype != "int16" else (200,), dtype, quant_of(rng, dtype, graphs.scale(rng)))
        return graph_of(Dequantize, [x], Tensor("y", x.shape, "float32"))

    return build


BUILDERS: dict[str, Builder] = {
    **{f"Quantize float32 {y}": quantize_real(y) for y in ("int8", "uint8", "int16")},
    **{f"Quantize {x} {y}": requantize(x, y) for x, ys in _REQUANTIZED.items() for y in ys},
    **{f"Dequantize {x}": dequantize(x) for x in ("int8", "uint8", "int16")},
}
