"""Boards and their cores: `board_support/cores.toml` and one `<board>/board.toml` each, there or in a user's folder."""

import difflib
from functools import cache
from pathlib import Path

from aot.base.data import BOARD_SUPPORT
from aot.base.errors import AotError
from aot.targets.reading import read_board
from aot.targets.records import Board, Core, Memory, Programmer, Renode, Uart, optimized

__all__ = ["Board", "Core", "Memory", "Programmer", "Renode", "Uart", "all_boards", "load_board", "optimized"]


def _folders(board_dir: Path | None) -> dict[str, Path]:
    """Name -> folder of every board; one of `board_dir` comes before one of `board_support`."""
    if board_dir is not None and not board_dir.is_dir():
        raise AotError(f"there is no folder {board_dir}", "a folder that holds <board>/board.toml: --board-dir")
    places = [BOARD_SUPPORT, *([board_dir.resolve()] if board_dir else [])]
    return {path.parent.name: path.parent for place in places for path in sorted(place.glob("*/board.toml"))}


def all_boards(board_dir: Path | None = None) -> tuple[Board, ...]:
    """Every board there is, in order of name. AotError where a file of one is wrong."""
    return tuple(load_board(name, board_dir) for name in sorted(_folders(board_dir)))


@cache
def load_board(name: str, board_dir: Path | None = None) -> Board:
    """The board called `name`; AotError, with the nearest names, where there is none, or where its file is wrong.

    `board_dir` may hold further boards, each a folder with a `board.toml`.
    """
    folders = _folders(board_dir)
    if name not in folders:
        near = difflib.get_close_matches(name, folders, n=3, cutoff=0.5)
        hint = [f"did you mean {' or '.join(near)}?"] if near else []
        raise AotError(f"there is no board '{name}'", *hint, f"the boards are {', '.join(sorted(folders))}")
    return read_board(name, folders[name])
