"""Images of another size: by positions, by steps between neighbours, or by a matrix along each axis."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from onnx import helper

from aot.frontends.building import Value
from aot.frontends.building.elementwise import binary
from aot.frontends.building.movement import picked
from aot.frontends.onnx.folding import evaluated
from aot.frontends.onnx.operators.dense import product
from aot.frontends.onnx.operators.images import CHANNELS_LAST, as_before, as_image
from aot.frontends.onnx.records import Call, Node, Reader, axis_of
from aot.graph.ir import Array
from aot.ops.add import Add
from aot.ops.common import require
from aot.ops.resize import ResizeBilinear, ResizeNearest

_LARGEST = 1 << 15  # of an axis
_MOST_WEIGHTS = 1 << 16  # of a matrix along an axis
_RULES: dict[str, Callable[[Array], Array]] = {
    "round_prefer_floor": lambda places: np.ceil(places - 0.5),
    "round_prefer_ceil": lambda places: np.floor(places + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}


@dataclass(frozen=True)
class _Axis:
    """What becomes of an axis: positions are those of the middle of elements."""

    before: int
    after: int
    scale: float
    roi: tuple[float, float] = (0.0, 1.0)

    def places(self, mode: str) -> Array:
        """Where each element of the result lies."""
        at = np.arange(self.after, dtype=np.float64)
        if mode == "asymmetric":
            return at / self.scale
        if mode == "align_corners":
            return at * (self.before - 1) / max(self.after - 1, 1)
        if mode == "tf_crop_and_resize":
            return self._cropped(at)
        require(mode in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"), f"positions by {mode}")
        moved = 0.0
        if mode == "half_pixel_symmetric":
            moved = self.before / 2 * (1 - self.after / (self.scale * self.before))
        found = moved + (at + 0.5) / self.scale - 0.5
        return np.zeros(1) if mode == "pytorch_half_pixel" and self.after == 1 else found

    def _cropped(self, at: Array) -> Array:
        start, end = self.roi
        if self.after == 1:
            return np.array([0.5 * (start + end) * (self.before - 1)])
        return np.asarray((start + at * (end - start) / (self.after - 1)) * (self.before - 1))

    def outside(self, mode: str) -> Array:
        """Which elements of the result lie where there is nothing."""
        if mode != "tf_crop_and_resize":
            return np.zeros(self.after, np.bool_)
        places = self.places(mode)
        return (places < 0) | (places > self.before - 1)


def _axes(call: Call, x: Value) -> list[_Axis]:
    """Each axis, by the inputs; before opset 11 there is no region of interest."""
    node, old = call.node, call.node.opset < 11
    numbers = [axis_of(a, x.rank) for a in node.integers("axes", range(x.rank))]
    scales = call.known(1 if old else 2, "the scales") if call.has(1 if old else 2) else np.zeros(0)
    sizes = call.known(3, "the sizes").tolist() if call.has(3) else []
    roi = call.known(1, "the region of interest") if not old and call.has(1) else np.zeros(0)
    found = [_Axis(e, e, 1.0) for e in x.shape]
    if sizes:
        require(len(sizes) == len(numbers), f"{len(sizes)} sizes for {len(numbers)} axes")
        factors = _kept_ratio(node, [s / x.shape[a] for s, a in zip(sizes, numbers, strict=True)])
        if node.text("keep_aspect_ratio_policy", "stretch") != "stretch":
            sizes = [math.floor(f * x.shape[a] + 0.5) for f, a in zip(factors, numbers, strict=True)]
    else:
        require(len(scales) == len(numbers), f"{len(scales)} scales for {len(numbers)} axes")
        factors = [float(s) for s in scales]
        require(all(map(math.isfinite, factors)), f"scales {factors}")
        sizes = [math.floor(f * x.shape[a]) for f, a in zip(factors, numbers, strict=True)]
    require(all(1 <= s <= _LARGEST for s in sizes) and min(factors, default=1) > 0, f"sizes {sizes}")
    for i, axis in enumerate(numbers):
        part = (float(roi[i]), float(roi[len(numbers) + i])) if roi.size == 2 * len(numbers) else (0.0, 1.0)
        found[axis] = _Axis(x.shape[axis], sizes[i], factors[i], part)
    return found


def _kept_ratio(node: Node, factors: list[float]) -> list[float]:
    policy = node.text("keep_aspect_ratio_policy", "stretch")
    if policy == "stretch":
        return factors
    require(policy in ("not_larger", "not_smaller"), f"keep_aspect_ratio_policy {policy}")
    return [min(factors) if policy == "not_larger" else max(factors)] * len(factors)


def _resize(call: Call) -> Value:
    x, node, old = call.input(0), call.node, call.node.opset < 11
    axes = _axes(call, x)
    mode = node.text("mode", "nearest")
    by = "asymmetric" if old else node.text("coordinate_transformation_mode", "half_pixel")
    if all(a.before == a.after and a.scale == 1 and a.roi == (0.0, 1.0) for a in axes):
        return x
    if mode == "nearest":
        rule = "floor" if old else node.text("nearest_mode", "round_prefer_floor")
        return _nearest(call, x, [_rounded(axis, by, rule) for axis in axes])
    plain = by in ("half_pixel", "asymmetric", "align_corners")
    plain = plain or (by == "pytorch_half_pixel" and all(a.after > 1 or a.before == 1 for a in axes))
    if mode == "linear" and plain and not node.flag("antialias") and _is_image(axes):
        return _linear(call, x, axes, by)
    require(mode in ("linear", "cubic"), f"mode {mode}")
    y = x
    for number, axis in enumerate(axes):
        if axis.before != axis.after or axis.scale != 1:
            y = _along(call, y, number, _matrix(node, axis, by))
    return _with_outside(call, y, axes, by)


def _is_image(axes: list[_Axis]) -> bool:
    """Whether only rows and columns change."""
    return len(axes) in (3, 4) and all(a.before == a.after and a.scale == 1 for a in axes[:2])


def _rounded(axis: _Axis, by: str, rule: str) -> Array:
    """The nearest positions."""
    places = axis.places(by)
    require(rule in _RULES, f"nearest_mode {rule}")
    return np.asarray(np.clip(_RULES[rule](places), 0, axis.before - 1), np.int64)


def _nearest(call: Call, x: Value, tables: list[Array]) -> Value:
    """As TensorFlow Lite has it where that finds the same pixels."""
    if x.rank == 4 and all(np.array_equal(t, np.arange(e)) for t, e in zip(tables[:2], x.shape, strict=False)):
        for half in (False, True):
            found = [_of_tensorflow(x.shape[i], len(tables[i]), half) for i in (2, 3)]
            if all(np.array_equal(f, t) for f, t in zip(found, tables[2:], strict=True)):
                size = (len(tables[2]), len(tables[3]))
                return call.build.emit(
                    ResizeNearest, (call.build.stored(x, CHANNELS_LAST),), (*x.shape[:2], *size), x.dtype,
                    CHANNELS_LAST, size=size, half_pixel_centers=half,
                )  # fmt: skip
    changed = {i: t.tolist() for i, t in enumerate(tables) if not np.array_equal(t, np.arange(x.shape[i]))}
    return picked(call, x, changed)


def _of_tensorflow(before: int, after: int, half: bool) -> Array:
    step = np.float32(before) / np.float32(after)
    places = (np.arange(after, dtype=np.float32) + np.float32(0.5 * half)) * step
    return np.asarray(np.minimum(np.floor(places), before - 1), np.int64)


def _linear(call: Call, x: Value, axes: list[_Axis], by: str) -> Value:
    rank = x.rank
    image = as_image(call.build, x)
    rows, columns = axes[2:] if rank == 4 else (_Axis(1, 1, 1.0), axes[2])
    exact = by == "align_corners" or all(a.after == a.scale * a.before for a in (rows, columns))
    y = call.build.emit(
        ResizeBilinear, (call.build.stored(image, CHANNELS_LAST),), (*image.shape[:2], rows.after, columns.after),
        x.dtype, CHANNELS_LAST, size=(rows.after, columns.after), align_corners=by == "align_corners",
        half_pixel_centers=by.endswith("half_pixel"), steps=() if exact else (1 / rows.scale, 1 / columns.scale),
    )  # fmt: skip
    return as_before(call, y, rank)


def _matrix(node: Node, axis: _Axis, by: str) -> Array:
    """What each element of the result takes of each one along an axis: so the standard resizes single elements."""
    require(
        axis.before * axis.after <= _MOST_WEIGHTS, f"from {axis.before} to {axis.after} by mode {node.text('mode', '')}"
    )
    if by == "pytorch_half_pixel" and axis.after == 1 and not node.flag("antialias"):  # the package has another place
        return np.eye(1, axis.before, dtype=np.float32)
    kept = ("mode", "cubic_coeff_a", "exclude_outside", "antialias")
    attributes = {name: node.attributes[name] for name in kept if name in node.attributes}
    by_size = axis.scale == axis.after / axis.before or by == "tf_crop_and_resize"
    names = ("x", "roi", "", "sizes") if by_size else ("x", "", "scales", "")
    proto = helper.make_node("Resize", names, ["y"], coordinate_transformation_mode=by, **attributes)
    single = Node("Resize", "", names, ("y",), {}, max(node.opset, 13), proto)
    roi = np.array([axis.roi[0], 0, axis.roi[1], 1], np.float32)
    scales, sizes = np.array([axis.scale, 1], np.float32), np.array([axis.after, axis.before], np.int64)
    ones = np.eye(axis.before, dtype=np.float32)
    given = [ones, roi, None, sizes] if by_size else [ones, None, scales, None]
    (matrix,) = evaluated(single, given)
    require(matrix.shape == (axis.after, axis.before), f"a size of {axis.after} by a scale of {axis.scale}")
    return np.where(axis.outside(by)[:, None], np.float32(0), matrix.astype(np.float32))


def _along(call: Call, x: Value, axis: int, matrix: Array) -> Value:
    order = [*(a for a in range(x.rank) if a != axis), axis]
    y = product(call, x.transposed(order), call.build.constant(np.ascontiguousarray(matrix.T), "weights"))
    return y.transposed([order.index(a) for a in range(x.rank)])


def _with_outside(call: Call, y: Value, axes: list[_Axis], by: str) -> Value:
    """Where there was nothing, another value is all there is."""
    value = call.node.real("extrapolation_value", 0.0)
    masks = np.meshgrid(*(axis.outside(by) for axis in axes), indexing="ij")
    beyond = np.logical_or.reduce(masks)
    if value == 0 or not beyond.any():
        return y
    return binary(call, Add, y, call.build.constant((beyond * value).astype(np.float32), "outside"))


READERS: dict[str, Reader] = {"Resize": _resize, "Upsample": _resize}
