"""The line to a device: checked exchanges over any open pyserial port.

An answer is any number of lines, then `m-ready`. A frame is a line `m-aot-<what> <numbers>... <size>`, `size` bytes,
and a line with their CRC-32. An exchange that comes back garbled is tried again, after both sides have found their
feet. Each has one deadline, which only frames that were asked for put off: a device may talk all the time.
"""

import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from serial import SerialBase, SerialException

from aot.base.errors import AotError, printable

ATTEMPTS = 4
_QUIET_SECONDS = 0.1
_POLL_SECONDS = 0.2
_LONGEST_LINE = 1024
_WRONG_INPUTS = "e-[aot inputs differ]"
_WRONG_WEIGHTS = "e-[weights: "
_RUNS = ("m-aot-run", "m-aot-layers")
_TAIL_BYTES = 2048
_SHOWN_CHARACTERS = 80
_LOG_LINES = 6
_DIGITS = 10  # of a size
_FRAME_END = len("\r\n*01234567\r\n")
_DEVICE_PATIENCE_SECONDS = 1.1  # after this long without a byte, the device gives up an upload

_T = TypeVar("_T")


class Garbled(Exception):
    """What came back is not an answer: worth another attempt."""


class WrongInputs(Exception):
    """The device's inputs are not those that were sent: worth sending them again."""


class Silent(Garbled):
    """Nothing more came in time."""


class Chatter(Garbled):
    """What came in time was no answer, and more comes."""


@dataclass(frozen=True)
class Frame:
    """The words of a frame's line but the first and the last, and its payload."""

    words: tuple[str, ...]
    payload: bytes


class Link:
    """The line to the device at `port`. Every method raises AotError when the device stops, restarts or goes away.

    `died` says whether the process behind the port has ended, and how, `said` what an emulator there has logged.
    `seconds` is how long a device may take to answer a quick command.
    """

    def __init__(self, port: SerialBase, died: Callable[[], str | None], seconds: float,
                 said: Callable[[], str] | None = None) -> None:  # fmt: skip
        self._port = port
        self._died = died
        self._said = said
        self.seconds = seconds
        self._tail = b""
        self._started = False
        self._marks = 0

    def start(self) -> None:
        """From here on, a greeting means that the device has restarted."""
        self._started, self._tail = True, b""

    def reliably(self, exchange: Callable[[], _T], attempts: int = ATTEMPTS) -> _T:
        """The result of `exchange`, tried again while it is garbled. AotError after the last of `attempts`."""
        failure: Garbled = Garbled()
        for attempt in range(attempts):
            try:
                if attempt:
                    self.resynchronize()
                return exchange()
            except Garbled as error:
                failure = error
                self.raise_if_stopped()
        if self._unreadable():
            raise AotError(
                f"the device sends garbage at {self._port.baudrate} baud: {self._tail[-20:]!r}",
                "the rate that its firmware was built for: --baud",
                "is this the port of the board's UART?",
            )
        if isinstance(failure, Silent) and self._said is not None:
            log = " | ".join(self._said().split("\n")[-_LOG_LINES:]).strip(" |")
            raise AotError(
                f"the firmware is silent in its emulator: {failure}", f"the end of its log: {log or 'empty'}"
            )
        if isinstance(failure, Silent):
            raise AotError(
                f"the device is silent: {failure}",
                "is this the right port, and its rate that of the board?",
                "does the board hold the firmware that aot build wrote?",
                "press its reset button",
            )
        if isinstance(failure, Chatter):
            raise AotError(
                f"the device does not answer, but prints lines of its own: {self._last_line()!r}",
                "does the board hold the firmware that aot build wrote? --flash loads it",
                "is this the right port? aot ports lists them",
            )
        raise AotError(f"the device answers with garbage: {failure}", f"the last it sent: {self._tail[-80:]!r}",
                       "a shorter cable, or another port")  # fmt: skip

    def _last_line(self) -> str:
        """The last line that came as a whole, or what there is of one."""
        *lines, rest = self._tail.decode("ascii", errors="replace").splitlines(keepends=True) or [""]
        whole = [line.strip() for line in (*lines, rest) if line.endswith("\n") and line.strip()]
        return printable(whole[-1] if whole else rest.strip())[-_SHOWN_CHARACTERS:]

    def _unreadable(self) -> bool:
        """Whether much of what came last is no text at all, as it is at a wrong rate. No answer to `reliably` is."""
        strange = sum(byte > 0x7E or (byte < 0x20 and byte not in b"\r\n\t\x1b") for byte in self._tail)
        return not self._started and strange * 8 > len(self._tail)

    def exchange(
        self, command: str, wanted: tuple[str, ...], timeout: float, data: bytes = b"", largest: int = 0
    ) -> list[Frame]:
        """Send `command` and `data` once; the frames of the answer, which must begin with the words `wanted`.

        None has more than `largest` bytes.
        """
        self.send(command.encode() + b"%" + data)
        deadline = time.monotonic() + timeout + self._transfer_seconds(len(data))
        frames: list[Frame] = []
        while True:
            line = self.read_line(deadline)
            if line == "m-ready" and (frames or self._started):
                break
            if line.startswith(_WRONG_WEIGHTS):
                raise AotError(f"the device cannot run its model: {line[3:-1]}",
                               "program the file that was built together with its firmware")  # fmt: skip
            if line == _WRONG_INPUTS and wanted[-1] in _RUNS:
                raise WrongInputs
            if line.startswith("e-["):
                raise Garbled(line)
            if line.startswith("m-aot-"):
                deadline += self._frame_seconds(line, wanted[len(frames) :], largest)
                frames.append(self._read_frame(line, deadline))
        if tuple(frame.words[0] for frame in frames) != wanted:
            raise Garbled(f"the answer to {command.split()[0]} is incomplete")
        return [Frame(frame.words[1:], frame.payload) for frame in frames]

    def _transfer_seconds(self, count: int) -> float:
        """How long `count` bytes take at the port's rate, doubled."""
        return 20.0 * count / int(self._port.baudrate or 9600)

    def _frame_seconds(self, line: str, wanted: tuple[str, ...], largest: int) -> float:
        """How long the frame that begins with `line` takes, doubled; Garbled where it is not the next of `wanted`."""
        word, size = line.split(" ")[0], line.rpartition(" ")[2]
        if not size.isdecimal() or len(size) > _DIGITS or int(size) > largest:
            raise Garbled("a frame of another size")
        if word not in wanted[:1]:
            raise Garbled("a frame that was not asked for")
        return self._transfer_seconds(len(line) + int(size) + _FRAME_END)

    def _read_frame(self, line: str, deadline: float) -> Frame:
        *words, size = line.split(" ")
        payload = self._read(int(size), deadline)
        crc = zlib.crc32(payload, zlib.crc32(f"{line}\r\n".encode()))
        if self.read_line(deadline) != f"*{crc:08x}":
            raise Garbled("a checksum is wrong")
        return Frame(tuple(words), payload)

    def read_line(self, deadline: float) -> str:
        """The next line; Chatter where the one before has come too late already, and the device still talks."""
        if time.monotonic() >= deadline and self._tail:
            raise Chatter
        line = b""
        while not line.endswith(b"\n"):
            line += self._read(1, deadline)
            if len(line) > _LONGEST_LINE:
                raise Garbled("a line without an end")
        text = line.decode("ascii", errors="replace").rstrip("\r\n")
        if text.startswith("aot-fault") or (self._started and text == "m-init-done"):
            self.raise_if_stopped()
        return text

    def _read(self, count: int, deadline: float) -> bytes:
        """Exactly `count` bytes; Silent when they have not come by `deadline`."""
        data = b""
        while len(data) < count:
            self._port.timeout = min(_POLL_SECONDS, max(0.0, deadline - time.monotonic()))
            try:
                new = self._port.read(count - len(data))
            except (SerialException, OSError) as error:
                raise self._lost(error) from error
            data += new
            self._tail = (self._tail + new)[-_TAIL_BYTES:]
            if not new and (end := self._died()):
                raise AotError(end)
            if not new and time.monotonic() >= deadline:
                raise Silent(f"{len(data)} of {count} bytes came")
        return data

    def send(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except (SerialException, OSError) as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> AotError:
        """What to say of a port that failed; a process that is just ending gets the time to end."""
        time.sleep(_QUIET_SECONDS)
        return AotError(self._died() or f"the port failed: {error}", "run it again", "another port or cable")

    def resynchronize(self) -> None:
        """Let the device give up what it waits for, end a half-received command, and drop all that was under way.

        The last that is dropped is the answer to a command that there is not, and that was never sent before: where
        answers come late, one to an earlier command would be taken for that of the next.
        """
        self._drain(_DEVICE_PATIENCE_SECONDS)
        self._marks += self._started
        mark = f"aot-mark {self._marks}"
        self.send(f"%{mark}%".encode() if self._started else b"%")
        with suppress(Garbled):
            if self._started:
                self._read_through(mark)
                return
        self._drain(_QUIET_SECONDS)

    def _read_through(self, mark: str) -> None:
        """Read to the end of the answer to the unknown command `mark`, which repeats it; Garbled where it is lost."""
        deadline = time.monotonic() + self.seconds
        while not self.read_line(deadline).endswith(f"{mark}]"):
            pass
        while self.read_line(deadline) != "m-ready":
            pass

    def _drain(self, quiet_seconds: float) -> None:
        """Read until nothing has come for `quiet_seconds`; Chatter when it never stops."""
        limit = time.monotonic() + self.seconds + quiet_seconds
        while time.monotonic() < limit:
            try:
                self._read(1, time.monotonic() + quiet_seconds)
            except Silent:
                self.raise_if_stopped()
                return
        raise Chatter("the device does not stop sending")

    def raise_if_stopped(self) -> None:
        """AotError when the last bytes tell of a fault or, once it had started, of a restart."""
        fault = self._tail.find(b"aot-fault")
        if fault >= 0:
            line = self._tail[fault:].partition(b"\r")[0].decode("ascii", errors="replace")
            raise AotError(f"the firmware stopped with a fault: {line.removeprefix('aot-fault ')}",
                           "look its address up: arm-none-eabi-addr2line -f -e <elf> <pc>")  # fmt: skip
        if self._started and b"m-init-done" in self._tail:
            raise AotError("the device restarted in the middle", "is its power supply good?",
                           "does a watchdog reset it?")  # fmt: skip
