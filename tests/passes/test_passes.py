"""Each pass does what it says, and leaves every output as it was, in every rounding."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import cases
import merge
import native
import numpy as np
import pytest
from graphs import codes, graph_of, int8
from random_graphs import random_graph
from topologies import QUANT, SHAPE, add, connected, relu, relu6, reshape

from aot.graph.fixedpoint import ROUNDINGS, Array
from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.ops.common import Activation, Pads
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.pad import Pad
from aot.ops.quantize import Quantize
from aot.oracle import interpreter
from aot.passes import PASSES, run_passes
from aot.passes.copy_outputs import copy_outputs
from aot.passes.drop_channels import drop_channels
from aot.passes.eliminate_dead import eliminate_dead
from aot.passes.fold_constants import fold_constants
from aot.passes.fold_pad import fold_pad
from aot.passes.fuse_activation import fuse_activation
from aot.passes.share_constants import share_constants

pytestmark = pytest.mark.usefixtures("quick_plans")


@cache
def _random(seed: int) -> merge.Case:
    rng = np.random.default_rng([cases.SEED, seed])
    graph = random_graph(rng)
    return graph, {name: codes(rng, graph[name].shape) for name in graph.inputs}


def _outputs(graph: Graph, sample: merge.Sample, rounding: str) -> list[bytes]:
    values = interpreter.run(graph, sample, rounding)
    return [values[name].tobytes() for name in graph.outputs]


def _kinds(graph: Graph) -> list[str]:
    return [op.kind for op in graph.ops]


@pytest.mark.parametrize("one", PASSES, ids=lambda one: one.__name__)
def test_outputs_are_unchanged(one: Callable[[Graph], Graph]) -> None:
    changed = 0
    for seed in range(cases.PASSES):
        graph, sample = _random(seed)
        after = one(graph)
        after.check()
        assert after.inputs == graph.inputs
        assert str(one(after)) == str(after), "a second time changes more"
        changed += str(after) != str(graph)
        for rounding in ROUNDINGS:
            assert _outputs(after, sample, rounding) == _outputs(graph, sample, rounding), f"seed {seed}\n{graph}"
    rarely = one in (copy_outputs, share_constants)
    assert rarely or changed >= cases.PASSES // 25  # the graphs do have what the pass looks for


def test_outputs_are_unchanged_by_all() -> None:
    for seed in range(cases.PASSES):
        graph, sample = _random(seed)
        after = run_passes(graph)
        assert len(after.ops) <= len(graph.ops) + len(graph.outputs)
        for op in after.ops:
            op.check(after)
        for rounding in ROUNDINGS:
            assert _outputs(after, sample, rounding) == _outputs(graph, sample, rounding), f"seed {seed}\n{graph}"


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_compiled_random_graphs_are_bit_exact(rounding: str, tmp_path: Path) -> None:
    graph, sample = merge.merged(cases.computed([_random(seed) for seed in range(cases.PASSES)], rounding))
    binary = native.program(native.compiled(graph, rounding), tmp_path, *native.SANITIZE)
    first, second = native.run(binary, graph, [sample, sample])
    values = interpreter.run(graph, sample, rounding)
    for name in graph.outputs:
        assert first[name].tobytes() == second[name].tobytes() == values[name].tobytes(), graph.producer(name)


def test_stop_after() -> None:
    graph = connected("x", "y", relu("k", "a"), add("x", "a", "y"), constants="k")
    assert _kinds(run_passes(graph, "fold_constants")) == ["Add"]
    assert "k" in run_passes(graph, "fold_constants").tensors
    assert "k" not in run_passes(graph, "eliminate_dead").tensors


# fold_constants


def test_constants_are_folded() -> None:
    graph = connected("x", "y", relu("k", "a"), reshape("a", "b"), add("x", "b", "y"), constants="k")
    after = fold_constants(graph)
    assert _kinds(after) == ["Add"]
    data = graph["k"].data
    assert data is not None and after["b"].data is not None
    assert after["b"].data.tolist() == np.maximum(data, -3).tolist()


def test_what_depends_on_the_rounding_is_not_folded() -> None:
    """The sum 1 times the scale 1/2 is 1 where ties go away from zero, and 0 where they go to the even code."""
    x = int8("x", (1, 1), Quant((1.0,), (0,)), np.array([[1]], np.int8))
    w = int8("w", (1, 1), Quant((1.0,), (0,)), np.array([[1]], np.int8))
    op = FullyConnected(name="y", inputs=("x", "w"), outputs=("y",))
    y = int8("y", (1, 1), Quant((2.0,), (0,)))
    graph = Graph("g", {"x": x, "w": w, "y": y}, (op,), (), ("y",))
    answers = {rounding: _outputs(graph, {}, rounding) for rounding in ROUNDINGS}
    assert answers == {"double": [b"\1"], "single": [b"\1"], "float": [b"\0"], "onnx": [b"\0"]}
    assert _kinds(fold_constants(graph)) == ["FullyConnected"]
    same = graph.with_tensors(replace(x, data=np.array([[2]], np.int8)))
    assert _kinds(fold_constants(same)) == []


def test_what_depends_on_an_input_is_not_folded() -> None:
    graph = connected("x", "y", add("x", "k", "y"), constants="k")
    assert fold_constants(graph).ops == graph.ops


# copy_outputs


def test_constant_outputs_are_copied() -> None:
    after = run_passes(connected("x", "r y", relu("k", "r"), add("x", "r", "y"), constants="k"))
    assert _kinds(after) == ["Transpose", "Add"]
    assert after.outputs == ("r", "y") and not after["r"].constant


def test_an_output_listed_twice_is_copied() -> None:
    after = copy_outputs(connected("x", "y y", relu("x", "y")))
    assert len(set(after.outputs)) == 2
    assert copy_outputs(after).ops == after.ops


def test_other_outputs_are_left_alone() -> None:
    graph = connected("x", "y x", relu("x", "y"))
    assert str(copy_outputs(graph)) == str(graph)


# fold_pad


def _padded(pads: tuple[tuple[int, int], ...], *, output: bool = False, readers: int = 1) -> Graph:
    x = int8("x", (1, 4, 4, 2), QUANT)
    p = int8("p", tuple(n + sum(pair) for n, pair in zip(x.shape, pads, strict=True)), QUANT)
    w = int8("w", (3, 2, 2, p.shape[3]), Quant((0.01,), (0,)), codes(np.random.default_rng(0), (3, 2, 2, p.shape[3])))
    shape = (p.shape[0], p.shape[1] + 2, p.shape[2] - 1, 3)
    ys = [int8(f"y{i}", shape, QUANT) for i in range(readers)]
    ops: list[Op] = [Pad(name="p", inputs=("x",), outputs=("p",), pads=pads)]
    ops += [Conv2D(name=y.name, inputs=("p", "w"), outputs=(y.name,), padding=((1, 2), (0, 0))) for y in ys]
    outputs = (*(y.name for y in ys), *(["p"] if output else []))
    return Graph("g", {t.name: t for t in (x, p, w, *ys)}, tuple(ops), ("x",), outputs)


def test_pad_moves_into_the_convolution() -> None:
    (conv,) = run_passes(_padded(((0, 0), (1, 0), (2, 3), (0, 0)))).ops
    assert isinstance(conv, Conv2D)
    assert conv.inputs[0] == "x" and conv.padding == ((2, 2), (2, 3))


def test_pads_in_a_row_move_together() -> None:
    graph = _padded(((0, 0), (1, 0), (2, 3), (0, 0)))
    first = Pad(name="x", inputs=("before",), outputs=("x",), pads=((0, 0), (0, 1), (1, 0), (0, 0)))
    graph = graph.with_tensors(int8("before", (1, 3, 3, 2), QUANT))
    graph = replace(graph, ops=(first, *graph.ops), inputs=("before",))
    (conv,) = run_passes(graph).ops
    assert isinstance(conv, Conv2D)
    assert conv.inputs[0] == "before" and conv.padding == ((2, 3), (3, 3))


def test_pad_with_several_readers_goes_when_all_have_it() -> None:
    assert _kinds(run_passes(_padded(((0, 0), (1, 0), (2, 3), (0, 0)), readers=2))) == ["Conv2D", "Conv2D"]


def test_pad_that_is_an_output_stays() -> None:
    assert _kinds(run_passes(_padded(((0, 0), (1, 0), (2, 3), (0, 0)), output=True))) == ["Pad", "Conv2D"]


@pytest.mark.parametrize("pads", [((0, 0), (1, 1), (1, 1), (0, 1)), ((1, 0), (1, 1), (1, 1), (0, 0))])
def test_pad_of_batch_or_channels_stays(pads: tuple[tuple[int, int], ...]) -> None:
    graph = _padded(pads)
    assert fold_pad(graph).ops == graph.ops


# fuse_activation


def test_activation_is_fused() -> None:
    (op,) = fuse_activation(connected("a b", "y", add("a", "b", "s"), relu6("s", "y"))).ops
    assert str(op) == "%y = Add(%a, %b, activation=RELU6)"


def test_only_the_first_of_two_activations_is_fused() -> None:
    assert _kinds(fuse_activation(connected("a b", "y", add("a", "b", "s"), relu("s", "r"), relu6("r", "y")))) == [
        "Add", "Relu6",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "graph",
    [
        connected("a b", "y s", add("a", "b", "s"), relu("s", "y")),
        connected("a b", "y z", add("a", "b", "s"), relu("s", "y"), relu6("s", "z")),
        connected("a b", "y", add("a", "b", "s"), reshape("s", "v"), relu("v", "y"), v=(24,), y=(24,)),
        connected("a", "y", relu("a", "y")),
        connected("a", "y", relu6("a", "s"), relu("s", "y")),
        connected("a b", "y", add("a", "b", "s"), relu("s", "y")).with_tensors(
            Tensor("y", SHAPE, "int8", Quant((0.1,), (-3,)))
        ),
        connected("a b", "y", add("a", "b", "s"), relu("s", "y")).with_tensors(
            Tensor("y", SHAPE, "int8", Quant((0.05,), (-4,)))
        ),
    ],
    ids=["output between", "second reader", "view between", "input", "other operator", "other scale", "other zero"],
)
def test_activation_is_not_fused(graph: Graph) -> None:
    assert fuse_activation(graph).ops == graph.ops


def test_a_second_activation_is_not_fused() -> None:
    graph = connected("a b", "y", add("a", "b", "s"), relu("s", "y"))
    first = replace(graph.ops[0], activation=Activation.RELU6)  # type: ignore[call-arg] # an Add has one
    graph = replace(graph, ops=(first, graph.ops[1]))
    assert fuse_activation(graph).ops == graph.ops


# drop_channels


def _chain(first: Array, second: Array, pads: Pads = ((0, 0), (0, 0)), bias: int = 5) -> Graph:
    """A convolution with 1x1 filters `first` [channels, 2], a 3x3 depth-wise layer, and one with filters `second`."""
    rng = np.random.default_rng(1)
    channels = len(first)
    shapes = {"x": (1, 5, 5, 2), "a": (1, 5, 5, channels), "b": (1, 3 + sum(pads[0]), 3 + sum(pads[1]), channels)}
    shapes["y"] = (*shapes["b"][:3], len(second))
    tensors = [int8(name, shape, Quant((0.1,), (-3,))) for name, shape in shapes.items()]
    taps = int8("w2", (1, 3, 3, channels), Quant((0.01,), (0,)), codes(rng, (1, 3, 3, channels)))
    tensors += [int8("w1", (channels, 1, 1, 2), Quant((0.02,), (0,)), first.reshape(channels, 1, 1, 2)), taps]
    tensors += [int8("w3", (len(second), 1, 1, channels), Quant((0.01,), (0,)), second.reshape(len(second), 1, 1, -1))]
    tensors += [Tensor("b1", (channels,), "int32", None, np.full(channels, 100 * bias, np.int32))]
    ops: list[Op] = [
        Conv2D(name="a", inputs=("x", "w1", "b1"), outputs=("a",)),
        DepthwiseConv2D(name="b", inputs=("a", "w2"), outputs=("b",), padding=pads),
        Conv2D(name="y", inputs=("b", "w3"), outputs=("y",)),
    ]
    return Graph("g", {t.name: t for t in tensors}, tuple(ops), ("x",), ("y",))


def _filters(rows: int, columns: int, zero_row: int | None = None, zero_column: int | None = None) -> Array:
    data = np.random.default_rng(2).integers(1, 127, (rows, columns)).astype(np.int8)
    data[[] if zero_row is None else zero_row] = 0
    data[:, [] if zero_column is None else zero_column] = 0
    return data


def _assert_same(graph: Graph, after: Graph) -> None:
    sample = {"x": codes(np.random.default_rng(3), graph["x"].shape)}
    for op in after.ops:
        op.check(after)
    for rounding in ROUNDINGS:
        assert _outputs(after, sample, rounding) == _outputs(graph, sample, rounding)


def test_constant_channels_go_into_the_bias() -> None:
    graph = _chain(_filters(4, 2, zero_row=1), _filters(3, 4))
    after = run_passes(graph)
    assert after["a"].shape[3] == after["b"].shape[3] == 3
    assert after["w2"].shape == (1, 3, 3, 3) and len(after.ops[2].inputs) == 3  # a bias, where there was none
    _assert_same(graph, after)


@pytest.mark.parametrize(("bias", "channels"), [(5, 4), (0, 3)], ids=["another value", "the padding's value"])
def test_what_padding_mixes_with_stays(bias: int, channels: int) -> None:
    """Inside, the depth-wise layer answers a constant; at the borders, another one, unless the padding is the same."""
    graph = _chain(_filters(4, 2, zero_row=1), _filters(3, 4), ((1, 1), (1, 1)), bias)
    after = run_passes(graph)
    assert after["a"].shape[3] == channels
    _assert_same(graph, after)


def test_what_a_padded_convolution_reads_stays() -> None:
    """At its borders the constant is missing, and no bias can say so."""
    graph = _chain(_filters(4, 2, zero_row=1), _filters(3, 4))
    padded = replace(graph.ops[2], padding=((1, 1), (1, 1)))  # type: ignore[call-arg] # a Conv2D has one
    graph = replace(graph.with_tensors(replace(graph["y"], shape=(1, 5, 5, 3))), ops=(*graph.ops[:2], padded))
    after = run_passes(graph)
    assert after["a"].shape[3] == 4
    _assert_same(graph, after)


def test_channels_that_nobody_reads_go() -> None:
    graph = _chain(_filters(4, 2), _filters(3, 4, zero_column=2))
    after = run_passes(graph)
    assert after["a"].shape[3] == 3 and after["w1"].shape[0] == 3 and after["b1"].shape == (3,)
    _assert_same(graph, after)


def test_one_channel_stays_and_outputs_keep_all() -> None:
    graph = _chain(np.zeros((4, 2), np.int8), _filters(3, 4, zero_row=0))
    after = run_passes(graph)
    assert after["a"].shape[3] == 1 and after["y"].shape[3] == 3
    _assert_same(graph, after)
    seen = replace(graph, outputs=("y", "b"))
    assert str(run_passes(seen)) == str(seen)


def test_weights_that_are_outputs_stay_as_they_are() -> None:
    graph = _chain(_filters(4, 2), _filters(3, 4, zero_column=2))
    graph = replace(graph, outputs=("y", "w1", "b1"))
    after = run_passes(graph)
    assert after["a"].shape[3] == 3
    _assert_same(graph, after)


def test_a_constant_that_depends_on_the_rounding_stays() -> None:
    """A bias of 1 times the scale 1/2: 1, 1, or 0."""
    graph = _chain(_filters(4, 2, zero_row=1), _filters(3, 4))
    graph = graph.with_tensors(
        replace(graph["x"], quant=Quant((1.0,), (0,))), replace(graph["a"], quant=Quant((2.0,), (0,)))
    )
    graph = graph.with_tensors(
        replace(graph["w1"], quant=Quant((1.0,), (0,))), replace(graph["b1"], data=np.ones(4, np.int32))
    )
    assert str(drop_channels(graph)) == str(graph)


# eliminate_dead


def test_dead_code_goes() -> None:
    dead = relu("x", "a"), relu("a", "b"), add("x", "k", "c")
    graph = connected("x unused", "y", *dead, relu("x", "y"), constants="k")
    after = eliminate_dead(graph)
    assert _kinds(after) == ["Relu"]
    assert set(after.tensors) == {"x", "unused", "y"}


def test_nothing_needed_goes() -> None:
    graph = connected("x", "y", relu("x", "a"), relu("a", "y"))
    assert eliminate_dead(graph).ops == graph.ops


def test_requantization_is_not_mistaken_for_a_copy() -> None:
    """QUANTIZE from int8 to int8 stays what it is."""
    x, y = int8("x", (4,), QUANT), int8("y", (4,), Quant((0.1,), (3,)))
    graph = Graph("g", {"x": x, "y": y}, (Quantize(name="y", inputs=("x",), outputs=("y",)),), ("x",), ("y",))
    assert run_passes(graph).ops == graph.ops


def test_a_dense_layer_of_a_scalar_keeps_its_channel() -> None:
    x = int8("x", (), Quant((0.5,), (3,)))
    w = int8("w", (2, 1), Quant((0.5,), (0,)), np.array([[0], [4]], np.int8))
    graph = graph_of(FullyConnected, [x, w], int8("y", (1, 2), Quant((0.25,), (-1,))))
    graph.ops[0].check(graph)
    assert str(run_passes(graph)) == str(graph)
