"""Real boards: ports that do not open, ports that are found, programs that are loaded."""

import errno
import os
import pty
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import serial
from command import aot, refused
from dummy_bench import Bench
from paths import SINE

import aot as package
from aot.base.errors import AotError
from aot.compile.printing import print_project
from aot.device import flash
from aot.runners.serial import connect
from aot.targets import load_board

BOARD = load_board("nucleo-l4r5zi")


@pytest.fixture
def terminal() -> Iterator[str]:
    """The name of a pseudo-terminal that nobody has open on the other side."""
    ours, theirs = pty.openpty()
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


# Ports that do not open


def test_no_such_port() -> None:
    said = refused("run", SINE, "--board", "nucleo-l4r5zi", "--port", "/dev/nothing")
    assert "there is no port /dev/nothing" in said and "aot ports" in said


def test_a_port_in_use(terminal: str) -> None:
    with connect(terminal, BOARD):
        said = refused("verify", SINE, "--board", "nucleo-l4r5zi", "--port", terminal)
    assert f"another program uses the port {terminal}" in said and f"fuser -v {terminal}" in said


def test_a_port_without_permission(terminal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(port: Any) -> None:
        raise serial.SerialException(errno.EACCES, f"could not open port {port.port}: Permission denied")

    monkeypatch.setattr(serial.Serial, "open", refuse)
    said = refused("verify", SINE, "--board", "nucleo-l4r5zi", "--port", terminal)
    group = Path(terminal).group()
    assert f"you may not use the port {terminal}" in said and f"sudo usermod -aG {group} $USER" in said


def test_a_port_that_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    assert "cannot be opened" in refused("run", SINE, "--board", "host", "--port", tmp_path / "file")
    assert "cannot be opened" in refused("run", SINE, "--board", "host", "--port", "nonsense://x")
    assert "cannot be opened" in refused("run", SINE, "--board", "host", "--port", "socket://127.0.0.1:1")


# What is found


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The ports that the system reports; a test appends to them."""
    ports: list[Any] = []
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: ports)
    return ports


def port(device: str, vid: int | None = None, pid: int | None = None) -> Any:
    return SimpleNamespace(device=device, vid=vid, pid=pid, description=f"about {device}")


def test_ports(plugged: list[Any]) -> None:
    assert aot("ports").out == "there are no serial ports\n"
    plugged += [port("/dev/ttyACM1", 0x03EB, 0x2111), port("/dev/ttyS0"), port("/dev/ttyACM0", 0x0483, 0x374E)]
    lines = aot("ports").out.splitlines()
    assert lines[1].split()[:4] == ["/dev/ttyACM0", "0483:374e", "nucleo-h7a3zi-q,", "nucleo-u575zi-q"]
    assert aot("ports", "--json").json["ports"][1] == {
        "device": "/dev/ttyACM1",
        "usb": "03eb:2111",
        "description": "about /dev/ttyACM1",
        "boards": ["sam-e70-xplained"],
    }
    assert "about /dev/ttyS0" in lines[3]


def test_automatic_port(plugged: list[Any], terminal: str) -> None:
    verify = ("verify", SINE, "--board", "sam-e70-xplained", "--port", "auto")
    assert "no sam-e70-xplained is plugged in" in refused(*verify)
    plugged += [port(terminal, 0x03EB, 0x2111)]
    with connect("auto", load_board("sam-e70-xplained")) as connection:
        assert connection.port.port == terminal
    plugged += [port("/dev/other", 0x03EB, 0x2111)]
    assert f"several ports could be a sam-e70-xplained: /dev/other, {terminal}" in refused(*verify)


# Without a compiler, and with a programmer


@pytest.fixture
def running(tmp_path: Path) -> Iterator[str]:
    """The URL of a device that runs the sine model at a socket, as a board behind a serial server would."""
    built = package.build(SINE, "mps2-an386", tmp_path / "p")
    with subprocess.Popen(
        ["qemu-system-arm", "-M", "mps2-an386", "-nographic", "-monitor", "none", "-kernel", built.elf or "",
         "-serial", "tcp:127.0.0.1:0,server=on,wait=off"], stdin=-1, stdout=-1, stderr=subprocess.STDOUT,
    ) as qemu:  # fmt: skip
        yield f"socket://127.0.0.1:{_listening_port(qemu.pid)}"
        qemu.kill()


def _listening_port(pid: int) -> int:
    """The TCP port that a process listens on, out of Linux's tables."""
    while True:
        sockets = {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()}
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                return int(fields[1].rpartition(":")[2], 16)


def test_a_board_with_the_firmware_needs_no_compiler(running: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    done = aot("run", SINE, "--board", "mps2-an386", "--port", running, "--json")
    assert done.json["exact"] and done.json["stack_bytes"] is None, done
    assert aot("verify", SINE, "--board", "mps2-an386", "--port", running).code == 0
    assert "RAM" in aot("run", SINE, "--board", "mps2-an386", "--port", running).out


def test_firmware_of_other_options_is_refused(running: str) -> None:
    said = refused("run", SINE, "--board", "mps2-an386", "--port", running, "--rounding", "single")
    assert "the device runs sine, but other code for it" in said and "the same --rounding" in said


def program(folder: Path, name: str, code: str) -> Path:
    """A stand-in program that writes its arguments to `name`.txt, then runs `code`."""
    folder.mkdir(exist_ok=True)
    text = f"#!{sys.executable}\nimport sys\nopen({str(folder / name)!r} + '.txt', 'w').write(' '.join(sys.argv[1:]))\n"
    (folder / name).write_text(text + code)
    (folder / name).chmod(0o755)
    return folder / f"{name}.txt"


def test_flash_by_pyocd_then_by_openocd(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elf = bench.firmware("nucleo-l4r5zi").elf
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AotError, match="nothing here can load a program into nucleo-l4r5zi") as error:
        flash.flash(elf, BOARD)
    assert "pip install pyocd" in error.value.things_to_try[0] and "openocd" in error.value.things_to_try[1]
    said = program(tmp_path, "openocd", "")
    assert flash.flash(elf, BOARD) == "OpenOCD"
    assert said.read_text() == f"-f board/st_nucleo_l4.cfg -c program {{{elf}}} verify reset exit"
    said = program(tmp_path, "pyocd", "")
    assert flash.flash(elf, BOARD) == "pyOCD"
    assert said.read_text() == f"flash --target stm32l4r5zitx {elf}"
    program(tmp_path, "pyocd", "sys.exit('No probe is connected')")
    with pytest.raises(AotError, match="pyocd does not load nucleo-l4r5zi: No probe is connected"):
        flash.flash(elf, BOARD)


def test_flash_by_drive(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drive = tmp_path / "RPI-RP2"
    drive.mkdir()
    (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\n")
    monkeypatch.setattr(flash, "_DRIVE_PLACES", (f"{tmp_path}/*",))
    firmware, board = bench.firmware("raspberry-pi-pico"), load_board("raspberry-pi-pico")
    assert flash.flash(firmware.elf, board) == f"UF2 drive {drive}"
    data = (drive / "dummy.uf2").read_bytes()
    image = firmware.elf.with_suffix(".bin").read_bytes()
    blocks = [data[i : i + 512] for i in range(0, len(data), 512)]
    for i, block in enumerate(blocks):
        header = struct.unpack_from("<8I", block)
        assert header == (0x0A324655, 0x9E5D5157, 0x2000, 0x10000000 + 256 * i, 256, i, len(blocks), 0xE48BFF56)
        assert struct.unpack_from("<I", block, 508) == (0x0AB16F30,)
    assert b"".join(block[32:288] for block in blocks).startswith(image)
    assert len(blocks) == -(-len(image) // 256)


def test_flash_needs_a_port() -> None:
    for command in ("run", "verify"):
        said = refused(command, SINE, "--board", "nucleo-l4r5zi", "--flash")
        assert "no board to load the firmware into" in said
    said = refused("profile", SINE, "--board", "nucleo-l4r5zi")
    assert "the instructions of nucleo-l4r5zi cannot be counted" in said


def test_layers_need_firmware_that_traces(running: str) -> None:
    for command in (("verify", "--layers"), ("profile",)):
        said = refused(command[0], SINE, "--board", "mps2-an386", "--port", running, *command[1:])
        assert "cannot send its layers" in said and "aot build --trace" in said


def test_flash_then_run(running: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The board of the stand-in programmer is the emulator that has the firmware already."""
    loaded: list[Path] = []
    monkeypatch.setattr("aot.api.common.load_into", lambda elf, board: loaded.append(elf))
    done = aot("verify", SINE, "--board", "mps2-an386", "--port", running, "--flash")
    assert done.code == 0 and [elf.name for elf in loaded] == ["sine.elf"]


def test_the_rate_reaches_port_and_firmware(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = package.run(SINE, "mps2-an386", baud=57_600)
    assert "BOARD_UART_BAUD 57600u" in print_project(ran.compiled)["board/board_config.h"]
    opened: list[int] = []
    monkeypatch.setattr(serial.Serial, "open", lambda port: opened.append(port.baudrate) or port.nothing)
    with pytest.raises(AttributeError):
        package.run(SINE, "nucleo-l4r5zi", port="/dev/ttyACM0", baud=9600)
    assert opened == [9600]
