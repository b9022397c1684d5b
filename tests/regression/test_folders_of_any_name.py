"""Projects in folders with a space or a quote in their path did not build: the shell took it for more than a name."""

from pathlib import Path

import pytest
from command import aot
from paths import SINE
from programs import cmake, run

FOLDERS = ["a b", "it's", 'a"b', "a$b", "a$(b)", "a#b", "a;b", "a(b", "a&b", "a*b", "a`b", "a%b", "aéb", "-a b"]
BEYOND_CMAKE = ('"', "#", ";", "$(")


def _project(kind: str, board: str, folder: Path) -> Path:
    done = aot("build", SINE, "--board", board, "-o", folder, "--project", kind, "--no-compile")
    assert done.code == 0, done.err
    return folder


@pytest.mark.parametrize("name", FOLDERS)
def test_make(name: str, tmp_path: Path) -> None:
    folder = _project("make", "host", tmp_path / name)
    run("make", "-s", cwd=folder)
    assert (folder / "build" / "sine.elf").exists()
    assert str(tmp_path).encode() not in (folder / "build" / "sine.elf").read_bytes()


@pytest.mark.parametrize("name", FOLDERS)
def test_cmake(name: str, tmp_path: Path) -> None:
    folder = _project("cmake", "mps2-an386", tmp_path / name)
    if any(part in name for part in BEYOND_CMAKE):
        with pytest.raises(AssertionError, match="CMake cannot build"):
            cmake("--preset", "mps2-an386", cwd=folder)
        return
    cmake("--preset", "mps2-an386", cwd=folder)
    cmake("--build", "--preset", "mps2-an386", cwd=folder)
    assert (folder / "build" / "sine.elf").exists()


@pytest.mark.parametrize("name", FOLDERS)
def test_aot_itself_compiles_there(name: str, tmp_path: Path) -> None:
    done = aot("build", SINE, "--board", "mps2-an386", "-o", tmp_path / name, "--json")
    assert done.code == 0, done.err
    assert done.json["flash_bytes"]["weights"] > 0
