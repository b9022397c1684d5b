"""What pages of the documentation tell to do works as it stands there."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import cases
import numpy as np
import pytest
from keras_models import FILES
from paths import ROOT

_NETWORKS = ROOT / "tests" / "frontends" / "onnx" / "networks"
_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def _folder_for(page: str, folder: Path) -> None:
    """What a reader of the page has."""
    if page == "from-onnx":
        shutil.copy(_NETWORKS / "conv_bn.dynamo.onnx", folder / "model.onnx")
        samples = np.random.default_rng(1).standard_normal((24, 3, 16, 16))
        np.savez(folder / "samples.npz", input=samples.astype(np.float32))
    if page == "from-keras":
        shutil.copy(FILES["page"], folder / "model.keras")
        samples = np.random.default_rng(1).integers(0, 256, (24, 16, 16, 1))
        np.savez(folder / "samples.npz", image=samples.astype(np.float32))


@pytest.mark.slow
@pytest.mark.parametrize("page", ["from-onnx", *cases.longer("from-keras", "from-pytorch")])
def test_a_page_does_what_it_says(page: str, tmp_path: Path) -> None:
    """Shell blocks one after the other, then all of the page's Python as one program."""
    if page == "from-pytorch":
        pytest.importorskip("torch", reason="in `make conformance` alone: torch is large")
    _folder_for(page, tmp_path)
    blocks = _BLOCK.findall((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"))
    shell = "".join(text for kind, text in blocks if kind == "sh")
    (tmp_path / "page.py").write_text("".join(text for kind, text in blocks if kind == "python"), encoding="utf-8")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command in (["sh", "-e", "-c", shell], [sys.executable, "page.py"]):
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "bit-exact" in done.stdout or "True" in done.stdout or "Verdict" in done.stdout


def test_the_model_of_the_page_from_keras_is_the_one_that_is_tested() -> None:
    """`python tests/tools/make_keras_models.py page` makes it anew."""
    text = (ROOT / "docs" / "from-keras.md").read_text(encoding="utf-8")
    shown = re.findall(r"^ +layers\.(\w+)\(", text, re.MULTILINE)
    with zipfile.ZipFile(FILES["page"]) as archive:
        config = json.loads(archive.read("config.json"))
    assert [one["class_name"] for one in config["config"]["layers"][1:]] == shown
