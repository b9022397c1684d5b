"""What operations are called with: tensors, arrays and numbers."""

from typing import Any

import numpy as np

from aot.frontends.building import Value
from aot.frontends.keras.layers.common import as_real
from aot.frontends.keras.records import Call, values_in
from aot.graph.ir import Unsupported


def operand(call: Call, index: int, name: str) -> Value:
    """An argument that is a tensor, or a constant."""
    given = call.argument(index, name)
    if isinstance(given, Value):
        return given
    try:
        data = np.asarray(given)
    except ValueError:
        raise Unsupported(f"{name} is no array") from None
    if data.dtype.kind not in "fiub":
        raise Unsupported(f"{name} is neither tensor nor number")
    return call.constant(data.astype(np.float32) if data.dtype.kind == "f" else data, name)


def pair(call: Call) -> tuple[Value, Value]:
    """Both operands, of one type: that of the tensor, or float32 where one is of that."""
    return alike(call, operand(call, 0, "x1"), operand(call, 1, "x2"))


def alike(call: Call, a: Value, b: Value) -> tuple[Value, Value]:
    """Both with one type."""
    if a.dtype == b.dtype:
        return a, b
    if "float32" not in (a.dtype, b.dtype) and (a.constant or b.constant):
        wanted = b.dtype if a.constant else a.dtype
        return _typed(call, a, wanted), _typed(call, b, wanted)
    return _typed(call, a, "float32"), _typed(call, b, "float32")


def _typed(call: Call, x: Value, dtype: str) -> Value:
    if x.constant and x.dtype != dtype:
        return call.constant(x.array.astype(dtype), "constant")
    return x if x.dtype == dtype else as_real(call, x)


def listed(call: Call, index: int, name: str) -> list[Value]:
    """An argument that is a list of tensors, as reals."""
    return [as_real(call, v) for v in values_in(call.argument(index, name))]


def keyword(call: Call, name: str, default: Any = None) -> Any:
    """What the operation was made with, or is called with, under a name."""
    return call.kwargs.get(name, call.layer.config.get(name, default))
