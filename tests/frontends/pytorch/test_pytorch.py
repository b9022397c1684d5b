"""Modules become graphs; where torch is not installed, what to install is said."""

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aot as package
from aot.frontends import pytorch

aot: Any = package


def test_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "aot.frontends.pytorch.exporting", raising=False)
    monkeypatch.delattr(pytorch, "exporting", raising=False)
    with pytest.raises(aot.AotError, match=r'pip install "aot-mcu\[torch\]"'):
        aot.from_torch(object(), None)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("net/models/model.json", "{}")
    (tmp_path / "net.pt2").write_bytes(made.getvalue())
    with pytest.raises(aot.AotError, match=r'pip install "aot-mcu\[torch\]"'):
        aot.load(tmp_path / "net.pt2")


def test_a_quantizer_needs_calibration() -> None:
    with pytest.raises(aot.AotError, match="a quantizer and calibration go together"):
        aot.from_torch(object(), None, quantizer=object())


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + bytes(40), b"\x80\x02}q\x00."])
def test_other_files_are_no_programs(content: bytes) -> None:
    assert not pytorch.recognizes(content)


def test_a_module_is_built_and_answers_as_in_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="in `make conformance` alone: torch is large")
    nn = torch.nn
    torch.manual_seed(1)
    features = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    module = nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)).train()
    x = torch.randn(1, 2, 6, 6)
    graph = aot.from_torch(module, x, name="net")
    assert module.training, "the module stays as it was"
    assert "t0_0" in graph.tensors, "tensors are called as modules are"
    ran = aot.run(graph, "host", {graph.inputs[0]: x.numpy()})
    with torch.no_grad():
        wanted = module.eval()(x).numpy()
    np.testing.assert_allclose(ran.outputs[graph.outputs[0]], wanted, atol=1e-5)
    program = torch.export.export(module, (x,))
    torch.export.save(program, tmp_path / "net.pt2")
    for same in (aot.load(tmp_path / "net.pt2"), aot.from_torch(program, None)):
        assert [op.kind for op in same.ops] == [op.kind for op in graph.ops]
    with pytest.raises(aot.AotError, match="not function"):
        aot.from_torch(lambda: None, x)
