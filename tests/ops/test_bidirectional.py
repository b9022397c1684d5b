"""Recurrent layers of two directions, which become a layer for each: against LiteRT, in C, and written again."""

from collections.abc import Callable
from pathlib import Path

import cases
import graphs
import litert
import merge
import native
import numpy as np
import pytest
from counts import INTERPRETER, record
from graphs_recurrent import FLOAT_TOLERANCE
from reading import parse

from aot.frontends.tflite.operators import Record
from aot.frontends.tflite.parts import Line, Part
from aot.frontends.tflite.writer import write, write_parts
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Tensor
from aot.oracle import interpreter

pytestmark = pytest.mark.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN")

_RUNS = 3
_CASES = 8 * cases.TIMES
_IN_C = 6


def _weights(rng: graphs.Rng, name: str, *shape: int) -> Tensor:
    return Tensor(name, shape, "float32", data=(rng.normal(size=shape) / 2).astype(np.float32))


def _lstm(rng: graphs.Rng, parts: list[Tensor | None], depth: int, batches: int, sizes: list[int]) -> frozenset[str]:
    for first, states, cells in ((1, 35, sizes[0]), (18, 37, sizes[1])):
        for i in range(4):
            parts[first + i] = _weights(rng, f"w{first}_{i}", cells, depth)
            parts[first + 4 + i] = _weights(rng, f"r{first}_{i}", cells, cells)
            parts[first + 11 + i] = _weights(rng, f"b{first}_{i}", cells)
        parts[states], parts[states + 1] = (Tensor(f"{n}{first}", (batches, cells), "float32") for n in ("h", "c"))
    return frozenset(t.name for t in parts[35:39] if t is not None)


def _rnn(rng: graphs.Rng, parts: list[Tensor | None], depth: int, batches: int, sizes: list[int]) -> frozenset[str]:
    for first, units in ((1, sizes[0]), (5, sizes[1])):
        parts[first] = _weights(rng, f"w{first}", units, depth)
        parts[first + 1] = _weights(rng, f"r{first}", units, units)
        parts[first + 2] = _weights(rng, f"b{first}", units)
        parts[first + 3] = Tensor(f"h{first}", (batches, units), "float32")
    return frozenset(f"h{first}" for first in (1, 5))


Fill = Callable[[graphs.Rng, list[Tensor | None], int, int, list[int]], frozenset[str]]
# For each operator: what draws its operands, how many it has, and its table of options.
_KINDS: dict[str, tuple[Fill, int, str, dict[str, float]]] = {
    "BIDIRECTIONAL_SEQUENCE_LSTM": (_lstm, 48, "BidirectionalSequenceLSTMOptions", {"CellClip": 0.75}),
    "BIDIRECTIONAL_SEQUENCE_RNN": (_rnn, 12, "BidirectionalSequenceRNNOptions", {}),
}


def _model(kind: str, seed: int) -> bytes:
    """With and without a merged output, time first or batches first.

    LiteRT steps to the states of the next sample by the width of the output, which is wrong where that is merged.
    """
    fill, count, options, fields = _KINDS[kind]
    rng = np.random.default_rng([cases.SEED, seed])
    steps, batches, depth = int(rng.integers(1, 5)), int(rng.integers(1, 3)), graphs.size(rng, 9)
    merged, time_major = bool(seed % 2), bool(rng.random() < 0.5)
    batches = 1 if merged and not time_major else batches
    lead = (steps, batches) if time_major else (batches, steps)
    parts: list[Tensor | None] = [None] * count
    parts[0] = Tensor("x", (*lead, depth), "float32")
    sizes = [graphs.size(rng, 9)] * 2
    variables = fill(rng, parts, depth, batches, sizes)
    widths = [sum(sizes)] if merged else sizes
    outputs = [Tensor(f"y{i}", (*lead, width), "float32") for i, width in enumerate(widths)]
    fields = {"FusedActivationFunction": 4, "MergeOutputs": merged, "TimeMajor": time_major, **fields}
    names = tuple(None if t is None else t.name for t in parts)
    line = Line(kind, Record(1, options, fields), names, tuple(t.name for t in outputs))
    tensors = (*(t for t in parts if t is not None), *outputs)
    return write_parts([Part("net", tensors, (line,), ("x",), line.outputs, variables)])


def _case(kind: str, seed: int) -> tuple[bytes, Graph, list[dict[str, Array]]]:
    content = _model(kind, seed)
    graph = parse(content, "net")
    return content, graph, [cases.inputs_of(graph, [seed, run]) for run in range(_RUNS)]


def _assert_close(content: bytes, graph: Graph, samples: list[dict[str, Array]]) -> None:
    """To what LiteRT answers to `content`."""
    wanted = litert.sequence(content, [[s["x"]] for s in samples], litert.Resolver.REFERENCE)
    for values, expected in zip(interpreter.run_all(graph, samples), wanted, strict=True):
        for name, array in zip(graph.outputs, expected, strict=True):
            close = FLOAT_TOLERANCE * max(1.0, float(np.abs(array).max()))
            assert np.abs(values[name] - array).max() <= close, graph


@pytest.mark.parametrize("kind", _KINDS)
def test_equals_litert(kind: str) -> None:
    for seed in range(_CASES):
        content, graph, samples = _case(kind, seed)
        assert len(graph.state) == (4 if "LSTM" in kind else 2)
        _assert_close(content, graph, samples)
        record(INTERPRETER, kind, "float32")


@pytest.mark.parametrize("kind", _KINDS)
def test_written_again_equals_litert(kind: str) -> None:
    """No operator of a file goes backwards: the steps do."""
    for seed in range(4):
        _, graph, samples = _case(kind, seed)
        _assert_close(write(graph), graph, samples)


def test_in_c(tmp_path: Path) -> None:
    found = [_case(kind, seed)[1:] for kind in _KINDS for seed in range(_IN_C)]
    merged = [merge.merged([(graph, samples[run]) for graph, samples in found]) for run in range(_RUNS)]
    graph, given = merged[0][0], [sample for _, sample in merged]
    assert str(graph).count("reverse=True") == len(found) and "Reverse(" not in str(graph)
    actual = native.run(native.program(native.compiled(graph), tmp_path, *native.SANITIZE), graph, given)
    for values, outputs in zip(interpreter.run_all(graph, given), actual, strict=True):
        for name in graph.outputs:
            assert outputs[name].tobytes() == values[name].tobytes(), name
