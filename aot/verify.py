"""Runs a compiled model where it will live, and compares every value with the interpreter's."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from aot import interpreter
from aot.build import Firmware
from aot.device import Device, instructions
from aot.ir import Array, Graph
from aot.pipeline import Compiled
from aot.runners import start
from aot.samples import Sample
from aot.tolerance import differing

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Difference:
    """The first wrong element: `index` counts the tensor's elements; `layer` is None where only outputs were seen."""

    sample: int
    layer: str | None
    tensor: str
    index: int
    expected: float
    actual: float


@dataclass(frozen=True)
class Verdict:
    """Whether all outputs of all samples were equal, and where not; `outputs` are the device's, by sample."""

    samples: int
    first_difference: Difference | None
    outputs: list[list[Array]]
    instructions: int | None = None

    @property
    def exact(self) -> bool:
        return self.first_difference is None


@contextmanager
def connect(compiled: Compiled, firmware: Firmware, port: str | None, *, icount: bool = True) -> Iterator[Device]:
    """Start `firmware`, or reach the board at the serial URL `port`, and make sure that it runs this model."""
    with start(firmware.elf, compiled.board, port=port, icount=icount) as connection:
        device = Device(connection.port, compiled.interface, died=connection.died, boots=connection.boots)
        device.identify()
        yield device


def run(
    compiled: Compiled,
    firmware: Firmware,
    samples: Sequence[Sample],
    port: str | None = None,
    progress: Progress = lambda done: None,
    *,
    count: bool = True,
) -> Verdict:
    """Run all samples; with `count`, also count the instructions of one inference, where the runner can."""
    count = count and port is None and compiled.board.counts_instructions
    with connect(compiled, firmware, port, icount=count) as device:
        inferences = (device.infer(_bytes(compiled.graph, sample)) for sample in _seen(samples, progress))
        outputs = [_outputs(compiled.graph, data) for data in inferences]
        counted = instructions(device) if count else None
    return Verdict(len(samples), _first_output_difference(compiled, samples, outputs), outputs, counted)


def verify_layers(
    compiled: Compiled,
    firmware: Firmware,
    samples: Sequence[Sample],
    port: str | None = None,
    progress: Progress = lambda done: None,
) -> Verdict:
    """Run all samples and compare every layer; `firmware` must be a tracing one."""
    first = None
    with connect(compiled, firmware, port, icount=False) as device:
        for i, sample in enumerate(_seen(samples, progress)):
            layers = [layer.data for layer in device.layers(_bytes(compiled.graph, sample))]
            first = first or _first_layer_difference(compiled, i, sample, layers)
    return Verdict(len(samples), first, [])


def _seen(samples: Sequence[Sample], progress: Progress) -> Iterator[Sample]:
    for i, sample in enumerate(samples):
        yield sample
        progress(i + 1)


def _bytes(graph: Graph, sample: Sample) -> list[bytes]:
    return [np.ascontiguousarray(sample[name]).tobytes() for name in graph.inputs]


def _outputs(graph: Graph, data: Sequence[bytes]) -> list[Array]:
    tensors = [graph[name] for name in graph.outputs]
    return [np.frombuffer(raw, t.dtype).reshape(t.shape) for raw, t in zip(data, tensors, strict=True)]


def _first_output_difference(
    compiled: Compiled, samples: Sequence[Sample], outputs: Sequence[Sequence[Array]]
) -> Difference | None:
    """Against the graph as it was read, before any pass."""
    for i, (sample, actual) in enumerate(zip(samples, outputs, strict=True)):
        values = interpreter.run(compiled.source, sample, compiled.rounding)
        for name, array in zip(compiled.source.outputs, actual, strict=True):
            if (found := _compare(compiled.source, i, None, name, values[name], array)) is not None:
                return found
    return None


def _first_layer_difference(
    compiled: Compiled, sample_index: int, sample: Sample, layers: Sequence[bytes]
) -> Difference | None:
    values = interpreter.run(compiled.graph, sample, compiled.rounding)
    for call, raw in zip(compiled.calls, layers, strict=True):
        name = call.outputs[0]
        expected = values[name]
        actual = np.frombuffer(raw, expected.dtype).reshape(expected.shape)
        if (found := _compare(compiled.graph, sample_index, call.kernel.name, name, expected, actual)) is not None:
            return found
    return None


def _compare(
    graph: Graph, sample: int, layer: str | None, tensor: str, expected: Array, actual: Array
) -> Difference | None:
    """Bytes, not values (a negative zero is a difference too), but for what `aot.tolerance` allows."""
    wrong = np.flatnonzero(differing(graph, tensor, expected, actual))
    if wrong.size == 0:
        return None
    index = int(wrong[0])
    wanted, got = (array.reshape(-1)[index].item() for array in (expected, actual))
    return Difference(sample, layer, tensor, index, wanted, got)
