"""Every project kind: what aot build writes is built as its user would, and its example answers as the model does.

Zephyr, ESP-IDF, FreeRTOS and Arduino are stood in for by the files of stand_ins.
"""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import reading
import yaml
from command import aot, refused
from paths import DIGITS, ROOT, SINE
from programs import cmake, run

from aot.base.choices import CompileOptions
from aot.cli.options import ProjectKind
from aot.compile.pipeline import compile_file
from aot.compile.printing import make
from aot.device.protocol import Device
from aot.device.verify import run as run_on_device
from aot.oracle import interpreter
from aot.oracle.samples import random_samples
from aot.project.kinds import KINDS
from aot.runners import start
from aot.targets import load_board

HERE = Path(__file__).parent
STAND_INS = HERE / "stand_ins"
README = (ROOT / "README.md").read_text(encoding="utf-8")
WARNINGS = "-Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror"
SECONDS = 20.0


def project(kind: str, folder: Path, board: str = "host", model: Path = SINE) -> Path:
    """The project of `kind` in `folder`."""
    done = aot("build", model, "--board", board, "-o", folder, "--project", kind, "--no-compile")
    assert done.code == 0, done.err
    return folder


def usual_board(kind: str) -> str:
    """A board that projects of `kind` can be for, with assembly if any can."""
    return "mps2-an386" if "arm" in KINDS[kind].families else "host"


def expected_lines(model: Path = SINE) -> list[str]:
    """What every example prints: the first ten codes of each output for inputs of zeros."""
    graph = reading.load(model)
    values = interpreter.run(graph, {n: np.zeros(graph[n].shape, graph[n].dtype) for n in graph.inputs})
    outputs = {name: values[name].reshape(-1)[:10] for name in graph.outputs}
    return [f"{name}[{i}] = {code}" for name, codes in outputs.items() for i, code in enumerate(codes)]


def test_the_command_line_knows_every_kind() -> None:
    assert [kind.value for kind in ProjectKind] == list(KINDS)


_OF_THE_USER = ("west.yml", "FreeRTOSConfig.h", ".cproject.yml", "Core/Src/main.c")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "sources"])
def test_every_kind_has_a_readme_that_names_its_files(kind: str, tmp_path: Path) -> None:
    folder = project(kind, tmp_path / "p", usual_board(kind))
    text = (folder / "README.md").read_text()
    assert "sine" in text and "{{" not in text and "None" not in text
    for path in re.findall(r"`((?:[\w.-]+/)*[\w.-]+\.(?:c|h|yml|ini|json))`", text):
        assert path in _OF_THE_USER or list(folder.rglob(path)), path


def test_files_do_not_depend_on_where_they_are(tmp_path: Path) -> None:
    for kind in KINDS:
        first, second = (project(kind, tmp_path / place / kind, usual_board(kind)) for place in "ab")
        names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
        assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
        assert not any(str(tmp_path) in (first / name).read_text() for name in names)


# CMake


def test_cmake_firmware_is_bit_exact(tmp_path: Path) -> None:
    board = load_board("mps2-an386")
    folder = project("cmake", tmp_path / "p", board.name)
    cmake("--preset", board.name, f"-DCMAKE_C_FLAGS={' '.join(board.core.machine)} {WARNINGS}", cwd=folder)
    cmake("--build", "--preset", board.name, "--parallel", 2, cwd=folder)
    compiled = compile_file(SINE, board)
    (sample,) = random_samples(compiled.source, 1, 0)
    wanted = interpreter.run(compiled.source, sample)
    with start(folder / "build" / "sine.elf", board) as connection:
        device = Device(connection.port, compiled.held, died=connection.died, boots=connection.boots)
        device.identify()
        outputs = device.infer([sample[name].tobytes() for name in compiled.source.inputs])
    assert outputs == [wanted[name].tobytes() for name in compiled.source.outputs]


_USER = """\
cmake_minimum_required(VERSION 3.21)
project(user LANGUAGES C)
find_package(sine REQUIRED)
add_executable(user main.c)
target_link_libraries(user PRIVATE sine::sine)
"""


def test_installed_library_is_found(tmp_path: Path) -> None:
    folder = project("cmake", tmp_path / "p")
    cmake("-S", folder, "-B", "build", f"-DCMAKE_INSTALL_PREFIX={tmp_path / 'installed'}", cwd=tmp_path)
    cmake("--build", "build", "--parallel", 2, "--target", "sine", cwd=tmp_path)
    cmake("--install", "build", cwd=tmp_path)
    user = tmp_path / "user"
    user.mkdir()
    (user / "CMakeLists.txt").write_text(_USER)
    shutil.copy(project("platformio", tmp_path / "other") / "src" / "main.c", user)
    cmake("-S", user, "-B", user / "build", f"-DCMAKE_PREFIX_PATH={tmp_path / 'installed'}", cwd=tmp_path)
    cmake("--build", user / "build", cwd=tmp_path)
    assert run(user / "build" / "user", cwd=tmp_path).splitlines() == expected_lines()


def _five_lines() -> tuple[list[str], list[str]]:
    """The lines that README adds to CMakeLists.txt and to main.c."""
    block = README.partition("<!-- five lines")[2].partition("<!-- /five lines -->")[0]
    blocks = re.findall(r"```(?:cmake|c)\n(.*?)```", block, re.S)
    return blocks[0].splitlines(), blocks[1].splitlines()


@contextmanager
def _emulated(elf: Path) -> Iterator["subprocess.Popen[str]"]:
    command = ["qemu-system-arm", "-M", "mps2-an386", "-display", "none", "-serial", "null", "-monitor", "stdio"]
    with subprocess.Popen([*command, "-kernel", elf], stdin=-1, stdout=-1, stderr=subprocess.STDOUT, text=True) as qemu:
        yield qemu
        qemu.kill()


def test_five_lines_from_an_empty_project_to_a_running_model(tmp_path: Path) -> None:
    for_cmake, for_c = _five_lines()
    assert len(for_cmake) + len(for_c) <= 5
    firmware = Path(shutil.copytree(HERE / "empty_firmware", tmp_path / "firmware"))
    project("cmake", firmware / "digits", "mps2-an386", DIGITS)
    with (firmware / "CMakeLists.txt").open("a") as file:
        file.write("\n".join(for_cmake) + "\n")
    include, arena, call = for_c
    text = (firmware / "main.c").read_text()
    text = text.replace("#include <stdint.h>\n", f"#include <stdint.h>\n{include}\n{arena}\n")
    (firmware / "main.c").write_text(text.replace("int main(void)\n{\n", f"int main(void)\n{{\n{call}\n"))
    cmake("-S", firmware, "-B", "build", cwd=tmp_path)
    cmake("--build", "build", cwd=tmp_path)
    elf = tmp_path / "build" / "firmware"
    symbols = run("arm-none-eabi-nm", elf, cwd=tmp_path)
    (address,) = re.findall(r"^([0-9a-f]+) \w arena$", symbols, re.M)
    compiled = compile_file(DIGITS, load_board("mps2-an386"))
    graph, memory = compiled.graph, tmp_path / "memory"
    values = interpreter.run(graph, {n: np.zeros(graph[n].shape, graph[n].dtype) for n in graph.inputs})
    offset, wanted = compiled.plan.offset_of(graph.outputs[0]), values[graph.outputs[0]].tobytes()
    with _emulated(elf) as qemu:
        assert qemu.stdin
        deadline = time.monotonic() + SECONDS
        while not memory.exists() or memory.read_bytes() != wanted:
            assert time.monotonic() < deadline, memory.read_bytes()
            qemu.stdin.write(f'pmemsave {int(address, 16) + offset} {len(wanted)} "{memory}"\n')
            qemu.stdin.flush()
            time.sleep(0.1)


# Other build systems


def _built_by_cmake(folder: Path) -> str:
    stand_ins = [f"-DZephyr_DIR={STAND_INS / 'zephyr'}"] if "samples" in folder.parts else []
    cmake("-S", folder, "-B", folder / "build", f"-DCMAKE_C_FLAGS={WARNINGS}", *stand_ins, cwd=folder)
    cmake("--build", folder / "build", cwd=folder)
    return run(folder / "build" / "app", cwd=folder)


def _zephyr(folder: Path) -> str:
    module = yaml.safe_load((folder / "zephyr" / "module.yml").read_text())
    assert (folder / module["build"]["kconfig"]).read_text().startswith("config SINE\n")
    sample = folder / module["samples"][0] / "sine"
    wanted = yaml.safe_load((sample / "sample.yaml").read_text())["tests"]["sample.sine"]
    printed = _built_by_cmake(sample)
    assert all(re.search(regex, printed) for regex in wanted["harness_config"]["regex"])
    return printed


def _esp_idf(folder: Path) -> str:
    manifest = yaml.safe_load((folder / "components" / "sine" / "idf_component.yml").read_text())
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    return _built_by_cmake(folder)


def _gcc(folder: Path, *flags: object) -> str:
    run("gcc", "-O1", *WARNINGS.split(), *flags, *folder.rglob("*.c"), "-lm", "-o", folder / "app", cwd=folder)
    return run(folder / "app", cwd=folder)


def _arduino(folder: Path) -> str:
    lines = (folder / "library.properties").read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    assert {"name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url",
            "architectures"} <= properties.keys()  # fmt: skip
    assert (folder / "src" / properties["includes"]).is_file()
    sketch = folder / "examples" / "sine" / "sine.ino"
    for source in (folder / "src").glob("*.c"):
        run("gcc", "-O1", *WARNINGS.split(), "-c", source, "-o", source.with_suffix(".o"), cwd=folder)
    run("g++", *WARNINGS.split(), f"-I{folder / 'src'}", "-x", "c++", "-include", STAND_INS / "arduino" / "Arduino.h",
        sketch, "-x", "none", *(folder / "src").glob("*.o"), "-o", folder / "app", cwd=folder)  # fmt: skip
    *values, microseconds = run(folder / "app", cwd=folder).splitlines()
    assert microseconds.endswith(" us")
    return "\n".join(values)


def _platformio(folder: Path) -> str:
    library = folder / "lib" / "sine"
    manifest = json.loads((library / "library.json").read_text())
    assert (library / "src" / manifest["headers"]).is_file() and {"name", "version"} <= manifest.keys()
    return _gcc(folder, f"-I{library / 'src'}", *manifest["build"]["flags"].split())


def _cmsis_pack(folder: Path) -> str:
    solution = yaml.safe_load((folder / "sine.csolution.yml").read_text())["solution"]
    inner = yaml.safe_load((folder / solution["projects"][0]["project"]).read_text())["project"]
    layer = yaml.safe_load((folder / inner["layers"][0]["layer"]).read_text())["layer"]
    files = [file["file"] for group in inner["groups"] + layer["groups"] for file in group["files"]]
    assert sorted(files) == ["main.c", "sine.c", "sine.h", "sine_weights.c"]
    assert solution["target-types"][0]["device"] == layer["for-device"] == "ARMCM4"
    return _gcc(project("cmsis-pack", folder / "m0", "microbit"))


def _stm32cubeide(folder: Path) -> str:
    (folder / "Core" / "Src" / "main.c").write_text(
        '#include "sine_example.h"\nint main(void)\n{\n    sine_example();\n    return 0;\n}\n'
    )
    return _gcc(folder, f"-I{folder / 'Core' / 'Inc'}")


def _freertos(folder: Path) -> str:
    return _gcc(folder, f"-I{STAND_INS / 'freertos'}")


_BUILDERS = {
    "zephyr": (_zephyr, "host"),
    "esp-idf": (_esp_idf, "host"),
    "arduino": (_arduino, "host"),
    "platformio": (_platformio, "host"),
    "cmsis-pack": (_cmsis_pack, "mps2-an386"),
    "stm32cubeide": (_stm32cubeide, "host"),
    "freertos": (_freertos, "host"),
}


@pytest.mark.parametrize("kind", _BUILDERS)
def test_the_example_answers_as_the_model_does(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDF_PATH", str(STAND_INS / "esp-idf"))
    builder, board = _BUILDERS[kind]
    printed = builder(project(kind, tmp_path / "p", board))
    assert printed.splitlines() == expected_lines()


def test_every_kind_is_built_by_some_test() -> None:
    assert {*_BUILDERS, "make", "sources", "cmake"} == set(KINDS)


def test_a_task_has_the_stack_that_the_model_needs(tmp_path: Path) -> None:
    done = aot("build", SINE, "--board", "mps2-an386", "-o", tmp_path, "--project", "freertos", "--json")
    assert done.json["elf"] is None
    assert f"#define STACK_BYTES {done.json['stack_bytes'] + 1024} " in (tmp_path / "main.c").read_text()
    assert f"Stack     {done.json['stack_bytes']} bytes" in (tmp_path / "sine.h").read_text()


def test_what_is_for_arm_alone_says_so(tmp_path: Path) -> None:
    said = refused("build", SINE, "--board", "host", "-o", tmp_path / "p", "--project", "cmsis-pack")
    assert "is for Arm cores" in said
    assert not (tmp_path / "p").exists()


# Weights apart


@pytest.mark.parametrize("board", ["host", "mps2-an386"])
def test_weights_in_a_section_of_their_own(board: str, tmp_path: Path) -> None:
    """Every constant goes there and is counted, and the board answers as before."""
    plain = compile_file(DIGITS, load_board(board))
    compiled = compile_file(DIGITS, load_board(board), CompileOptions(weights_section=".slow_flash"))
    firmware, weights = make(compiled, tmp_path), compiled.weights_bytes
    padding = firmware.flash.weights - make(plain, tmp_path / "plain").flash.weights
    assert 0 <= padding < 256 and firmware.flash.weights >= weights
    prefix = load_board(board).core.prefix
    listed = run(f"{prefix}objdump", "-h", tmp_path / "build" / "digits_weights.o", cwd=tmp_path)
    sizes = {fields[1]: int(fields[2], 16) for fields in map(str.split, listed.splitlines()) if len(fields) == 7}
    assert sizes[".slow_flash"] >= weights and not any(size for name, size in sizes.items() if "rodata" in name)
    assert run_on_device(compiled, firmware, random_samples(compiled.source, 2, 0), count=False).exact


def test_the_header_of_weights_in_a_section(tmp_path: Path) -> None:
    done = aot(
        "build", SINE, "--board", "host", "-o", tmp_path / "p", "--weights-section", ".qspi_flash", "--no-compile"
    )
    assert done.code == 0
    line = '#define SINE_WEIGHTS __attribute__((section(".qspi_flash")))'
    assert line in (tmp_path / "p" / "sine_weights.c").read_text()
    for name in ("", 'a"b', ".a b", "1a"):
        said = refused("build", SINE, "--board", "host", "-o", tmp_path / "q", "--weights-section", name)
        assert "cannot be the name of a section" in said
