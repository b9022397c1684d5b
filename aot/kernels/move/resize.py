"""Bilinear interpolation between pixels; where they lie and their weights are tables."""

from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import INTEGER_ROUNDINGS
from aot.graph.ir import Graph, Tensor
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.order import forwards
from aot.kernels.common.order import rows as one_by_one
from aot.kernels.common.work import per_element
from aot.kernels.move.parts import c_type
from aot.ops.codes import has_codes
from aot.ops.resize import Axis, ResizeBilinear, in_float
from aot.plan import Overlap


@dataclass(frozen=True)
class ResizeBilinearAny(Params):
    """Positions count the elements of all inner dimensions too."""

    batches: int
    in_size: int
    height: int
    width: int
    channels: int
    top: Constant
    bottom: Constant
    down: Constant
    left: Constant
    right: Constant
    across: Constant


def resize_bilinear(kernel: AnyKernel, op: ResizeBilinear, graph: Graph, target: Target) -> Call:
    """Every type; uint8 in float32."""
    x, y = op.operands(graph)
    fit(not has_codes(y) or target.rounding in INTEGER_ROUNDINGS, f"the rounding is {target.rounding}")
    n, h, w, c = x.shape
    rows, columns = op.axes(x)
    down, across = _table(y, "rows", rows, w * c), _table(y, "columns", columns, c)
    params = ResizeBilinearAny(n, h * w * c, *op.size, c, *down, *across)
    sums = {"float32": "float", "uint8": "float", "int8": "int32_t", "int16": "int64_t"}[x.dtype]
    variant = {"type": c_type(y), "sum": sums}
    overlaps, work = {0: _between(x, y, rows, columns)}, per_element("float32" if in_float(y) else y.dtype, y.elements)
    return Call(kernel, op, params, (x.name,), (y.name,), variant, overlaps=overlaps, work=work)


def _between(x: Tensor, y: Tensor, rows: Axis, columns: Axis) -> Overlap:
    """Each channel of each pixel is written when the four pixels around it are read."""
    n, h, w, c = x.shape
    first, last = (np.add.outer(rows[i] * w, columns[i]).reshape(-1, 1) for i in (0, 1))
    image = np.stack([first * c + np.arange(c), last * c + np.arange(c) + 1], axis=-1).reshape(-1, 2)
    reads = (image + np.arange(n)[:, None, None] * (h * w * c)).reshape(-1, 2)
    return forwards(x, y, reads, one_by_one(len(reads), 1)).overlap


def _table(y: Tensor, name: str, axis: Axis, step: int) -> tuple[Constant, Constant, Constant]:
    """Both positions, in elements, and the share of the second."""
    low, high, share = axis
    weight, unit = (np.float32, "") if in_float(y) else (np.int16, ", in 1/1024")
    return (
        Constant(f"{y.name}_{name}", (low * step).astype(np.int32), "Where the pixels before lie, in elements"),
        Constant(f"{y.name}_{name}_behind", (high * step).astype(np.int32), "Where the pixels behind lie, in elements"),
        Constant(f"{y.name}_{name}_share", share.astype(weight), f"The share of the pixels behind{unit}"),
    )


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("resize_bilinear", "move/resize_bilinear", (ResizeBilinear,), resize_bilinear),
)
