"""Names, numbers and nestings without an end in a board's file: messages of 100,000 characters, or a traceback."""

import re
import shutil
from pathlib import Path

import pytest

from aot.base.data import BOARD_SUPPORT
from aot.base.errors import AotError
from aot.targets import load_board

LENGTHS = {"one that could be meant": 12_000, "one that could not": 100_000}
TEXT = (BOARD_SUPPORT / "netduinoplus2" / "board.toml").read_text(encoding="utf-8")


def _refusal(folder: Path, text: str) -> str:
    """What is said of the board that `text` describes: short, and the whole of it printable."""
    shutil.copytree(BOARD_SUPPORT / "netduinoplus2", folder / "mine", dirs_exist_ok=True)
    (folder / "mine" / "board.toml").write_text(text, encoding="utf-8")
    with pytest.raises(AotError) as error:
        load_board("mine", folder)
    assert "mine/board.toml" in error.value.what and len(error.value.what) < len(str(folder)) + 300
    assert all(len(thing) < 400 for thing in error.value.things_to_try)
    return error.value.what


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("pattern", ["core = ", "timer = ", "runners = [", "driver = ", "origin = ", "clock_hz = "])
def test_values(pattern: str, length: int, tmp_path: Path) -> None:
    number = pattern in ("origin = ", "clock_hz = ")
    old = re.escape(pattern) + (r"\S+" if number else '".*?"')
    new = pattern + ("9" * length if number else f'"{"x" * length}"')
    _refusal(tmp_path, re.sub(old, new, TEXT, count=1))


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("line", ["{} = 1", "usb = ['{}']", "[memory.{}]\norigin = 1\nsize = 1", "[uart.{}]", "x = {}"])
def test_names(line: str, length: int, tmp_path: Path) -> None:
    end = line.startswith("[")
    added = line.format("x" * length)
    _refusal(tmp_path, f"{TEXT}\n{added}\n" if end else f"{added}\n{TEXT}")


@pytest.mark.parametrize(
    "line", ["x = " + "[" * 8_000, "x = " + "{a=" * 4_000, ".".join("x" * 8_000) + " = 1", "x = 0x" + "f" * 8_000]
)
def test_nestings_and_numbers(line: str, tmp_path: Path) -> None:
    _refusal(tmp_path, f"{line}\n{TEXT}")


def test_a_number_that_python_does_not_print(tmp_path: Path) -> None:
    assert "'origin' is " in _refusal(tmp_path, TEXT.replace("origin = 0x08000000", f"origin = 0x{'f' * 8_000}"))


@pytest.mark.parametrize("name", ["a/b", "../uart_cmsdk", "a\\u0000b", ""])
def test_drivers_are_files_of_the_board(name: str, tmp_path: Path) -> None:
    assert "there is no uart" in _refusal(tmp_path, TEXT.replace('driver = "stm32"', f'driver = "{name}"'))


def test_a_file_without_an_end(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "board.toml").symlink_to("/dev/zero")
    with pytest.raises(AotError, match="more than"):
        load_board("mine", tmp_path)


def test_whatever_is_wrong_is_said_in_few_words() -> None:
    """Messages into which more of a file came than was meant."""
    error = AotError("it is called " + "x" * 100_000 + ", the end", "it has " + "y" * 100_000)
    assert len(error.what) <= 500 and error.what.startswith("it is called x") and error.what.endswith("x, the end")
    assert len(error.things_to_try[0]) <= 2_000
