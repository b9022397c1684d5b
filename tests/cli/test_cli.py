"""Every command: what it prints where, its JSON keys, its exit code, and what it leaves on the disk."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reading
from command import aot, refused
from paths import DIGITS, EXAMPLES, SINE

from aot.base.version import __version__
from aot.graph.ir import Graph, Tensor
from aot.oracle import interpreter

FLASH_KEYS = {"code", "weights", "total"}
BUILD_KEYS = {
    "model", "board", "rounding", "arena_bytes", "arena_lower_bound", "arena_optimal", "stack_bytes", "flash_bytes",
    "ram_bytes", "elf",
}  # fmt: skip
PROGRAMS = ("gcc", "size", "nm", "objdump")


# Usage


def test_version() -> None:
    assert aot("--version").out == f"aot {__version__}\n"


def test_help_lists_the_commands() -> None:
    done = aot("--help")
    assert done.code == 0
    for command in ("build", "run", "verify", "profile", "inspect", "boards"):
        assert f"\n  {command} " in done.out
        assert aot(command, "--help").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["build"],
        ["build", SINE],
        ["build", SINE, "-b", "host"],
        ["boards", "--nonsense"],
        ["boards", "more"],
        ["run", SINE, "-b", "host", "--samples", "0"],
        ["run", SINE, "-b", "host", "--samples", "many"],
        ["run", SINE, "-b", "host", "--seed", "-1"],
        ["build", SINE, "-b", "host", "-o", "out", "--rounding", "up"],
        ["build", SINE, "-b", "host", "-o", "out", "--project", "nonsense"],
    ],
    ids=lambda arguments: " ".join(str(a) for a in arguments if a != SINE) or "nothing",
)
def test_wrong_usage(arguments: list[Any]) -> None:
    done = aot(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Usage: aot" in done.err and "Traceback" not in done.err


def test_starts_quickly() -> None:
    """No package that takes long to import is one before it is needed."""
    heavy = {"PIL", "h5py", "onnx", "onnxruntime", "onnxscript", "pandas", "scipy", "sklearn", "torch"}
    program = "import sys, aot.cli.main; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not heavy & {*done.stdout.split()}


def test_a_reader_that_leaves_early() -> None:
    command = f"{sys.executable} -m aot.cli inspect {DIGITS} | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("%image = input") and "Traceback" not in done.stderr


# Build


def test_build_json(tmp_path: Path) -> None:
    done = aot("build", DIGITS, "--board", "mps2-an386", "--output", tmp_path / "out", "--json")
    assert (done.code, done.err) == (0, "")
    values = done.json
    assert values.keys() >= BUILD_KEYS and values["flash_bytes"].keys() == FLASH_KEYS
    assert (values["model"], values["board"], values["rounding"]) == ("digits", "mps2-an386", "double")
    assert values["flash_bytes"]["total"] == values["flash_bytes"]["code"] + values["flash_bytes"]["weights"]
    assert 0 < values["arena_lower_bound"] <= values["arena_bytes"] <= values["ram_bytes"]
    assert Path(values["elf"]).read_bytes()[:4] == b"\x7fELF"


def test_build_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = aot("build", SINE, "-b", "mps2-an386", "-o", tmp_path / "out", "--no-compile", "--json", "--name", "wave")
    assert (done.code, done.err) == (0, "")
    assert done.json.keys() >= BUILD_KEYS
    assert (done.json["elf"], done.json["stack_bytes"], done.json["flash_bytes"]["code"]) == (None, None, None)
    assert (tmp_path / "out" / "wave.h").is_file()


def test_build_for_people(tmp_path: Path) -> None:
    done = aot("build", SINE, "-b", "host", "-o", tmp_path / "out")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == ["sine", "RAM", "flash", "stack"]
    assert all(line == line.rstrip() for line in done.out.splitlines())


def test_build_sources(tmp_path: Path) -> None:
    done = aot("build", SINE, "-b", "host", "-o", tmp_path / "out", "--project", "sources", "--json")
    assert done.json["elf"] is None
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"sine.c", "sine.h", "sine_weights.c"}


@pytest.mark.parametrize("place", ["out", "a/b/c", ".", "link", "dangling", "empty"])
def test_build_places(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New, nested, current, linked and empty folders, all by relative paths."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here" if place == "." else tmp_path)
    (tmp_path / "link").symlink_to("empty")
    (tmp_path / "dangling").symlink_to("fresh")
    done = aot("build", SINE, "-b", "host", "-o", place, "--json")
    assert done.code == 0, done.err
    assert Path(done.json["elf"]).is_file() and not Path(done.json["elf"]).is_absolute()
    assert not list(tmp_path.rglob(".aot-*"))
    folder = Path(place).stat()
    old = os.umask(0)
    os.umask(old)
    assert stat.S_IMODE(folder.st_mode) == 0o777 & ~old


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every file below, and every folder."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def test_build_does_not_touch_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "mine.c").write_text("int x;\n")
    (tmp_path / "sine.h").write_text("old")
    before = tree(tmp_path)
    assert "--force" in refused("build", SINE, "-b", "host", "-o", tmp_path)
    assert tree(tmp_path) == before
    assert aot("build", SINE, "-b", "host", "-o", tmp_path, "--force").code == 0
    assert (tmp_path / "mine.c").read_text() == "int x;\n" and "SINE_H" in (tmp_path / "sine.h").read_text()
    assert aot("build", SINE, "-b", "host", "-o", tmp_path, "--force").code == 0


@pytest.mark.parametrize("obstacle", ["folder for file", "file for folder"])
def test_build_forced_over_the_wrong_kind(obstacle: str, tmp_path: Path) -> None:
    if obstacle == "folder for file":
        (tmp_path / "sine.h").mkdir()
    else:
        (tmp_path / "firmware").write_text("a file")
    before = tree(tmp_path)
    assert "move it away" in refused("build", SINE, "-b", "host", "-o", tmp_path, "--force")
    assert tree(tmp_path) == before


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/aot", "/dev/null", "n" * 300])
def test_build_where_nothing_can_be_written(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    before = tree(tmp_path)
    refused("build", SINE, "-b", "host", "-o", tmp_path / place)
    assert tree(tmp_path) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_build_where_writing_is_forbidden(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    assert "Permission denied" in refused("build", SINE, "-b", "host", "-o", tmp_path / "out")
    assert "Permission denied" in refused("build", SINE, "-b", "host", "-o", tmp_path)


@pytest.mark.parametrize("existing", [True, False])
def test_build_on_a_full_disk(existing: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []

    def write_bytes(path: Path, data: bytes) -> int:
        written.append(path)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        with path.open("wb") as file:
            return file.write(data)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    if existing:
        (tmp_path / "out").mkdir()
    before = tree(tmp_path)
    assert "No space left" in refused("build", SINE, "-b", "host", "-o", tmp_path / "out")
    assert len(written) == 4 and tree(tmp_path) == before


# Missing and broken tools


def tools(folder: Path, *missing: str, broken: str = "") -> str:
    """A folder for PATH that has the compilers' programs but for some; `broken` ends with an error."""
    folder.mkdir()
    names = [*PROGRAMS, "as", "ld", "qemu-system-arm", *(f"arm-none-eabi-{name}" for name in PROGRAMS)]
    for name in names:
        if name in missing:
            continue
        if name == broken:
            (folder / name).write_text("#!/bin/sh\necho 'error: no licence' >&2\nexit 3\n")
            (folder / name).chmod(0o755)
        else:
            found = [Path(place) / name for place in os.environ["PATH"].split(":") if (Path(place) / name).exists()]
            if found:
                (folder / name).symlink_to(found[0])
    return str(folder)


@pytest.mark.parametrize("program", PROGRAMS)
def test_missing_compiler(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin", f"arm-none-eabi-{program}"))
    error = refused("build", SINE, "-b", "microbit", "-o", tmp_path / "out")
    assert f"arm-none-eabi-{program}" in error and "apt-get install gcc-arm-none-eabi" in error
    assert not (tmp_path / "out").exists()


def test_missing_native_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin", "gcc"))
    assert "apt-get install gcc" in refused("run", SINE, "-b", "host")


def test_missing_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin", "qemu-system-arm"))
    for command in ("run", "verify"):
        assert "apt-get install qemu-system-arm" in refused(command, SINE, "-b", "mps2-an386", "--json")


@pytest.mark.parametrize("program", PROGRAMS)
def test_compiler_that_fails(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin", broken=f"arm-none-eabi-{program}"))
    assert "no licence" in refused("build", SINE, "-b", "microbit", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_absent_port() -> None:
    assert "there is no port" in refused("run", SINE, "-b", "mps2-an386", "--port", "/dev/no-such-port")


# Run and verify


@pytest.mark.parametrize("board", ["host", "mps2-an386"])
def test_run_json(board: str, tmp_path: Path) -> None:
    outputs = tmp_path / "outputs.npz"
    inputs = EXAMPLES / "digits" / "samples.npz"
    done = aot("run", DIGITS, "-b", board, "--inputs", inputs, "--outputs", outputs, "--json", "--rounding", "single")
    assert (done.code, done.err) == (0, "")
    assert done.json.keys() >= BUILD_KEYS | {"samples", "exact", "instructions"}
    assert done.json["exact"] is True and done.json["rounding"] == "single"
    assert (done.json["instructions"] is None) == (board == "host")
    with np.load(outputs) as written:
        assert {name: written[name].shape for name in written.files} == {"digit": (done.json["samples"], 10)}


def test_run_for_people() -> None:
    done = aot("run", SINE, "-b", "host", "--samples", "10", "--seed", "3")
    lines = done.out.splitlines()
    assert lines[0].startswith("sample 0: y = [[") and lines[8:10] == [
        "... and 2 more samples",
        "bit-exact with the interpreter",
    ]


def test_run_refuses_before_it_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    np.savez(tmp_path / "wrong.npz", x=np.zeros((3, 3), np.int8))
    assert "has shape [3, 3]" in refused("run", DIGITS, "-b", "host", "--inputs", tmp_path / "wrong.npz")
    assert "there is no folder" in refused("run", DIGITS, "-b", "host", "--outputs", tmp_path / "absent" / "out.npz")
    assert "is a folder" in refused("run", DIGITS, "-b", "host", "--outputs", tmp_path)


@pytest.mark.parametrize("layers", [False, True])
def test_verify(layers: bool) -> None:
    options = ["--layers"] if layers else []
    done = aot("verify", DIGITS, "-b", "host", "--samples", "2", *options)
    what = "layers" if layers else "outputs"
    assert done.code == 0 and done.out.startswith("bit-exact: all") and f"{what} of 2 samples on host" in done.out
    done = aot("verify", DIGITS, "-b", "host", "--json", *options)
    assert (done.code, done.json) == (
        0,
        {"exact": True, "passed": True, "largest_distance": 0, "samples": 4, "first_difference": None},
    )


@pytest.mark.parametrize("board", ["host", "mps2-an386"])
@pytest.mark.parametrize("layers", [False, True])
def test_verify_finds_the_first_difference(board: str, layers: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter is made to be wrong: from some layer on, at one index."""
    graph = reading.load(DIGITS)
    true_step = Graph.step

    def wrong_step(*arguments: Any) -> dict[str, Any]:
        values = {name: value.copy() for name, value in true_step(*arguments).items()}
        for name in values.keys() & {"parts", *graph.outputs}:
            values[name].reshape(-1)[7] ^= 1
        return values

    monkeypatch.setattr(Graph, "step", wrong_step)
    options = ["--layers"] if layers else []
    done = aot("verify", DIGITS, "-b", board, "--json", *options)
    difference = done.json["first_difference"]
    assert done.code == 1 and done.json["exact"] is False and done.err == ""
    assert difference.keys() >= {"layer", "tensor", "index", "expected", "actual"}
    assert (difference["tensor"], difference["index"]) == ("parts", 7)
    assert difference["expected"] == difference["actual"] ^ 1
    done = aot("verify", DIGITS, "-b", board, *options)
    assert done.code == 1
    assert "layer %parts" in done.out and "at index 7 of sample 0" in done.out
    assert f"expected {difference['expected']}, got {difference['actual']}" in done.out


def test_verify_a_fault_that_is_in_no_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass that changed the meaning: every layer equals the optimized graph, the output not that of the model."""
    true_run = interpreter.run

    def wrong_run(graph: Any, *arguments: Any) -> dict[str, Any]:
        values = dict(true_run(graph, *arguments))
        if len(graph.tensors) == len(reading.load(DIGITS).tensors):
            values["digit"] = values["digit"] ^ 1
        return values

    monkeypatch.setattr(interpreter, "run", wrong_run)
    monkeypatch.setattr(
        "aot.compile.pipeline.run_passes", lambda graph: graph.with_tensors(Tensor("extra", (1,), "int8"))
    )
    for options in ([], ["--layers"]):
        done = aot("verify", DIGITS, "-b", "host", "--json", *options)
        assert (done.code, done.json["first_difference"]["tensor"]) == (1, "digit")
