"""Model files that aot does not read: what they are, and how they become one that it does."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

_KERAS = "copy it or save it again: in Python, model.save('model.keras')"
_TORCH = "in Python: torch.onnx.export(model.eval(), sample_inputs, path, dynamo=True), and give that .onnx file"
_ONNX = "copy it or export it again: in Python, onnx.checker.check_model(path) says what is wrong"
_LFS = b"version https://git-lfs"
_FROZEN = "in Python: tf.lite.TFLiteConverter.from_saved_model(folder).convert(), of the folder that it is in"
SAVED_MODEL = "saved_model.pb"  # a SavedModel is a folder that holds it
SAVED_MODEL_HINT = "in Python: tf.lite.TFLiteConverter.from_saved_model(folder).convert()"


@dataclass(frozen=True)
class Foreign:
    """A kind of file: how its content and the end of its name are recognized, and what to do with it."""

    what: str
    recognizes: Callable[[bytes, str], bool]
    hint: str


def foreign(content: bytes, source: str) -> Foreign | None:
    """What kind of model a file is that aot does not read, if it is one."""
    suffix = Path(source).suffix.lower()
    return next((kind for kind in _KINDS if kind.recognizes(content, suffix)), None)


def _members(content: bytes) -> list[str]:
    """The names in an archive; none where it is none, or damaged."""
    if not content.startswith(b"PK"):
        return []
    try:
        with ZipFile(BytesIO(content)) as archive:
            return archive.namelist()
    except (BadZipFile, ValueError, OSError, NotImplementedError):
        return []


def _is_torch(content: bytes, suffix: str) -> bool:
    archived = any(name.endswith(("/data.pkl", "/constants.pkl", "/models/model.json")) for name in _members(content))
    return archived or suffix in (".pt", ".pth", ".pt2", ".ckpt")


def _is_page(content: bytes, suffix: str) -> bool:
    return content[:256].lstrip().lower().startswith((b"<!doctype html", b"<html"))


_KINDS = (
    Foreign("a pointer of Git LFS instead of a model", lambda content, _: content.startswith(_LFS), "git lfs pull"),
    Foreign("a web page instead of a model", _is_page, "download the file itself: on GitHub, the link called Raw"),
    Foreign("a PyTorch model", _is_torch, _TORCH),
    Foreign("no Keras model, by its content", lambda _, suffix: suffix in (".keras", ".h5", ".hdf5"), _KERAS),
    Foreign("no ONNX model, by its content", lambda _, suffix: suffix == ".onnx", _ONNX),
    Foreign("a graph of TensorFlow", lambda _, suffix: suffix in (".pb", ".pbtxt"), _FROZEN),
)
