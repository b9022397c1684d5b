"""The board files, and what is said of wrong ones."""

import itertools
import shutil
import sys
from pathlib import Path

import pytest

from aot.boards import all_boards, load_board
from aot.data import BOARD_SUPPORT
from aot.errors import AotError


def test_every_board_has_a_file_and_the_tests_cover_it(board_name: str) -> None:
    assert load_board(board_name) in all_boards()


def test_the_tests_list_every_board() -> None:
    from conftest import BOARDS

    assert sorted(BOARDS) == [board.name for board in all_boards()]


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
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the board files, which `load_board` reads instead; gives the microbit's file."""
    shutil.copytree(BOARD_SUPPORT, tmp_path / "board_support")
    monkeypatch.setattr(sys.modules["aot.boards"], "BOARD_SUPPORT", tmp_path / "board_support")
    load_board.cache_clear()
    return tmp_path / "board_support" / "microbit" / "board.toml"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("timer =", "tmier =", "unknown key 'tmier'"),
        ("size = 0x00004000", "", "the key 'size' is missing"),
        ('core = "cortex-m0"', 'core = "cortex-m1"', "unknown core 'cortex-m1'"),
        ("clock_hz = 16_000_000", 'clock_hz = "fast"', "'clock_hz' must be of type int"),
        ('"qemu", ', "", "need each other"),
        ("[memory.ram]", "[memory.rma]", "unknown memory 'rma'"),
        ("[uart]", "[uart", "cannot be read"),
    ],
)
def test_wrong_board_file_names_file_and_key(copied: Path, old: str, new: str, message: str) -> None:
    text = copied.read_text()
    assert old in text
    copied.write_text(text.replace(old, new, 1))
    with pytest.raises(AotError, match=r"board_support/microbit/board\.toml") as error:
        load_board("microbit")
    load_board.cache_clear()
    assert message in error.value.what
