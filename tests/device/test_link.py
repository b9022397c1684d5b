"""A bad line, a silent, a strange or a restarting device: the host side of the protocol."""

from typing import Any

import dummy
import pytest
from dummy_bench import Bench

from aot.base.errors import AotError
from aot.device import link
from aot.device.protocol import Device
from aot.runners import Connection

A, B = bytes(range(10)), bytes(range(100, 110))
SUM = dummy.layers(A, B)[1]


class NoisyPort:
    """A port that changes or loses chosen bytes, counted over all that passes in one direction."""

    def __init__(self, port: Any, *, flip_sent: set[int], flip_read: set[int], lose_sent: set[int]) -> None:
        self._port = port
        self._flip_sent, self._flip_read, self._lose_sent = flip_sent, flip_read, lose_sent
        self._sent = self._read = 0
        self.baudrate = 115_200
        self.timeout = 0.0

    def write(self, data: bytes) -> None:
        first, self._sent = self._sent, self._sent + len(data)
        kept = [byte ^ (0x10 * (first + i in self._flip_sent)) for i, byte in enumerate(data)
                if first + i not in self._lose_sent]  # fmt: skip
        self._port.write(bytes(kept))

    def read(self, count: int) -> bytes:
        self._port.timeout = self.timeout
        data = self._port.read(count)
        first, self._read = self._read, self._read + len(data)
        return bytes(byte ^ (0x10 * (first + i in self._flip_read)) for i, byte in enumerate(data))


class ScriptedPort:
    """A port that answers anything at all with the next of its answers."""

    baudrate = 115_200
    timeout = 0.0

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self._waiting = b""

    def write(self, data: bytes) -> None:
        self._waiting += self._answers.pop(0) if self._answers else b""

    def read(self, count: int) -> bytes:
        data, self._waiting = self._waiting[:count], self._waiting[count:]
        return data


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_QUIET_SECONDS", 0.05)


def noisy_device(connection: Connection, **noise: set[int]) -> Device:
    port: Any = NoisyPort(connection.port, **{"flip_sent": set(), "flip_read": set(), "lose_sent": set()} | noise)
    return Device(port, dummy.DEPLOYMENT, died=connection.died, boots=True, quick_timeout=0.3, timeout=0.3)


# `aot-identify%` has 13 bytes; then come the upload of A, its command and then its data, and so on.
@pytest.mark.parametrize(
    "noise",
    [
        {"flip_sent": {3}},
        {"lose_sent": {12}},
        {"flip_sent": {13 + 12}},
        {"flip_sent": {48}},
        {"lose_sent": {48}},
        {"lose_sent": {90}},
        {"flip_read": {20}},
        {"flip_read": {150}},
        {"flip_read": {220}},
        {"flip_read": {300}},
        {"flip_sent": {20, 60}, "flip_read": {200, 320}},
    ],
)
def test_a_bad_byte_is_healed(bench: Bench, noise: dict[str, set[int]]) -> None:
    with bench.connect("host") as connection:
        device = noisy_device(connection, **noise)
        device.identify()
        assert device.infer([A, B]) == [SUM]
        assert device.infer([A, B]) == [SUM]


def test_a_hopeless_line_is_given_up(bench: Bench) -> None:
    with bench.connect("host") as connection:
        device = noisy_device(connection, flip_read=set(range(0, 100_000, 7)))
        with pytest.raises(AotError, match=r"garbage|silent"):
            device.identify()


def make_device(*answers: bytes) -> Device:
    port: Any = ScriptedPort(*answers)
    return Device(port, dummy.DEPLOYMENT, timeout=0.05, quick_timeout=0.05)


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_DEVICE_PATIENCE_SECONDS", 0.02)
    monkeypatch.setattr(link, "_QUIET_SECONDS", 0.02)


def frame(line: str, payload: bytes = b"") -> bytes:
    import zlib

    text = f"{line} {len(payload)}\r\n".encode() + payload
    return text + f"*{zlib.crc32(text):08x}\r\n".encode()


def identity(
    sha256: str = dummy.DEPLOYMENT.interface.sha256, version: str = "2", code: str = dummy.DEPLOYMENT.code
) -> bytes:
    return frame(f"m-aot-identify {version} dummy {sha256} {code} 0.1.0 0 1000000") + b"m-ready\r\n"


class LateAnswerPort:
    """A port on which the first upload is spoiled, and a good answer to it comes all the same.

    So it looks where the answer to an earlier upload was late, and the upload was done again.
    """

    baudrate = 115_200
    timeout = 0.0

    def __init__(self, port: Any) -> None:
        self._port, self._spoiled, self._waiting = port, False, b""

    def write(self, data: bytes) -> None:
        if data.startswith(b"aot-input") and not self._spoiled:
            self._spoiled = True
            self._waiting = frame("m-aot-input 0 0") + b"m-ready\r\n"
            data = data[:-1] + bytes([data[-1] ^ 1])
        self._port.write(data)

    def read(self, count: int) -> bytes:
        data, self._waiting = self._waiting[:count], self._waiting[count:]
        self._port.timeout = self.timeout
        return data or self._port.read(count)


def test_a_late_answer_is_not_taken_for_that_of_a_spoiled_upload(bench: Bench) -> None:
    """The device would run on what was spoiled, and nobody would know."""
    with bench.connect("host") as connection:
        port: Any = LateAnswerPort(connection.port)
        device = Device(port, dummy.DEPLOYMENT, died=connection.died, boots=True, timeout=1.0, quick_timeout=1.0)
        device.identify()
        assert device.infer([A, B]) == [SUM]


@pytest.mark.usefixtures("no_patience")
def test_silence() -> None:
    with pytest.raises(AotError, match="the device is silent"):
        make_device().identify()


@pytest.mark.usefixtures("no_patience")
def test_garbage() -> None:
    with pytest.raises(AotError, match="answers with garbage"):
        make_device(*[b"hello" * 300] * 8).identify()


@pytest.mark.usefixtures("no_patience")
def test_a_wrong_rate() -> None:
    with pytest.raises(AotError, match="sends garbage at 115200 baud") as error:
        make_device(*[b"\xfe\x00h\x9e\xf8" * 30] * 8).identify()
    assert "--baud" in error.value.things_to_try[0]


def test_another_model() -> None:
    with pytest.raises(AotError, match=r"runs dummy \(000000000000\), not dummy \(5a5a5a5a5a5a\)"):
        make_device(identity(sha256="00" * 32)).identify()


def test_the_same_model_built_with_other_options() -> None:
    with pytest.raises(AotError, match=r"other code for it: 0123 from aot 0\.1\.0, not c0dec0dec0dec0de") as error:
        make_device(identity(code="0123")).identify()
    assert "--rounding" in error.value.things_to_try[0]


def test_another_protocol() -> None:
    with pytest.raises(AotError, match="version 1 of the protocol"):
        make_device(identity(version="1")).identify()


def test_restart_in_the_middle() -> None:
    device = make_device(b"m-init-done\r\nm-ready\r\n" + identity(), b"m-timestamp-mode\r\nm-init-done\r\nm-ready\r\n")
    device.identify()
    with pytest.raises(AotError, match="restarted in the middle"):
        device.infer([A, B])


def test_the_end_of_the_process_is_told(bench: Bench) -> None:
    with bench.connect("host") as connection:
        port: Any = ScriptedPort()
        device = Device(port, dummy.DEPLOYMENT, died=lambda: "dummy.elf ended with status 7")
        with pytest.raises(AotError, match="ended with status 7"):
            device.identify()
        assert connection.died() is None


def test_wrong_inputs_are_refused(bench: Bench) -> None:
    with bench.device("host") as device:
        with pytest.raises(AotError, match="2 inputs, not 1"):
            device.infer([A])
        with pytest.raises(AotError, match="input b has 10 bytes, not 9"):
            device.infer([A, B[:9]])
