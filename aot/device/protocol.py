"""The host side of the device protocol: what a firmware can be asked. `link.py` has the bytes on the line."""

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from serial import SerialBase

from aot.base.errors import AotError
from aot.device.link import ATTEMPTS, Garbled, Link, WrongInputs
from aot.graph.deployment import Deployment

PROTOCOL_VERSION = "2"
_LARGEST_LAYER = 1 << 26  # more than a microcontroller's memory
_MOST_INFERENCES = 1 << 31  # in one measurement: what a device counts

_T = TypeVar("_T")


@dataclass(frozen=True)
class Identity:
    """What a firmware says of itself."""

    name: str
    sha256: str
    code: str
    version: str
    traces: bool
    ticks_per_second: int


@dataclass(frozen=True)
class Layer:
    """A layer's output, and the time from the layer before to it."""

    index: int
    ticks: int
    data: bytes


class Device:
    """A firmware at the other end of `port`, which must be `held`.

    `died` says whether the process behind the port has ended, and how, `said` what an emulator there has logged;
    `boots`, that the device has just been started and its greeting must be waited for, because it may lose what is sent
    before. `timeout` is how long one inference may take, in seconds; a command that should be quick gets
    `quick_timeout`. Inputs are sent `chunk_bytes` at a time, at most. Every method raises AotError for a device that is
    silent, garbles every attempt, stops with a fault, or restarts.
    """

    def __init__(self, port: SerialBase, held: Deployment, *, died: Callable[[], str | None] = lambda: None,
                 boots: bool = False, timeout: float = 120.0, quick_timeout: float = 5.0,
                 chunk_bytes: int = 4096, said: Callable[[], str] | None = None) -> None:  # fmt: skip
        self._link = Link(port, died, quick_timeout, said)
        self._held = held
        self._boots = boots
        self._chunk_bytes = chunk_bytes
        self._traces = True
        self._timeout = timeout

    def select(self, index: int, held: Deployment) -> None:
        """Let all that follows be of model `index`, which is to be `held`, of a firmware of several."""

        def ask() -> None:
            try:
                (frame,) = self._link.exchange(f"aot-model {index}", ("m-aot-model",), self._link.seconds)
            except Garbled as error:
                if "Unknown command: aot-model" not in str(error):
                    raise
                raise AotError("the device's firmware holds one model, not several",
                               "load the firmware of all of them: --flash") from error  # fmt: skip
            if frame.words != (str(index),):
                raise Garbled("the device selected another model")

        self._await_greeting()
        self._link.reliably(ask)
        self._held = held

    def identify(self) -> Identity:
        """Ask who is there, and check that it is the firmware of `held`; the first thing to call, or the second
        where a model must be selected first.
        """

        def ask() -> Identity:
            (frame,) = self._link.exchange("aot-identify", ("m-aot-identify",), self._link.seconds)
            if frame.words[:1] != (PROTOCOL_VERSION,):
                spoken = " ".join(frame.words[:1])
                raise AotError(f"the device speaks version {spoken} of the protocol, not {PROTOCOL_VERSION}",
                               "build its firmware again with this version of aot")  # fmt: skip
            with _reading():
                _, name, sha256, code, version, traces, ticks = frame.words
                return Identity(name, sha256, code, version, traces == "1", int(ticks))

        self._await_greeting()
        identity = self._link.reliably(ask)
        self._link.start()
        self._traces = identity.traces
        self._check(identity)
        return identity

    def _check(self, identity: Identity) -> None:
        """Raise AotError unless the device runs what is held."""
        if identity.sha256 != self._held.interface.sha256:
            raise AotError(
                f"the device runs {identity.name} ({identity.sha256[:12]}), "
                f"not {self._held.name} ({self._held.interface.sha256[:12]})",
                "load the firmware that aot build wrote for this model",
            )
        if identity.code != self._held.code:
            raise AotError(
                f"the device runs {identity.name}, but other code for it: {identity.code} from aot {identity.version}, "
                f"not {self._held.code} from aot {self._held.version}",
                "give the same --rounding, --board and other options as when its firmware was built",
                "load firmware that is built anew: --flash",
            )

    def infer(self, inputs: Sequence[bytes]) -> list[bytes]:
        """The bytes of every output for the bytes of every `inputs`, in the model's order.

        A garbled exchange is tried again, the inference itself is not: the device runs once for each upload.
        """
        crc = _crc_of(inputs)

        def once() -> None:
            self._upload(inputs)
            run = f"aot-run {crc} {crc}"
            self._link.reliably(lambda: self._link.exchange(run, ("m-aot-run",), self._timeout))

        self._while_inputs_are_wrong(once)
        return [self._output(index, crc) for index in range(len(self._held.interface.outputs))]

    def reset(self) -> None:
        """Forget what the model remembers from one inference to the next."""
        self._link.reliably(lambda: self._link.exchange("aot-reset", ("m-aot-reset",), self._link.seconds))

    def load(self, inputs: Sequence[bytes]) -> None:
        """Fill the inputs, for `time` to run on them."""
        self._link.reliably(lambda: self._upload(inputs))

    def layers(self, inputs: Sequence[bytes]) -> list[Layer]:
        """Every layer's output for `inputs`, in order; needs a firmware built with tracing.

        A model that remembers is not run again where an answer is garbled: that is an AotError.
        """
        if not self._traces:
            raise AotError("the device's firmware cannot send its layers",
                           "build it with aot build --trace, and load it",
                           "let it be built and loaded now: --flash")  # fmt: skip
        crc = _crc_of(inputs)

        def once() -> list[Layer]:
            self._upload(inputs)
            count = len(self._held.layers)
            wanted = ("m-aot-layer",) * count + ("m-aot-layers",)
            frames = self._link.exchange(f"aot-layers {crc} {crc}", wanted, self._timeout, largest=_LARGEST_LAYER)[:-1]
            with _reading():
                layers = [Layer(int(frame.words[0]), int(frame.words[1]), frame.payload) for frame in frames]
            if [layer.index for layer in layers] != list(range(count)):
                raise Garbled("the layers came out of order")
            return layers

        attempts = 1 if self._held.interface.states else ATTEMPTS
        return self._while_inputs_are_wrong(lambda: self._link.reliably(once, attempts))

    def time(self, count: int) -> tuple[int, int]:
        """Ticks for `count` inferences, and ticks per second. The inputs are whatever the arena holds."""

        def once() -> tuple[int, int]:
            (frame,) = self._link.exchange(f"aot-time {count}", ("m-aot-time",), self._timeout * count)
            with _reading():
                timed, ticks, ticks_per_second = map(int, frame.words)
            if timed != count or ticks < 0 or ticks_per_second < 1:
                raise Garbled("the device timed another number of inferences")
            return ticks, ticks_per_second

        return self._link.reliably(once)

    def stack(self) -> int:
        """Bytes of stack that one inference has used, measured; 0 where the board cannot tell."""

        def once() -> int:
            (frame,) = self._link.exchange("aot-stack", ("m-aot-stack",), self._timeout)
            with _reading():
                return int(frame.words[0])

        return self._link.reliably(once)

    def command(self, text: str) -> list[str]:
        """The lines that answer any command, for those of MLPerf Tiny; sent once, and not checked."""
        self._link.send(text.encode() + b"%")
        deadline = time.monotonic() + self._timeout
        lines: list[str] = []
        while not lines or lines[-1] != "m-ready":
            lines.append(self._link.read_line(deadline))
        return lines[:-1]

    def _await_greeting(self) -> None:
        """Read up to the first `m-ready` of a device that boots; not to see one is for the next command to report."""
        if not self._boots:
            return
        self._boots = False
        deadline = time.monotonic() + self._link.seconds
        try:
            while self._link.read_line(deadline) != "m-ready":
                pass
        except Garbled:
            self._link.raise_if_stopped()

    def _upload(self, inputs: Sequence[bytes]) -> None:
        if len(inputs) != len(self._held.interface.inputs):
            raise AotError(f"{self._held.name} has {len(self._held.interface.inputs)} inputs, not {len(inputs)}")
        for index, (data, port) in enumerate(zip(inputs, self._held.interface.inputs, strict=True)):
            if len(data) != port.bytes:
                raise AotError(f"the input {port.name} has {port.bytes} bytes, not {len(data)}")
            for offset in range(0, len(data), self._chunk_bytes):
                self._upload_chunk(index, offset, data[offset : offset + self._chunk_bytes])

    def _while_inputs_are_wrong(self, exchange: Callable[[], _T]) -> _T:
        """The result of `exchange`, which begins with an upload, done again while the device has not run for it.

        A late answer to one upload can be taken for that of the next, which went wrong. Then there is more to drain.
        """
        for _ in range(ATTEMPTS):
            try:
                return exchange()
            except WrongInputs:
                with suppress(Garbled):
                    self._link.resynchronize()
        raise AotError("the device answers with garbage: its inputs are not what was sent to it",
                       "a shorter cable, or another port")  # fmt: skip

    def _upload_chunk(self, index: int, offset: int, data: bytes) -> None:
        words = f"aot-input {index} {offset} {len(data)}"
        command = f"{words} {zlib.crc32(data, zlib.crc32(words.encode()))}"

        def once() -> None:
            (frame,) = self._link.exchange(command, ("m-aot-input",), self._link.seconds, data)
            if frame.words != (str(index), str(offset)):
                raise Garbled("the device answers for another chunk")

        self._link.reliably(once)

    def _output(self, index: int, crc: int) -> bytes:
        """Output `index` of the run on inputs with the checksum `crc`."""

        def once() -> bytes:
            size = self._held.interface.outputs[index].bytes
            (frame,) = self._link.exchange(f"aot-output {index}", ("m-aot-output",), self._link.seconds, largest=size)
            if frame.words != (str(index), str(crc)) or len(frame.payload) != size:
                raise Garbled("the device sent another output")
            return frame.payload

        return self._link.reliably(once)


@contextmanager
def _reading() -> Iterator[None]:
    """Words of an answer that are too few or no numbers: a firmware of another kind, or none."""
    try:
        yield
    except (ValueError, IndexError):
        raise Garbled("an answer of another form") from None


def _crc_of(inputs: Sequence[bytes]) -> int:
    return zlib.crc32(b"".join(inputs))


def instructions(device: Device, inputs: Sequence[bytes] | None = None, *, precision: float = 0.0005) -> int:
    """Instructions of one inference, where an instruction takes a nanosecond of the board's time.

    Repeats short inferences until one tick is below `precision` of the whole; but a model whose time depends on its
    values takes a single one, from anew, on `inputs`.
    """
    if inputs is not None:
        device.reset()
        device.load(inputs)
    count = 1
    ticks, ticks_per_second = device.time(count)
    while inputs is None and ticks * precision < 1:
        count *= max(2, min(1000, round(1 / (precision * max(ticks, 1))) + 1))
        if count > _MOST_INFERENCES:
            raise AotError("the device's timer stands still", "is its clock that of the board?")
        ticks, ticks_per_second = device.time(count)
    return round(ticks * 1_000_000_000 / ticks_per_second / count)
