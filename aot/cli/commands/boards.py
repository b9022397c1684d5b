"""`aot boards` and `aot ports`: what there is to run on."""

from pathlib import Path

from aot.base.errors import AotError
from aot.cli import options, report
from aot.cli.console import show, show_json, show_table
from aot.cli.new_board import new_board
from aot.runners.ports import all_ports
from aot.targets import all_boards


def boards(
    board_dir: options.BoardDir = None,
    new: options.NewBoard = None,
    source: options.FromBoard = None,
    as_json: options.AsJson = False,
) -> None:
    """List the boards, or start a new one."""
    if (new is None) != (source is None):
        raise AotError("a new board needs a name and a board to start from", "aot boards --new NAME --from BOARD")
    if new is not None and source is not None:
        show(f"edit the files in {new_board(new, source, board_dir or Path('boards'))}")
        return
    known = all_boards(board_dir)
    if as_json:
        show_json(report.boards_json(known))
    else:
        show_table(report.boards_table(known))


def ports(board_dir: options.BoardDir = None, as_json: options.AsJson = False) -> None:
    """List this computer's serial ports, and the boards they may be."""
    found, known = all_ports(), all_boards(board_dir)
    if as_json:
        show_json(report.ports_json(found, known))
    elif found:
        show_table(report.ports_table(found, known))
    else:
        show("there are no serial ports")
