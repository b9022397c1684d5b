"""A device that prints lines of its own kept `aot run` and `aot verify` waiting for ever: each had a deadline."""

import time
from collections.abc import Callable
from itertools import cycle
from typing import Any

import dummy
import pytest

from aot.base.errors import AotError
from aot.device import link
from aot.device.protocol import Device


class TalkingPort:
    """A port that gives what is said over and over, a byte each `seconds`, whatever it is sent."""

    baudrate = 115_200
    timeout = 0.0

    def __init__(self, said: bytes, seconds: float) -> None:
        self._said, self._seconds = cycle(said), seconds

    def write(self, data: bytes) -> None:
        pass

    def read(self, count: int) -> bytes:
        if self._seconds:
            time.sleep(self._seconds)
            count = 1
        return bytes(next(self._said) for _ in range(count))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_DEVICE_PATIENCE_SECONDS", 0.02)
    monkeypatch.setattr(link, "_QUIET_SECONDS", 0.02)


def _refusal(said: bytes, seconds: float, asked: Callable[[Device], object]) -> AotError:
    port: Any = TalkingPort(said, seconds)
    device = Device(port, dummy.DEPLOYMENT, timeout=0.1, quick_timeout=0.1)
    began = time.monotonic()
    with pytest.raises(AotError) as error:
        asked(device)
    assert time.monotonic() - began < 3
    return error.value


SAID = [
    b"tick\r\n",
    b"\r\n",
    b"m-ready\r\n",
    b"m-aot-identify 0\r\n*00000000\r\n",
    b"m-aot-identify 2 dummy x y z 1 1 60000000\r\n",
    b"m-aot-identify 9 999999999\r\n",
    b"m-aot-identify$0\r\n",
    b"m-aot-\r\n",
    b"e-[no]\r\n",
    b"a log without an end",
    b"\x00\xff",
]


@pytest.mark.parametrize("seconds", [0.0, 0.002])
@pytest.mark.parametrize("said", SAID)
def test_no_chatter_keeps_it_waiting(said: bytes, seconds: float) -> None:
    _refusal(said, seconds, Device.identify)


@pytest.mark.parametrize("started", [False, True])
def test_one_deadline_for_all_lines_of_an_answer(started: bool) -> None:
    def ask(device: Device) -> None:
        if started:
            device._link.start()
        device.reset()

    _refusal(b"tick\r\n", 0.0, ask)


def test_a_device_that_boots_and_talks() -> None:
    def ask(device: Device) -> None:
        device._boots = True
        device.identify()

    _refusal(b"booting\r\n", 0.001, ask)


def test_the_message_says_what_the_device_prints() -> None:
    error = _refusal(b"temperature 21\r\n", 0.0, Device.identify)
    assert error.what == "the device does not answer, but prints lines of its own: 'temperature 21'"
    assert "--flash" in error.things_to_try[0]


def test_escape_codes_of_a_device_do_not_reach_the_terminal() -> None:
    for said in (b"\x1b[31mI (17) a line in red\x1b[0m\r\n", b"e-[\x1b[2J\x1b]0;title\x07all of it is gone]\r\n"):
        error = _refusal(said, 0.0, Device.identify)
        assert all(c.isprintable() or c == "\n" for c in str(error))
        assert "[31m" not in str(error) and "title" not in str(error)
