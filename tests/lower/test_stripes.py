"""Operators in stripes: the same answers, whatever is split and however; and `--max-ram` keeps its promise."""

from itertools import product
from pathlib import Path

import native
import numpy as np
import pytest
import reading
from command import aot, refused
from paths import DIGITS
from topologies import QUANT, TOPOLOGIES, add, concatenation, connected, relu, split

from aot.base.errors import AotError
from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.kernels import Target
from aot.lower.lowering import lower
from aot.lower.stripes import lower_within, macs
from aot.ops.add import Add
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.oracle import interpreter
from aot.passes import run_passes
from aot.passes.stripes import can_split, in_stripes, segments


def _graph() -> Graph:
    return run_passes(reading.load(DIGITS))


def _answers(graph: Graph) -> list[bytes]:
    x = graph[graph.inputs[0]]
    sample = {x.name: np.random.default_rng(3).integers(-128, 128, x.shape).astype(np.int8)}
    values = interpreter.run(graph, sample)
    return [values[name].tobytes() for name in graph.outputs]


def test_every_split_answers_the_same() -> None:
    graph = _graph()
    expected = _answers(graph)
    count = 0
    for around in range(len(graph.ops)):
        for first, end in segments(graph, around, 3):
            for stripes, keep in product((2, 3, 4), (True, False)):
                split = in_stripes(graph, first, end, stripes, keep)
                if split is not None:
                    split.check()
                    assert _answers(split) == expected, (first, end, stripes, keep)
                    assert macs(split) == macs(graph) if keep else macs(split) >= macs(graph)
                    count += 1
    assert count > 40


def _conv(x: str, y: str, stride: int = 1) -> Conv2D:
    pads = ((1, 1), (1, 1)) if stride == 1 else ((0, 1), (0, 1))
    return Conv2D(name=y, inputs=(x, "w"), outputs=(y,), stride=(stride, stride), padding=pads)


@pytest.mark.parametrize("stripes", [2, 3, 5])
def test_rows_are_kept_for_branches_that_need_them_later(stripes: int) -> None:
    """Of `a`, what the sum needs lies two rows behind what is computed next; of `d`, both branches need some."""
    first = _conv("x", "a"), _conv("a", "b"), _conv("b", "c"), add("a", "c", "d")
    ops = (*first, _conv("d", "e", 2), _conv("d", "f", 2), add("e", "f", "y"))
    data = np.random.default_rng(5).integers(-127, 128, (2, 3, 3, 2)).astype(np.int8)
    tensors = {name: _image(name, 11) for name in "xabcd"} | {
        "w": Tensor("w", data.shape, "int8", Quant((0.01,), (0,)), data)
    }
    tensors |= {name: Tensor(name, (1, 5, 2, 2), "int8", QUANT) for name in "efy"}
    graph = Graph("net", tensors, ops, ("x",), ("y",))
    graph.check()
    for keep in (True, False):
        split = in_stripes(graph, 0, len(ops), stripes, keep)
        assert split is not None
        split.check()
        assert _answers(split) == _answers(graph)
        assert macs(split) == macs(graph) if keep else macs(split) > macs(graph)


def test_results_read_inside_are_not_split() -> None:
    graph = _graph()
    assert in_stripes(graph, 0, 1, graph[graph.ops[0].outputs[0]].shape[1] + 1) is None


def _image(name: str, height: int, data: int | None = None) -> Tensor:
    shape = (1, height, 4, 2)
    return Tensor(name, shape, "int8", QUANT, None if data is None else np.full(shape, data, np.int8))


def test_a_constant_with_rows_of_its_own_is_not_split() -> None:
    op = Add(name="y", inputs=("x", "k"), outputs=("y",))
    tensors = {t.name: t for t in (_image("x", 6), _image("k", 6, 5), _image("y", 6))}
    assert not can_split(Graph("net", tensors, (op,), ("x",), ("y",)), op)
    assert can_split(Graph("net", tensors | {"k": _image("k", 1, 5)}, (op,), ("x",), ("y",)), op)


@pytest.mark.parametrize("pad", [2, 3])
def test_windows_that_lie_in_the_padding_are_not_split(pad: int) -> None:
    w = Tensor("w", (2, 3, 1, 2), "int8", QUANT, np.ones((2, 3, 1, 2), np.int8))
    op = Conv2D(name="y", inputs=("x", "w"), outputs=("y",), padding=((0, pad), (0, 0)))
    tensors = {t.name: t for t in (_image("x", 6), w, _image("y", 4 + pad))}
    assert can_split(Graph("net", tensors, (op,), ("x",), ("y",)), op) == (pad < 3)


def test_what_fits_in_the_order_of_the_file_fits() -> None:
    """One branch after the other needs less than both at once, step by step."""
    graph = connected(
        "x", "y", concatenation("a", "x", "x"), relu("a", "b"), split("b", "c", "d"), concatenation("e", "x", "k"),
        relu("e", "f"), split("f", "g", "h"), add("c", "h", "y"), constants="k",
        **dict.fromkeys("abef", (4, 3, 4)),
    )  # fmt: skip
    size = native.compiled(graph).plan.size
    assert lower_within(run_passes(graph), Target(), size).plan.size == size


def test_what_calls_nothing_cannot_be_smaller() -> None:
    with pytest.raises(AotError, match="24 is the least that was"):
        lower_within(TOPOLOGIES["view of an input"], Target(), 23)


def test_native_code_in_stripes(tmp_path: Path) -> None:
    """Weights are there once, and the answers are the model's."""
    whole = native.compiled(reading.load(DIGITS))
    graph = whole.source
    limit = whole.plan.size - 100
    model = native.compiled(graph, max_ram=limit)
    assert model.plan.size <= limit and model.recomputed == 0
    assert model.weights_bytes == whole.weights_bytes
    x = graph[graph.inputs[0]]
    samples = [{x.name: np.random.default_rng(i).integers(-128, 128, x.shape).astype(np.int8)} for i in range(3)]
    for sample, answer in zip(samples, native.run(native.program(model, tmp_path), graph, samples), strict=True):
        expected = interpreter.run(graph, sample)
        assert all(np.array_equal(answer[name], expected[name]) for name in graph.outputs)


def test_enough_memory_changes_nothing() -> None:
    graph = _graph()
    assert macs(lower_within(graph, Target(), 10**6).graph) == macs(graph)


def test_build(tmp_path: Path) -> None:
    command = ("build", DIGITS, "--board", "mps2-an386", "--no-compile", "--json")
    whole = aot(*command, "-o", tmp_path / "whole").json
    assert whole["recomputed_macs"] == 0
    less = ("--max-ram", whole["arena_bytes"] - 50)
    values = aot(*command, "-o", tmp_path / "stripes", *less).json
    assert values["arena_bytes"] <= whole["arena_bytes"] - 50 and values["recomputed_macs"] == 0
    ran = aot("run", DIGITS, "--board", "mps2-an386", *less, "--json").json
    assert ran["exact"] and ran["arena_bytes"] == values["arena_bytes"]


@pytest.mark.parametrize("limit", [1, 100])
def test_what_cannot_be(limit: int, tmp_path: Path) -> None:
    error = refused("build", DIGITS, "--board", "host", "-o", tmp_path / "x", "--max-ram", limit)
    assert f"no way was found to run digits in {limit} bytes of arena" in str(error)


def _pyramid() -> Graph:
    """Convolutions of growing depth over images of shrinking size."""
    tensors, ops = {"x": Tensor("x", (1, 32, 32, 3), "int8", QUANT)}, list[Op]()
    layers = ((Conv2D, 3, 2, 8), (DepthwiseConv2D, 3, 1, 8), (Conv2D, 1, 1, 16), (DepthwiseConv2D, 3, 2, 16))
    for i, (kind, extent, stride, channels) in enumerate((*layers, (Conv2D, 1, 1, 32))):
        x, y, w = list(tensors.values())[-1], f"y{i}", f"w{i}"
        shape = (1 if kind is DepthwiseConv2D else channels, extent, extent, x.shape[3] if kind is Conv2D else channels)
        pad = (0 if stride == 2 or extent == 1 else 1, extent // 2)
        ops.append(kind(name=y, inputs=(x.name, w), outputs=(y,), stride=(stride, stride), padding=(pad, pad)))
        tensors[w] = Tensor(w, shape, "int8", Quant((0.01,), (0,)), np.ones(shape, np.int8))
        tensors[y] = Tensor(y, (1, x.shape[1] // stride, x.shape[2] // stride, channels), "int8", QUANT)
    return Graph("pyramid", tensors, tuple(ops), ("x",), ("y4",))


@pytest.mark.parametrize("graph", [_graph(), _pyramid()], ids=["digits", "pyramid"])
def test_what_is_said_to_be_possible_is(graph: Graph) -> None:
    with pytest.raises(AotError) as refusal:
        lower_within(graph, Target(), 1)
    least = int(refusal.value.things_to_try[0].removeprefix("--max-ram "))
    assert least < lower(graph, Target()).plan.size
    assert lower_within(graph, Target(), least).plan.size <= least


def test_names_that_pieces_would_have_are_not_taken_twice() -> None:
    ops = relu("x", "a"), relu("a", "a_stripe0"), relu("a_stripe0", "y")
    graph = Graph("net", {name: _image(name, 6) for name in ("x", "a", "a_stripe0", "y")}, ops, ("x",), ("y",))
    graph.check()
    for first, end in segments(graph, 0, 3):
        split = in_stripes(graph, first, end, 2)
        assert split is None or _answers(split) == _answers(graph)
