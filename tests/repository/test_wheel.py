"""The wheel, made from the sdist and installed outside the checkout, can build a model."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from paths import ROOT


def run(*command: object, cwd: Path) -> str:
    """Run a program that must not find the checkout; its standard output."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(c) for c in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a new environment: the package comes from the wheel, its dependencies from this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", ROOT, cwd=folder)
    (wheel,) = (folder / "dist").glob("*.whl")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    # A folder named in a .pth file is searched, but .pth files in it, such as an editable install's, are not read.
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def test_package_comes_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import aot; print(aot.__file__)", cwd=tmp_path).strip()
    assert Path(where).is_relative_to(installed.parent)


def test_boards_are_inside(installed: Path, tmp_path: Path) -> None:
    boards = {path.parent.name for path in (ROOT / "board_support").glob("*/board.toml")}
    listed = run(installed / "aot", "boards", cwd=tmp_path)
    assert boards
    assert all(board in listed for board in boards)


@pytest.mark.parametrize("board", ["host", "mps2-an386"])
def test_builds_an_example(installed: Path, tmp_path: Path, board: str) -> None:
    model = ROOT / "examples" / "sine" / "sine.tflite"
    run(installed / "aot", "build", model, "--board", board, "-o", tmp_path / "out", "--no-compile", cwd=tmp_path)
    assert {"sine.h", "sine.c", "sine_weights.c", "Makefile"} <= {path.name for path in (tmp_path / "out").iterdir()}
    run("make", "-C", tmp_path / "out", cwd=tmp_path)
    assert (tmp_path / "out" / "build" / "sine.elf").stat().st_size > 0
