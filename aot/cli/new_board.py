"""Starts a board as a copy of another one."""

import re
import shutil
from pathlib import Path

from aot.base.errors import AotError
from aot.base.files import complete_folder, os_errors, refuse_occupied
from aot.targets import load_board

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DESCRIPTION = re.compile(r'^description = ".*"$', re.MULTILINE)


def new_board(name: str, source_name: str, board_dir: Path) -> Path:
    """Copy the files of the board `source_name` to the new folder `board_dir/name`, and return it.

    AotError where the name cannot be one, where the folder holds files, and for `host`, which is not a board.
    """
    if not _NAME.fullmatch(name):
        raise AotError(f"{name!r} cannot be the name of a board", "lower-case letters, digits and single hyphens")
    source = load_board(source_name, board_dir if board_dir.is_dir() else None)
    if not source.memories:
        raise AotError(f"{source.name} has no start-up code to copy", "another board: `aot boards` lists them")
    folder = board_dir / name
    refuse_occupied(folder, force=False)
    with complete_folder(folder) as made, os_errors(folder):
        for path in source.folder.iterdir():
            shutil.copyfile(path, made / path.name)
        text = (made / "board.toml").read_text(encoding="utf-8")
        text = _DESCRIPTION.sub(f'description = "{name}, started from {source.name}"', text, count=1)
        (made / "board.toml").write_text(text, encoding="utf-8")
    return folder
