"""cppcheck finds no error in generated C, and nothing else that has no reason here or in docs/misra.md."""

import re
import shutil

import cases
import merge
import misra
import native
import pytest
from paths import DIGITS

from aot.compile.pipeline import compile_file
from aot.targets import load_board

pytestmark = pytest.mark.usefixtures("quick_plans")

_FINDING = re.compile(r": \w+: .*\[(\w+)\]$", re.MULTILINE)
_REASONS = {
    "shiftTooManyBitsSigned": "the sign of a sum, by the arithmetic shift of every compiler we know",
    "unusedStructMember": "structs have the members of their family, also where one kernel does not need all",
    "unusedFunction": "the functions of the model are for its user",
    "knownConditionTrueFalse": "a tile may hold fewer than four columns, though not those of each layer",
}


@pytest.mark.skipif(shutil.which("cppcheck") is None, reason="cppcheck is not installed")
@pytest.mark.parametrize("board", misra.BOARDS)
def test_findings_have_reasons(board: str) -> None:
    model = native.compiled(merge.merged(cases.each()[::40])[0], board=board)
    assert set(_FINDING.findall(misra.findings(model))) <= _REASONS.keys()


@pytest.mark.skipif(shutil.which("cppcheck") is None, reason="cppcheck is not installed")
@pytest.mark.parametrize("board", misra.BOARDS)
def test_rules_of_misra_have_reasons(board: str) -> None:
    found = misra.RULE.findall(misra.findings(compile_file(DIGITS, load_board(board)), "--addon=misra"))
    assert set(found) <= misra.reasons(misra.DOCUMENT.read_text()).keys()
