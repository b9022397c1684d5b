"""Samples that a model takes without a complaint, though hardly anybody meant them: what is to be said of these."""

from collections.abc import Mapping

import numpy as np

from aot.graph.ir import Array, Graph, Tensor
from aot.ops.quantize import Quantize

_MANY = 0.02  # of the values: so many do not saturate by chance
_PIXELS = (128, 255)  # what the largest of many pixels is
_ENOUGH = 64  # values that show how they are spread
_FEW_CODES = 2  # which all values share where their unit is wrong


def doubts_of(arrays: Mapping[str, Array], graph: Graph, source: str) -> tuple[str, ...]:
    """A line for each input whose reals, by its name in `arrays`, do not look like what its codes stand for."""
    given = ((graph[name], arrays[name]) for name in graph.inputs if name in arrays)
    return tuple(line for tensor, array in given for line in _doubts(np.asarray(array), tensor, graph, source))


def pixels_as_they_are(low: float, high: float, tensor: Tensor) -> bool:
    """Whether values from `low` to `high` look like pixels of 0 to 255 in an image."""
    image = len(tensor.shape) in (3, 4) and tensor.shape[-1] in (1, 3, 4) and min(tensor.shape[-3:-1]) > 1
    return image and low >= 0 and _PIXELS[0] <= high <= _PIXELS[1]


def _doubts(array: Array, tensor: Tensor, graph: Graph, source: str) -> list[str]:
    codes = _codes_of(tensor, graph)
    if codes is None or array.dtype.kind != "f" or not array.size:
        return []
    info = np.iinfo(codes.dtype)
    low, high = ((int(end) - codes.zero_point) * codes.scale for end in (info.min, info.max))
    what, takes = f"the values of {source} for the input {tensor.name}", f"what it takes is {low:.3g} to {high:.3g}"
    if not np.isfinite(array).all():
        return []
    beyond = float(np.mean((array < low - codes.scale / 2) | (array > high + codes.scale / 2)))
    if beyond >= _MANY:
        return [f"{beyond:.0%} of {what} saturate: {takes}{_remedy(array, low, high)}"]
    if array.size >= _ENOUGH and 0 < np.ptp(array) < (_FEW_CODES - 1) * codes.scale:
        return [f"all of {what} are within one of its codes: {takes}{_smaller(array, high)}"]
    return []


def _codes_of(tensor: Tensor, graph: Graph) -> Tensor | None:
    """The tensor in whose codes the values of an input are: itself, or what an operator makes of it at once."""
    if tensor.quant is not None:
        return tensor
    made = [graph[op.outputs[0]] for op in graph.consumers(tensor.name) if isinstance(op, Quantize)]
    return made[0] if made else None


def _remedy(array: Array, low: float, high: float) -> str:
    """How pixels become what is from `low` to `high`."""
    if array.min() < 0 or not _PIXELS[0] <= array.max() <= _PIXELS[1] or not 0 < high <= 2:
        return ""
    return "; divide pixels of 0 to 255 by 255: x / 255" if low > -0.5 * high else "; scale pixels: x / 127.5 - 1"


def _smaller(array: Array, high: float) -> str:
    pixels = high >= _PIXELS[0] and array.min() >= 0 and array.max() <= 1
    return "; it was calibrated with pixels as they are: x * 255" if pixels else ""
