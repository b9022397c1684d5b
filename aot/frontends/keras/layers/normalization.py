"""Normalizations, by what was learned about the data, or by what the data itself says."""

import math

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.elementwise import binary
from aot.frontends.building.layers import folded
from aot.frontends.keras.layers.common import real
from aot.frontends.keras.records import Call, Reader, axes_of, axis_of
from aot.graph.ir import Array, Unsupported
from aot.ops.add import Add, Sub
from aot.ops.common import require
from aot.ops.division import Div
from aot.ops.l2_normalization import L2Normalization
from aot.ops.mul import Mul
from aot.ops.normalize import Normalize

_SMALLEST = 1e-7  # keras.config.epsilon(), the least standard deviation


def _batch(call: Call) -> Value:
    """A factor and an offset for each channel."""
    x, layer = real(call), call.layer
    axis = axis_of(layer.config.get("axis", -1) if not isinstance(layer.config.get("axis"), list)
                   else layer.integers("axis", 1)[0], x.rank)  # fmt: skip
    require(not layer.flag("renorm"), "renorm")
    names = [*_learned(call), "moving_mean", "moving_variance"]
    found = dict(zip(names, call.variables(*names, shapes=((x.shape[axis],),) * len(names)), strict=True))
    values = {name: value.array.astype(np.float64) for name, value in found.items()}
    spread = values["moving_variance"] + layer.real("epsilon", 1e-3)
    require(bool(np.all(spread > 0)), "a variance that is not positive")
    factor = values.get("gamma", np.ones(())) / np.sqrt(spread)
    offset = values.get("beta", np.zeros(())) - values["moving_mean"] * factor
    if call.alone(x) and (y := folded(call.build, x, axis, np.atleast_1d(factor), np.atleast_1d(offset))) is not None:
        return y
    shape = [-1] + [1] * (x.rank - 1 - axis)
    factors, offsets = (_reals(call, v.reshape(shape), name) for v, name in ((factor, "factor"), (offset, "offset")))
    return binary(call, Add, binary(call, Mul, x, factors), offsets)


def _reals(call: Call, data: Array, name: str) -> Value:
    return call.constant(np.asarray(data, np.float32), name)


def _learned(call: Call, scale: str = "gamma", offset: str = "beta") -> list[str]:
    """The names of factor and offset, of those that the layer has."""
    layer = call.layer
    return [*([scale] if layer.flag("scale", True) else []), *([offset] if layer.flag("center", True) else [])]


def _last_axes(call: Call, x: Value, default: int = -1) -> int:
    """How many axes, from the last one on, the layer is about."""
    axes = axes_of(call.layer.config.get("axis", default), x.rank)
    if axes != tuple(range(x.rank - len(axes), x.rank)):
        raise Unsupported(f"axes {axes} of {x.rank} dimensions; supported: the last ones")
    return len(axes)


def _normalized(call: Call, x: Value, groups: int, batch_dims: int, centred: bool, names: list[str]) -> Value:
    build = call.build
    found = dict(zip(names, call.variables(*names, shapes=((x.shape[-1],),) * len(names)), strict=True))
    scale, offset = (found.get(name) for name in ("gamma", "beta"))
    operands = [build.stored(x), *(None if v is None else build.stored(v) for v in (scale, offset))]
    return build.emit(
        Normalize, operands, x.shape,
        batch_dims=batch_dims, groups=groups, centred=centred, epsilon=call.layer.real("epsilon", 1e-3),
    )  # fmt: skip


def _layer(call: Call) -> Value:
    x, build = real(call), call.build
    count, names = _last_axes(call, x), _learned(call)
    if call.layer.flag("rms_scaling"):
        names = ["gamma"] if "gamma" in names else []
    rows = build.reshape(x, (*x.shape[: x.rank - count], math.prod(x.shape[x.rank - count :])))
    flat = [_flat(call, v) for v in call.variables(*names)]
    y = _with(call, rows, dict(zip(names, flat, strict=True)), centred=not call.layer.flag("rms_scaling"))
    return build.reshape(y, x.shape)


def _flat(call: Call, value: Value) -> Value:
    found = value.reshaped((value.elements,))
    assert found is not None
    return found


def _with(call: Call, rows: Value, learned: dict[str, Value], centred: bool) -> Value:
    """Each row normalized, then scaled and shifted."""
    build = call.build
    operands = [build.stored(rows)]
    for name in ("gamma", "beta"):
        value = learned.get(name)
        require(value is None or value.shape == rows.shape[-1:], f"{name} does not fit rows of {rows.shape[-1]}")
        operands.append(None if value is None else build.stored(value))  # type: ignore[arg-type]
    return build.emit(
        Normalize, operands, rows.shape,
        batch_dims=rows.rank - 1, centred=centred, epsilon=call.layer.real("epsilon", 1e-3),
    )  # fmt: skip


def _rms(call: Call) -> Value:
    x, build = real(call), call.build
    count = _last_axes(call, x)
    rows = build.reshape(x, (*x.shape[: x.rank - count], math.prod(x.shape[x.rank - count :])))
    (scale,) = call.variables("scale")
    return build.reshape(_with(call, rows, {"gamma": _flat(call, scale)}, centred=False), x.shape)


def _group(call: Call) -> Value:
    """Groups of channels, over all places of the image."""
    x = real(call)
    axis, groups = axis_of(call.layer.config.get("axis", -1), x.rank), call.layer.integer("groups", 32)
    require(x.rank >= 2 and axis >= 1, f"axis {axis}")
    order = (*(a for a in range(x.rank) if a != axis), axis)
    turned = x.transposed(order)
    groups = turned.shape[-1] if groups == -1 else groups
    y = _normalized(call, turned, groups, 1, True, _learned(call))
    return y.transposed(tuple(int(i) for i in np.argsort(order)))


def _unit(call: Call) -> Value:
    x, build = real(call), call.build
    count = _last_axes(call, x)
    rows = build.reshape(x, (*x.shape[: x.rank - count], math.prod(x.shape[x.rank - count :])))
    return build.reshape(build.emit(L2Normalization, (build.stored(rows),), rows.shape), x.shape)


def _normalization(call: Call) -> Value:
    """Less a mean, divided by a standard deviation: both were found in the data, or were given."""
    x, layer = real(call), call.layer
    mean, variance = _statistics(call, x)
    require(bool(np.all(variance >= 0)), "a variance that is negative")
    deviation = np.maximum(np.sqrt(variance), np.float32(_SMALLEST))
    means, deviations = _reals(call, mean, "mean"), _reals(call, deviation, "deviation")
    if layer.flag("invert"):
        return binary(call, Add, means, binary(call, Mul, x, deviations))
    return binary(call, Div, binary(call, Sub, x, means), deviations)


def _statistics(call: Call, x: Value) -> tuple[Array, Array]:
    """Mean and variance, so that they broadcast to x."""
    layer = call.layer
    axes = axes_of(layer.config["axis"], x.rank) if layer.has("axis") else ()
    if layer.has("mean"):
        given = [np.array(layer.config[name], np.float32) for name in ("mean", "variance")]
    else:
        given = [v.array.astype(np.float32) for v in call.variables("mean", "variance", "count")[:2]]
    found = []
    for value in given:
        require(value.ndim <= len(axes) or value.size == 1, f"statistics of shape {list(value.shape)}")
        shape = [1] * x.rank
        for axis, extent in zip(reversed(axes), reversed(value.shape), strict=False):
            shape[axis] = extent
        found.append(value.reshape(shape))
    return found[0], found[1]


def _rescaling(call: Call) -> Value:
    x, layer = real(call), call.layer
    scale, offset = (
        np.array(layer.config.get(name, default), np.float32) for name, default in (("scale", 1.0), ("offset", 0.0))
    )
    y = binary(call, Mul, x, call.constant(scale, "scale"))
    return y if not offset.any() else binary(call, Add, y, call.constant(offset, "offset"))


READERS: dict[str, Reader] = {
    "BatchNormalization": _batch,
    "GroupNormalization": _group,
    "LayerNormalization": _layer,
    "Normalization": _normalization,
    "RMSNormalization": _rms,
    "Rescaling": _rescaling,
    "UnitNormalization": _unit,
}
