"""Loads a program into a real board: through its UF2 boot loader, pyOCD or OpenOCD, whichever is there."""

import os
import shutil
import struct
import subprocess
from pathlib import Path

from aot.base.errors import AotError
from aot.base.files import os_errors
from aot.targets import Board

_SECONDS = 180.0
_LAST_CHARACTERS = 500
_UF2_START, _UF2_SECOND, _UF2_END = 0x0A324655, 0x9E5D5157, 0x0AB16F30
_UF2_FAMILY_PRESENT = 0x2000
_UF2_PAYLOAD = 256
_DRIVE_PLACES = ("/media/*/*", "/run/media/*/*", "/mnt/*", "/Volumes/*")


def flash(elf: Path, board: Board) -> str:
    """Write `elf` into the flash of `board` and start it; the name of the tool that did it. AotError where none can."""
    programmer = board.programmer
    if programmer.uf2_family and (drive := uf2_drive()):
        _copy_uf2(elf, board, drive)
        return f"UF2 drive {drive}"
    if programmer.pyocd and shutil.which("pyocd"):
        _run(["pyocd", "flash", "--target", programmer.pyocd, str(elf)], board)
        return "pyOCD"
    if programmer.openocd and shutil.which("openocd"):
        _run(["openocd", "-f", programmer.openocd, "-c", f"program {{{elf}}} verify reset exit"], board)
        return "OpenOCD"
    raise AotError(f"nothing here can load a program into {board.name}", *_ways(board))


def _ways(board: Board) -> list[str]:
    programmer = board.programmer
    ways = ["hold its BOOTSEL button while you plug it in, then run this again"] if programmer.uf2_family else []
    ways += [f"pip install pyocd, then: pyocd pack install {programmer.pyocd}"] if programmer.pyocd else []
    ways += ["Debian, Ubuntu: sudo apt-get install openocd"] if programmer.openocd else []
    return ways or ["load it with the board's own tool, and leave --flash out"]


def _run(command: list[str], board: Board) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise AotError(f"{command[0]} did not load {board.name} within {_SECONDS:.0f} seconds",
                       "unplug the board, plug it in again") from error  # fmt: skip
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip())[-_LAST_CHARACTERS:]
        raise AotError(f"{command[0]} does not load {board.name}: {last}", "is the board plugged in?",
                       f"the command was: {' '.join(command)}")  # fmt: skip


def uf2_drive() -> Path | None:
    """The drive of a board that waits for a UF2 file, or None."""
    drives = [drive for place in _DRIVE_PLACES for drive in sorted(Path("/").glob(place[1:]))]
    drives += [Path(f"{letter}:/") for letter in "DEFGHIJKLMNOPQRSTUVWXYZ" if os.name == "nt"]
    return next((drive for drive in drives if (drive / "INFO_UF2.TXT").is_file()), None)


def uf2(image: bytes, address: int, family: int) -> bytes:
    """The UF2 file that writes `image` to `address`: blocks of 512 bytes that carry 256 each."""
    padded = image + bytes(-len(image) % _UF2_PAYLOAD)
    count = len(padded) // _UF2_PAYLOAD
    blocks = []
    for i in range(count):
        payload = padded[i * _UF2_PAYLOAD : (i + 1) * _UF2_PAYLOAD]
        place = address + i * _UF2_PAYLOAD
        header = struct.pack("<8I", _UF2_START, _UF2_SECOND, _UF2_FAMILY_PRESENT, place, _UF2_PAYLOAD, i, count, family)
        blocks.append(header + payload + bytes(476 - _UF2_PAYLOAD) + struct.pack("<I", _UF2_END))
    return b"".join(blocks)


def _copy_uf2(elf: Path, board: Board, drive: Path) -> None:
    binary = elf.with_suffix(".bin")
    _run([f"{board.core.prefix}objcopy", "-O", "binary", str(elf), str(binary)], board)
    memory = board.memory("flash")
    if memory is None:
        raise AotError(f"{board.name}: the key 'memory' is missing")
    with os_errors(drive):
        (drive / f"{elf.stem}.uf2").write_bytes(uf2(binary.read_bytes(), memory.origin, board.programmer.uf2_family))
