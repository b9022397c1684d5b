"""Talks to hostile devices: each session ends, in time, with right answers or an AotError.

    python tests/tools/fuzz_devices.py [--first N] [--count N]

A device answers as it should, but for what a seed does to some of its answers: chatter, garbage, halves, a byte now and
then, output without an end, frames of another form. Time is made up, so that nobody waits for it.
"""

import random
import sys
import zlib
from collections.abc import Callable
from typing import Any

import campaign
import dummy

from aot.base.errors import AotError
from aot.device import link, protocol
from aot.device.protocol import Device, instructions

MEMORY_BYTES = 1 << 29
SECONDS = 30
_MADE_UP_SECONDS = 400.0  # for a session of eight exchanges, each of which may be tried four times
_BYTE_SECONDS = 10 / 115_200
_WORDS = ("", "0", "1", "-1", "x", "99999999999999999999", "1_0", "4294967296", "m-ready", "0 0", "%s")
_LINES = (b"tick\r\n", b"\r\n", b"m-ready\r\n", b"e-[aot inputs differ]\r\n", b"e-[no]\r\n", b"aot-fault pc=0\r\n",
          b"m-init-done\r\n", b"\x1b[2J\x1b]0;title\x07\r\n", b"m-aot-run 0\r\n*00000000\r\n", b"m-aot-\r\n", b"*\r\n",
          b"m-aot-identify 999999999\r\n", b"e-[weights: none]\r\n", b"x" * 3000)  # fmt: skip


class Clock:
    """Stands for the module `time`."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class HostileDevice:
    """A port with a device of the dummy model behind it."""

    baudrate = 115_200
    timeout = 0.0

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock, self._rng = clock, rng
        self._heard, self._said = b"", b""
        self._arena = [bytes(dummy.SIZE), bytes(dummy.SIZE)]
        self._crc = 0
        self._byte_seconds, self._endless = _BYTE_SECONDS, b""
        self._rate = rng.choice((0.05, 0.2, 0.6, 1.0))
        kinds: list[Callable[[bytes], bytes]] = [
            self._chatter, self._garbage, self._half, self._slow, self._without_end, self._forged, self._flipped,
            self._nothing, self._twice,
        ]  # fmt: skip
        self._kinds = rng.sample(kinds, rng.choice((1, 1, 2, len(kinds))))

    def write(self, data: bytes) -> None:
        self._heard += data
        while b"%" in self._heard:
            line, _, rest = self._heard.partition(b"%")
            words = line.decode("ascii", errors="replace").split(" ")
            size = int(words[3]) if words[0] == "aot-input" and len(words) == 5 else 0
            self._heard = rest[size:]
            answer = self._answer(words, rest[:size]) + b"m-ready\r\n"
            self._said += self._rng.choice(self._kinds)(answer) if self._rng.random() < self._rate else answer

    def read(self, count: int) -> bytes:
        if not self._said and self._endless:
            self._said = self._endless * 20
        if not self._said:
            self._clock.sleep(self.timeout)
            return b""
        count = 1 if self._byte_seconds > _BYTE_SECONDS else count
        data, self._said = self._said[:count], self._said[count:]
        self._clock.sleep(self._byte_seconds * len(data))
        return data

    def _answer(self, words: list[str], data: bytes) -> bytes:
        match words:
            case ["aot-identify"]:
                face = dummy.DEPLOYMENT.interface
                return _frame(f"m-aot-identify 2 dummy {face.sha256} {dummy.DEPLOYMENT.code} 0.1.0 1 1000000")
            case ["aot-input", index, offset, size, crc]:
                if int(crc) != zlib.crc32(data, zlib.crc32(" ".join(words[:4]).encode())):
                    return b"e-[checksum]\r\n"
                old = self._arena[int(index)]
                self._arena[int(index)] = old[: int(offset)] + data + old[int(offset) + int(size) :]
                return _frame(f"m-aot-input {index} {offset}")
            case ["aot-run" | "aot-layers", crc, _]:
                if int(crc) != zlib.crc32(b"".join(self._arena)):
                    return b"e-[aot inputs differ]\r\n"
                self._crc = int(crc)
                layers = [_frame(f"m-aot-layer {i} {i}", part) for i, part in enumerate(dummy.layers(*self._arena))]
                return b"".join([*layers, _frame("m-aot-layers")]) if "layers" in words[0] else _frame("m-aot-run")
            case ["aot-output", "0"]:
                return _frame(f"m-aot-output 0 {self._crc}", dummy.layers(*self._arena)[1])
            case ["aot-time", count]:
                return _frame(f"m-aot-time {count} {3 * int(count)} 1000000")
            case ["aot-stack"]:
                return _frame("m-aot-stack 96")
            case ["aot-reset"]:
                return _frame("m-aot-reset")
        return f"e-[Unknown command: {' '.join(words)}]\r\n".encode()

    def _chatter(self, answer: bytes) -> bytes:
        lines = answer.split(b"\r\n")
        at = self._rng.randrange(len(lines))
        return b"\r\n".join([*lines[:at], *self._rng.choices(_LINES, k=self._rng.choice((1, 5, 500))), *lines[at:]])

    def _garbage(self, answer: bytes) -> bytes:
        at = self._rng.randrange(len(answer))
        return answer[:at] + self._rng.randbytes(self._rng.choice((1, 10, 5000))) + answer[at:]

    def _half(self, answer: bytes) -> bytes:
        return answer[: self._rng.randrange(len(answer))]

    def _slow(self, answer: bytes) -> bytes:
        self._byte_seconds = self._rng.choice((_BYTE_SECONDS, 0.001, 0.05, 0.9))
        return answer

    def _without_end(self, answer: bytes) -> bytes:
        self._endless = self._rng.choice((*_LINES, b"x", b"\x00\xff", b""))
        return answer[: self._rng.randrange(len(answer))]

    def _forged(self, answer: bytes) -> bytes:
        """Another word in a line, and a checksum to match: a firmware of another kind."""
        line, _, rest = answer.partition(b"\r\n")
        words = line.decode("ascii", errors="replace").split(" ")
        if not words[0].startswith("m-aot-") or words[0] in ("m-aot-output", "m-aot-layer") or words[-1] != "0":
            return answer
        kind, at = self._rng.randrange(3), self._rng.randrange(len(words))
        if kind == 0 and len(words) > 1:
            del words[at]
        else:
            words[at : at + (kind == 1)] = [self._rng.choice(_WORDS)]
        forged = " ".join(words).encode() + b"\r\n"
        return forged + b"*%08x\r\n" % zlib.crc32(forged) + rest.partition(b"\r\n")[2]

    def _flipped(self, answer: bytes) -> bytes:
        at = self._rng.randrange(len(answer))
        return answer[:at] + bytes([answer[at] ^ (1 << self._rng.randrange(8))]) + answer[at + 1 :]

    def _nothing(self, answer: bytes) -> bytes:
        return b""

    def _twice(self, answer: bytes) -> bytes:
        return answer + answer


def _frame(line: str, payload: bytes = b"") -> bytes:
    text = f"{line} {len(payload)}\r\n".encode() + payload
    return text + f"*{zlib.crc32(text):08x}\r\n".encode()


def session(seed: int) -> str:
    rng = random.Random(seed)
    clock: Any = Clock()
    link.time = protocol.time = clock
    port: Any = HostileDevice(clock, rng)
    device = Device(port, dummy.DEPLOYMENT, boots=rng.random() < 0.2, timeout=1.0, quick_timeout=1.0)
    try:
        device.identify()
        for _ in range(2):
            a, b = rng.randbytes(dummy.SIZE), rng.randbytes(dummy.SIZE)
            assert device.infer([a, b]) == [dummy.layers(a, b)[1]], "a wrong answer"
        assert [layer.data for layer in device.layers([a, b])] == list(dummy.layers(a, b)), "a wrong layer"
        device.reset()
        device.stack()
        assert clock.now < _MADE_UP_SECONDS, f"{clock.now:.0f} seconds"
        instructions(device)
    except AotError as error:
        assert all(line.isprintable() for line in str(error).split("\n")), f"a poor message: {error}"
        return error.what.partition(":")[0][:60]
    return "right"


def main() -> int:
    return campaign.run(campaign.parser(__doc__).parse_args(), session, SECONDS, MEMORY_BYTES)


if __name__ == "__main__":
    sys.exit(main())
