"""Dense layers, and the point-wise convolutions that are the same thing: rows of the input times a matrix."""

from dataclasses import dataclass

from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit, weights_of
from aot.kernels.common.order import best_way, by_channel, in_fours, rows
from aot.kernels.common.output import Output
from aot.kernels.common.sums import SUFFIXES, fit_type, sums_of
from aot.ops.conv2d import Conv2D
from aot.ops.dense import require_groups
from aot.ops.fully_connected import FullyConnected


@dataclass(frozen=True)
class DenseParams(Params):
    """Rows are taken from `first` on, each `step` further: 1 or -1."""

    weights: Constant
    bias: Constant
    output: Output
    first: int
    step: int
    rows: int
    depth: int
    out_c: int


def fully_connected(kernel: AnyKernel, op: FullyConnected, graph: Graph, target: Target) -> Call:
    """FULLY_CONNECTED."""
    return _dense(kernel, op, graph, target)


def pointwise(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """A 1x1 convolution that reads every pixel once: each pixel is a row."""
    fit_pointwise(op, graph)
    return _dense(kernel, op, graph, target)


def fit_pointwise(op: Conv2D, graph: Graph) -> None:
    """Raise DoesNotFit unless the convolution is a dense layer for each pixel."""
    x, w, _, _ = op.operands(graph)
    fit(w.shape[1:3] == (1, 1), f"the filter is {w.shape[1]}x{w.shape[2]}, not 1x1")
    fit(require_groups(x, w) == 1, f"there are {require_groups(x, w)} groups")
    fit(op.stride == (1, 1), f"the stride is {op.stride}")
    fit(op.padding == ((0, 0), (0, 0)), f"the padding is {op.padding}")


def _dense(kernel: AnyKernel, op: FullyConnected | Conv2D, graph: Graph, target: Target) -> Call:
    """A call for constant weights whose first dimension is the output channel."""
    x, w, _, y = op.operands(graph)
    fit_type(kernel, x)
    weights = weights_of(w).reshape(w.shape[0], -1)
    out_c, depth = weights.shape
    sums = sums_of(target, weights, op.operands(graph), op.activation)
    count = x.elements // depth
    writes = by_channel(rows(count, out_c), out_c, in_fours(out_c))
    walk = best_way(x, y, rows(count, depth)[:, None], writes)
    params = DenseParams(sums.weights, sums.bias, sums.output, walk.start(), walk.step(), count, depth, out_c)
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        sums.variant,
        overlaps={0: walk.overlap},
        work={"macs": x.elements * out_c, "outputs": y.elements, "rows": count},
    )


KERNELS: tuple[AnyKernel, ...] = tuple(
    kernel
    for suffix in SUFFIXES.values()
    for kernel in (
        Kernel(f"dense_{suffix}", "dense/dense", (FullyConnected,), fully_connected),
        Kernel(f"dense_{suffix}", "dense/dense", (Conv2D,), pointwise),
    )
)
