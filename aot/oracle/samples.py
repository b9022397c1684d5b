"""Inputs to run a model on: read from .npz files, or random with a seed; outputs are written the same way."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from aot.base.errors import AotError
from aot.base.files import complete_file
from aot.graph.ir import Array, Graph, Tensor
from aot.ops.codes import quantize_real
from aot.oracle.archives import listed, read_arrays

Sample = Mapping[str, Array]


def random_samples(graph: Graph, count: int, seed: int = 0) -> list[Sample]:
    """`count` samples of uniform random codes, or of normal reals for float inputs; the same for the same seed."""
    rng = np.random.default_rng(seed)
    return [{name: _random(rng, graph[name]) for name in graph.inputs} for _ in range(count)]


def _random(rng: np.random.Generator, tensor: Tensor) -> Array:
    if tensor.dtype == "float32":
        return rng.standard_normal(tensor.shape).astype(np.float32)
    if tensor.dtype == "bool":
        return rng.integers(0, 2, tensor.shape).astype(bool)
    info = np.iinfo(tensor.dtype)
    return rng.integers(info.min, info.max, tensor.shape, tensor.dtype, endpoint=True)


def read_samples(path: Path, graph: Graph, *, quantize: bool = False, rounding: str = "double") -> list[Sample]:
    """The samples in an .npz file; `samples_of` says what may be in it. Raises AotError for anything else."""
    return samples_of(read_arrays(path, graph), graph, quantize=quantize, rounding=rounding, source=str(path))


def samples_of(
    arrays: Mapping[str, Array],
    graph: Graph,
    *,
    quantize: bool = False,
    rounding: str = "double",
    source: str = "inputs",
) -> list[Sample]:
    """One array for each input of `graph`, named like it or like its label; a single array may have any name.

    An array of exactly the input's shape is one sample; otherwise its first dimension counts samples, each of the
    input's shape. Where the input's batch is 1, samples may leave it out. With `quantize`, reals become codes
    by the input's scale and zero point, rounded as `rounding` says. Raises AotError, which calls the arrays `source`,
    for anything else.
    """
    wanted = rounding if quantize else None
    columns = {name: _column(source, arrays, graph, graph[name], wanted) for name in graph.inputs}
    _refuse_others(source, arrays, graph)
    counts = {len(column) for column in columns.values()}
    if len(counts) != 1:
        sizes = ", ".join(f"{name}: {len(column)}" for name, column in columns.items())
        raise AotError(
            f"{source} has different numbers of samples for the inputs",
            f"it has {sizes}",
            "give every input as many samples",
        )
    return [{name: column[i] for name, column in columns.items()} for i in range(counts.pop())]


def reals_in(arrays: Mapping[str, Array], graph: Graph) -> dict[str, Array]:
    """The arrays of reals that `samples_of` takes, by the inputs' names."""
    return {name: _pick("inputs", arrays, graph, graph[name]) for name in graph.inputs}


def _refuse_others(source: str, arrays: Mapping[str, Array], graph: Graph) -> None:
    """An array that is no input is a mistake in its name, which must not pass in silence."""
    known = {text for name in graph.inputs for text in (name, graph[name].label)}
    others = [name for name in arrays if name not in known]
    if others and len(arrays) > 1:
        raise AotError(
            f"{source} has arrays that are no inputs: {listed(others)}",
            f"the model's inputs are {', '.join(graph.inputs)}",
        )


def _column(
    source: str, arrays: Mapping[str, Array], graph: Graph, tensor: Tensor, rounding: str | None
) -> list[Array]:
    """The samples of one input; with a rounding, reals become codes."""
    array = np.asarray(_pick(source, arrays, graph, tensor))
    if rounding and tensor.quant is not None and array.dtype.kind == "f":
        array = _quantized(source, array, tensor, rounding)
    if array.dtype.newbyteorder("=").name != tensor.dtype:
        raise AotError(
            f"{source}: the input {tensor.name} takes {tensor.dtype}, not {array.dtype.name}",
            *(["let aot quantize the reals: --quantize-inputs"] if array.dtype.kind == "f" and tensor.quant else []),
            _conversion(array, tensor),
        )
    return _split(source, array.astype(tensor.dtype, copy=False), tensor)


def _conversion(array: Array, tensor: Tensor) -> str:
    """How an array of another type becomes one for `tensor`; pixels are not reals yet."""
    if array.dtype == np.uint8 and tensor.dtype == "float32":
        return "scale pixels as the model was trained with them, such as (x / 255).astype(numpy.float32)"
    return f"convert the array with .astype(numpy.{tensor.dtype})"


def _quantized(source: str, array: Array, tensor: Tensor, rounding: str) -> Array:
    """Reals as codes, as the operator QUANTIZE gives them."""
    if np.isnan(array).any():
        raise AotError(f"{source}: the array for the input {tensor.name} holds not-a-number values")
    return quantize_real(array, tensor, rounding)


def _pick(source: str, arrays: Mapping[str, Array], graph: Graph, tensor: Tensor) -> Array:
    for name in (tensor.name, tensor.label):
        if name in arrays:
            return arrays[name]
    if len(graph.inputs) == 1 and len(arrays) == 1:
        return next(iter(arrays.values()))
    raise AotError(
        f"{source} has no array for the input {tensor.name}",
        f"it has {listed(arrays) or 'none at all'}",
        f"the model's inputs are {', '.join(graph.inputs)}",
    )


def _split(source: str, array: Array, tensor: Tensor) -> list[Array]:
    shape = tensor.shape
    if is_one_sample(array, tensor):
        return [array.reshape(shape)]
    if array.shape[1:] == shape or (shape[:1] == (1,) and array.shape[1:] == shape[1:]):
        if len(array) == 0:
            raise AotError(f"{source} holds no sample for the input {tensor.name}")
        return [np.ascontiguousarray(one).reshape(shape) for one in array]
    raise AotError(
        f"{source}: the array for the input {tensor.name} has shape {list(array.shape)}",
        f"one sample has shape {list(shape)}; several have a dimension more in front",
        *_channels_last(array, tensor),
    )


def _channels_last(array: Array, tensor: Tensor) -> list[str]:
    """What to do with images whose channels come first."""
    if len(tensor.shape) == 4 and array.ndim in (3, 4):
        *_, height, width, channels = tensor.shape
        if array.shape[-3:] == (channels, height, width):
            axes = "0, 2, 3, 1" if array.ndim == 4 else "1, 2, 0"
            return [f"its channels come first, the model's last: x.transpose({axes})"]
    return []


def is_one_sample(array: Array, tensor: Tensor) -> bool:
    """Whether the array is a single value of the tensor: of its shape, or of that without a batch of 1."""
    return array.shape == tensor.shape or (tensor.shape[:1] == (1,) and array.shape == tensor.shape[1:])


def write_outputs(path: Path, graph: Graph, outputs: Sequence[Sequence[Array]]) -> None:
    """Write one array for each output of `graph`, in order; their first dimension counts samples."""
    columns = stacked(graph, outputs)
    with complete_file(path) as made, made.open("wb") as file:  # a file: to a name, numpy would add .npz
        np.savez(file, **columns)  # type: ignore[arg-type] # numpy 2.4 types the keywords as its own options


def stacked(graph: Graph, outputs: Sequence[Sequence[Array]]) -> dict[str, Array]:
    """One array for each output of `graph`, by name; the first dimension counts samples."""
    columns = {}
    for name, column in zip(graph.outputs, zip(*outputs, strict=True), strict=True):
        batch_of_one = graph[name].shape[:1] == (1,)
        columns[name] = np.concatenate(column) if batch_of_one else np.stack(column)
    return columns
