"""Images and sequences of another size."""

from aot.frontends.building import Value
from aot.frontends.keras.layers.common import both, from_image, image
from aot.frontends.keras.records import Call, Reader
from aot.ops.common import require
from aot.ops.resize import ResizeBilinear, ResizeNearest

_KINDS: dict[str, type[ResizeNearest] | type[ResizeBilinear]] = {"nearest": ResizeNearest, "bilinear": ResizeBilinear}


def resized(call: Call, x: Value, size: tuple[int, int], how: str) -> Value:
    """[batch, row, column, channel] with other numbers of rows and columns."""
    require(how in _KINDS, f"interpolation {how}; supported: {', '.join(_KINDS)}")
    require(min(size) >= 1, f"size {size}")
    if size == x.shape[1:3]:
        return x
    shape = (x.shape[0], *size, x.shape[3])
    return call.build.emit(_KINDS[how], (call.build.stored(x),), shape, size=size, half_pixel_centers=True)


def _up_sampling(dims: int) -> Reader:
    def read(call: Call) -> Value:
        x, factors = image(call, dims), both(call, "size", dims)
        size = x.shape[1] * factors[0], x.shape[2] * factors[1]
        return from_image(call, resized(call, x, size, call.layer.text("interpolation", "nearest")), dims)

    return read


def _resizing(call: Call) -> Value:
    layer, x = call.layer, image(call, 2)
    for name in ("antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio"):
        require(not layer.flag(name), name)
    size = layer.integer("height"), layer.integer("width")
    return from_image(call, resized(call, x, size, layer.text("interpolation", "bilinear")), 2)


READERS: dict[str, Reader] = {
    "Resizing": _resizing,
    "UpSampling1D": _up_sampling(1),
    "UpSampling2D": _up_sampling(2),
}
