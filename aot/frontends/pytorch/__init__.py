"""PyTorch: modules and exported programs, which its own exporter turns into ONNX in memory."""

from io import BytesIO
from types import ModuleType
from zipfile import BadZipFile, ZipFile

from aot.frontends import onnx
from aot.frontends.extras import needed
from aot.frontends.settings import Settings
from aot.graph.ir import Graph

_PROGRAM = "/models/model.json"  # what an archive of torch.export.save holds
_OLD_PROGRAM = "serialized_exported_program.json"


def recognizes(content: bytes) -> bool:
    """Whether a file is a .pt2 archive of `torch.export.save`."""
    if not content.startswith(b"PK"):
        return False
    try:
        with ZipFile(BytesIO(content)) as archive:
            return any(name.endswith(_PROGRAM) or name == _OLD_PROGRAM for name in archive.namelist())
    except (BadZipFile, ValueError, OSError, NotImplementedError):
        return False


def parse(content: bytes, name: str, source: str, settings: Settings) -> Graph:
    """The graph in the bytes of a .pt2 file, called `name`; `source` is what errors call it. Raises AotError."""
    return onnx.parse(_exporting().onnx_of_archive(content, source), name, source, settings)


def module_graph(module: object, example_inputs: object, name: str, settings: Settings) -> Graph:
    """The graph of a `torch.nn.Module` or exported program, called `name`. Raises AotError."""
    return onnx.parse(_exporting().onnx_of(module, example_inputs), name, "the module", settings)


def quantized_module(module: object, example_inputs: object, quantizer: object, calibration: object) -> object:
    """The module, quantized by a quantizer of PT2E with the inputs in `calibration`. Raises AotError."""
    return _exporting().quantized(module, example_inputs, quantizer, calibration)


def _exporting() -> ModuleType:
    """The module that needs torch."""
    with needed("torch", "a PyTorch model", "torch", "onnxscript"):
        from aot.frontends.pytorch import exporting
    return exporting
