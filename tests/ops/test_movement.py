"""Operators that move elements: every output, indices out of range, and what LiteRT refuses."""

from dataclasses import replace
from pathlib import Path

import graphs
import graphs_indexing
import graphs_movement
import graphs_several
import litert
import native
import numpy as np
import pytest
from reading import parse

from aot.frontends.tflite.writer import write
from aot.graph.ir import Graph, Op, Tensor, Unsupported
from aot.ops.arg_extreme import ArgMax, ArgMin
from aot.ops.gather import Gather, GatherNd
from aot.ops.slice import StridedSlice
from aot.ops.split import Split, SplitV, Unpack
from aot.ops.top_k import TopK
from aot.oracle.interpreter import run

TYPED = graphs_movement.TYPED | graphs_indexing.TYPED | graphs_several.TYPED
_SEEDS = range(40)


def _supported(kind: type[Op], dtype: str, seed: int) -> Graph:
    """The first graph from `seed` on that `check` accepts."""
    for attempt in range(10):
        graph = TYPED[kind][0](np.random.default_rng([seed, attempt]), dtype)
        try:
            graph.ops[0].check(graph)
        except Unsupported:
            continue
        return graph
    raise AssertionError(f"{kind.__name__}: ten graphs in a row were refused")


@pytest.mark.parametrize("kind", [Split, SplitV, Unpack])
def test_all_outputs_equal_litert(kind: type[Op]) -> None:
    for seed in _SEEDS:
        graph = _supported(kind, "int8", seed)
        graph = replace(graph, outputs=graph.ops[0].outputs)
        inputs = {"x": graphs.values(np.random.default_rng(seed), graph["x"])}
        values = run(graph, inputs)
        expected = litert.outputs(write(graph), [inputs["x"]], litert.Resolver.REFERENCE)
        for name, value in zip(graph.outputs, expected, strict=True):
            assert values[name].tobytes() == value.tobytes(), f"seed {seed}\n{graph}"


@pytest.mark.parametrize("kind", [Gather, GatherNd])
@pytest.mark.parametrize("index", [-1, 3, 2**31 - 1])
def test_constant_index_out_of_range_is_refused(kind: type[Op], index: int) -> None:
    x = graphs.int8("x", (3, 5), graphs.Quant((0.5,), (0,)))
    indices = Tensor("indices", (1, 1), "int32", data=np.array([[index]], np.int32))
    shape = (1, 1, 5) if kind is Gather else (1, 5)
    graph = graphs.graph_of(kind, [x, indices], graphs.int8("y", shape, x.quant or graphs.PROBABILITY))
    with pytest.raises(Unsupported, match="%indices has an index out of range"):
        graph.ops[0].check(graph)


@pytest.mark.parametrize("dtype", ["int16", "int32", "int64"])
@pytest.mark.parametrize("kind", [Gather, GatherNd])
def test_index_out_of_range_at_run_time_is_the_nearest(kind: type[Op], dtype: str, tmp_path: Path) -> None:
    info = np.iinfo(dtype)
    wanted = np.array([-1, 0, 1, 2, 3, 4, info.min, info.max], dtype).reshape(8, 1)
    x, indices = Tensor("x", (3, 1), "int32"), Tensor("indices", (8, 1), dtype)
    shape = (8, 1, 1) if kind is Gather else (8, 1)
    graph = graphs.graph_of(kind, [x, indices], Tensor("y", shape, "int32"))
    sample = {"x": np.array([[10], [11], [12]], np.int32), "indices": wanted}
    (actual,) = native.run(native.program(native.compiled(graph), tmp_path, *native.SANITIZE), graph, [sample])
    expected = [10, 10, 11, 12, 12, 12, 10, 12]
    assert actual["y"].ravel().tolist() == run(graph, sample)["y"].ravel().tolist() == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"strides": (0, 1)}, "a stride of 0"),
        ({"begin": (5, 0), "shrink_axis_mask": 1}, "element 5 of 4 along axis 0 of %x"),
        ({"end": (0, 3)}, "nothing is left of %x"),
        ({"ellipsis_mask": 3}, "more than one ellipsis"),
        ({"begin": (0, 0, 0), "end": (1, 1, 1), "strides": (1, 1, 1)}, "3 parts for 2 dimensions"),
        ({"begin": (0,)}, "1 begins, 2 ends and 2 strides"),
    ],
)
def test_impossible_slices_are_refused(changes: dict[str, object], reason: str) -> None:
    x = graphs.int8("x", (4, 3), graphs.PROBABILITY)
    attributes = {"begin": (0, 0), "end": (2, 3), "strides": (1, 1), **changes}
    graph = graphs.graph_of(StridedSlice, [x], graphs.int8("y", (2, 3), graphs.PROBABILITY), **attributes)
    with pytest.raises(Unsupported, match=reason):
        graph.ops[0].check(graph)


@pytest.mark.parametrize("kind", [ArgMax, ArgMin, TopK])
def test_not_a_number(kind: type[Op], tmp_path: Path) -> None:
    """What the comparisons say depends on their order, in LiteRT on the processor: C and interpreter have the same."""
    rng = np.random.default_rng(7)
    graph = replace(_supported(kind, "float32", 8), name="net")
    graph = replace(graph, outputs=graph.ops[0].outputs)
    samples = [{"x": rng.choice([np.nan, -np.inf, np.inf, -0.0, 0.0, 1.5], graph["x"].shape)} for _ in range(40)]
    samples = [{"x": sample["x"].astype(np.float32)} for sample in samples]
    binary = native.program(native.compiled(graph), tmp_path, *native.SANITIZE)
    for sample, actual in zip(samples, native.run(binary, graph, samples), strict=True):
        values = run(graph, sample)
        for name in graph.outputs:
            assert actual[name].tobytes() == values[name].tobytes(), (sample, actual, graph)


def test_sizes_that_say_the_rest_are_read() -> None:
    """SPLIT_V and SLICE write -1 for what is left."""
    x = graphs.int8("x", (7,), graphs.PROBABILITY)
    parts = {f"y{i}": graphs.int8(f"y{i}", (n,), graphs.PROBABILITY) for i, n in enumerate((3, 4))}
    op = SplitV(name="y0", inputs=("x",), outputs=("y0", "y1"), axis=0, sizes=(3, -1))
    graph = Graph("net", {"x": x, **parts}, (op,), ("x",), ("y0", "y1"))
    (read,) = parse(write(graph), "net").ops
    assert isinstance(read, SplitV) and read.sizes == (3, 4)
