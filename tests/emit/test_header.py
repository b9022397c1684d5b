"""The header says what the code was made for, and what the core must be set to."""

from pathlib import Path

import pytest

from aot.base.choices import CompileKeywords, CompileOptions
from aot.compile.pipeline import compile_file
from aot.compile.printing import print_model
from aot.targets import load_board

_EXAMPLES = Path(__file__).parents[2] / "examples"
_UNALIGNED = "CCR.UNALIGN_TRP is 0"
_TO_NEAREST = "FPSCR.RMode is 0"


def _header(board: str, options: CompileKeywords) -> str:
    model = compile_file(_EXAMPLES / "digits" / "digits.tflite", load_board(board), CompileOptions(**options))
    return print_model(model)["digits.h"]


@pytest.mark.parametrize(
    ("board", "options", "made_for", "shown"),
    [
        ("host", {}, "host with fpu, fpu64", "--rounding double --optimize speed"),
        ("microbit", {"optimize": "size"}, "microbit, cortex-m0", "--rounding double --optimize size"),
        (
            "mps3-an547",
            {"pool": ("dtcm:300", "ram"), "weights_in_ram": ("all",)},
            "mps3-an547, cortex-m55 with dsp, mve, fpu, fpu64",
            "--rounding double --optimize speed --weights-in-ram all --pool dtcm:300 --pool ram",
        ),
        (
            "mps2-an386",
            {"weights": "int16", "weights_section": ".qspi", "max_ram": 600},
            "mps2-an386, cortex-m4f with dsp, fpu",
            "--rounding double --optimize speed --weights int16 --weights-section .qspi --max-ram 600",
        ),
    ],
)
def test_what_it_was_made_for(board: str, options: CompileKeywords, made_for: str, shown: str) -> None:
    header = _header(board, options)
    assert f" * Made for  {made_for}\n * Options   {shown}\n" in header


@pytest.mark.parametrize(
    ("board", "rounding", "unaligned", "to_nearest"),
    [
        ("microbit", "double", False, False),
        ("microbit", "float", False, True),
        ("mps2-an386", "double", True, False),
        ("mps2-an386", "float", True, True),
    ],
)
def test_what_the_core_must_be_set_to(board: str, rounding: str, unaligned: bool, to_nearest: bool) -> None:
    header = _header(board, {"rounding": rounding})
    assert (_UNALIGNED in header, _TO_NEAREST in header) == (unaligned, to_nearest)
