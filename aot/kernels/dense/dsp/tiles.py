"""What layers of tiles start from: packed weights, the folded bias, the output stage; and what their tiles cost."""

from dataclasses import dataclass, replace

import numpy as np

from aot.graph.ir import Array
from aot.kernels.call import AnyKernel, Target, fit
from aot.kernels.common.accumulators import number_types
from aot.kernels.common.layout import Planes
from aot.kernels.common.output import Output, output_of
from aot.kernels.common.packing import (
    BYTES,
    CHANNELS,
    COLUMNS,
    JOINED,
    WIDE,
    can_join,
    padded_depth,
)
from aot.kernels.common.sums import SUFFIXES
from aot.kernels.costs import cycles
from aot.ops.common import Activation
from aot.ops.dense import Operands


@dataclass(frozen=True)
class Layer:
    """What all of them start from: [channels, taps] weights, the folded bias, the output stage, and types in C.

    `kind` is how rows pack the weights, `tiles_kind` how tiles do.
    """

    weights: Array
    bias: Array
    output: Output
    types: dict[str, str]
    kind: str
    tiles_kind: str

    @property
    def suffix(self) -> str:
        """After the type of the inputs."""
        return self.types["suffix"]

    def unit(self, kind: str, what: str) -> str:
        """Of the work of one that packs weights as `kind`."""
        return f"{self.suffix}{kind}_{what}"

    def packed_as(self, kind: str) -> dict[str, object]:
        """What the templates print where weights are packed so."""
        weight = "int16_t" if kind == WIDE else "int8_t"
        return {**self.types, "stage": self.output.stage, "packing": kind, "weight": weight}


def layer_of(
    kernel: AnyKernel,
    operands: Operands,
    weights: Array,
    activation: Activation,
    target: Target,
) -> Layer:
    x, w, _, _ = operands
    suffix = SUFFIXES[x.dtype]
    fit(kernel.name.endswith(f"_{suffix}_dsp"), f"%{x.name} is {x.dtype}")
    output, bias = output_of(operands, weights, activation, target)
    in_64_bits = bias.dtype == np.int64
    wide = w.dtype == "int16" or (w.wide and not in_64_bits)
    kind = WIDE if wide else JOINED if suffix == "s8" and can_join(weights, bias) else BYTES
    layer = Layer(weights, bias, output, number_types(x, bias), kind, kind)
    # The C of stages that are not fast takes no sums apart.
    apart = kind == JOINED and not (output.stage.fast and _joining_pays(kernel, layer, target))
    return replace(layer, tiles_kind=BYTES) if apart else layer


def _joining_pays(kernel: AnyKernel, layer: Layer, target: Target) -> bool:
    """Whether taking sums apart costs no more than joining them saves."""
    apart, joined = (
        cycles(kernel.name, tiles_work(layer, kind, COLUMNS, Planes()), target) for kind in (BYTES, JOINED)
    )
    return joined <= apart


def tiles_work(layer: Layer, kind: str, columns: int, planes: Planes) -> dict[str, float]:
    """The last columns and channels are as expensive as if they filled a tile, and the last taps a loop's pass."""
    channels, depth = layer.weights.shape
    outputs = -(-channels // CHANNELS) * CHANNELS * -(-columns // COLUMNS) * COLUMNS
    taps = padded_depth(depth)
    return {
        f"tile_{layer.unit(kind, 'macs')}": outputs * taps,
        f"tile_{layer.unit(kind, planes.unit('outputs', planes.y))}": outputs,
        f"tile_{layer.suffix}_{planes.unit('widened', planes.x)}": -(-columns // COLUMNS) * COLUMNS * taps,
    }
