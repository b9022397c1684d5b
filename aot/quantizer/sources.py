"""Calibration samples from files, one at a time: .npz, .npy, folders of either, CSV, folders of images."""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aot.base.errors import AotError
from aot.base.temporary import temporary_folder
from aot.graph.ir import Array, Graph, Tensor
from aot.oracle.archives import check_entries, mapped_array, reading_arrays, refuse_device
from aot.oracle.samples import Sample, is_one_sample, samples_of
from aot.quantizer.images import DEFAULT_IMAGES, ImageOptions, read_image, require_pillow

GivenSamples = Iterable[Mapping[str, Array] | Array] | Mapping[str, Array]

_IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_ARRAYS = (".npy", ".npz")
_NAMED = 5  # files in a message
_HINT = "give an .npz, .npy or .csv file, or a folder of .npy files or of images"


@dataclass(frozen=True)
class Source:
    """Samples that can be read again and again; `skipped` names files that could not be read, once they were."""

    path: Path
    skipped: list[str]
    _open: Callable[[], Iterator[Sample]]

    def warnings(self, used: int) -> tuple[str, ...]:
        """What was left out; `used` samples were not."""
        count = len(self.skipped)
        named = [*self.skipped[:_NAMED], *([f"and {count - _NAMED} more"] if count > _NAMED else [])]
        return (f"{used} images were used; {count} cannot be read: {'; '.join(named)}",) if count else ()

    def __iter__(self) -> Iterator[Sample]:
        self.skipped.clear()
        return self._open()


def open_samples(path: Path, graph: Graph, images: ImageOptions = DEFAULT_IMAGES) -> Source:
    """The samples in a file or folder, for the inputs of `graph`. Raises AotError, at once or while they are read."""
    if path.is_dir():
        return _folder(path, graph, images)
    if not path.exists():
        raise AotError(f"cannot read samples from {path}: there is no such file", _HINT)
    refuse_device(path)
    kind = path.suffix.lower()
    if kind in _ARRAYS:
        return Source(path, [], lambda: _arrays(path, graph))
    if kind == ".csv":
        return Source(path, [], lambda: _csv(path, graph, _only_input(path, graph)))
    raise AotError(
        f"cannot read samples from {path}: {kind or 'a file without a suffix'} is not a kind aot knows", _HINT
    )


def given_samples(samples: GivenSamples, graph: Graph) -> Iterator[Sample]:
    """What a caller of `aot.quantize` gives, checked: dicts of one array for each input, or arrays for a single one.

    One dict, not in a list, has the samples of each input in one array, as an .npz file has.
    """
    if isinstance(samples, Mapping):
        yield from samples_of({name: _real(np.asarray(a)) for name, a in samples.items()}, graph, source="samples")
        return
    for number, sample in enumerate(samples, start=1):
        arrays = sample if isinstance(sample, Mapping) else {"sample": sample}
        source = f"sample {number}"
        yield from samples_of({name: _real(np.asarray(a)) for name, a in arrays.items()}, graph, source=source)


def _real(array: Array) -> Array:
    """Real numbers of any precision as float32."""
    with np.errstate(over="ignore"):  # calibration refuses infinities
        return array.astype(np.float32) if array.dtype.kind == "f" else array


def _only_input(path: Path, graph: Graph) -> Tensor:
    if len(graph.inputs) != 1:
        raise AotError(
            f"{path} has samples for one input; {graph.name} has {len(graph.inputs)}",
            "give an .npz file with one array for each input",
        )
    return graph[graph.inputs[0]]


def _folder(path: Path, graph: Graph, images: ImageOptions) -> Source:
    files = sorted(p for p in path.rglob("*") if p.is_file())
    arrays = [p for p in files if p.suffix.lower() in _ARRAYS]
    pictures = [p for p in files if p.suffix.lower() in _IMAGES]
    if arrays and pictures:
        raise AotError(f"{path} holds arrays and images: which are the samples?", "put them into folders of their own")
    if arrays:
        return Source(path, [], lambda: (sample for file in arrays for sample in _arrays(file, graph)))
    if not pictures:
        raise AotError(f"{path} holds neither .npy files nor images", _HINT)
    require_pillow()
    tensor = _only_input(path, graph)
    skipped: list[str] = []
    return Source(path, skipped, lambda: _pictures(path, pictures, tensor, images, skipped))


def _pictures(
    path: Path, files: list[Path], tensor: Tensor, options: ImageOptions, skipped: list[str]
) -> Iterator[Sample]:
    """Every image that can be read; the others are named in `skipped`. AotError where none can."""
    for file in files:
        try:
            image = read_image(file, tensor, options)
        except AotError:
            raise
        except Exception as error:  # Pillow raises what its decoders trip over
            skipped.append(f"{file}: {getattr(error, 'strerror', None) or 'not an image, or a damaged one'}")
            continue
        yield {tensor.name: image}
    if len(skipped) == len(files):
        raise AotError(f"none of the {len(files)} images in {path} can be read", *skipped[:_NAMED])


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """An error of the operating system while reading `path` becomes an AotError."""
    try:
        yield
    except OSError as error:
        raise AotError(f"cannot read samples from {path}: {error.strerror or error}", _HINT) from None


def _csv(path: Path, graph: Graph, tensor: Tensor) -> Iterator[Sample]:
    """One sample in each line, its numbers in the order of the input's elements; a first line of names is skipped."""
    with _reading(path), path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            cells = line.replace(";", ",").strip().rstrip(",").split(",")
            if cells == [""]:
                continue
            try:
                row = np.array([float(cell) for cell in cells], np.float32)
            except ValueError:
                if number == 1:
                    continue
                raise AotError(f"{path}, line {number}, holds something that is not a number") from None
            if len(row) != tensor.elements:
                raise AotError(
                    f"{path}, line {number}, has {len(row)} numbers; the input {tensor.name} takes {tensor.elements}",
                    f"its shape is {list(tensor.shape)}; give every element of a sample in one line",
                )
            yield from samples_of({tensor.name: row.reshape(tensor.shape)}, graph, source=f"{path}, line {number}")


def _arrays(path: Path, graph: Graph) -> Iterator[Sample]:
    """The samples of an .npz or .npy file; its arrays stay on disk and are read as they are needed."""
    with temporary_folder() as folder:
        columns = _mapped(path, folder, graph)
        known = {name: (array, _tensor(name, columns, graph)) for name, array in columns.items()}
        counts = {name: _count(array, tensor) for name, (array, tensor) in known.items() if tensor is not None}
        if len(set(counts.values())) > 1:
            sizes = ", ".join(f"{name}: {count}" for name, count in counts.items())
            raise AotError(f"{path} has different numbers of samples for the inputs", f"it has {sizes}")
        for i in range(next(iter(counts.values()), 1)):
            one = {name: _real(_row(array, i, tensor)) for name, (array, tensor) in known.items()}
            yield from samples_of(one, graph, source=str(path))


def _tensor(name: str, columns: Mapping[str, Array], graph: Graph) -> Tensor | None:
    """The input that the array is for, as `samples_of` finds it."""
    if len(graph.inputs) == len(columns) == 1:
        return graph[graph.inputs[0]]
    return next((graph[n] for n in graph.inputs if name in (n, graph[n].label)), None)


def _count(array: Array, tensor: Tensor) -> int:
    """How many samples the array holds."""
    return 1 if array.ndim == 0 or is_one_sample(array, tensor) else len(array)


def _row(array: Array, i: int, tensor: Tensor | None) -> Array:
    whole = tensor is None or array.ndim == 0 or is_one_sample(array, tensor)
    return np.asarray(array if whole else array[i : i + 1])


def _mapped(path: Path, folder: Path, graph: Graph) -> dict[str, Array]:
    """The arrays of a file, mapped: those of an .npz are unpacked to `folder` first."""
    kind = path.suffix.lower()
    with reading_arrays(path, f"not {kind}, or damaged", _HINT):
        if kind == ".npy":
            return {"x": mapped_array(path)}
        with zipfile.ZipFile(path) as file:
            check_entries(path, file, graph)
            files = {name.removesuffix(".npy"): file.extract(name, folder) for name in file.namelist()}
        return {name: mapped_array(Path(file)) for name, file in files.items()}
