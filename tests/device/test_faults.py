"""A bad line: bytes lost, doubled, changed, late, and a cable pulled. Never a wrong answer, never without an end."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dummy
import pytest
from cases import FAULTY_SESSIONS, SEED
from dummy_bench import Bench
from serial import SerialException

from aot.base.errors import AotError
from aot.device.protocol import Device

KINDS = ("drop", "double", "flip", "delay", "disconnect", "all")
QUICK_SECONDS = 1.0
# An exchange may be tried four times, each after a silence that the device is known to respect; a session has nine.
LIMIT_SECONDS = 120.0


class FaultyPort:
    """Passes bytes on, and does to some of them what a bad line does, as a seed decides."""

    baudrate = 115_200
    timeout = 0.0

    def __init__(self, port: Any, rng: random.Random, kind: str) -> None:
        self._port, self._rng = port, rng
        faults = [one for one in KINDS[:4] if kind in (one, "all")]
        rate = rng.choice((1 / 400, 1 / 150, 1 / 40))
        self._rates = {fault: rate / len(faults) for fault in faults}  # of each byte
        self._left = rng.randrange(1, 600) if kind == "disconnect" else -1
        self._pending = b""

    def write(self, data: bytes) -> None:
        self._pull(len(data))
        self._port.write(self._spoiled(data))

    def read(self, count: int) -> bytes:
        if len(self._pending) < count:
            self._port.timeout = self.timeout
            new = self._port.read(count - len(self._pending))
            self._pull(len(new))
            self._pending += self._spoiled(new)
        data, self._pending = self._pending[:count], self._pending[count:]
        return data

    def _pull(self, count: int) -> None:
        if self._left >= 0:
            self._left -= count
            if self._left < 0:
                self._left = 0
                raise SerialException("device disconnected")

    def _spoiled(self, data: bytes) -> bytes:
        return b"".join(self._spoil(byte) for byte in data)

    def _spoil(self, byte: int) -> bytes:
        for fault, rate in self._rates.items():
            if self._rng.random() < rate:
                return self._one_fault(fault, byte)
        return bytes([byte])

    def _one_fault(self, fault: str, byte: int) -> bytes:
        if fault == "delay":
            time.sleep(self._rng.choice((0.01, 0.1, 1.2 * QUICK_SECONDS)))
        flipped = byte ^ (1 << self._rng.randrange(8)) if fault == "flip" else byte
        return bytes([flipped]) * {"drop": 0, "double": 2}.get(fault, 1)


def session(connection: Any, seed: int, kind: str) -> str:
    """Three inferences over a bad line: `right`, or what the error says. Fails on a wrong answer."""
    rng = random.Random(f"{SEED} {seed}")
    port: Any = FaultyPort(connection.port, rng, kind)
    device = Device(port, dummy.DEPLOYMENT, died=connection.died, timeout=QUICK_SECONDS, quick_timeout=QUICK_SECONDS)
    try:
        device.identify()
        for _ in range(3):
            a, b = rng.randbytes(dummy.SIZE), rng.randbytes(dummy.SIZE)
            assert device.infer([a, b]) == [dummy.layers(a, b)[1]], f"seed {seed}: {kind}: a wrong answer"
    except AotError as error:
        return error.what
    return "right"


def _sessions(bench: Bench, board: str, seeds: range) -> Counter[str]:
    """Sessions one after the other on the same device, which each finds as the last has left it."""
    ends: Counter[str] = Counter()
    with bench.connect(board, icount=False) as connection:
        for seed in seeds:
            start = time.monotonic()
            end = session(connection, seed, KINDS[seed % len(KINDS)])
            seconds = time.monotonic() - start
            assert seconds < LIMIT_SECONDS, f"seed {seed} took {seconds:.0f} s"
            ends[end.partition(":")[0]] += 1
        assert connection.died() is None
        assert session(connection, 0, "none") == "right"
    return ends


@pytest.mark.parametrize(("board", "share", "threads"), [("host", 5, 16), ("mps2-an386", 1, 2)])
def test_never_a_wrong_answer(bench: Bench, board: str, share: int, threads: int) -> None:
    """Five of six sessions over a pseudo-terminal, the rest over QEMU's socket, where each takes a core for itself."""
    bench.firmware(board, False)
    count = max(len(KINDS) if share > 1 else 3, -(-FAULTY_SESSIONS * share // 6))
    parts = [range(first, count, threads) for first in range(min(count, threads))]
    with ThreadPoolExecutor(threads) as pool:
        ends = sum(pool.map(lambda seeds: _sessions(bench, board, seeds), parts), Counter())
    print(dict(ends))
    assert ends.total() == count
    assert ends["right"] >= count // 3  # most lines are not that bad: resending must help
    assert ends.keys() <= {"right", "the port failed", "the device is silent", "the device answers with garbage",
                           "the device sends garbage at 115200 baud",
                           "the device does not answer, but prints lines of its own"}  # fmt: skip


class WrongDigit:
    """Passes bytes on, but changes a character of the first upload to the middle of the first input."""

    baudrate = 115_200
    timeout = 0.0
    runs = 0

    def __init__(self, port: Any, at: int, to: bytes) -> None:
        self._port, self._at, self._to = port, at, to

    def write(self, data: bytes) -> None:
        self.runs += data.startswith(b"aot-run")
        if self._to and data.startswith(b"aot-input 0 4 4 "):
            data, self._to = data[: self._at] + self._to + data[self._at + 1 :], b""
        self._port.write(data)

    def read(self, count: int) -> bytes:
        self._port.timeout = self.timeout
        return bytes(self._port.read(count))


def _with_a_wrong_digit(bench: Bench, case: tuple[int, bytes]) -> int:
    """How often the device was told to run before its answer was right."""
    a, b = bytes(range(1, 11)), bytes(range(50, 60))
    with bench.connect("host") as connection:
        port: Any = WrongDigit(connection.port, *case)
        device = Device(port, dummy.DEPLOYMENT, died=connection.died, boots=True, quick_timeout=QUICK_SECONDS,
                        chunk_bytes=4)  # fmt: skip
        device.identify()
        assert device.infer([a, b]) == [dummy.layers(a, b)[1]], case
    return int(port.runs)


def test_bytes_that_a_wrong_digit_sends_elsewhere_are_noticed(bench: Bench) -> None:
    """What a wrong offset has overwritten stays so when the upload itself is sent again: what came before it.

    It is the checksum of all inputs, compared before the run, that has all of them sent again then.
    """
    bench.firmware("host", False)
    cases = [(at, b"%d" % digit) for at in (10, 12, 14) for digit in range(10)]  # aot-input INDEX OFFSET SIZE
    with ThreadPoolExecutor(10) as pool:
        runs = dict(zip(cases, pool.map(lambda case: _with_a_wrong_digit(bench, case), cases), strict=True))
    assert {(at, int(to)) for (at, to), count in runs.items() if count > 1} == {(12, to) for to in range(4)}
