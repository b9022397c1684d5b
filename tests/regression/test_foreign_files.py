"""Files that other tools made: what they are, and how they become a model that aot reads."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert.schema_py_generated import ModelT
from command import aot, refused
from paths import SINE

_CUSTOM, _VARIANT = 32, 14  # the schema's numbers


def _changed(change: Callable[[Any], None]) -> bytes:
    """The sine model with something changed in its tables."""
    model = ModelT.InitFromPackedBuf(SINE.read_bytes(), 0)
    change(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _custom(name: str, variant: bool = False) -> bytes:
    """The first operator is a custom one of this name; `variant`: and gives a list of tensors."""

    def change(model: Any) -> None:
        code = model.operatorCodes[model.subgraphs[0].operators[0].opcodeIndex]
        code.builtinCode, code.deprecatedBuiltinCode, code.customCode = _CUSTOM, _CUSTOM, name
        if variant:
            model.subgraphs[0].tensors[model.subgraphs[0].operators[0].outputs[0]].type = _VARIANT

    return _changed(change)


def _archive(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return made.getvalue()


_FILES = {
    "vela": ("x.tflite", _custom("ethos-u"), "was compiled by Vela", "the .tflite file that it was compiled from"),
    "edge tpu": ("x.tflite", _custom("edgetpu-custom-op"), "was compiled by the Edge TPU compiler", "compiled from"),
    "flex": ("x.tflite", _custom("FlexErf"), "3 operators are not supported", "an operator of TensorFlow itself"),
    "variant": ("x.tflite", _custom("FlexTensorListReserve", True), "(type VARIANT), whose size is known only when it "
                "runs: FlexTensorListReserve works on it", "unroll=True"),
    "keras": ("x.bin", _archive("config.json", "metadata.json", "model.weights.h5"), "of a layer is damaged", "again"),
    "keras by name": ("x.keras", b"damaged", "is no Keras model, by its content", "model.save"),
    "hdf5": ("x.h5", b"\x89HDF\r\n\x1a\n" + bytes(50), "no HDF5 file can be read from it", "save it again"),
    "torch": ("x.bin", _archive("archive/data.pkl", "archive/version"), "is a PyTorch model", "torch.onnx.export"),
    "torch by name": ("x.pt", b"\x80\x02}q\x00.", "is a PyTorch model", "torch.onnx.export"),
    "onnx": ("x.bin", b"\x08\x08\x12\x0bonnx.helper" + bytes(30), "is damaged: no ONNX model", "export"),
    "frozen graph": ("x.pb", b"\n\x10\n\x01x", "is a graph of TensorFlow", "from_saved_model"),
    "pointer": ("x.tflite", b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS", "lfs pull"),
    "page": ("x.tflite", b"\n<!DOCTYPE html><html>", "is a web page", "Raw"),
    "archive": ("x.zip", _archive("a.txt"), "is not a TensorFlow Lite model", "C arrays"),
}  # fmt: skip


@pytest.mark.parametrize("name", _FILES)
def test_says_what_it_is(name: str, tmp_path: Path) -> None:
    file, content, what, hint = _FILES[name]
    (tmp_path / file).write_bytes(content)
    message = refused("build", tmp_path / file, "--board", "host", "-o", tmp_path / "out")
    first, *others = message.splitlines()
    assert what in first and any(hint in line for line in others), message
    assert not (tmp_path / "out").exists()


def test_a_saved_model_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"")
    message = refused("inspect", tmp_path / "saved")
    assert "is a SavedModel" in message and "from_saved_model" in message


def _listed(content: bytes, number: str) -> str:
    values = np.frombuffer(content, np.int8 if number == "signed" else np.uint8)
    words = [f"0x{v:02X}" if number == "hex" else str(v) for v in values]
    return ",\n".join(", ".join(words[i : i + 12]) for i in range(0, len(words), 12))


_ARRAYS = {
    "xxd": "unsigned char sine_tflite[] = {{\n{}\n}};\nunsigned int sine_tflite_len = {};\n",
    "aligned": '#include "m.h"\n// a model, char x[] = {{1}}\nalignas(16) const unsigned char g_model[] = {{{}, }};\n'
    "const int g_len = {};\n",
    "attribute": "/* model */\n#ifdef A\n#define B __attribute__((aligned(4)))\n#endif\n"
    "const uint8_t g_model[] B = {{ /* 0 */ {}}};\nconst unsigned g_len = {};\n",
    "beside another": "static const char name[] = {{0x61, 0}};\nconst int8_t model[]\n  = {{{}}};\nint n = {};\n",
}


@pytest.mark.parametrize("number", ["hex", "decimal", "signed"])
@pytest.mark.parametrize("name", _ARRAYS)
def test_a_c_array_is_read(name: str, number: str, tmp_path: Path) -> None:
    content = SINE.read_bytes()
    path = tmp_path / "sine.cc"
    path.write_text(_ARRAYS[name].format(_listed(content, number), len(content)))
    done, wanted = aot("inspect", path), aot("inspect", SINE)
    assert (done.code, done.out) == (0, wanted.out), done.err


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("extern const unsigned char g_model[];", "declares the array g_model, but has no numbers for it"),
        ("const unsigned char g_model[] = {1, 2, 3};", "holds no TensorFlow Lite model in its arrays (g_model)"),
        ("const unsigned char g_model[] = {1, 2000, 3};", "holds no TensorFlow Lite model in its arrays (g_model)"),
        ("const unsigned char g_model[] = {0x, 09};", "holds no TensorFlow Lite model in its arrays (g_model)"),
        ("const char a[] = {%s}; const char b[] = {%s};", "holds several models: a, b"),
    ],
)
def test_a_c_array_that_is_no_model(text: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "model.h"
    path.write_text(text.replace("%s", _listed(SINE.read_bytes(), "hex")))
    assert what in refused("build", path, "--board", "host", "-o", tmp_path / "out")


def test_a_c_array_that_is_quantized_already_becomes_a_file(tmp_path: Path) -> None:
    path, out = tmp_path / "sine.h", tmp_path / "out.tflite"
    path.write_text(_ARRAYS["xxd"].format(_listed(SINE.read_bytes(), "hex"), 1))
    np.savez(tmp_path / "samples.npz", x=np.zeros((4, 1), np.float32))
    done = aot("quantize", path, "--calibration", tmp_path / "samples.npz", "-o", out)
    assert done.code == 0, done.err
    assert out.read_bytes()[4:8] == b"TFL3"
