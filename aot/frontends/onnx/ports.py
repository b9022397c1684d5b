"""The shapes of a model's inputs."""

from collections.abc import Sequence

import onnx

from aot.base.errors import AotError
from aot.frontends.shapes import Shapes


def input_shape(port: onnx.ValueInfoProto, shapes: Shapes, source: str) -> tuple[int, ...]:
    """The shape that is given for an input, or the file's. Raises AotError for one that nobody tells."""
    dims = [d.dim_value if d.HasField("dim_value") else 0 for d in port.type.tensor_type.shape.dim]
    free = [d.dim_param or "N" for d in port.type.tensor_type.shape.dim]
    if port.name in shapes:
        return _given(port.name, tuple(shapes[port.name]), dims)
    dims[:1] = [d or 1 for d in dims[:1]]  # a free batch: one sample at a time
    if min(dims, default=1) < 1:
        asked = ",".join(str(d) if d > 0 else name for d, name in zip(dims, free, strict=True))
        raise AotError(
            f"the input {port.name!r} of {source} has a free dimension: [{asked}]",
            f"say which: --input-shape {port.name}={asked} with numbers for letters; in Python input_shapes={{...}}",
            "or export the model with fixed input shapes",
        )
    return tuple(dims)


def _given(name: str, shape: tuple[int, ...], dims: Sequence[int]) -> tuple[int, ...]:
    fits = len(shape) == len(dims) and all(s >= 1 and d in (0, s) for s, d in zip(shape, dims, strict=True))
    if not fits:
        raise AotError(f"the input {name!r} cannot have the shape {list(shape)}",
                       f"in the file it is {[d or 'free' for d in dims]}")  # fmt: skip
    return shape
