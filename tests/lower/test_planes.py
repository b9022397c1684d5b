"""Tensors by planes, [channel, row, column]: every kernel that knows them, and which tensors lie so."""

from dataclasses import replace
from itertools import chain, combinations
from pathlib import Path
from unittest.mock import patch

import cases
import emulated
import graphs
import merge
import native
import numpy as np
import planar
import pytest

from aot.compile.printing import make, print_model, with_plan
from aot.compile.records import Compiled
from aot.device.verify import verify_layers
from aot.graph.ir import Graph, Tensor
from aot.kernels import Block, Target
from aot.lower import lowering
from aot.lower import planes as lower_planes
from aot.lower.lowering import lower, lower_in_order
from aot.lower.planes import tensors_by_planes
from aot.ops.common import out_size, same_pads
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.relu import Relu
from aot.oracle import interpreter
from aot.oracle.samples import random_samples
from aot.plan import scratch_name
from aot.plan.records import aligned

_LAYERS = (
    "Conv2D",
    "Conv2D pointwise",
    "Conv2D lowest weights",
    "DepthwiseConv2D 3x3",
    "DepthwiseConv2D 3x3 large",
    "DepthwiseConv2D single channel",
)
_PLANES = {"plane_3x3_stride1_planes", "plane_3x3_stride2_planes"}
_RUNS: dict[tuple[str, str, str], set[str]] = {  # board, rounding, weights: functions that must be reached
    ("mps2-an386", "double", "internal"): _PLANES | {"tiles_channel_planes", "tiles_tensor_joined_planes", "tile_s8"},
    ("mps2-an386", "single", "internal"): _PLANES | {"tiles_channel_planes", "tiles_channel_joined_planes"},
    ("mps2-an386", "float", "internal"): {
        "tiles_float_planes",
        "tiles_float_joined_planes",
        "plane_3x3_stride1_float_planes",
        "plane_3x3_stride2_float_planes",
    },
    ("mps2-an505", "double", "int16"): {"tiles_channel_wide_planes", "tiles_tensor_wide_planes", "tile_wide"},
}
_EACH = 3  # cases of a kind


def _cases(board: str) -> list[tuple[merge.Case, planar.Layout]]:
    """Of each kind of layer as many, in one layout after the other."""
    found = []
    for name in _LAYERS:
        some = ((seed, cases.case(name, seed)) for seed in range(40 * cases.TIMES))
        fitting = ((seed, case, planar.fitting(case[0], board)) for seed, case in some)
        own = [(case, layouts[seed % len(layouts)]) for seed, case, layouts in fitting if layouts]
        assert len(own) >= _EACH * cases.TIMES, name
        found += own[: _EACH * cases.TIMES]
    return found


def _packed(model: Compiled) -> Compiled:
    """`model` with the input of each call right behind its scratch: whoever writes too far changes what it reads."""
    offsets, top = dict[str, int](), 0
    for call in model.calls:
        sizes = {scratch_name(call.outputs[0]): call.scratch}
        sizes |= {name: model.graph[name].bytes for name in (*call.inputs, *call.outputs)}
        for name, size in sizes.items():
            offsets[name] = top
            top += aligned(size)
    plan = replace(model.plan, offsets=tuple(offsets[buffer.name] for buffer in model.plan.buffers), size=top)
    return with_plan(model, plan)


@pytest.mark.parametrize("run", [run for run in _RUNS if run[1] != "single" or cases.TIMES > 1], ids=" ".join)
def test_bit_exact(run: tuple[str, str, str], tmp_path: Path) -> None:
    board, rounding, weights = run
    chosen = _cases(board)
    graph, sample = merge.merged([case for case, _ in chosen])
    with planar.forced([layout for _, layout in chosen]):
        model = _packed(native.compiled(graph, rounding, board, weights=weights))
    text = print_model(model)["merged.c"]
    assert not {f for f in _RUNS[run] if f" {f}(" not in text and f" {f}_clamped(" not in text}
    sent = {name: planar.to_planes(value) if name in model.planes else value for name, value in sample.items()}
    (got,) = emulated.run(model, tmp_path, [sent])
    wrong = []
    for i, ((part, values), layout) in enumerate(chosen):
        (name,) = part.outputs
        actual = got[merge.prefixed(i, name)]
        actual = planar.to_pixels(actual) if "y" in layout else actual
        if not np.array_equal(actual, interpreter.run(part, values, rounding)[name]):
            wrong.append(f"{layout}\n{part}")
    assert not wrong, f"{len(wrong)} of {len(chosen)}\n" + "\n".join(wrong[:5])


_DSP = Target(frozenset({"dsp"}))
_REORDERED = (1023, 1120)  # networks that need less memory in another order, with all by pixels


def _network(seed: int) -> Graph:
    """Depth-wise and point-wise layers in turn, of which one in three reads what another one reads, too."""
    rng = np.random.default_rng([cases.SEED, seed])
    shape = (1, int(rng.integers(5, 14)), int(rng.integers(4, 14)), int(rng.integers(3, 12)))
    tensors = [graphs.int8("x", shape, graphs.quant(rng))]
    ops: list[Conv2D | DepthwiseConv2D | Relu] = []
    sources = [tensors[0]]
    for i in range(int(rng.integers(3, 8))):
        x = sources[-2] if len(sources) > 1 and rng.random() < 0.3 else sources[-1]
        if rng.random() < 0.1:
            y = replace(x, name=f"t{i}")
            ops.append(Relu(name=f"t{i}", inputs=(x.name,), outputs=(y.name,)))
        else:
            made, y, op = _layer(rng, x, f"t{i}", depthwise=bool(rng.random() < 0.5))
            tensors += made
            ops.append(op)
        tensors.append(y)
        sources.append(y)
    unread = [op.outputs[0] for op in ops if all(op.outputs[0] not in other.inputs for other in ops)]
    graph = Graph(f"network{seed}", {t.name: t for t in tensors}, tuple(ops), ("x",), tuple(unread))
    graph.check()
    return graph


def _layer(
    rng: graphs.Rng, x: Tensor, name: str, depthwise: bool
) -> tuple[list[Tensor], Tensor, Conv2D | DepthwiseConv2D]:
    kernel, stride = ((3, 3), int(rng.choice([1, 2]))) if depthwise else ((1, 1), 1)
    pads = tuple(same_pads(n, k, stride, 1) for n, k in zip(x.shape[1:3], kernel, strict=True))
    out = [out_size(n, k, stride, 1, pad) for n, k, pad in zip(x.shape[1:3], kernel, pads, strict=True)]
    channels = x.shape[3] if depthwise else int(rng.integers(3, 14))
    dims = (1, *kernel, channels) if depthwise else (channels, *kernel, x.shape[3])
    w = graphs._weights(rng, dims, 3 if depthwise else 0, True)
    bias, quant = graphs._dense_parts(rng, x, w, channels, optional=False)
    operands = [replace(t, name=f"{name}_{t.name}") for t in (w, bias) if t is not None]
    y = graphs.int8(name, (1, *out, channels), quant)
    kind = DepthwiseConv2D if depthwise else Conv2D
    inputs = (x.name, *(t.name for t in operands))
    op = kind(name=name, inputs=inputs, outputs=(name,), stride=(stride, stride), padding=pads)
    return operands, y, op


def _total(block: Block, planes: frozenset[str]) -> float:
    """What the calls of `block` cost with these tensors by planes."""
    ops = {op.outputs[0]: op for op in block.graph.ops}
    return sum(
        lower_planes._cheapest(block, t, ops[call.outputs[0]], planes & {*call.inputs, *call.outputs}, _DSP)
        for t, call in enumerate(block.calls)
    )


def test_no_other_choice_costs_less() -> None:
    chosen = 0
    for seed in range(12 * cases.TIMES):
        block = lower_in_order(_network(seed), _DSP)
        may = sorted(lower_planes._candidates(block.graph))
        best = tensors_by_planes(block, _DSP)
        sets = chain.from_iterable(combinations(may, n) for n in range(len(may) + 1))
        assert best <= set(may)
        assert _total(block, best) == pytest.approx(min(_total(block, frozenset(one)) for one in sets))
        chosen += len(best)
    assert chosen > 8


def test_no_larger_arena_and_nothing_for_the_user_to_see() -> None:
    for seed in (*range(12 * cases.TIMES), *_REORDERED):
        graph = _network(seed)
        block = lower(graph, _DSP)
        planes = frozenset[str]().union(*(call.planes for call in block.calls))
        with patch.object(lowering, "tensors_by_planes", lambda *_: frozenset()):
            assert block.plan.size <= lower(graph, _DSP).plan.size
        assert not planes & {*graph.inputs, *graph.outputs}
        assert all(call.planes == planes & {*call.inputs, *call.outputs} for call in block.calls)
        assert all(not call.planes for call in lower(graph, replace(_DSP, optimize="size")).calls)


def test_layers_are_compared_by_pixels(tmp_path: Path) -> None:
    model = native.compiled(next(g for g in map(_network, range(99)) if _planes(g)), board="mps2-an386")
    assert model.planes
    firmware = make(model, tmp_path, trace=True)
    assert verify_layers(model, firmware, random_samples(model.source, 2)).exact


def _planes(graph: Graph) -> frozenset[str]:
    return frozenset[str]().union(*(call.planes for call in lower(graph, _DSP).calls))
