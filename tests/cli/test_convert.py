"""`aot convert`: a .tflite file of whatever can be read."""

from pathlib import Path

import numpy as np
import pytest
from command import aot, refused
from litert import Resolver, outputs

import aot as package

_NETWORKS = Path(__file__).parents[1] / "frontends" / "onnx" / "networks"


@pytest.mark.parametrize(
    "name", ["conv_bn", "detector", "grouped", "mobile", "residual", "shuffle", "squeeze_excite", "unet"]
)
def test_what_is_written_answers_as_onnxruntime(name: str, tmp_path: Path) -> None:
    written = tmp_path / "net.tflite"
    done = aot("convert", _NETWORKS / f"{name}.dynamo.onnx", "-o", written)
    assert done.code == 0 and "operators" in done.out, done.err
    arrays = np.load(_NETWORKS / f"{name}.dynamo.npz")
    (x,) = (arrays[key] for key in arrays if key.startswith("in "))
    (wanted,) = (arrays[key] for key in arrays if key.startswith("out "))
    (found,) = outputs(written.read_bytes(), [x], Resolver.BUILTIN)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    assert "exists already" in refused("convert", _NETWORKS / f"{name}.dynamo.onnx", "-o", written)


def test_what_a_file_cannot_hold_is_named(tmp_path: Path) -> None:
    message = refused("convert", _NETWORKS / "gru.dynamo.onnx", "-o", tmp_path / "net.tflite")
    assert "cannot be written to a .tflite file" in message or "not supported" in message
    assert not (tmp_path / "net.tflite").exists()


def test_in_python(tmp_path: Path) -> None:
    graph = package.convert(_NETWORKS / "flat.dynamo.onnx", tmp_path / "net.tflite", io_layout="nhwc")
    assert package.load(tmp_path / "net.tflite")[graph.inputs[0]].shape == (1, 16, 16, 3)
