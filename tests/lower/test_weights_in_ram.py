"""Constants that are copied to RAM: only those of the layers named, counted, and the same answers."""

from dataclasses import replace
from pathlib import Path

import pytest
from command import aot, refused
from paths import DIGITS

from aot import api
from aot.base.choices import CompileOptions
from aot.base.errors import AotError
from aot.compile.pipeline import compile_file
from aot.compile.printing import print_model
from aot.targets import load_board


def _bytes(*layers: str) -> int:
    compiled = compile_file(DIGITS, load_board("mps2-an385"), CompileOptions(weights_in_ram=layers))
    return compiled.held.weights.in_ram_bytes


def test_never_unless_asked() -> None:
    compiled = compile_file(DIGITS, load_board("mps2-an386"))
    assert "IN_RAM" not in "".join(print_model(compiled).values())


def test_the_constants_of_the_layers_named() -> None:
    compiled = compile_file(DIGITS, load_board("mps2-an385"), CompileOptions(weights_in_ram=["parts"]))
    text = print_model(compiled)["digits_weights.c"]
    lines = [line for line in text.splitlines() if "DIGITS_WEIGHTS_IN_RAM const" in line]
    assert lines and all(" digits_parts_" in line for line in lines)
    assert "DIGITS_WEIGHTS const int8_t digits_edges_weights" in text
    assert 0 < _bytes("parts") < _bytes("parts", "edges") < _bytes("all") == compiled.weights_bytes
    assert f"{_bytes('parts')} of them copied to RAM" in print_model(compiled)["digits.h"]


@pytest.mark.parametrize("board", ["mps2-an386", "riscv-virt"])
def test_exact_and_counted(board: str) -> None:
    flash, ram = (api.run(DIGITS, board, samples=2, weights_in_ram=layers) for layers in (None, ["all"]))
    assert flash.firmware and ram.firmware and flash.verdict.exact and ram.verdict.exact
    copied = ram.firmware.flash.weights  # arrays of one section, with what aligns them
    assert flash.firmware.flash.weights <= ram.compiled.weights_bytes <= copied < ram.compiled.weights_bytes + 32
    assert abs(ram.firmware.ram_bytes - flash.firmware.ram_bytes - copied) < 8
    assert abs(ram.firmware.flash.total - flash.firmware.flash.total) < 32


def test_what_cannot_be(tmp_path: Path) -> None:
    options = ("build", DIGITS, "-b", "mps2-an386", "--no-compile", "-o", tmp_path / "c")
    assert "digits has no layer called part" in refused(*options, "--weights-in-ram", "part")
    assert "exclude each other" in refused(*options, "--weights-in-ram", "all", "--weights", "external")
    board = load_board("microbit")
    small = replace(board, memories=tuple(replace(m, size=3000) if m.name == "ram" else m for m in board.memories))
    compile_file(DIGITS, small)
    with pytest.raises(AotError, match=r"bytes of RAM \(\d+ of arena, 1,\d+ of weights\), the board has 3,000"):
        compile_file(DIGITS, small, CompileOptions(weights_in_ram=["all"]))


def test_json_says_how_much(tmp_path: Path) -> None:
    done = aot(
        "build", DIGITS, "-b", "mps2-an385", "--no-compile", "-o", tmp_path, "--weights-in-ram", "parts", "--json"
    )
    assert done.json["weights_in_ram_bytes"] == _bytes("parts")
