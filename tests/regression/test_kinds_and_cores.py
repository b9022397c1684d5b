"""Projects for cores that their kind cannot have were written without a word, with a computer's stack for an ESP32."""

import json
from pathlib import Path

import pytest
from command import aot, refused
from paths import SINE
from programs import run

from aot.project.kinds import KINDS
from aot.targets import load_board

BOARDS = {"arm": "mps2-an386", "riscv": "riscv-virt", "xtensa": "xtensa-sim", "host": "host"}
LIBRARIES = ("arduino", "platformio")
PORTABLE = ("esp-idf", "zephyr", "freertos", "sources", *LIBRARIES)


def _project(kind: str, board: str, folder: Path, *options: str) -> str:
    """What is told of the project of `kind`, which is written."""
    done = aot("build", SINE, "-b", board, "-o", folder, "--project", kind, *options)
    assert done.code == 0, done.err
    return done.err


@pytest.mark.parametrize(
    ("kind", "families"), [("esp-idf", "riscv xtensa host"), ("cmsis-pack", "arm"), ("stm32cubeide", "arm host")]
)
def test_kinds_of_certain_cores(kind: str, families: str, tmp_path: Path) -> None:
    assert KINDS[kind].families == tuple(f for f in BOARDS if f in families.split())
    for family, board in BOARDS.items():
        folder = tmp_path / family
        if family in families:
            _project(kind, board, folder, "--no-compile")
        else:
            said = refused("build", SINE, "-b", board, "-o", folder, "--project", kind)
            assert f"{board} has the core {load_board(board).core.name}" in said and not folder.exists()


def test_an_esp32_gets_c_for_any_core(tmp_path: Path) -> None:
    for board in ("mps2-an386", "microbit", "nrf52840-dk"):
        said = refused("build", SINE, "-b", board, "-o", tmp_path / "p", "--project", "esp-idf")
        assert "ESP32" in said and "--board host" in said


def test_all_other_kinds_take_any_core() -> None:
    certain = {"esp-idf", "cmsis-pack", "stm32cubeide"}
    assert all(set(kind.families) == set(BOARDS) for kind in KINDS.values() if kind.name not in certain)


@pytest.mark.parametrize("kind", LIBRARIES)
def test_assembly_in_a_library_for_many_boards_is_told(kind: str, tmp_path: Path) -> None:
    said = _project(kind, "mps2-an386", tmp_path / "arm", "--no-compile")
    assert said.startswith("warning: ") and "cortex-m4f" in said and "--board host" in said
    for board in ("arduino-nano-33-ble", "raspberry-pi-pico", "mps2-an385", "host"):
        assert _project(kind, board, tmp_path / board, "--no-compile") == ""


def test_plain_c_for_an_stm32_is_told(tmp_path: Path) -> None:
    assert "warning: " in _project("stm32cubeide", "host", tmp_path / "host", "--no-compile")
    assert _project("stm32cubeide", "nucleo-f446re", tmp_path / "arm", "--no-compile") == ""


def test_libraries_name_the_platforms_they_are_for(tmp_path: Path) -> None:
    """Assembly is for Arm; no core with an int of 16 bits is ever among them."""
    named = {}
    for board in ("host", "mps2-an386", "microbit", "riscv-virt"):
        arduino, platformio = tmp_path / f"{board}-a", tmp_path / f"{board}-p"
        _project("arduino", board, arduino, "--no-compile")
        _project("platformio", board, platformio, "--no-compile")
        lines = (arduino / "library.properties").read_text().splitlines()
        (found,) = [line.removeprefix("architectures=") for line in lines if line.startswith("architectures=")]
        manifest = json.loads((platformio / "lib" / "sine" / "library.json").read_text())
        named[board] = (set(found.split(",")), set(manifest["platforms"]))
    assert named["host"] == named["microbit"] == named["riscv-virt"]
    for assembly, plain, arm, other in zip(
        named["mps2-an386"], named["host"], ({"mbed_nano", "stm32"}, {"ststm32", "nordicnrf52"}),
        ({"esp32"}, {"espressif32"}), strict=True,
    ):  # fmt: skip
        assert arm <= assembly < plain and other <= plain - assembly
        assert not plain & {"*", "avr", "megaavr", "atmelavr", "atmelmegaavr", "timsp430"}


@pytest.mark.parametrize("kind", PORTABLE)
def test_a_computers_figures_are_no_other_cores(kind: str, tmp_path: Path) -> None:
    done = aot("build", SINE, "-b", "host", "-o", tmp_path / "p", "--project", kind, "--json")
    assert done.code == 0, done.err
    assert done.json["stack_bytes"] is None and done.json["ram_bytes"] is None
    assert done.json["flash_bytes"]["total"] is None and done.json["flash_bytes"]["weights"] > 0
    (header,) = (tmp_path / "p").rglob("sine.h")
    assert "Stack" not in header.read_text()
    text = "".join(path.read_text() for path in (tmp_path / "p").rglob("README.md"))
    assert "kernels for host" not in text and "None" not in text
    if kind in ("esp-idf", "freertos"):
        assert "was not measured" in text


def test_figures_of_the_core_itself_are_told(tmp_path: Path) -> None:
    for kind, board in (("make", "host"), ("esp-idf", "riscv-virt"), ("arduino", "arduino-nano-33-ble")):
        done = aot("build", SINE, "-b", board, "-o", tmp_path / kind, "--project", kind, "--json")
        assert done.code == 0 and done.json["stack_bytes"] > 0 and done.json["flash_bytes"]["total"] > 0
        (header,) = (tmp_path / kind).rglob("sine.h")
        assert f"Stack     {done.json['stack_bytes']} bytes" in header.read_text()
    assert "was not measured" not in (tmp_path / "esp-idf" / "README.md").read_text()


AN_INT_OF_16_BITS = ("-U__INT_MAX__", "-D__INT_MAX__=32767")


def test_an_int_of_16_bits_is_an_error_in_words(tmp_path: Path) -> None:
    """In the header, which a sketch includes before anything else of the library is compiled."""
    _project("sources", "host", tmp_path / "p", "--no-compile")
    for source, language in (("sine.c", "c"), ("sine.h", "c"), ("sine.h", "c++")):
        command = ("gcc", "-fsyntax-only", "-x", language, tmp_path / "p" / source)
        run(*command, cwd=tmp_path)
        with pytest.raises(AssertionError, match=r"#error .*int has 32 bits.*AVR"):
            run(*command, *AN_INT_OF_16_BITS, cwd=tmp_path)
