"""Shapes with free dimensions were taken for the placeholders of the converter: they follow from the inputs'."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cases
import flatbuffers
import graphs
import litert
import numpy as np
import pytest
from ai_edge_litert.schema_py_generated import ModelT
from command import aot as command_line
from command import refused
from reading import parse

import aot
from aot import frontends
from aot.frontends.tflite.parts import Line, Part, Record
from aot.frontends.tflite.writer import write, write_parts
from aot.graph.ir import Array, Graph, Tensor
from aot.ops.conv2d import Conv2D
from aot.oracle.interpreter import run
from aot.passes import normalize, run_passes
from aot.passes.check_operators import check_operators

_NAMES = [name for name in cases.builders() if name in graphs.BUILDERS]


def freed(content: bytes, inputs: Sequence[int] = ()) -> bytes:
    """A model file in which all that is computed, and the dimensions `inputs` of its inputs, are free.

    The file has 1 in their place.
    """
    model = ModelT.InitFromPackedBuf(content, 0)
    for graph in model.subgraphs:
        given = {int(i) for i in graph.inputs}
        for i, t in enumerate(graph.tensors):
            shape = [] if t.shape is None else [int(d) for d in t.shape]
            loose = [d for d in inputs if d < len(shape)] if i in given else range(len(shape))
            held = model.buffers[t.buffer].data
            if (held is None or len(held) == 0) and not t.isVariable and len(loose):
                t.shape = np.array([1 if d in loose else extent for d, extent in enumerate(shape)], np.int32)
                t.shapeSignature = np.array([-1 if d in loose else extent for d, extent in enumerate(shape)], np.int32)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _written(name: str) -> tuple[Graph, dict[str, Array], bytes]:
    graph, sample = cases.case(name, 0)
    content = write(graph)
    return parse(content), sample, content


def _assert_same(read: Graph, whole: Graph, sample: dict[str, Array]) -> None:
    pairs = list(zip(read.outputs, whole.outputs, strict=True))
    assert [str(read[a]) for a, _ in pairs] == [str(whole[b]) for _, b in pairs]
    expected, actual = run(whole, sample), run(read, sample)
    assert all(actual[a].tobytes() == expected[b].tobytes() for a, b in pairs)


@pytest.mark.parametrize("name", _NAMES)
def test_outputs_get_the_shapes_that_operators_give_them(name: str) -> None:
    whole, sample, content = _written(name)
    _assert_same(parse(freed(content)), whole, sample)


@pytest.mark.parametrize("name", _NAMES)
def test_a_user_says_what_shapes_inputs_have(name: str) -> None:
    whole, sample, content = _written(name)
    shapes = {name: whole[name].shape for name in whole.inputs}
    read = frontends.parse(freed(content, inputs=range(6)), "model", settings=frontends.Settings(shapes))
    _assert_same(normalize(read), whole, sample)


def _int(name: str, *values: int) -> Tensor:
    return Tensor(name, (len(values),), "int32", data=np.array(values, np.int32))


def _real(name: str, *shape: int) -> Tensor:
    return Tensor(name, shape, "float32")


def _constant(name: str, *shape: int) -> Tensor:
    values = np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)
    return Tensor(name, shape, "float32", data=values)


def _model(lines: list[Line], *tensors: Tensor) -> bytes:
    """From x to y."""
    return write_parts([Part("net", tensors, tuple(lines), ("x",), ("y",))])


def _dilated() -> bytes:
    """A causal convolution with dilation over time, as Keras' Conv1D: SPACE_TO_BATCH_ND around a convolution."""
    wide, convolved = _real("wide", 2, 1, 32, 3), _real("convolved", 2, 1, 31, 4)
    conv = Record(1, "Conv2DOptions", {"Padding": 1, "StrideH": 1, "StrideW": 1, "DilationHFactor": 1,
                                       "DilationWFactor": 1})  # fmt: skip
    lines = [
        Line("SPACE_TO_BATCH_ND", Record(1, "SpaceToBatchNDOptions"), ("x", "block", "pads"), ("blocks",)),
        Line("EXPAND_DIMS", Record(1, "ExpandDimsOptions"), ("blocks", "axis"), ("wide",)),
        Line("CONV_2D", conv, ("wide", "w", "b"), ("convolved",)),
        Line("SQUEEZE", Record(1, "SqueezeOptions"), ("convolved",), ("flat",)),
        Line("BATCH_TO_SPACE_ND", Record(1, "BatchToSpaceNDOptions"), ("flat", "block", "crops"), ("y",)),
    ]
    indices = [_int("block", 2), _int("axis", -3)]
    pairs = [replace(_int("pads", 2, 0), shape=(1, 2), data=np.array([[2, 0]], np.int32)),
             replace(_int("crops", 0, 0), shape=(1, 2), data=np.array([[0, 0]], np.int32))]  # fmt: skip
    tensors = [_real("x", 1, 62, 3), _real("blocks", 2, 32, 3), wide, _constant("w", 4, 1, 2, 3), _constant("b", 4)]
    return _model(lines, *tensors, *indices, *pairs, convolved, _real("flat", 2, 31, 4), _real("y", 1, 62, 4))


def _upsampled() -> bytes:
    """UpSampling2D by repeating: the shape of the result is made of that of the input, with -1 for the rest."""
    lines = [
        Line("SHAPE", Record(1, "ShapeOptions", {"OutType": 2}), ("x",), ("shape",)),
        Line("SLICE", Record(1, "SliceOptions"), ("shape", "begin", "size"), ("batch",)),
        Line("EXPAND_DIMS", Record(1, "ExpandDimsOptions"), ("x", "axis"), ("wide",)),
        Line("TILE", Record(1, "TileOptions"), ("wide", "multiples"), ("tiled",)),
        Line("CONCATENATION", Record(1, "ConcatenationOptions"), ("batch", "rest"), ("wanted",)),
        Line("RESHAPE", Record(1, "ReshapeOptions"), ("tiled", "wanted"), ("y",)),
    ]
    indices = [_int("begin", 0), _int("size", 1), _int("axis", 2), _int("multiples", 1, 1, 2, 1, 1)]
    computed = [Tensor("shape", (4,), "int32"), Tensor("batch", (1,), "int32"), Tensor("wanted", (4,), "int32")]
    tensors = [_real("x", 1, 4, 5, 2), _real("wide", 1, 4, 1, 5, 2), _real("tiled", 1, 4, 2, 5, 2)]
    return _model(lines, *tensors, *indices, _int("rest", -1, 5, 2), *computed, _real("y", 1, 8, 5, 2))


@pytest.mark.parametrize("make", [_dilated, _upsampled])
def test_placeholders_are_not_trusted(make: Callable[[], bytes]) -> None:
    content = freed(make(), inputs=[0])
    graph = parse(content)
    check_operators(graph)
    x = np.random.default_rng(1).normal(size=graph["x"].shape).astype(np.float32)
    (wanted,) = litert.outputs(content, [x], litert.Resolver.REFERENCE)
    assert np.allclose(run(graph, {"x": x})["y"], wanted, atol=1e-5) and graph["y"].shape == wanted.shape
    assert not {"Shape", "Concatenation"} & {op.kind for op in run_passes(graph).ops}


def _image_model(tmp_path: Path) -> Path:
    x, y = _real("x", 1, 8, 9, 3), _real("y", 1, 8, 9, 2)
    graph = graphs.graph_of(Conv2D, [x, _constant("w", 2, 3, 3, 3)], y, stride=(1, 1), padding=((1, 1), (1, 1)))
    path = tmp_path / "image.tflite"
    path.write_bytes(freed(write(graph), inputs=[0, 1, 2]))
    return path


_COMMANDS = {
    "build": ("build", "--board", "host", "-o", "{}/out"),
    "run": ("run", "--board", "host"),
    "verify": ("verify", "--board", "host"),
    "inspect": ("inspect",),
    "memory": ("inspect", "--memory", "--board", "mps2-an386"),
    "quantize": ("quantize", "--calibration", "{}/samples.npz", "-o", "{}/small.tflite"),
    "evaluate": ("evaluate", "--inputs", "{}/samples.npz", "--labels", "{}/labels.npz"),
}


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_takes_the_shape_of_an_input(name: str, tmp_path: Path) -> None:
    path = _image_model(tmp_path)
    samples = np.random.default_rng(0).normal(size=(4, 6, 7, 3)).astype(np.float32)
    np.savez(tmp_path / "samples.npz", x=samples)
    np.savez(tmp_path / "labels.npz", np.zeros((4, 6, 7, 2), np.float32))
    command, *others = (word.format(tmp_path) for word in _COMMANDS[name])
    message = refused(command, path, *others)
    assert "the input 'x' has a dynamic shape [-1, -1, -1, 3]\n  - say which: --input-shape x=N,N,N,3" in message
    done = command_line(command, path, *others, "--input-shape", "x=1,6,7,3")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("z=1,6,7,3", "has no input called 'z'\n  - its inputs: x"),
        ("x=1,6,7", "the input 'x' cannot have the shape [1, 6, 7]"),
        ("x=1,0,7,3", "the input 'x' cannot have the shape [1, 0, 7, 3]"),
        ("x=1,99999,99999,3", "the input 'x' cannot have the shape [1, 99999, 99999, 3]"),
        ("x=1,6,7,4", "4 input channels, 2 filters for 3 each"),
        ("x", "--input-shape 'x' is no name with a shape"),
        ("x=1,-1,7,3", "--input-shape 'x=1,-1,7,3' is no name with a shape"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(text: str, what: str, tmp_path: Path) -> None:
    path = _image_model(tmp_path)
    assert what in refused("build", path, "--board", "host", "-o", tmp_path / "out", "--input-shape", text)
    assert not (tmp_path / "out").exists()


def test_shapes_in_python(tmp_path: Path) -> None:
    path = _image_model(tmp_path)
    assert aot.load(path, input_shapes={"x": (2, 5, 4, 3)})["y"].shape == (2, 5, 4, 2)
    ran = aot.run(path, board="host", input_shapes={"x": [1, 5, 4, 3]})
    assert ran.verdict.exact and ran.outputs["y"].shape[-3:] == (5, 4, 2)


def test_a_fixed_shape_may_be_another(tmp_path: Path) -> None:
    x, y = _real("x", 1, 8, 9, 3), _real("y", 1, 8, 9, 2)
    graph = graphs.graph_of(Conv2D, [x, _constant("w", 2, 3, 3, 3)], y, stride=(1, 1), padding=((1, 1), (1, 1)))
    read = frontends.parse(write(graph), "net", settings=frontends.Settings({"x": (1, 4, 4, 3)}))
    assert read[read.outputs[0]].shape == (1, 4, 4, 2)
