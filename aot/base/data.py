"""Finds `templates/` and `board_support/`, in a checkout or inside the installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def _folder(name: str) -> Path:
    """The data folder `name`: the wheel carries it inside the package, a checkout has it beside the package."""
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


TEMPLATES = _folder("templates")
BOARD_SUPPORT = _folder("board_support")
