"""What LSTMs of int8 and of int16 have in common: a cell state whose scale is a power of two, sums of one scale."""

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Tensor, Unsupported
from aot.ops.common import near_power_of_two

GATE_SCALE = 2.0**-12  # of what goes into a gate's function
_CELL_BITS = range(-15, -8)  # powers of two that the cell's scale may be


def saturated(x: Array) -> Array:
    """`x` within int16."""
    return np.clip(x, -32768, 32767).astype(np.int16)


def clip_code(real: float, scale: float, highest: int) -> int:
    """The code of a limit, at most `highest`."""
    with np.errstate(over="ignore"):
        return int(min(float(np.float32(real) / np.float32(scale)), highest))


def cell_power(cell: Tensor) -> int:
    """The scale of the cell state is two to this power."""
    power = near_power_of_two(cell.scale)
    if power is None or power not in _CELL_BITS or cell.zero_point != 0:
        raise Unsupported(f"%{cell.name} (cell state) has {cell.quant}; supported: a power of two up to 2**-9, and 0")
    return power
