"""Cores that no board here has: their code runs on one that has the same instructions."""

from pathlib import Path

import pytest
from paths import DIGITS

from aot import api
from aot.cli.new_board import new_board
from aot.targets import load_board


@pytest.mark.parametrize("core", ["cortex-m52", "cortex-m85"])
def test_cores_with_mve_answer_as_the_model(core: str, tmp_path: Path) -> None:
    folder = new_board("mine", "mps3-an547", tmp_path / "boards")
    text = (folder / "board.toml").read_text(encoding="utf-8")
    assert 'core = "cortex-m55"' in text
    (folder / "board.toml").write_text(text.replace('core = "cortex-m55"', f'core = "{core}"'), encoding="utf-8")
    ran = api.run(DIGITS, load_board("mine", folder.parent))
    assert ran.verdict.exact and ran.compiled.board.core.name == core
    assert any("_mve" in call.kernel.name for call in ran.compiled.calls)
