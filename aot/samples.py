"""Inputs to run a model on: read from .npz files, or random with a seed; outputs are written the same way."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from aot.errors import AotError
from aot.ir import Array, Graph, Tensor

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


def read_samples(path: Path, graph: Graph, *, quantize: bool = False) -> list[Sample]:
    """The samples in an .npz file: one array for each input of `graph`, named like it; a single array may have any name.

    An array of exactly the input's shape is one sample; otherwise its first dimension counts samples, each of the
    input's shape or, where the input's batch is 1, of its shape without the batch. With `quantize`, reals become codes
    by the input's scale and zero point. Raises AotError for anything else.
    """
    arrays = _read(path)
    columns = {name: _column(path, arrays, graph, graph[name], quantize) for name in graph.inputs}
    counts = {len(column) for column in columns.values()}
    if len(counts) != 1:
        sizes = ", ".join(f"{name}: {len(column)}" for name, column in columns.items())
        raise AotError(f"{path} has different numbers of samples for the inputs: {sizes}")
    return [{name: column[i] for name, column in columns.items()} for i in range(counts.pop())]


def _read(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise AotError(f"{path} is a single array, not an .npz file", "write it with numpy.savez(path, x=array)")
            return {name: file[name] for name in file.files}
    except AotError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not an .npz file"
        raise AotError(f"cannot read samples from {path}: {reason}", "write it with numpy.savez(path, x=array)") from None


def _column(path: Path, arrays: dict[str, Array], graph: Graph, tensor: Tensor, quantize: bool) -> list[Array]:
    """The samples of one input."""
    array = _pick(path, arrays, graph, tensor)
    if quantize and tensor.quant is not None and array.dtype.kind == "f":
        info = np.iinfo(tensor.dtype)
        codes = np.rint(array / tensor.scale) + tensor.zero_point
        array = np.clip(codes, info.min, info.max).astype(tensor.dtype)
    if array.dtype.name != tensor.dtype:
        raise AotError(
            f"{path}: the input {tensor.name} takes {tensor.dtype}, not {array.dtype.name}",
            *(["let aot quantize the reals: --quantize-inputs"] if array.dtype.kind == "f" else []),
            f"convert the array with .astype(numpy.{tensor.dtype})",
        )
    return _split(path, array, tensor)


def _pick(path: Path, arrays: dict[str, Array], graph: Graph, tensor: Tensor) -> Array:
    for name in (tensor.name, tensor.label):
        if name in arrays:
            return arrays[name]
    if len(graph.inputs) == 1 and len(arrays) == 1:
        return next(iter(arrays.values()))
    raise AotError(
        f"{path} has no array for the input {tensor.name}",
        f"it has {', '.join(arrays) or 'none at all'}",
        f"the model's inputs are {', '.join(graph.inputs)}",
    )


def _split(path: Path, array: Array, tensor: Tensor) -> list[Array]:
    shape = tensor.shape
    if array.shape == shape:
        return [array]
    if array.shape[1:] == shape or (shape[:1] == (1,) and array.shape[1:] == shape[1:]):
        if len(array) == 0:
            raise AotError(f"{path} holds no sample for the input {tensor.name}")
        return [np.ascontiguousarray(one).reshape(shape) for one in array]
    raise AotError(
        f"{path}: the array for the input {tensor.name} has shape {list(array.shape)}",
        f"one sample has shape {list(shape)}; several have a dimension more in front",
    )


def write_outputs(path: Path, graph: Graph, outputs: Sequence[Sequence[Array]]) -> None:
    """Write one array for each output of `graph`, in order; their first dimension counts samples."""
    columns = {}
    for name, column in zip(graph.outputs, zip(*outputs, strict=True), strict=True):
        batch_of_one = graph[name].shape[:1] == (1,)
        columns[name] = np.concatenate(column) if batch_of_one else np.stack(column)
    try:
        np.savez(path, **columns)  # type: ignore[arg-type] # numpy 2.4 types the keywords as its own options
    except OSError as error:
        raise AotError(f"cannot write {path}: {error.strerror}") from None
