"""Pools over sequences and images, of windows and of all places."""

from aot.frontends.building import Value
from aot.frontends.building.reduction import reduced
from aot.frontends.keras.layers.common import both, channels_first, from_image, image, real
from aot.frontends.keras.layers.convolution import padding
from aot.frontends.keras.records import Call, Reader
from aot.ops.common import out_size, require
from aot.ops.mean import Mean
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.reduce import ReduceMax, Reduction


def _pool(kind: type[AveragePool2D] | type[MaxPool2D], dims: int) -> Reader:
    def read(call: Call) -> Value:
        x = image(call, dims)
        kernel = both(call, "pool_size", dims)
        stride = both(call, "strides", dims) if call.layer.has("strides") else kernel
        size = x.shape[1], x.shape[2]
        pads = padding(call, size, kernel, stride, (1, 1))
        places = [out_size(size[i], kernel[i], stride[i], 1, pads[i]) for i in (0, 1)]
        require(min(places) >= 1, f"windows of {kernel} do not fit an input of {size}")
        y = call.build.emit(
            kind, (call.build.stored(x),), (x.shape[0], *places, x.shape[3]), kernel=kernel, stride=stride, padding=pads
        )
        return from_image(call, y, dims)

    return read


def _global(kind: type[Reduction], dims: int) -> Reader:
    def read(call: Call) -> Value:
        x = real(call)
        require(x.rank == dims + 2, f"%{x.label} has {x.rank} dimensions; expected {dims + 2}")
        first = 2 if channels_first(call) else 1
        return reduced(call, x, kind, tuple(range(first, first + dims)), call.layer.flag("keepdims"))

    return read


READERS: dict[str, Reader] = {
    **{f"AveragePooling{dims}D": _pool(AveragePool2D, dims) for dims in (1, 2)},
    **{f"MaxPooling{dims}D": _pool(MaxPool2D, dims) for dims in (1, 2)},
    **{f"GlobalAveragePooling{dims}D": _global(Mean, dims) for dims in (1, 2)},
    **{f"GlobalMaxPooling{dims}D": _global(ReduceMax, dims) for dims in (1, 2)},
}
