"""Model files -> Graph. A format is a folder; what a file begins with tells which one it is.

What comes out says what the file says; `aot.passes.normalize` gives it the form that all else works on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aot.base.errors import AotError
from aot.frontends import c_array, keras, onnx, pytorch, tflite
from aot.frontends.foreign import SAVED_MODEL, SAVED_MODEL_HINT, foreign
from aot.frontends.settings import NO_SETTINGS
from aot.frontends.settings import Settings as Settings
from aot.frontends.settings import settings_of as settings_of
from aot.graph.identifiers import model_name
from aot.graph.ir import Graph

_MAX_FILE_BYTES = 256 << 20  # no microcontroller holds a larger one: it is the wrong file
_HINT = "give the path of a .tflite, .onnx, .keras or .h5 file, or of a .tflite file as a C array"


@dataclass(frozen=True)
class Format:
    """A kind of model file.

    `recognizes` looks at its content; `parse` takes that, a name, what errors call it, and what is said of ports.
    """

    name: str
    recognizes: Callable[[bytes], bool]
    parse: Callable[[bytes, str, str, Settings], Graph]


FORMATS = (
    Format("TensorFlow Lite", tflite.recognizes, tflite.parse),
    Format("ONNX", onnx.recognizes, onnx.parse),
    Format("PyTorch", pytorch.recognizes, pytorch.parse),
    Format("Keras", keras.recognizes, keras.parse),
    Format("C array", c_array.recognizes, c_array.parse),
)


def read(path: str | Path, name: str | None = None, settings: Settings = NO_SETTINGS) -> Graph:
    """The graph in a model file, called `name`, or after the file, as `parse` reads it."""
    return parse(content_of(path), name or Path(path).stem, str(path), settings)


def content_of(path: str | Path) -> bytes:
    """The bytes of a model file. Raises AotError where there is none, or one that no microcontroller could hold."""
    path = Path(path)
    try:
        if (path / SAVED_MODEL).is_file():
            raise AotError(f"{path} is a SavedModel, which aot does not read", SAVED_MODEL_HINT, _HINT)
        if path.exists() and not path.is_file():
            raise AotError(f"{path} is {'a folder' if path.is_dir() else 'not a file'}", _HINT)
        if (size := path.stat().st_size) > _MAX_FILE_BYTES:
            raise AotError(f"{path} has {size:,} bytes: too large for a microcontroller", _HINT)
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise AotError(f"cannot read {path}: {reason}", _HINT) from None


def parse(content: bytes, name: str, source: str = "model", settings: Settings = NO_SETTINGS) -> Graph:
    """The graph in the bytes of a model file, called `name` as far as C allows; `source` is what errors call it.

    `settings` tell of its ports: the shapes that the file leaves free must be told, all else may be. Raises AotError
    for any fault in the file.
    """
    if not content:
        raise AotError(f"{source} is empty", "copy or convert the model again")
    for one in FORMATS:
        if one.recognizes(content):
            return one.parse(content, model_name(name), source, settings)
    if (kind := foreign(content, source)) is not None:
        raise AotError(f"{source} is {kind.what}, which aot does not read", kind.hint)
    raise AotError(
        f"{source} is not a TensorFlow Lite model (its identifier is not TFL3), nor an ONNX or Keras model",
        "aot reads .tflite, .onnx, .keras and .h5 files, and C arrays of .tflite files",
    )
