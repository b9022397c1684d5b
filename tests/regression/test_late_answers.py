"""On a line with a delay, answers that came after a resynchronization were taken for those of the next command."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dummy
from dummy_bench import Bench

from aot.device.protocol import Device


class Distant:
    """A line on which what the device sends takes `seconds`, and one answer is spoiled on its way."""

    baudrate = 115_200
    timeout = 0.0

    def __init__(self, port: Any, seconds: float, spoiled: bytes) -> None:
        self._port, self._seconds, self._spoiled = port, seconds, spoiled
        self._coming: list[tuple[float, bytes]] = []

    def write(self, data: bytes) -> None:
        self._port.write(data)

    def read(self, count: int) -> bytes:
        deadline = time.monotonic() + self.timeout
        while not (self._coming and self._coming[0][0] <= time.monotonic()):
            self._receive()
            if time.monotonic() >= deadline:
                return b""
            time.sleep(0.005)
        when, data = self._coming.pop(0)
        if len(data) > count:
            self._coming.insert(0, (when, data[count:]))
        return data[:count]

    def _receive(self) -> None:
        self._port.timeout = 0
        data = bytes(self._port.read(4096))
        if self._spoiled and self._spoiled in data:
            data, self._spoiled = data.replace(self._spoiled, b"?" * len(self._spoiled)), b""
        if data:
            self._coming.append((time.monotonic() + self._seconds, data))


def _over_a_distance(bench: Bench, spoiled: bytes) -> None:
    a, b = bytes(range(1, 11)), bytes(range(50, 60))
    with bench.connect("host") as connection:
        port: Any = Distant(connection.port, 0.4, spoiled)
        device = Device(port, dummy.DEPLOYMENT, died=connection.died, boots=True)
        device.identify()
        assert device.infer([a, b]) == [dummy.layers(a, b)[1]], spoiled


def test_late_answers_are_not_taken_for_the_next_ones(bench: Bench) -> None:
    """On a line with a delay, as a network has it, the answer that ends a resynchronization comes late, too."""
    bench.firmware("host", False)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda word: _over_a_distance(bench, word), (b"m-aot-input", b"m-aot-run", b"m-aot-output")))
