"""The board files, and what is said of wrong ones."""

import itertools
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dummy_bench import BOARDS, Bench
from paths import SINE

from aot import api
from aot.base.data import BOARD_SUPPORT
from aot.base.errors import AotError
from aot.cli.new_board import new_board
from aot.compile.printing import print_project
from aot.targets import all_boards, load_board

BOOT_BYTES = {"raspberry-pi-pico": 256}  # before the vector table


def test_every_board_has_a_file_and_the_tests_cover_it(board_name: str) -> None:
    assert load_board(board_name) in all_boards()


def test_the_tests_run_every_board_that_runs_here() -> None:
    assert sorted(BOARDS) == [board.name for board in all_boards() if board.tier == "CI"]


def _image(bench: Bench, name: str) -> bytes:
    """What is to be written to the board's flash."""
    elf = bench.firmware(name).elf
    objcopy = f"{load_board(name).core.prefix}objcopy"
    subprocess.run([objcopy, "-O", "binary", elf, elf.with_suffix(".bin")], check=True)
    return elf.with_suffix(".bin").read_bytes()


@pytest.mark.parametrize("name", [board.name for board in all_boards() if board.tier != "CI"])
def test_other_boards_compile(bench: Bench, name: str) -> None:
    """Under -Werror, with a stack that is known and enough; the vector table where the core looks for it."""
    firmware, board = bench.firmware(name), load_board(name)
    assert firmware.stack.unknown == ()
    flash, ram = board.memory("flash"), board.memory("ram")
    assert flash and ram
    image, start = _image(bench, name), BOOT_BYTES.get(name, 0)
    stack, reset = struct.unpack_from("<2I", image, start)
    assert stack == ram.origin + board.stack_bytes
    assert flash.origin + start < reset < flash.origin + len(image) and reset % 2 == 1


def test_rp2040_boot_stage_has_its_checksum(bench: Bench) -> None:
    stage = _image(bench, "raspberry-pi-pico")[:256]
    crc = 0xFFFFFFFF
    for byte in stage[:252]:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 * (crc >> 31)) & 0xFFFFFFFF
    assert struct.unpack_from("<I", stage, 252) == (crc,), hex(crc)


def test_rp2350_image_is_marked_within_4_kib(bench: Bench) -> None:
    image = _image(bench, "raspberry-pi-pico-2")[:4096]
    at = image.index(struct.pack("<I", 0xFFFFDED3))
    assert at % 4 == 0 and struct.unpack_from("<5I", image, at)[4] == 0xAB123579


def test_uart_dividers_are_near_enough() -> None:
    """Half a bit in ten must be left for the other side: within 2 % of the rate, by each driver's own formula."""
    divided = {"stm32": 1, "stm32v2": 1, "cmsdk": 1, "pl011": 4, "sam": 2, "ns16550": 16}
    for board in all_boards():
        uart = board.uart
        if uart.driver not in divided:
            continue
        steps = {"pl011": uart.clock_hz * 4, "sam": uart.clock_hz / 2, "ns16550": uart.clock_hz / 16}
        exact = steps.get(uart.driver, uart.clock_hz * uart.fraction) / uart.baud
        assert abs(round(exact) - exact) / exact < 0.02, board.name
        assert 16 <= round(exact) < (1 << 20 if uart.fraction > 1 else 1 << 16) or uart.driver == "ns16550"


def test_flash_and_ram_do_not_overlap() -> None:
    for board in all_boards():
        spans = sorted((memory.origin, memory.origin + memory.size) for memory in board.memories)
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


def test_unknown_board_names_the_nearest_and_all() -> None:
    with pytest.raises(AotError) as error:
        load_board("mps2-an368")
    assert "mps2-an386" in error.value.things_to_try[0]
    assert "microbit" in error.value.things_to_try[-1]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the board files, which `load_board` reads instead; gives the microbit's file."""
    shutil.copytree(BOARD_SUPPORT, tmp_path / "board_support")
    for module in ("aot.targets", "aot.targets.reading", "aot.targets.records"):
        monkeypatch.setattr(sys.modules[module], "BOARD_SUPPORT", tmp_path / "board_support")
    load_board.cache_clear()
    yield tmp_path / "board_support" / "microbit" / "board.toml"
    load_board.cache_clear()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("timer =", "tmier =", "unknown key 'tmier'"),
        ("size = 0x00004000", "", "the key 'size' is missing"),
        ('core = "cortex-m0"', 'core = "cortex-m1"', "unknown core 'cortex-m1'"),
        ("clock_hz = 16_000_000", 'clock_hz = "fast"', "'clock_hz' must be of type int"),
        ('"qemu", ', "", "need each other"),
        ("[memory.ram]", "[memory.rma]", "must have flash and ram"),
        ("[memory.ram]", "[memory.my-ram]", "'my-ram' cannot be the name of a memory"),
        ("[uart]", "[memory.tcm]\norigin = 0x20003fff\nsize = 4\n[uart]", "the memories 'ram' and 'tcm' overlap"),
        ("[uart]", "[memory.tcm]\norigin = 0\nsize = 4\nspeed = -1\n[uart]", "'speed' is -1"),
        ("[uart]", "[uart", "cannot be read"),
        ("clock_hz = 16_000_000", "clock_hz = 0", "'clock_hz' is 0, which is not from 1,000,000"),
        ("clock_hz = 16_000_000", "clock_hz = 999_999", "'clock_hz' is 999,999"),
        ("size = 0x00004000", "size = -16384", "'size' is -16,384"),
        ("size = 0x00004000", "size = 0", "'size' is 0"),
        ("origin = 0x20000000", "origin = 0x100000000", "'origin' is 4,294,967,296"),
        ("stack_bytes = 1280", "stack_bytes = -4", "'stack_bytes' is -4"),
        ("timer_vector = 24", "timer_vector = 3", "'timer_vector' is 3"),
        ("baud = 115_200", "baud = 0", "'baud' is 0"),
        ('driver = "nrf"', 'driver = "nfr"', "there is no uart 'nfr'"),
        ('timer = "nrf51"', 'timer = "nrf"', "there is no timer 'nrf'"),
        (
            'runners = ["qemu", "serial"]',
            'runners = ["qemu", "renode"]',
            "'renode' and the runner 'renode' need each other",
        ),
        ("[uart]", "[renode]\nplatform = 1\n[uart]", "need each other"),
        ("[uart]", "[programmer]\nuf2_family = -1\n[uart]", "'uf2_family' is -1"),
        ("setup = true", 'usb = ["1:2"]', "the USB id '1:2' is not"),
        (
            "[memory.flash]\norigin = 0x00000000\nsize = 0x00040000",
            "[memory]\nflash = 3",
            "flash: must be a table",
        ),
    ],
)
def test_wrong_board_file_names_file_and_key(copied: Path, old: str, new: str, message: str) -> None:
    text = copied.read_text()
    assert old in text
    copied.write_text(text.replace(old, new, 1))
    with pytest.raises(AotError, match=r"board_support/microbit/board\.toml") as error:
        load_board("microbit")
    assert message in error.value.what


def test_missing_setup_is_said(copied: Path) -> None:
    (copied.parent / "setup.c").unlink()
    with pytest.raises(AotError, match=r"'setup' is true, but there is no setup\.c"):
        load_board("microbit")


@pytest.mark.parametrize("cores", ["x = 1", "[cores.x]\nprefix = 1", "[cores.x]", "no toml"])
def test_wrong_core_is_said(copied: Path, cores: str) -> None:
    (copied.parents[1] / "cores.toml").write_text(f"common_flags = []\n[cores]\n{cores}\n")
    with pytest.raises(AotError, match=r"board_support/cores\.toml"):
        load_board("microbit")


def test_a_board_of_the_user(tmp_path: Path) -> None:
    """Started from another one, with a driver of its own."""
    new_board("mine", "mps2-an386", tmp_path)
    folder = tmp_path / "mine"
    toml = (folder / "board.toml").read_text().replace('driver = "cmsdk"', 'driver = "own"')
    (folder / "board.toml").write_text(toml)
    (folder / "uart_own.c").write_text((BOARD_SUPPORT / "common" / "uart_cmsdk.c").read_text())
    board = load_board("mine", tmp_path)
    assert board.description == "mine, started from mps2-an386" and board in all_boards(tmp_path)
    ran = api.run(SINE, board)
    assert ran.verdict.exact and "board/uart_own.c" in print_project(ran.compiled)
    with pytest.raises(AotError, match="is not empty"):
        new_board("mine", "microbit", tmp_path)
    with pytest.raises(AotError, match="cannot be the name of a board"):
        new_board("../mine", "microbit", tmp_path)
    with pytest.raises(AotError, match="no start-up code"):
        new_board("other", "host", tmp_path)
