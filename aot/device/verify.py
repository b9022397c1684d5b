"""Runs a compiled model where it will live, and compares every value with the interpreter's."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from aot.compile.records import Compiled
from aot.device.protocol import Device, instructions
from aot.graph.ir import Array, Graph
from aot.oracle import interpreter
from aot.oracle.samples import Sample
from aot.oracle.tolerance import Slack, compare, slack_of_layers, slacks
from aot.project.compile import Firmware
from aot.runners import Connection, start

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


_Result = tuple[Difference | None, int]  # the first wrong element, and the largest distance that was accepted


@dataclass(frozen=True)
class Verdict:
    """Whether all that was compared was equal, and where not; `outputs` are the device's, by sample.

    `distance` is the largest that was accepted, in units in the last place of float32 or in codes of an integer type:
    above 0 only behind operators that no C library computes exactly.
    """

    samples: int
    first_difference: Difference | None
    distance: int
    outputs: list[list[Array]]
    instructions: int | None = None

    def __repr__(self) -> str:
        found = self.first_difference or "nothing differs"
        return f"<Verdict of {self.samples} samples: {found}, distance {self.distance}>"

    @property
    def passed(self) -> bool:
        """Nothing is further off than the operators allow."""
        return self.first_difference is None

    @property
    def exact(self) -> bool:
        """Every byte is equal."""
        return self.passed and self.distance == 0


@contextmanager
def connect(
    compiled: Compiled,
    firmware: Firmware | None,
    port: str | None,
    *,
    icount: bool = True,
    plugin: str = "",
    number: int | None = None,
) -> Iterator[Device]:
    """Start `firmware`, or reach the board at the serial URL `port`, which needs none; make sure that it runs this very
    code; reset it. Where it holds several models, `number` is this one's.
    """
    with start(
        firmware.elf if firmware else None, compiled.board, port=port, icount=icount, plugin=plugin
    ) as connection:
        yield reached(compiled, connection, number)


def reached(compiled: Compiled, connection: Connection, number: int | None = None) -> Device:
    """The device at the other end, which is made sure to run this very code, and reset; `number` as in `connect`."""
    device = Device(connection.port, compiled.held, died=connection.died, boots=connection.boots,
                    chunk_bytes=connection.chunk_bytes, said=connection.said if connection.boots else None)  # fmt: skip
    _begin(device, compiled, number)
    return device


def _begin(device: Device, compiled: Compiled, number: int | None) -> None:
    _select(device, compiled, number)
    device.identify()
    if compiled.interface.states:
        device.reset()


def _select(device: Device, compiled: Compiled, number: int | None) -> None:
    if number is not None:
        device.select(number, compiled.held)


def numbers_of(models: Sequence[Compiled]) -> Sequence[int | None]:
    """By which number each is known to their firmware; that of one model knows none."""
    return range(len(models)) if len(models) > 1 else [None]


def run(
    compiled: Compiled,
    firmware: Firmware | None,
    samples: Sequence[Sample],
    port: str | None = None,
    progress: Progress = lambda done: None,
    *,
    count: bool = True,
    number: int | None = None,
) -> Verdict:
    """Run all samples; with `count`, also count the instructions of one inference, where the runner can.

    Where `firmware` holds several models, `number` is this one's.
    """
    count = count and port is None and compiled.board.counts_instructions
    with connect(compiled, firmware, port, icount=count, number=number) as device:
        expected = _expected(compiled, samples)  # before the device's answers: what never ends, ends here
        inferences = (device.infer(input_bytes(compiled.graph, sample)) for sample in _seen(samples, progress))
        outputs = [_outputs(compiled.graph, data) for data in inferences]
        varying = input_bytes(compiled.graph, samples[0]) if compiled.graph.has_control_flow else None
        counted = instructions(device, varying) if count else None
    return Verdict(len(samples), *_judged(_compared_outputs(compiled, expected, outputs)), outputs, counted)


def run_in_turn(
    models: Sequence[Compiled],
    firmware: Firmware | None,
    samples: Sequence[Sequence[Sample]],
    port: str | None = None,
    progress: Progress = lambda done: None,
) -> list[Verdict]:
    """Run all models of a firmware: the first sample of each, then the second of each, and so on."""
    numbers = numbers_of(models)
    outputs: list[list[list[Array]]] = [[] for _ in models]
    with connect(models[0], firmware, port, icount=False, number=numbers[0]) as device:
        for compiled, number in list(zip(models, numbers, strict=True))[1:]:
            _begin(device, compiled, number)
        expected = [_expected(compiled, given) for compiled, given in zip(models, samples, strict=True)]
        for i in range(max(map(len, samples))):
            for compiled, number, given, got in zip(models, numbers, samples, outputs, strict=True):
                if i < len(given):
                    _select(device, compiled, number)
                    got.append(_outputs(compiled.graph, device.infer(input_bytes(compiled.graph, given[i]))))
            progress(i + 1)
    return [
        Verdict(len(got), *_judged(_compared_outputs(compiled, wanted, got)), got)
        for compiled, wanted, got in zip(models, expected, outputs, strict=True)
    ]


def verify_layers(
    compiled: Compiled,
    firmware: Firmware | None,
    samples: Sequence[Sample],
    port: str | None = None,
    progress: Progress = lambda done: None,
    number: int | None = None,
) -> Verdict:
    """Run all samples and compare every layer, given its operands as the device had them.

    `firmware` must be a tracing one; where it holds several models, `number` is this one's.
    """
    results: list[_Result] = []
    with connect(compiled, firmware, port, icount=False, number=number) as device:
        state = interpreter.initial_state(compiled.graph)
        for i, sample in enumerate(_seen(samples, progress)):
            layers = [layer.data for layer in device.layers(input_bytes(compiled.graph, sample))]
            values = interpreter.start(compiled.graph, sample, state)
            results += _compared_layers(compiled, i, values, layers)
            state = interpreter.next_state(compiled.graph, values)
    return Verdict(len(samples), *_judged(results), [])


def _seen(samples: Sequence[Sample], progress: Progress) -> Iterator[Sample]:
    for i, sample in enumerate(samples):
        yield sample
        progress(i + 1)


def input_bytes(graph: Graph, sample: Sample) -> list[bytes]:
    """What a device is sent for `sample`: the bytes of each input."""
    return [np.ascontiguousarray(sample[name]).tobytes() for name in graph.inputs]


def _outputs(graph: Graph, data: Sequence[bytes]) -> list[Array]:
    tensors = [graph[name] for name in graph.outputs]
    return [np.frombuffer(raw, t.dtype).reshape(t.shape) for raw, t in zip(data, tensors, strict=True)]


def _expected(compiled: Compiled, samples: Sequence[Sample]) -> list[list[Array]]:
    """The outputs of the graph as it was read, before any pass, for each sample."""
    runs = interpreter.run_all(compiled.source, samples, compiled.rounding)
    return [[values[name] for name in compiled.source.outputs] for values in runs]


def _compared_outputs(
    compiled: Compiled, expected: Sequence[Sequence[Array]], outputs: Sequence[Sequence[Array]]
) -> Iterator[_Result]:
    allowed = slacks(compiled.source)
    for i, (wanted, actual) in enumerate(zip(expected, outputs, strict=True)):
        for name, right, array in zip(compiled.source.outputs, wanted, actual, strict=True):
            yield _compared((i, None, name), right, array, allowed[name])


def _compared_layers(
    compiled: Compiled, sample_index: int, values: dict[str, Array], layers: Sequence[bytes]
) -> Iterator[_Result]:
    """Each layer from what the device had computed before it, so that one layer's inexactness is not the next one's.

    `values` is what was known before the first layer, and becomes all that the device has computed.
    """
    graph, allowed = compiled.graph, slack_of_layers(compiled.graph)
    kernels = {name: call.kernel.name for call in compiled.calls for name in call.outputs}
    received = dict(zip(compiled.held.layers, layers, strict=True))
    for op in graph.ops:
        for name, expected in graph.step(op, values, compiled.rounding).items():
            values[name] = expected
            if name in received:
                values[name] = _by_pixels(received[name], expected, name in compiled.planes)
                yield _compared((sample_index, kernels[name], name), expected, values[name], allowed[name])


def _by_pixels(data: bytes, like: Array, planes: bool) -> Array:
    """A layer's output as an array like `like`; in the arena it may lie by planes."""
    values = np.frombuffer(data, like.dtype)
    if not planes:
        return values.reshape(like.shape)
    images, height, width, channels = like.shape
    return values.reshape(images, channels, height, width).transpose(0, 2, 3, 1)


def _compared(place: tuple[int, str | None, str], expected: Array, actual: Array, slack: Slack) -> _Result:
    comparison = compare(expected, actual, slack)
    wrong = np.flatnonzero(comparison.wrong)
    if wrong.size == 0:
        return None, comparison.distance
    index = int(wrong[0])
    wanted, got = (array.reshape(-1)[index].item() for array in (expected, actual))
    return Difference(*place, index, wanted, got), comparison.distance


def _judged(results: Iterable[_Result]) -> _Result:
    """The first difference and the largest distance."""
    found = list(results)
    first = next((difference for difference, _ in found if difference), None)
    return first, max((distance for _, distance in found), default=0)
