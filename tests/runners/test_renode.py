"""The Renode runner: what it writes, and how it handles the process. Renode's own runs need Renode."""

import shutil
import stat
import sys
from pathlib import Path

import pytest
from command import aot, refused
from dummy_bench import Bench
from paths import DIGITS, SINE

from aot.base.errors import AotError
from aot.project.firmware import firmware_files
from aot.runners import renode, start
from aot.targets import all_boards, load_board

BOARD = "stm32f4-discovery"

# QEMU has no STM32F4-Discovery, but a board with the same chip but for a camera interface and Ethernet.
_QEMU_AS_RENODE = """\
import os, re, sys
assert sys.argv[1:-1] == ["--console", "--disable-xwt", "--plain", "-e"]
script = open(re.fullmatch(r"include @(.*)", sys.argv[-1])[1].replace("\\\\ ", " ")).read()
(tcp_port,) = re.findall(r'CreateServerSocketTerminal (\\d+) "uart" false', script)
(elf,) = re.findall(r"sysbus LoadELF @(.*)", script)
(description,) = re.findall(r"LoadPlatformDescription @(.*)", script)
assert 'using "platforms/boards/stm32f4_discovery-kit.repl"' in open(description.replace("\\\\ ", " ")).read()
assert "connector Connect sysbus.usart2 uart" in script and "start\\n" not in script
os.execlp("qemu-system-arm", "qemu-system-arm", "-M", "netduinoplus2", "-nographic", "-monitor", "none",
          "-kernel", elf.replace("\\\\ ", " "), "-serial", "null",
          "-serial", f"tcp:127.0.0.1:{tcp_port},server=on,wait=on,nodelay=on")
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called renode, first in PATH: Python code that a test writes."""
    program = tmp_path / "bin" / "renode"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return program


def write(program: Path, code: str) -> None:
    program.write_text(f"#!{sys.executable}\n{code}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_firmware_answers_through_the_socket(stand_in: Path) -> None:
    write(stand_in, _QEMU_AS_RENODE)
    done = aot("verify", SINE, "--board", BOARD, "--runner", "renode", "--json")
    assert done.json["exact"] and done.json["samples"] == 4, done
    assert aot("run", SINE, "--board", BOARD, "--json").json["instructions"] is None


def test_layers_too(stand_in: Path) -> None:
    write(stand_in, _QEMU_AS_RENODE)
    assert aot("verify", SINE, "--board", BOARD, "--layers").code == 0


def test_profile_by_its_count_of_instructions(stand_in: Path) -> None:
    """A tracing firmware moves a few arguments more for each layer than the plain one that QEMU's plugin counts."""
    write(stand_in, Path(__file__).with_name("renode_counting.py").read_text())
    found = aot("profile", DIGITS, "--board", BOARD, "--json").json
    wanted = aot("profile", DIGITS, "--board", "netduinoplus2", "--json").json
    assert not found["measured"] and found["total"]["cycles"] is None and found["layers"][0]["loads"] is None
    for one, other in zip(found["layers"], wanted["layers"], strict=True):
        assert one["name"] == other["name"]
        assert abs(one["instructions"] - other["instructions"]) < 100, one["name"]
    total, other = (each["total"]["instructions"] for each in (found, wanted))
    assert abs(total - other) < other / 100
    assert "instructions" in aot("profile", DIGITS, "--board", BOARD).out


def test_a_renode_that_counts_nothing(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(stand_in, _QEMU_AS_RENODE)
    monkeypatch.setattr("aot.profiling.profiler._WRITE_SECONDS", 0.1)
    assert "Renode logged 0 of 3 instruction counts" in refused("profile", SINE, "--board", BOARD)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit('no such platform')", "Renode ended with status 1: no such platform"),
        ("import time; time.sleep(30)", "Renode did not open its UART within 1 seconds"),
        ("", "Renode ended with status 0"),
    ],
)
def test_a_renode_that_does_not_run(stand_in: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str) -> None:
    write(stand_in, code)
    monkeypatch.setattr(renode, "START_SECONDS", 1.0)
    assert said in refused("run", SINE, "--board", BOARD)


def test_a_renode_that_dies_in_the_middle(stand_in: Path) -> None:
    code = _QEMU_AS_RENODE.replace(
        'os.execlp("qemu-system-arm"', 'os.execlp("timeout", "timeout", "2", "qemu-system-arm"'
    )
    write(stand_in, code)
    assert "Renode ended with status" in refused("verify", SINE, "--board", BOARD, "--samples", 100_000)


def test_missing_renode_says_where_it_is(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    elf = bench.firmware(BOARD, False).elf
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AotError, match="is not installed") as error, start(elf, load_board(BOARD)):
        pass
    assert "https://renode.io" in error.value.things_to_try[0]


def test_a_runner_that_the_board_does_not_have() -> None:
    said = refused("verify", SINE, "--board", "mps2-an386", "--runner", "renode")
    assert "mps2-an386 does not run in 'renode'" in said and "its runners: qemu" in said
    assert "nothing here can run raspberry-pi-pico" in refused("run", SINE, "--board", "raspberry-pi-pico")


def test_project_has_a_script_and_a_test() -> None:
    import dummy

    for board in all_boards():
        files = firmware_files(dummy.DEPLOYMENT, board)
        assert ("renode/dummy.resc" in files) == ("renode" in board.runners)
        if board.renode:
            assert "sysbus LoadELF @$ORIGIN/../build/dummy.elf" in files["renode/dummy.resc"]
            assert f'using "{board.renode.platform}"' in files[f"renode/{board.name}.repl"]
            assert f"Create Terminal Tester  {board.renode.uart}    timeout=5\n" in files["renode/dummy.robot"]
            assert "m-model-[dummy]" in files["renode/dummy.robot"]


@pytest.mark.skipif(shutil.which("renode-test") is None, reason="Renode is not installed")
@pytest.mark.parametrize("name", [board.name for board in all_boards() if board.renode])
def test_real_renode(name: str, tmp_path: Path) -> None:
    import subprocess

    assert aot("verify", SINE, "--board", name, "--runner", "renode").code == 0
    assert aot("build", SINE, "--board", name, "-o", tmp_path / "p").code == 0
    subprocess.run(["renode-test", "sine.robot"], cwd=tmp_path / "p" / "renode", check=True)


@pytest.mark.skipif(shutil.which("renode-test") is None, reason="Renode is not installed")
def test_both_emulators_of_a_board_count_alike() -> None:
    """Renode's firmware moves a few arguments more for each layer."""
    qemu, other = (aot("profile", DIGITS, "--board", "netduinoplus2", "--runner", runner, "--json").json["total"]
                   for runner in ("qemu", "renode"))  # fmt: skip
    assert abs(qemu["instructions"] - other["instructions"]) < 0.001 * qemu["instructions"]
