"""Normalizations: what is constant in them becomes a factor and an offset for each channel."""

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.elementwise import binary
from aot.frontends.building.layers import folded
from aot.frontends.onnx.records import Call, Reader
from aot.ops.add import Add
from aot.ops.common import require
from aot.ops.mul import Mul


def _batch_normalization(call: Call) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, all of them by channel."""
    require(not call.node.flag("training_mode"), "training")
    x = call.input(0)
    scale, offset, mean, variance = (call.known(i, "a parameter").astype(np.float64) for i in range(1, 5))
    factor = scale / np.sqrt(variance + call.node.real("epsilon", 1e-5))
    shift = offset - mean * factor
    if call.alone(0) and x.rank > 1 and (y := folded(call.build, x, 1, factor, shift)) is not None:
        return y
    shape = (-1, *(1 for _ in x.shape[2:]))
    factors, offsets = (
        call.build.constant(v.astype(np.float32).reshape(shape), f"{call.build.label}_{name}")
        for v, name in ((factor, "factor"), (shift, "offset"))
    )
    return binary(call, Add, binary(call, Mul, x, factors), offsets)


READERS: dict[str, Reader] = {"BatchNormalization": _batch_normalization}
