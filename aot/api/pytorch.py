"""`from_torch`: a PyTorch module becomes a graph, quantized on the way if a quantizer is given."""

from collections.abc import Iterable
from typing import Unpack

from aot.base.choices import PortKeywords
from aot.base.errors import AotError
from aot.frontends import settings_of
from aot.frontends.pytorch import module_graph, quantized_module
from aot.graph.identifiers import model_name
from aot.graph.ir import Graph
from aot.passes import normalize


def from_torch(
    module: object,
    example_inputs: object,
    quantizer: object = None,
    calibration: Iterable[object] | None = None,
    *,
    name: str = "model",
    **ports: Unpack[PortKeywords],
) -> Graph:
    """The graph of a `torch.nn.Module`, or of a program that `torch.export` made, in evaluation mode.

    `example_inputs` are what it is called with: a tensor, a tuple of them, or a dict by the names of the arguments;
    shapes are taken from them. A `quantizer` of PT2E (torchao) quantizes the module, with the ranges that the
    `calibration` shows, each of whose elements is like `example_inputs`; the module stays as it is. Modules that were
    quantized before, also in training, are read with their codes. What comes out goes to `aot.build` and all other
    functions in the place of a file. `ports` are as in `aot.load`. Raises AotError for what cannot be exported or read.
    """
    if (quantizer is None) != (calibration is None):
        raise AotError("a quantizer and calibration go together", "calibration=[inputs, ...]: a few dozen typical ones")
    if quantizer is not None:
        module = quantized_module(module, example_inputs, quantizer, calibration)
    return normalize(module_graph(module, example_inputs, model_name(name), settings_of(**ports)))
