"""An ONNX model's answers are compared with onnxruntime's, where that is installed."""

import sys
from pathlib import Path

import numpy as np
import pytest
from command import aot

import aot as package

_NETWORKS = Path(__file__).parents[1] / "frontends" / "onnx" / "networks"


def _inputs(folder: Path) -> Path:
    samples = np.random.default_rng(2).standard_normal((5, 3, 16, 16)).astype(np.float32)
    np.savez(folder / "samples.npz", input=samples)
    return folder / "samples.npz"


def test_agreement_is_told(tmp_path: Path) -> None:
    done = aot("evaluate", _NETWORKS / "conv_bn.dynamo.onnx", "--inputs", _inputs(tmp_path))
    assert "against onnxruntime:" in done.out and "the same one in 100.00%" in done.out, done.err
    found = package.evaluate(_NETWORKS / "conv_bn.dynamo.onnx", tmp_path / "samples.npz", interpreter=True)
    assert found.framework is not None and found.framework.largest_error < 1e-5


def test_without_onnxruntime_nothing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    found = package.evaluate(_NETWORKS / "conv_bn.dynamo.onnx", _inputs(tmp_path), interpreter=True)
    assert found.framework is None
