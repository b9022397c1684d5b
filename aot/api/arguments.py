"""What a caller in Python may have meant by an argument that is of another kind."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from aot.base.errors import AotError
from aot.graph.ir import Graph
from aot.quantizer import Quantized

_T = TypeVar("_T")
_WRITE = "write it to a file first: pathlib.Path('model.tflite').write_bytes({})"


def path_of(value: object, what: str = "a model") -> Path:
    """The path that `value` is. AotError for anything else."""
    if isinstance(value, str | Path):
        return Path(value)
    kind = type(value).__name__
    article = "an" if kind[0] in "aeiouAEIOU" else "a"
    raise AotError(f"{what} is the path of a file, not {article} {kind}", *_hints(value))


def graph_of(value: object) -> Graph | None:
    """The graph that a model already is, read, built or quantized; None for the path of one."""
    return value.graph if isinstance(value, Quantized) else value if isinstance(value, Graph) else None


def _hints(value: object) -> list[str]:
    if isinstance(value, Quantized):
        return [_WRITE.format("quantized.tflite()")]
    if isinstance(value, bytes | bytearray):
        return [_WRITE.format("content")]
    if isinstance(value, Graph):
        return ["give the file that it was read from"]
    return ["write arrays to a file first: numpy.savez('samples.npz', x=array)"] if hasattr(value, "shape") else []


def check_inputs(inputs: object) -> None:
    """Raise AotError unless `inputs` are what `aot.run` takes."""
    if inputs is not None and not isinstance(inputs, str | Path | Mapping):
        raise AotError(f"inputs are a dict of arrays by the names of the model's inputs, not {type(inputs).__name__}",
                       "aot.run(model, board, inputs={'x': array})", "or the path of an .npz file")  # fmt: skip


def options_of(kind: Callable[..., _T], choices: Mapping[str, object]) -> _T:
    """The options with these fields. AotError for one that there is not."""
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type] # a dataclass
    for name in choices:
        if name not in known:
            near = get_close_matches(name, known, 1)
            raise AotError(f"there is no option called {name!r}", *(f"did you mean {one}?" for one in near),
                           f"the options are {', '.join(known)}")  # fmt: skip
    return kind(**choices)
