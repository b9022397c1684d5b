"""The shapes of a model's inputs, where the format leaves dimensions free, and how ports lie in memory."""

from collections.abc import Sequence

from aot.base.errors import AotError
from aot.frontends.building import Order
from aot.frontends.settings import Settings, Shapes


def input_shape(
    label: str, dims: Sequence[int], letters: Sequence[str], shapes: Shapes, source: str
) -> tuple[int, ...]:
    """The shape that is given for an input, or the file's `dims`, in which a free dimension is 0 and has a letter.

    A free batch is 1. Raises AotError for a free dimension that nobody tells.
    """
    if label in shapes:
        return _given(label, tuple(shapes[label]), dims)
    dims = [*(d or 1 for d in dims[:1]), *dims[1:]]  # a free batch: one sample at a time
    if min(dims, default=1) < 1:
        asked = ",".join(str(d) if d > 0 else letter for d, letter in zip(dims, letters, strict=True))
        raise AotError(
            f"the input {label!r} of {source} has a free dimension: [{asked}]",
            f"say which: --input-shape {label}={asked} with numbers for letters; in Python input_shapes={{...}}",
            "or export the model with fixed input shapes",
        )
    return tuple(dims)


def _given(name: str, shape: tuple[int, ...], dims: Sequence[int]) -> tuple[int, ...]:
    fits = len(shape) == len(dims) and all(s >= 1 and d in (0, s) for s, d in zip(shape, dims, strict=True))
    if not fits:
        raise AotError(f"the input {name!r} cannot have the shape {list(shape)}",
                       f"in the file it is {[d or 'free' for d in dims]}")  # fmt: skip
    return shape


def port_order(name: str, rank: int, settings: Settings) -> Order:
    """How the axes of a port lie: as in the model, or with the channels of an image last."""
    if rank == 4 and settings.channels_last(name):
        return 0, 2, 3, 1
    return tuple(range(rank))
