"""A device whose answers have sound checksums, but other words than those of the protocol, ended in a traceback."""

import zlib
from collections.abc import Callable
from typing import Any

import dummy
import pytest

from aot.base.errors import AotError
from aot.device import link
from aot.device.protocol import Device, instructions

FACE = dummy.DEPLOYMENT.interface
IDENTITY = f"m-aot-identify 2 dummy {FACE.sha256} {dummy.DEPLOYMENT.code} 0.1.0 1 1000000"


class AnsweringPort:
    """A port that answers whatever it is asked by a frame of the same name."""

    baudrate = 115_200
    timeout = 0.0

    def __init__(self, answer: Callable[[str], str]) -> None:
        self._answer, self._said = answer, b""

    def write(self, data: bytes) -> None:
        for line in filter(None, data.decode().split("%")):
            text = f"{self._answer(line)} 0\r\n".encode()
            self._said += text + b"*%08x\r\nm-ready\r\n" % zlib.crc32(text)

    def read(self, count: int) -> bytes:
        data, self._said = self._said[:count], self._said[count:]
        return data


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_DEVICE_PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(link, "_QUIET_SECONDS", 0.01)


def _device(answer: Callable[[str], str]) -> Device:
    port: Any = AnsweringPort(answer)
    return Device(port, dummy.DEPLOYMENT, timeout=0.1, quick_timeout=0.1)


@pytest.mark.parametrize(
    "identity",
    ["m-aot-identify 2", IDENTITY + " more", IDENTITY.removesuffix(" 1000000"), IDENTITY + "x"],
)
def test_an_identity(identity: str) -> None:
    with pytest.raises(AotError, match="garbage: an answer of another form"):
        _device(lambda asked: identity).identify()


def test_an_identity_without_a_version() -> None:
    with pytest.raises(AotError, match="speaks version "):
        _device(lambda asked: "m-aot-identify").identify()


@pytest.mark.parametrize("words", ["", " 1", " 1 2", " 1 x 1000000", " 1 2 3 4", " 1 5 0", " 1 -5 1000", " 2 5 1000"])
def test_a_time(words: str) -> None:
    with pytest.raises(AotError, match="garbage"):
        instructions(_device(lambda asked: f"m-aot-time{words}"))


def test_a_timer_that_stands_still() -> None:
    with pytest.raises(AotError, match="timer stands still"):
        instructions(_device(lambda asked: f"m-aot-time {asked.split()[1]} 0 1000"))


@pytest.mark.parametrize("words", ["", " x"])
def test_a_stack(words: str) -> None:
    with pytest.raises(AotError, match="garbage: an answer of another form"):
        _device(lambda asked: f"m-aot-stack{words}").stack()
