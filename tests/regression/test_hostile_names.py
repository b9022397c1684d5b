"""Names of models, tensors and ports that are no names in C, C++, make, CMake, YAML or JSON, in projects of all kinds.

Models called `test`, `m` or `run` did not build with CMake, `features` hid a header of the C library, YAML read `no` as
false, and a name given to --input-shape could end a comment.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml
from paths import ROOT
from programs import cmake, run
from topologies import add, connected

from aot import frontends
from aot.base.choices import CompileOptions
from aot.base.files import write_files
from aot.compile.pipeline import compile
from aot.compile.printing import print_model, print_project
from aot.compile.records import Compiled
from aot.frontends.tflite import writer
from aot.passes import normalize
from aot.project.kinds import KINDS, project_files
from aot.targets import load_board

STAND_INS = ROOT / "tests" / "project" / "stand_ins"
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic", "-Werror", "-fsyntax-only")

NAMES = (
    *("a'b", 'a"b', "a\\b", "\\", '\\"', "a??/b", "??/", "a\nb", "a\r\nb", "\x1b[2J", "a`b"),
    *("int", "_Bool", "class", "co_await", "and", "nullptr", "constexpr"),
    *("errno", "NULL", "stdin", "I", "main", "EOF", "INT8", "signal", "printf", "memset", "linux"),
    *("müller", "模型", "😀", "שלום", "\u202eabc\u202c", "a\u00a0b", "\u2028"),
    *("../../etc/passwd", "/abs", "a:b;c", "C:\\x", ".hidden", "--help", "~"),
    *("%s%n", "$HOME", "$(rm)", "#define", "//", "/*", "*/", "a b  c", "{{ x }}", "%% do", "<b>", "a=b"),
    *("1st", "1e5", "_", "__x__", "", " ", "x" * 300, "A-b", "a_b", "*/ int evil; /*"),
    *("test", "all", "run", "m", "app", "install", "firmware", "board", "models", "arena"),
    *("no", "on", "null", "y", "features", "task", "FreeRTOS", "Arduino", "weights", "input"),
)

# What else a C file of a project defines: where those of all are one file, each has its own.
_OWN = (
    "arena",
    "infer_once",
    "main",
    "app_main",
    "setup",
    "loop",
    "stack",
    "control_block",
    "inference_task",
    "results",
)
_MACROS = ("STACK_BYTES", "STACK_WORDS", "PERIOD_MS")
# Headers whose macros and functions a name could meet.
_HEADERS = "assert complex ctype errno float inttypes limits math setjmp signal stdarg stdbool stdio stdlib string time"


@cache
def _graph(name: str) -> bytes:
    """A file with a model of two inputs and two outputs, all of whose tensors are called `name`."""
    graph = connected("p q", "y z", add("p", "w", "y"), add("q", "w", "z"), constants="w")
    with patch.object(writer, "_labels", lambda tensors: {t.name: name for t in tensors}):
        return writer.write(graph)


@cache
def models() -> tuple[Compiled, ...]:
    """A model called by each name, with all tensors called so; where two would be one in C, the second has a number."""
    found: dict[str, Compiled] = {}
    for number, name in enumerate(NAMES):
        graph = normalize(frontends.parse(_graph(name), name))
        if graph.name.lower() in found:
            graph = normalize(frontends.parse(_graph(name), f"{name} {number}"))
        found[graph.name.lower()] = compile(graph, load_board("host"), "0" * 64)
    assert len(found) == len(NAMES)
    return tuple(found.values())


@cache
def _own_files() -> tuple[dict[str, str], ...]:
    """The files of each model itself, which are the same in all kinds."""
    return tuple(map(print_model, models()))


@cache
def projects(kind: str) -> dict[str, dict[str, str]]:
    """The files of each model's project of a kind, by the name that it has in C."""
    board = load_board("host" if "host" in KINDS[kind].families else "microbit")
    return {
        model.interface.name: project_files(KINDS[kind], model.held, board, files)
        for model, files in zip(models(), _own_files(), strict=True)
    }


def test_there_are_many_names() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 70
    assert len(models()) == len(NAMES)


def test_names_that_clash_with_nothing_stay() -> None:
    """Two inputs called alike are told apart."""
    by_name = dict(zip(NAMES, models(), strict=True))
    for name in ("NULL", "I", "INT8", "test", "m", "run", "no", "weights", "linux"):
        assert by_name[name].interface.name == name
    accessors = [port.accessor for port in by_name["weights"].interface.inputs]
    assert accessors == ["weights_input_weights", "weights_input_weights_2"]


@pytest.mark.parametrize("kind", KINDS)
def test_files_have_plain_names(kind: str) -> None:
    for name, files in projects(kind).items():
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)
        for path in files:
            assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", part) for part in path.split("/")), path


def _strings(value: object) -> Iterator[str]:
    """All keys and texts in what YAML or JSON gives."""
    if isinstance(value, dict):
        for key, inner in value.items():
            assert isinstance(key, str), key
            yield key
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("kind", ["zephyr", "cmsis-pack", "platformio", "esp-idf"])
def test_what_build_systems_read_is_what_was_meant(kind: str) -> None:
    """YAML and JSON name the model by a text, whatever else it could be."""
    read: dict[str, Callable[[str], object]] = {"yml": yaml.safe_load, "yaml": yaml.safe_load, "json": json.loads}
    for name, files in projects(kind).items():
        found = [
            text for path, content in files.items() if path.rpartition(".")[2] in read
            for text in _strings(read[path.rpartition(".")[2]](str(content)))
        ]  # fmt: skip
        whole = {"zephyr": name, "cmsis-pack": name, "platformio": name}
        assert any(name in text for text in found) and (kind not in whole or whole[kind] in found), (name, found)


def _unit(folder: Path, files: Iterator[tuple[str, str]], prelude: str) -> Path:
    """One C file of all; what each defines beside its model gets a number."""
    text = "".join(f"#include <{header}.h>\n" for header in _HEADERS.split()) + prelude
    for number, (name, path) in enumerate(files):
        text += "".join(f"#define {own} {own}_{number}\n" for own in _OWN)
        text += f'#include "{name}/{path}"\n' + "".join(f"#undef {own}\n" for own in (*_OWN, *_MACROS))
    (folder / "unit.c").write_text(text)
    return folder / "unit.c"


def _written(kind: str, folder: Path) -> dict[str, list[str]]:
    """Every project of a kind, in a folder of its own; the C files of each, but those that all have in common."""
    for name, files in projects(kind).items():
        write_files(files, folder / name)
    return {name: [path for path in files if path.endswith((".c", ".ino"))] for name, files in projects(kind).items()}


def test_all_models_are_one_unit(tmp_path: Path) -> None:
    """Beside all headers of the C library."""
    files = _written("sources", tmp_path)
    unit = _unit(tmp_path, ((name, path) for name, paths in files.items() for path in paths), "")
    run("gcc", "-std=c99", *WARNINGS, unit, cwd=tmp_path)


_EXAMPLES = {
    "zephyr": (("include",), ("zephyr/include",)),
    "esp-idf": (("components/{0}/include",), ("esp-idf/include",)),
    "freertos": (("",), ("freertos",)),
    "platformio": (("lib/{0}/src",), ()),
    "cmsis-pack": (("",), ()),
    "stm32cubeide": (("Core/Inc",), ()),
}


@pytest.mark.parametrize("kind", _EXAMPLES)
def test_all_examples_are_one_unit(kind: str, tmp_path: Path) -> None:
    """Each finds its own header, and the build system's."""
    own, others = _EXAMPLES[kind]
    files = _written(kind, tmp_path)
    examples = ((name, next(path for path in paths if "main.c" in path or "_example.c" in path))
                for name, paths in files.items())  # fmt: skip
    include = [f"-I{STAND_INS / other}" for other in others]
    include += [f"-I{tmp_path / name / folder.format(name)}" for name in files for folder in own]
    run("gcc", "-std=gnu11", *WARNINGS, *include, _unit(tmp_path, examples, ""), cwd=tmp_path)


def test_all_sketches_are_one_unit(tmp_path: Path) -> None:
    """In C++, and with that all headers."""
    files = _written("arduino", tmp_path)
    sketches = ((name, next(path for path in paths if path.endswith(".ino"))) for name, paths in files.items())
    include = [f"-I{tmp_path / name / 'src'}" for name in files]
    run("g++", *WARNINGS, *include, "-include", STAND_INS / "arduino" / "Arduino.h", "-x", "c++",
        _unit(tmp_path, sketches, ""), cwd=tmp_path)  # fmt: skip


@pytest.mark.parametrize("name", ["test", "m", "firmware", "features", "NULL"])
def test_firmware_builds(name: str, tmp_path: Path) -> None:
    """As make does it: headers are looked for in the project before those of the system."""
    model = dict(zip(NAMES, models(), strict=True))[name]
    write_files(print_project(model), tmp_path)
    sources = ("firmware/deployment.c", "firmware/main.c", "board/uart_host.c", "board/timer_host.c")
    run("gcc", "-std=c99", *WARNINGS, "-I.", "-Ifirmware", "-Iboard", *sources, cwd=tmp_path)


def test_every_project_of_cmake_can_be_part_of_another(tmp_path: Path) -> None:
    """No name is one of CMake's, nor that of the mathematical library."""
    files = _written("cmake", tmp_path)
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.21)\nproject(all_of_them LANGUAGES C)\nenable_testing()\n"
        + "".join(f"add_subdirectory({name})\n" for name in files)
    )
    cmake("-S", tmp_path, "-B", tmp_path / "build", cwd=tmp_path)


@pytest.mark.parametrize("name", ["run", "test", "app"])
def test_projects_of_cmake_by_themselves(name: str, tmp_path: Path) -> None:
    write_files(projects("cmake")[name], tmp_path / "p")
    cmake("-S", tmp_path / "p", "-B", tmp_path / "build", cwd=tmp_path)


def test_names_given_to_options_end_no_comment(tmp_path: Path) -> None:
    name = "*/ int evil; /*"
    graph = normalize(frontends.parse(_graph(name), "net"))
    shapes = {graph[graph.inputs[0]].label: graph[graph.inputs[0]].shape}
    model = compile(graph, load_board("host"), "0" * 64, replace(CompileOptions(), input_shapes=shapes))
    header = str(print_project(model, "sources")["net.h"])
    assert "--input-shape" in header
    (tmp_path / "net.h").write_text(header)
    run("gcc", "-std=c99", *WARNINGS, "-x", "c", tmp_path / "net.h", cwd=tmp_path)
