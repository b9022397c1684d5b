"""Modules of PyTorch as ONNX; the only importer of torch."""

import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO

import onnxscript as onnxscript  # what torch.onnx writes with: missing, it would say so too late
import torch

from aot.base.errors import AotError

_OPSET = 20  # the first with Gelu, and an average of pools that is exact


def onnx_of(module: object, example_inputs: object) -> bytes:
    """The ONNX file of a module, in evaluation mode, that is called with `example_inputs`."""
    if isinstance(module, torch.export.ExportedProgram):
        return _exported(module, (), {})
    if not isinstance(module, torch.nn.Module):
        kind = type(module).__name__
        raise AotError(f"a module is a torch.nn.Module or an exported program, not {kind}", "model = MyModel().eval()")
    positional, named = _arguments(example_inputs)
    training = [m for m in module.modules() if m.training]
    try:
        if not isinstance(module, torch.fx.GraphModule):  # whose mode is part of its graph
            module.eval()
        return _exported(module, positional, named)
    finally:
        for one in training:
            one.training = True


def onnx_of_archive(content: bytes, source: str) -> bytes:
    """The ONNX file of what `torch.export.save` wrote."""
    try:
        program = torch.export.load(BytesIO(content))
    except Exception as error:
        raise AotError(f"PyTorch cannot load {source}: {_first_line(error)}",
                       "save it again: torch.export.save(torch.export.export(model.eval(), inputs), path)"
                       ) from None  # fmt: skip
    return _exported(program, (), {})


def quantized(module: object, example_inputs: object, quantizer: object, calibration: Iterable[object]) -> object:
    """PT2E: the module is exported, observed with each of the `calibration`, and converted."""
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    if not isinstance(module, torch.nn.Module):
        raise AotError("a quantizer needs the module itself, not what was exported", "from_torch(model.eval(), ...)")
    positional, named = _arguments(example_inputs)
    try:
        with _quiet(), torch.no_grad():
            program = torch.export.export(module.eval(), positional, named)
            observed = prepare_pt2e(program.module(), quantizer)
            for inputs in calibration:
                args, kwargs = _arguments(inputs)
                observed(*args, **kwargs)
            return convert_pt2e(observed)
    except Exception as error:  # quantizers raise what they like
        raise AotError(f"the module cannot be quantized: {_first_line(error)}",
                       "quantize it by aot instead: aot.quantize(aot.from_torch(model, inputs), samples)"
                       ) from None  # fmt: skip


def _arguments(example_inputs: object) -> tuple[tuple[object, ...], dict[str, object]]:
    """Positional and named arguments of a call; arrays become tensors."""
    if isinstance(example_inputs, Mapping):
        return (), {name: _tensor(value) for name, value in example_inputs.items()}
    if isinstance(example_inputs, tuple | list):
        return tuple(_tensor(value) for value in example_inputs), {}
    return (_tensor(example_inputs),), {}


def _tensor(value: object) -> object:
    return torch.from_numpy(value) if type(value).__module__ == "numpy" else value


def _exported(module: object, positional: tuple[object, ...], named: dict[str, object]) -> bytes:
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                module, positional, kwargs=named, dynamo=True, opset_version=_OPSET, verbose=False, optimize=True
            )
            return program.model_proto.SerializeToString()  # type: ignore[no-any-return]
    except Exception as error:  # what the exporter raises is of many kinds
        raise AotError(
            f"PyTorch cannot export the module: {_first_line(error)}",
            "torch.export.export(model.eval(), example_inputs) tells where; no branch may depend on values",
            "or export it another way: torch.onnx.export(model, inputs, 'model.onnx'), and give that file",
        ) from None


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's remarks on its own workings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)
