"""Pools over images, of windows and of whole planes."""

from aot.frontends.building import Value
from aot.frontends.onnx.operators.images import CHANNELS_LAST, along_both, as_before, as_image, pads_of
from aot.frontends.onnx.records import Call, Reader
from aot.graph.ir import Unsupported
from aot.ops.common import Pads, out_size, require
from aot.ops.mean import Mean
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.reduce import ReduceMax, Reduction


def _pool(call: Call, kind: type[AveragePool2D] | type[MaxPool2D]) -> Value:
    node, build, rank = call.node, call.build, call.input(0).rank
    require(len([name for name in node.outputs if name]) == 1, "the positions of the largest elements")
    x = as_image(build, call.input(0))
    kernel, stride = along_both(node, "kernel_shape", rank), along_both(node, "strides", rank)
    dilation, size = along_both(node, "dilations", rank), (x.shape[2], x.shape[3])
    require(dilation == (1, 1), f"dilations {dilation} of a pool")
    pads = _rounded_up(
        node.flag("ceil_mode"), pads_of(node, rank, size, kernel, stride, dilation), size, kernel, stride
    )
    if node.flag("count_include_pad") and any(map(any, pads)):
        raise Unsupported("padding that counts as elements")
    places = [out_size(size[i], kernel[i], stride[i], 1, pads[i]) for i in (0, 1)]
    y = build.emit(
        kind, (build.stored(x, CHANNELS_LAST),), (x.shape[0], x.shape[1], *places), x.dtype,
        order=CHANNELS_LAST, kernel=kernel, stride=stride, padding=pads,
    )  # fmt: skip
    return as_before(call, y, rank)


def _rounded_up(up: bool, pads: Pads, size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]) -> Pads:
    """With `ceil_mode` a last window may reach beyond the padding, if it begins before it."""
    if not up:
        return pads
    pairs = []
    for i in (0, 1):
        before, after = pads[i]
        places = -(-(size[i] + before + after - kernel[i]) // stride[i]) + 1
        places -= (places - 1) * stride[i] >= size[i] + before
        pairs.append((before, max((places - 1) * stride[i] + kernel[i] - size[i] - before, 0)))
    return pairs[0], pairs[1]


def _global(call: Call, kind: type[Reduction]) -> Value:
    x = call.input(0)
    order = x.axis_order() or tuple(range(x.rank))
    axes = tuple(i for i, axis in enumerate(order) if axis >= 2)
    shape = (*x.shape[:2], *(1 for _ in x.shape[2:]))
    return call.build.emit(kind, (call.build.stored(x, order),), shape, x.dtype, order, axes=axes, keep_dims=True)


READERS: dict[str, Reader] = {
    "AveragePool": lambda call: _pool(call, AveragePool2D),
    "MaxPool": lambda call: _pool(call, MaxPool2D),
    "GlobalAveragePool": lambda call: _global(call, Mean),
    "GlobalMaxPool": lambda call: _global(call, ReduceMax),
}
