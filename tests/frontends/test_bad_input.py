"""Models that cannot be compiled: one clear error each, exit code 1, and nothing in the output folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reading as frontend
import tflite
from command import aot, refused, tampered
from paths import DIGITS, SINE

from aot.base.errors import AotError
from aot.frontends.tflite import writer as tflite_writer
from aot.graph.identifiers import Names, identifier, model_name
from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.ops.concatenation import Concatenation
from aot.ops.fully_connected import FullyConnected

Refusal = Callable[[bytes], str]


@pytest.fixture
def refusal(tmp_path: Path) -> Refusal:
    """Tries to build the bytes of a file; gives the error, once it is sure that nothing was written."""

    def build(content: bytes) -> str:
        model = tmp_path / "model.tflite"
        model.write_bytes(content)
        error = refused("build", model, "-b", "host", "-o", tmp_path / "out", "--no-compile")
        assert sorted(tmp_path.iterdir()) == [model]
        return error

    return build


@pytest.fixture(scope="module")
def sine() -> Graph:
    return frontend.load(SINE)


@pytest.fixture(scope="module")
def digits() -> Graph:
    return frontend.load(DIGITS)


def first(graph: Graph, kind: str) -> Op:
    return next(op for op in graph.ops if op.kind == kind)


def with_op(graph: Graph, old: Op, **changes: Any) -> Graph:
    return replace(graph, ops=tuple(replace(op, **changes) if op is old else op for op in graph.ops))


# Files


@pytest.mark.parametrize("path", ["nothing.tflite", "", "folder", "/dev/null", "file/below.tflite", "x" * 5000])
@pytest.mark.parametrize("command", ["inspect", "build"])
def test_no_file(path: str, command: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    more = ["-b", "host", "-o", tmp_path / "out"] if command == "build" else []
    assert "give the path of a .tflite, .onnx, .keras or .h5 file" in refused(
        command, f"{tmp_path}/{path}" if path[:1] != "/" else path, *more
    )


def test_endless_file_is_not_read() -> None:
    assert "not a file" in refused("inspect", "/dev/zero")


def test_huge_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.tflite").open("wb") as file:
        file.truncate(1 << 40)
    assert "too large" in refused("inspect", tmp_path / "huge.tflite")


@pytest.mark.parametrize(
    "content", [b"a" * 7, b"PK\x03\x04" + b"a" * 100, b"\x08\x00\x00\x00ONNX" + bytes(50), bytes(9)]
)
def test_not_a_flatbuffer(content: bytes, refusal: Refusal) -> None:
    assert "is not a TensorFlow Lite model" in refusal(content)


def test_empty(refusal: Refusal) -> None:
    assert "is empty" in refusal(b"")


def test_truncated_at_any_byte() -> None:
    content = SINE.read_bytes()
    for size in range(len(content)):
        try:
            frontend.parse(content[:size], "model")
        except AotError:
            continue
        # What may be cut off without harm is the padding at the end, or the description.
        assert size > len(content) - 300, f"{size} of {len(content)} bytes were enough"


# Tables


def test_newer_schema(sine: Graph, monkeypatch: pytest.MonkeyPatch, refusal: Refusal) -> None:
    assert "schema version 4" in refusal(tampered(sine, monkeypatch, "Model", Version=4))


def test_dynamic_shape(sine: Graph, refusal: Refusal) -> None:
    for dims in [(-1, 2, 1), (1, -1), (5, -1)]:
        graph = sine.with_tensors(replace(sine[sine.inputs[0]], shape=dims))
        assert "dynamic shape" in refusal(tflite_writer.write(graph))


def test_dynamic_signature(sine: Graph, monkeypatch: pytest.MonkeyPatch, refusal: Refusal) -> None:
    def signature(builder: Any) -> Any:
        return builder.CreateNumpyVector(np.array([1, -1], np.int32))

    assert "dynamic shape [1, -1]" in refusal(tampered(sine, monkeypatch, "Tensor", 0, ShapeSignature=signature))


def test_free_batch_of_one_is_fine(sine: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    def signature(builder: Any) -> Any:
        return builder.CreateNumpyVector(np.array([-1, 1], np.int32))

    frontend.parse(tampered(sine, monkeypatch, "Tensor", 0, ShapeSignature=signature), "model")


def test_sparse(sine: Graph, monkeypatch: pytest.MonkeyPatch, refusal: Refusal) -> None:
    def sparsity(builder: Any) -> Any:
        tflite.SparsityParametersStart(builder)
        return tflite.SparsityParametersEnd(builder)

    assert "is sparse" in refusal(tampered(sine, monkeypatch, "Tensor", 1, Sparsity=sparsity))


def test_type(sine: Graph, monkeypatch: pytest.MonkeyPatch, refusal: Refusal) -> None:
    assert "has type COMPLEX64" in refusal(tampered(sine, monkeypatch, "Tensor", 0, Type=tflite.TensorType.COMPLEX64))
    assert "has type 99" in refusal(tampered(sine, monkeypatch, "Tensor", 0, Type=99))


def test_weights_outside_the_file(sine: Graph, monkeypatch: pytest.MonkeyPatch, refusal: Refusal) -> None:
    assert "outside the flatbuffer" in refusal(tampered(sine, monkeypatch, "Buffer", 1, Offset=4096, Size=64))


def test_unsupported_operators_all_at_once(digits: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    codes = tampered(digits, monkeypatch, "OperatorCode", DeprecatedBuiltinCode=tflite.BuiltinOperator.LSTM)
    (tmp_path / "model.tflite").write_bytes(codes)
    error = refused("build", tmp_path / "model.tflite", "-b", "host", "-o", tmp_path / "out")
    assert f"{len(digits.ops)} operators are not supported" in error
    shown = aot("inspect", tmp_path / "model.tflite")
    listed = aot("inspect", tmp_path / "model.tflite", "--json").json["unsupported"]
    assert shown.code == 0
    assert [entry["op"] for entry in listed] == ["LSTM"] * len(digits.ops)
    for op in digits.ops:
        assert f"-> %{op.name}): aot does not" in error and f"-> %{op.name}): aot does not" in shown.out


def test_custom_operator(sine: Graph, monkeypatch: pytest.MonkeyPatch, refusal: Refusal) -> None:
    def name(builder: Any) -> Any:
        return builder.CreateString("MyOp")

    code = tflite.BuiltinOperator.CUSTOM
    codes = tampered(sine, monkeypatch, "OperatorCode", DeprecatedBuiltinCode=code, CustomCode=name)
    assert "custom operator MyOp" in refusal(codes)


def test_operator_from_the_future(sine: Graph, monkeypatch: pytest.MonkeyPatch, refusal: Refusal) -> None:
    codes = tampered(sine, monkeypatch, "OperatorCode", DeprecatedBuiltinCode=127, BuiltinCode=9999)
    assert "operator 9999" in refusal(codes)


def test_no_inputs_or_outputs(sine: Graph, refusal: Refusal) -> None:
    assert "it has no outputs" in refusal(tflite_writer.write(replace(sine, outputs=())))
    assert "it has no inputs" in refusal(tflite_writer.write(replace(sine, inputs=())))


# Tensors and operators


def changed(graph: Graph, name: str | None, **changes: Any) -> bytes:
    return tflite_writer.write(graph.with_tensors(replace(graph[name], **changes)))


def test_zero_size(sine: Graph, refusal: Refusal) -> None:
    assert "has no elements" in refusal(changed(sine, sine.inputs[0], shape=(1, 0)))


@pytest.mark.parametrize("scale", [float("nan"), float("inf"), 0.0, -1.0])
def test_scale(scale: float, sine: Graph, refusal: Refusal) -> None:
    weights = sine.ops[0].inputs[1]
    assert "scale that is not a positive number" in refusal(changed(sine, weights, quant=Quant((scale,), (0,))))


def test_quantization(sine: Graph, digits: Graph, refusal: Refusal) -> None:
    assert "without quantization parameters" in refusal(changed(sine, sine.ops[0].outputs[0], quant=None))
    assert "zero point" in refusal(changed(sine, sine.inputs[0], quant=Quant((0.1,), (300,))))
    assert "zero point" in refusal(changed(sine, sine.inputs[0], quant=Quant((0.1,), (2**62,))))
    weights = first(digits, "Conv2D").inputs[1]
    assert "scales for" in refusal(changed(digits, weights, quant=Quant((0.1,) * 3, (0,) * 3, 0)))
    assert "3 scales but 2 zero points" in refusal(changed(digits, weights, quant=Quant((0.1,) * 3, (0,) * 2, 0)))


def test_weights_that_are_not_finite(refusal: Refusal) -> None:
    w = Tensor("w", (1, 2), "float32", data=np.array([[1, np.nan]], np.float32))
    x, y = Tensor("x", (1, 2), "float32"), Tensor("y", (1, 1), "float32")
    op = FullyConnected(name="y", inputs=("x", "w"), outputs=("y",))
    assert "not finite" in refusal(tflite_writer.write(Graph("g", {"x": x, "w": w, "y": y}, (op,), ("x",), ("y",))))


@pytest.mark.parametrize("dims", [(1, 2**31 - 1), (2**31 - 1,) * 6, (65536, 65536), (1, 1 << 27)])
def test_huge_shape(dims: tuple[int, ...], sine: Graph, refusal: Refusal) -> None:
    assert "too large for a microcontroller" in refusal(changed(sine, sine.inputs[0], shape=dims))


def test_more_dimensions_than_any_operator_takes(sine: Graph, refusal: Refusal) -> None:
    assert "damaged" in refusal(changed(sine, sine.inputs[0], shape=(1,) * 17))
    refusal(changed(sine, sine.inputs[0], shape=(1,) * 16))


@pytest.mark.parametrize("stride", [(0, 1), (2**31 - 1, 1), (-1, -1)])
def test_stride(stride: tuple[int, int], digits: Graph, refusal: Refusal, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"StrideH": stride[0], "StrideW": stride[1]}
    assert "not supported" in refusal(tampered(digits, monkeypatch, "Conv2DOptions", 0, **fields))


@pytest.mark.parametrize("dilation", [0, -1, 2**31 - 1, 2**20])
def test_dilation(dilation: int, digits: Graph, refusal: Refusal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "not supported" in refusal(tampered(digits, monkeypatch, "Conv2DOptions", 0, DilationHFactor=dilation))


@pytest.mark.parametrize("size", [0, -1, 2**31 - 1])
def test_filter(size: int, digits: Graph, refusal: Refusal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "not supported" in refusal(tampered(digits, monkeypatch, "Pool2DOptions", 0, FilterHeight=size))


def test_order(sine: Graph, refusal: Refusal) -> None:
    backwards = replace(sine, ops=tuple(reversed(sine.ops)))
    assert "before it is computed" in refusal(tflite_writer.write(backwards))
    itself = with_op(sine, sine.ops[0], inputs=(sine.ops[0].outputs[0], *sine.ops[0].inputs[1:]))
    assert "before it is computed" in refusal(tflite_writer.write(itself))
    twice = with_op(sine, sine.ops[1], outputs=sine.ops[0].outputs)
    assert "there already" in refusal(tflite_writer.write(twice))
    over_input = with_op(sine, sine.ops[0], outputs=sine.inputs)
    assert "there already" in refusal(tflite_writer.write(over_input))
    assert "never computed" in refusal(tflite_writer.write(replace(sine, ops=sine.ops[:-1])))


def test_inputs_that_are_constants_or_the_same(sine: Graph, refusal: Refusal) -> None:
    weights = sine.ops[0].inputs[1]
    assert weights is not None
    assert "is a constant" in refusal(tflite_writer.write(replace(sine, inputs=(weights, *sine.inputs))))
    assert "among the inputs twice" in refusal(tflite_writer.write(replace(sine, inputs=sine.inputs * 2)))


@pytest.mark.parametrize("number", [-1, -2, 10_000, 2**31 - 1])
def test_absent_tensors(number: int, sine: Graph, refusal: Refusal) -> None:
    for vector in ("Outputs", "Inputs"):
        content = bytearray(tflite_writer.write(sine))
        subgraph = tflite.Model.GetRootAsModel(content, 0).Subgraphs(0)
        getattr(subgraph, f"{vector}AsNumpy")()[0] = number
        assert "damaged" in refusal(bytes(content))
        content = bytearray(tflite_writer.write(sine))
        operator = tflite.Model.GetRootAsModel(content, 0).Subgraphs(0).Operators(0)
        getattr(operator, f"{vector}AsNumpy")()[0] = number
        refusal(bytes(content))


def test_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Tensor("x", (1, 2, 3), "int8", Quant((0.1,), (0,)))
    op = Concatenation(name="y", inputs=("x", "x"), outputs=("y",), axis=2)
    graph = Graph("g", {"x": x, "y": replace(x, name="y", shape=(1, 2, 6))}, (op,), ("x",), ("y",))
    content = tampered(graph, monkeypatch, "ConcatenationOptions", Axis=-1)
    assert frontend.parse(content, "g").ops == (op,)
    for axis in (3, -4, -(2**31)):
        content = tampered(graph, monkeypatch, "ConcatenationOptions", Axis=axis)
        assert f"axes [{axis}]" in str(frontend.parse(content, "g").ops[0])


# Names


def test_model_names(tmp_path: Path) -> None:
    stems = [
        "1-weird name.v2",
        "int",
        "string",
        "STDIO",
        "main",
        "aot",
        "board",
        "model",
        "日本",
        "...",
        "a" * 300,
        "x y",
    ]
    for stem in stems:
        name = model_name(stem)
        assert name.isidentifier() and name.isascii() and len(name) < 64, (stem, name)
    assert model_name("1-weird name.v2") == "m1_weird_name_v2"
    assert model_name("int") == "int_model"
    assert model_name("String") == "String_model"


@pytest.mark.parametrize(
    ("stem", "board"),
    [("1-weird name.v2", "host"), ("int", "mps2-an386"), ("string", "host"), ("aot", "mps2-an386"), ("日本", "host")],
)
def test_any_file_name_builds(stem: str, board: str, tmp_path: Path) -> None:
    model = tmp_path / f"{stem}.tflite"
    model.write_bytes(SINE.read_bytes())
    done = aot("build", model, "-b", board, "-o", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    assert done.json["model"] == model_name(stem)
    assert (tmp_path / "out" / f"{model_name(stem)}.h").is_file()


def test_any_name_option_builds(tmp_path: Path) -> None:
    done = aot("build", SINE, "-b", "host", "-o", tmp_path / "out", "--name", "for (;;)", "--json", "--trace")
    assert (done.code, done.json["model"]) == (0, "for_model")


def test_tensor_names() -> None:
    names = Names()
    assert [names.unique(t) for t in ("int", "a/b", "a.b", "A_B", "", "9", "a_b_2")] == [
        "int_", "a_b", "a_b_2", "A_B_3", "tensor", "t9", "a_b_2_2",
    ]  # fmt: skip
    assert identifier("日本") == "tensor"
    names = Names()
    equal = [names.unique("same") for _ in range(20_000)]  # in time: a search from 2 for each would take minutes
    assert len(set(equal)) == 20_000 and equal[-1] == "same_20000"


_LABELS = (
    "int",
    "*/ int x; /*",
    "a\nb",
    "\\",
    "??/",
    "\x00\x01",
    '"',
    "日本",
    "a" * 5000,
    "/* //",
    "%s%n",
    "\u2028*/\\",
)


@pytest.mark.parametrize("labels", [_LABELS[::2], _LABELS[1::2]])
def test_labels_that_could_break_the_c(labels: tuple[str, ...], sine: Graph, tmp_path: Path) -> None:
    """One input for each label, all but the first unread."""
    x = sine[sine.inputs[0]]
    inputs = [replace(x, label=labels[0]), *(replace(x, name=f"x{i}", label=t) for i, t in enumerate(labels[1:]))]
    graph = replace(sine.with_tensors(*inputs), inputs=tuple(t.name for t in inputs))
    (tmp_path / "m.tflite").write_bytes(tflite_writer.write(graph))
    done = aot("build", tmp_path / "m.tflite", "-b", "host", "-o", tmp_path / "out")
    assert done.code == 0, done.err


def test_boards(tmp_path: Path) -> None:
    error = refused("build", SINE, "-b", "mps2-an368", "-o", tmp_path / "out")
    assert "there is no board 'mps2-an368'" in error and "did you mean mps2-an386" in error
    assert "the boards are" in refused("run", SINE, "-b", "../host")
    refused("verify", SINE, "-b", "")


def test_a_model_that_does_not_fit(tmp_path: Path) -> None:
    w = Tensor("w", (600, 600), "int8", Quant((0.1,), (0,)), np.ones((600, 600), np.int8))
    x = Tensor("x", (1, 600), "int8", Quant((0.1,), (0,)))
    y = replace(x, name="y", quant=Quant((100.0,), (0,)))
    op = FullyConnected(name="y", inputs=("x", "w"), outputs=("y",))
    graph = Graph("g", {"x": x, "w": w, "y": y}, (op,), ("x",), ("y",))
    (tmp_path / "m.tflite").write_bytes(tflite_writer.write(graph))
    error = refused("build", tmp_path / "m.tflite", "-b", "microbit", "-o", tmp_path / "out")
    assert "bytes of flash" in error and "262,144" in error
    assert not (tmp_path / "out").exists()


def test_tensors_may_share_a_buffer(sine: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    (number,) = (i for i, name in enumerate(sine.tensors) if name == sine.ops[0].inputs[1])
    shared = frontend.parse(tampered(sine, monkeypatch, "Tensor", number, Buffer=1), "model")
    assert shared[sine.ops[0].inputs[1]].constant
