"""The models of the MLPerf Tiny benchmark: which one a model is, by the name that the benchmark's runner knows."""

from aot.base.errors import AotError
from aot.graph.interface import Interface

# Name -> bytes of the int8 input and output. What the runner sends for each is in templates/device/deployment.c.j2.
_MODELS = {
    "ad01": (640, 640),
    "ic01": (32 * 32 * 3, 10),
    "kws01": (49 * 10, 12),
    "sww01": (30 * 40, 3),
    "vww01": (96 * 96 * 3, 2),
}
PIXEL_MODELS = ("ic01", "vww01")  # the runner sends pixels from 0 to 255
_PIXEL_ZERO_POINT = -128


def benchmark_of(interface: Interface) -> str:
    """The benchmark's name of a model with one int8 input and output. AotError where it is none of the benchmark's."""
    ports = (*interface.inputs, *interface.outputs)
    sizes = tuple(port.bytes for port in ports)
    name = next((name for name, wanted in _MODELS.items() if wanted == sizes), "")
    if not name or any(port.dtype != "int8" for port in ports):
        raise AotError(
            f"{interface.name} is no model of MLPerf Tiny: its inputs and outputs are "
            + ", ".join(f"{port.dtype}[{port.elements}]" for port in ports),
            *(f"{name} takes int8[{taken}] and gives int8[{given}]" for name, (taken, given) in _MODELS.items()),
        )
    if name in PIXEL_MODELS and interface.inputs[0].zero_point != _PIXEL_ZERO_POINT:
        raise AotError(f"the benchmark sends {name} pixels, whose zero is -128, but the model's zero point is "
                       f"{interface.inputs[0].zero_point}", "quantize it so that -128 is black")  # fmt: skip
    return name
