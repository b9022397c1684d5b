"""Layers that move elements, and those that do nothing once a model is trained."""

import math

from aot.frontends.building import Value
from aot.frontends.building.movement import sliced
from aot.frontends.keras.description import whole_numbers
from aot.frontends.keras.layers.common import as_layer_has_it, channels_last, real
from aot.frontends.keras.records import Call, Reader
from aot.graph.ir import Unsupported
from aot.ops.common import require
from aot.ops.pad import Pad
from aot.ops.rearrange import BroadcastTo

# They change what a layer learns, not what it answers.
TRAINING_ONLY = """ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise Identity RandomBrightness
    RandomColorDegeneration RandomColorJitter RandomContrast RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale
    RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness
    RandomShear RandomTranslation RandomZoom SpatialDropout1D SpatialDropout2D""".split()


def filled(shape: tuple[int, ...], elements: int) -> tuple[int, ...]:
    """A shape whose one -1 is what the elements leave."""
    if -1 in shape:
        rest = math.prod(e for e in shape if e != -1)
        require(rest > 0 and elements % rest == 0, f"{elements} elements do not fit {list(shape)}")
        shape = tuple(elements // rest if e == -1 else e for e in shape)
    require(
        min(shape, default=1) >= 1 and math.prod(shape) == elements, f"{elements} elements do not fit {list(shape)}"
    )
    return shape


def _reshape(call: Call) -> Value:
    x = call.input()
    target = whole_numbers(call.layer.config.get("target_shape"), "target_shape")
    return call.build.reshape(x, (x.shape[0], *filled(target, x.elements // x.shape[0])))


def _flatten(call: Call) -> Value:
    x = call.input()
    x = channels_last(call, x) if x.rank > 2 else x
    return call.build.reshape(x, (x.shape[0], x.elements // x.shape[0]))


def _permute(call: Call) -> Value:
    x, dims = call.input(), whole_numbers(call.layer.config.get("dims"), "dims")
    require(sorted(dims) == list(range(1, x.rank)), f"dims {dims} of {x.rank} dimensions")
    return x.transposed((0, *dims))


def _repeat(call: Call) -> Value:
    x, count = call.input(), call.layer.integer("n")
    require(x.rank == 2 and count >= 1, f"{count} times an input of {x.rank} dimensions")
    shape = (x.shape[0], count, x.shape[1])
    single = call.build.reshape(x, (x.shape[0], 1, x.shape[1]))
    return call.build.emit(BroadcastTo, (call.build.stored(single),), shape, x.dtype, shape=shape)


def _sides(call: Call, name: str, dims: int) -> list[tuple[int, int]]:
    """What is added or taken away before and behind, along each axis: one number, one for each axis, or all."""
    given = call.layer.config.get(name)
    if dims == 1:
        first, last = call.layer.integers(name, 2)
        return [(first, last)]
    parts = given if isinstance(given, list) else [given] * dims
    require(len(parts) == dims, f"{name} has {len(parts)} parts for {dims} axes")
    pairs = [whole_numbers(part, name, 2) for part in parts]
    if min(min(pair) for pair in pairs) < 0:
        raise Unsupported(f"{name} is negative")
    return [(pair[0], pair[1]) for pair in pairs]


def _padding(dims: int) -> Reader:
    def read(call: Call) -> Value:
        x = channels_last(call, call.input())
        require(x.rank == dims + 2, f"{x.rank} dimensions; expected {dims + 2}")
        pads = ((0, 0), *_sides(call, "padding", dims), (0, 0))
        shape = tuple(e + sum(p) for e, p in zip(x.shape, pads, strict=True))
        return as_layer_has_it(call, call.build.emit(Pad, (call.build.stored(x),), shape, x.dtype, pads=pads))

    return read


def _cropping(dims: int) -> Reader:
    def read(call: Call) -> Value:
        x = channels_last(call, call.input())
        require(x.rank == dims + 2, f"{x.rank} dimensions; expected {dims + 2}")
        cut = ((0, 0), *_sides(call, "cropping", dims), (0, 0))
        ranges = [range(first, max(e - last, first)) for e, (first, last) in zip(x.shape, cut, strict=True)]
        return as_layer_has_it(call, sliced(call, x, ranges))

    return read


def _masking(call: Call) -> Value:
    """Steps of zeros stay so; `masks` looks after the rest."""
    require(call.layer.real("mask_value", 0.0) == 0.0, "a mask_value that is not 0")
    return real(call)


READERS: dict[str, Reader] = {
    **dict.fromkeys(TRAINING_ONLY, lambda call: call.input()),
    "Cropping1D": _cropping(1),
    "Cropping2D": _cropping(2),
    "Flatten": _flatten,
    "Masking": _masking,
    "Permute": _permute,
    "RepeatVector": _repeat,
    "Reshape": _reshape,
    "ZeroPadding1D": _padding(1),
    "ZeroPadding2D": _padding(2),
}
