"""What readers of layers share: inputs as reals, images with their channels last."""

from aot.frontends.building import Value
from aot.frontends.keras.records import Call
from aot.graph.ir import Unsupported
from aot.ops.cast import Cast
from aot.ops.common import require


def real(call: Call, index: int = 0) -> Value:
    """An input as float32."""
    return as_real(call, call.input(index))


def as_real(call: Call, x: Value) -> Value:
    """A value as float32."""
    return x if x.dtype == "float32" else call.build.like(x, Cast, dtype="float32")


def channels_first(call: Call) -> bool:
    """Whether the layer's images have their channels before rows and columns."""
    return call.layer.text("data_format", "channels_last") == "channels_first"


def channels_last(call: Call, x: Value) -> Value:
    """Its axes in the order in which operators have them."""
    return x.transposed((0, *range(2, x.rank), 1)) if channels_first(call) else x


def as_layer_has_it(call: Call, y: Value) -> Value:
    """The inverse."""
    return y.transposed((0, y.rank - 1, *range(1, y.rank - 1))) if channels_first(call) else y


def image(call: Call, dims: int) -> Value:
    """The input as [batch, row, column, channel]; a sequence is an image of one row."""
    x = channels_last(call, real(call))
    require(x.rank == dims + 2, f"%{x.label} has {x.rank} dimensions; expected {dims + 2}")
    return x if dims == 2 else call.build.reshape(x, (x.shape[0], 1, *x.shape[1:]))


def from_image(call: Call, y: Value, dims: int) -> Value:
    """The inverse, of a result."""
    y = y if dims == 2 else call.build.reshape(y, (y.shape[0], *y.shape[2:]))
    return as_layer_has_it(call, y)


def both(call: Call, name: str, dims: int, default: int | None = None) -> tuple[int, int]:
    """An attribute for rows and columns; of a sequence it is said for steps alone."""
    values = call.layer.integers(name, dims, default)
    if min(values) < 1:
        raise Unsupported(f"{name} {values}; each must be positive")
    return (values[0], values[1]) if dims == 2 else (1, values[0])
