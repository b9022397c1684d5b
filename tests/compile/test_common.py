"""Kernels that several models have in common stand once, and compute what they compute in each model alone."""

import re
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cases
import merge
import native
import pytest
from paths import DIGITS
from programs import cmake, run

from aot.base.choices import CompileOptions
from aot.base.files import write_files
from aot.compile.bundle import bundled
from aot.compile.pipeline import compile_file
from aot.compile.printing import make, print_model, print_project
from aot.compile.records import Compiled, CompiledBundle
from aot.device.verify import run_in_turn, verify_layers
from aot.emit.bundle import common_files
from aot.emit.common import common_of
from aot.emit.layers import functions_of
from aot.graph.deployment import Bundle
from aot.oracle.samples import random_samples
from aot.project.compile import Firmware, Flash
from aot.targets import load_board

_WARNINGS = "-std=c99 -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Wmissing-prototypes -Werror".split()
_FUNCTION = re.compile(r"^\w[^;={}()\n]*?(\w+)\([^;{}]*?\)\n\{", re.MULTILINE)
_COMPILERS = {"host": ["gcc"], "mps2-an386": ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb"]}


def _digits(name: str, board: str, **choices: str) -> Compiled:
    return compile_file(DIGITS, load_board(board), CompileOptions(name=name, **choices))


def _twins(board: str, **choices: str) -> CompiledBundle:
    """The same model twice."""
    return bundled([_digits(name, board, **choices) for name in ("a", "b")])


def _functions(whole: CompiledBundle, elf: Path) -> Counter[str]:
    """How often each function is in a program: under the name of its model, or of all."""
    lines = run(f"{whole.board.core.prefix}nm", elf, cwd=elf.parent).splitlines()
    owned = [line.split()[-1].split("_", 1) for line in lines if line.split()[-2] in "tT"]
    return Counter(name for owner, *rest in owned for name in rest if owner in ("a", "b", "models"))


def _defined(text: str) -> set[str]:
    """The functions that C text defines."""
    return set(_FUNCTION.findall(text))


@pytest.mark.parametrize(("board", "optimize"), [("host", "size"), ("mps2-an386", "size"), ("mps2-an386", "speed")])
def test_shared_kernels_are_bit_exact_and_once_in_the_program(board: str, optimize: str, tmp_path: Path) -> None:
    whole = _twins(board, optimize=optimize)
    assert whole.common is not None
    firmware = make(whole, tmp_path, trace=True)
    samples = [list(random_samples(model.source, 2, seed)) for seed, model in enumerate(whole.models)]
    assert all(verdict.exact for verdict in run_in_turn(whole.models, firmware, samples))
    for number, (model, given) in enumerate(zip(whole.models, samples, strict=True)):
        assert verify_layers(model, firmware, given, number=number).exact
    counts, shared = _functions(whole, firmware.elf), whole.common.names & _defined(_kernels(whole))
    assert counts["run"] == 2 and shared and all(counts[name] == 1 for name in shared)
    assert firmware.parts[0].stack == firmware.parts[1].stack and firmware.stack.bytes > 100
    assert board == "host" or not firmware.stack.unknown


def _kernels(whole: CompiledBundle) -> str:
    return str(print_project(whole, "sources").get("models_kernels.c", ""))


@pytest.mark.slow
@pytest.mark.parametrize("board", _COMPILERS)
def test_every_kernel_can_stand_in_the_common_file(board: str, tmp_path: Path) -> None:
    """All kernels that cases of operators have, for flash: what has a single call is shared, too.

    No model defines one then; both files compile without a warning, and so do they as one unit.
    """
    model = native.compiled(merge.merged(cases.each())[0], board=board, optimize="size")
    twice = [(model.block, model.target)] * 2
    common = common_of("models", twice)
    assert common is not None
    kernels = {one.name for one in functions_of(model.calls, model.rounding).values()}
    files = common_files(common, Bundle("models", (model.held,) * 2, 0, (0, 0), False), twice)
    assert len(kernels) > 100 and kernels <= _defined(files["models_kernels.c"])
    files |= print_model(replace(model, common=common))
    assert not kernels & _defined(files["merged.c"])
    write_files(files, tmp_path)
    (tmp_path / "unit.c").write_text('#include "merged.c"\n#include "models_kernels.c"\n')
    run(*_COMPILERS[board], *_WARNINGS, "-fsyntax-only", "models_kernels.c", "unit.c", cwd=tmp_path)


@pytest.mark.parametrize("board", ["host", "mps2-an386"])
def test_what_differs_is_not_shared(board: str, tmp_path: Path) -> None:
    """Sums are shared, outputs that are rounded in another way are not; neither are equal kernels that need these."""
    rounded = [_digits(name, board, rounding=how) for name, how in (("a", "double"), ("b", "single"))]
    whole = bundled([replace(model, target=replace(model.target, optimize="size")) for model in rounded])
    names = whole.common.names if whole.common else frozenset[str]()
    assert ("row_s8_joined" in names) is (board != "host")
    assert not [name for name in names if name.startswith(("tiles_", "conv2d", "dense", "requantize"))]
    samples = [list(random_samples(model.source, 2, 0)) for model in whole.models]
    assert all(verdict.exact for verdict in run_in_turn(whole.models, make(whole, tmp_path), samples))


def test_a_kernel_with_a_single_call_stays_with_its_model() -> None:
    """The compiler puts the numbers of that call into it; of a kernel with several calls, it makes a function."""
    size, speed = (_twins("mps2-an386", optimize=optimize).common for optimize in ("size", "speed"))
    assert size and {"conv2d_s8", "dense_s8"} <= size.names
    assert speed and "row_s8_joined" in speed.names and "conv2d_s8_dsp" not in speed.names


@pytest.mark.parametrize("kind", ["make", "cmake"])
def test_projects_compile_the_common_file(kind: str, tmp_path: Path) -> None:
    whole = _twins("host")
    write_files(print_project(whole, kind), tmp_path)
    if kind == "make":
        run("make", "-j2", cwd=tmp_path)
    else:
        cmake("-B", "build", cwd=tmp_path)
        cmake("--build", "build", "--parallel", 2, cwd=tmp_path)
    samples = [list(random_samples(model.source, 2, 0)) for model in whole.models]
    firmware = Firmware(tmp_path / "build" / "models.elf", Flash(0, 0), 0, ())
    assert all(verdict.exact for verdict in run_in_turn(whole.models, firmware, samples))


def test_the_header_of_all_is_for_programs_in_cpp_too(tmp_path: Path) -> None:
    write_files(print_project(_twins("host", optimize="size"), "sources"), tmp_path)
    command = ["g++", "-fsyntax-only", *_WARNINGS[1:6], "-Werror", "-include", "models.h", "-x", "c++", "/dev/null"]
    subprocess.run(command, cwd=tmp_path, check=True)
