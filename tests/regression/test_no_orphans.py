"""An aot that was killed left its emulator running, and its temporary folders lying."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from paths import SINE

from aot.base.temporary import temporary_folder

_SECONDS = 30.0
_RUN = "from aot.cli.main import main; main()"
_BUSY = ["run", str(SINE), "--samples", "10000", "--board"]


def _descendants(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):  # it may just have ended
        children = [int(c) for t in Path(f"/proc/{pid}/task").glob("*/children") for c in t.read_text().split()]
    return [*children, *(d for child in children for d in _descendants(child))]


def _emulator(pid: int, name: str) -> int:
    """The descendant of `pid` that runs the program `name`, once there is one."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        for child in _descendants(pid):
            with suppress(OSError):  # it may just have ended
                if Path(f"/proc/{child}/exe").readlink().name == name:
                    return child
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError(f"{name} was not started")


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        if not Path(f"/proc/{pid}").exists() or ") Z" in Path(f"/proc/{pid}/stat").read_text():
            return True
        time.sleep(0.05)
    return False


_ENDS = [("host", end) for end in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL, signal.SIGINT)]
_ENDS += [("mps2-an386", end) for end in (signal.SIGTERM, signal.SIGKILL)]


@pytest.mark.parametrize(("board", "number"), _ENDS)
def test_the_emulator_ends_with_us(number: signal.Signals, board: str, tmp_path: Path) -> None:
    program = "sine.elf" if board == "host" else "qemu-system-arm"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    heard = partial(signal.signal, number, signal.SIG_DFL) if number != signal.SIGKILL else None  # nohup ignores some
    command = [sys.executable, "-c", _RUN, *_BUSY, board]
    with subprocess.Popen(command, env=environment, preexec_fn=heard) as aot:
        emulator = _emulator(aot.pid, program)
        aot.send_signal(number)
        aot.wait(_SECONDS)
    assert _gone(emulator)
    if number == signal.SIGKILL:
        subprocess.run([sys.executable, "-c", _RUN, "run", SINE, "--board", "host"], env=environment, check=True)
    elif number != signal.SIGINT:
        assert aot.returncode == 128 + number
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_held_is_not_swept(tmp_path: Path) -> None:
    with temporary_folder(tmp_path) as first, temporary_folder(tmp_path) as second:
        assert first.is_dir() and second.is_dir()
    assert not list(tmp_path.iterdir())


def test_only_folders_of_our_own_are_swept(tmp_path: Path) -> None:
    others = [tmp_path / name for name in ("aot-projects", ".aot-12345678", "temporary")]
    for other in others:
        other.mkdir()
    (tmp_path / ".aot-temporary-linked").symlink_to(others[0])
    with temporary_folder(tmp_path):
        pass
    assert all(other.is_dir() for other in others)
