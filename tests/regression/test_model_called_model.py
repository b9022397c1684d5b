"""`aot build model.tflite` wrote model_model.h and MODEL_MODEL_MODEL_SHA256, for the firmware had a model.h itself."""

from pathlib import Path

import pytest
from command import aot
from paths import SINE

_KINDS = ("make", "sources", "cmake", "zephyr", "arduino", "platformio", "esp-idf", "cmsis-pack", "freertos")


def _model(folder: Path, name: str = "model") -> Path:
    path = folder / f"{name}.tflite"
    path.write_bytes(SINE.read_bytes())
    return path


@pytest.mark.parametrize("kind", _KINDS)
def test_the_name_stays(kind: str, tmp_path: Path) -> None:
    board = "host" if kind == "esp-idf" else "mps2-an386"
    done = aot("build", _model(tmp_path), "-b", board, "-o", tmp_path / "out", "--project", kind, "--no-compile")
    assert done.code == 0, done.err
    (header,) = (tmp_path / "out").rglob("model.h")
    assert "#define MODEL_MODEL_SHA256" in header.read_text() and "void model_run(void *arena);" in header.read_text()
    assert not [path for path in (tmp_path / "out").rglob("*") if "model_model" in path.name]


@pytest.mark.parametrize("board", ["host", "mps2-an386"])
def test_nothing_clashes(board: str, tmp_path: Path) -> None:
    done = aot("verify", _model(tmp_path), "-b", board, "--layers", "--json")
    assert done.code == 0 and done.json["exact"], done.err


def test_nor_beside_another_one(tmp_path: Path) -> None:
    done = aot("verify", _model(tmp_path), _model(tmp_path, "deployment"), "-b", "host", "--json")
    assert done.code == 0, done.err
    assert [one["model"] for one in done.json["models"]] == ["model", "deployment_model"]
