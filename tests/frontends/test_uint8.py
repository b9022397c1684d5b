"""Old models, quantized to uint8: read as int8, answered in uint8, byte for byte as LiteRT's uint8 kernels do."""

from dataclasses import replace
from pathlib import Path

import cases
import graphs
import litert
import merge
import native
import numpy as np
import oracles
import pytest
from counts import INTERPRETER, count
from reading import parse

from aot.frontends.tflite.writer import write
from aot.graph.ir import Array, Graph, Op, Quant, Tensor, Unsupported
from aot.ops.add import Add
from aot.ops.binary import Maximum
from aot.ops.quantize import Quantize
from aot.ops.relu import Relu, Relu6
from aot.ops.reshape import Reshape
from aot.ops.resize import ResizeBilinear
from aot.oracle.interpreter import run
from aot.passes.check_operators import check_operators

_WEIGHTED = ("Conv2D", "DepthwiseConv2D", "FullyConnected", "TransposeConv")
_NAMES = (
    *_WEIGHTED,
    *("Add", "AveragePool2D", "Concatenation", "Logistic", "MaxPool2D", "Mean", "Mul int8", "Pad", "Relu", "Relu6"),
    *("Reshape", "Softmax", "Softmax int16", "Sub int8", "Sum int8", "Tanh int8", "Transpose", "HardSwish int8"),
    *("LeakyRelu int8", "Gelu int8", "ReduceMax int8", "ReduceMin int8", "Maximum int8", "Minimum int8"),
)


def unsigned(rng: graphs.Rng, graph: Graph) -> Graph:
    """An int8 graph as uint8; weights get any zero point and all of their range."""
    return graph.with_tensors(*(_unsigned(rng, t) for t in graph.tensors.values()))


def _unsigned(rng: graphs.Rng, t: Tensor) -> Tensor:
    if t.dtype != "int8" or t.quant is None:
        return t
    if t.name == "w":
        low, high = sorted(int(v) for v in rng.choice([0, 1, 100, 128, 200, 255, rng.integers(0, 256)], 2))
        data = rng.integers(low, high, t.shape, np.uint8, endpoint=True)
        return replace(t, dtype="uint8", data=data, quant=Quant(t.quant.scale, (int(rng.integers(low, high + 1)),)))
    data = None if t.data is None else t.data.view(np.uint8) ^ 128
    return replace(t, dtype="uint8", data=data, quant=Quant(t.quant.scale, (t.zero_point + 128,)))


def case(name: str, seed: int) -> tuple[Graph, Graph, dict[str, Array]]:
    """A graph of the builder as uint8, what the front end makes of its file, and values for its inputs."""
    for attempt in range(200):
        rng = np.random.default_rng([8, seed, attempt, *name.encode()])
        graph = graphs.BUILDERS[name](rng)
        if any(t.quant is not None and t.quant.per_channel for t in graph.tensors.values()):
            continue
        graph = unsigned(rng, graph)
        if name.startswith("Tanh"):  # as converters write it; beside ties of other scales, C libraries differ
            graph = graph.with_tensors(replace(graph["y"], quant=Quant((1 / 128,), (128,))))
        read = parse(write(graph), graph.name)
        try:
            for op in read.ops:
                op.check(read)
        except Unsupported:
            continue
        return graph, read, {n: graphs.values(rng, graph[n]) for n in graph.inputs}
    raise AssertionError(f"{name}: two hundred graphs in a row were refused")


@pytest.mark.parametrize("name", _NAMES)
def test_uint8_is_exact(name: str) -> None:
    for seed in range(30 * cases.TIMES):
        graph, read, inputs = case(name, seed)
        check_operators(read)
        assert [read[n].dtype for n in (*read.inputs, *read.outputs)] == [
            graph[n].dtype for n in (*graph.inputs, *graph.outputs)
        ]
        if name == "FullyConnected":  # as for int8: LiteRT's dense kernels round otherwise than all others
            expected = [oracles.reference_as_conv2d(graph, inputs)]
        else:
            expected = litert.outputs(write(graph), list(inputs.values()), litert.Resolver.REFERENCE)
        values = run(read, inputs)
        for output, wanted in zip(graph.outputs, expected, strict=True):
            actual = values[output]
            where = np.flatnonzero(actual.reshape(-1) != wanted.reshape(-1))
            assert actual.dtype == wanted.dtype and where.size == 0, (
                f"seed {seed}: {where.size} of {actual.size} differ: {actual.reshape(-1)[where[:5]]}, "
                f"expected {wanted.reshape(-1)[where[:5]]}\n{graph}\n{read}"
            )
        count(INTERPRETER, graph)


def _joined(seed: int) -> tuple[Graph, Graph, dict[str, Array]]:
    """CONCATENATION of inputs that differ in scale and zero point: the file, what is read of it, and inputs."""
    rng = np.random.default_rng([9, seed])
    graph = graphs.BUILDERS["Concatenation"](rng)
    graph = unsigned(rng, graph)
    some = [
        replace(t, quant=graphs.near(rng, t.quant)) for t in graph.tensors.values() if t.quant and rng.random() < 0.7
    ]
    some = [replace(t, quant=Quant(t.quant.scale, (int(rng.integers(0, 256)),))) for t in some if t.quant]
    graph = graph.with_tensors(*some)
    read = parse(write(graph), graph.name)
    check_operators(read)
    return graph, read, {n: graphs.values(rng, graph[n]) for n in graph.inputs}


def test_joined_tensors_of_several_scales_are_exact(tmp_path: Path) -> None:
    parts = [_joined(seed) for seed in range(30 * cases.TIMES)]
    for graph, read, inputs in parts:
        (wanted,) = litert.outputs(write(graph), list(inputs.values()), litert.Resolver.REFERENCE)
        assert run(read, inputs)["y"].tolist() == wanted.tolist(), f"{graph}\n{read}"
        count(INTERPRETER, graph)
    assert sum("as_uint8" in str(read) for _, read, _ in parts) > 10
    merged, sample = merge.merged([(read, inputs) for _, read, inputs in parts[:20]])
    (actual,) = native.run(native.program(native.compiled(merged), tmp_path, *native.SANITIZE), merged, [sample])
    values = run(merged, sample)
    assert all(actual[name].tobytes() == values[name].tobytes() for name in merged.outputs)


def test_the_generated_code_is_exact(tmp_path: Path) -> None:
    parts = [(read, inputs) for name in _NAMES for _, read, inputs in [case(name, 1)]]
    graph, sample = merge.merged(parts)
    (actual,) = native.run(native.program(native.compiled(graph), tmp_path, *native.SANITIZE), graph, [sample])
    for i, (read, inputs) in enumerate(parts):
        for output, value in run(read, inputs).items():
            if output in read.outputs:
                assert actual[merge.prefixed(i, output)].tobytes() == value.tobytes(), f"{read}"


def _tensors(shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    return {name: Tensor(name, shape, "uint8", Quant((0.05,), (100,))) for name, shape in shapes.items()}


def _op(kind: type[Op], inputs: str, output: str, **attributes: object) -> Op:
    return kind(name=output, inputs=tuple(inputs.split()), outputs=(output,), **attributes)


def test_what_only_moves_uint8_is_left_alone() -> None:
    tensors = _tensors({"x": (2, 3), "v": (6,), "y": (6,)})
    tensors["y"] = replace(tensors["y"], dtype="int8", quant=Quant((0.05,), (-28,)))
    graph = Graph("net", tensors, (_op(Reshape, "x", "v"), _op(Quantize, "v", "y")), ("x",), ("y", "v"))
    assert str(parse(write(graph), "net")) == str(graph)


def test_conversions_stand_only_at_the_edges() -> None:
    """Through a reshape and a concatenation all is int8; bilinear interpolation sees the codes of uint8."""
    small, large = (1, 2, 2, 2), (1, 3, 3, 2)
    tensors = _tensors({"x": small, "a": small, "b": small, "c": small, "d": (2, 2, 2, 1), "r": large, "y": large})
    ops = (
        _op(Relu, "x", "a"),
        _op(Add, "a a", "b"),
        _op(Maximum, "b x", "c"),
        _op(Reshape, "c", "d"),
        _op(ResizeBilinear, "c", "r", size=(3, 3)),
        _op(Relu6, "r", "y"),
    )
    graph = Graph("net", tensors, ops, ("x",), ("d", "y", "b"))
    read = parse(write(graph), "net")
    assert [op.kind for op in read.ops] == (
        "Quantize Relu Add Quantize Maximum Quantize Reshape Quantize ResizeBilinear Quantize Relu6 Quantize".split()
    )
    for seed in range(20):
        value = np.random.default_rng(seed).integers(0, 256, small, np.uint8)
        expected = litert.outputs(write(graph), [value], litert.Resolver.REFERENCE)
        actual = run(read, {"x": value})
        for output, wanted in zip(graph.outputs, expected, strict=True):
            assert actual[output].tobytes() == wanted.tobytes()
