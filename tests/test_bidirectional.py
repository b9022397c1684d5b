"""BIDIRECTIONAL_SEQUENCE_LSTM, which becomes a layer for each direction: against LiteRT, and in C."""

from pathlib import Path

import cases
import graphs
import litert
import native
import numpy as np
import pytest
from graphs_recurrent import FLOAT_TOLERANCE

from aot import interpreter
from aot.frontends.tflite import parse
from aot.frontends.tflite_ops import Record
from aot.frontends.tflite_parts import Line, Part
from aot.frontends.tflite_writer import write_parts
from aot.ir import Tensor

_RUNS = 3


def _weights(rng: graphs.Rng, name: str, *shape: int) -> Tensor:
    return Tensor(name, shape, "float32", data=(rng.normal(size=shape) / 2).astype(np.float32))


def _model(seed: int) -> bytes:
    """With and without a merged output, time first or batches first.

    LiteRT steps to the states of the next sample by the width of the output, which is wrong where that is merged.
    """
    rng = np.random.default_rng([cases.SEED, seed])
    steps, batches, depth = int(rng.integers(1, 5)), int(rng.integers(1, 3)), graphs.size(rng, 9)
    merged, time_major = bool(seed % 2), bool(rng.random() < 0.5)
    batches = 1 if merged and not time_major else batches
    lead = (steps, batches) if time_major else (batches, steps)
    parts: list[Tensor | None] = [None] * 48
    parts[0] = Tensor("x", (*lead, depth), "float32")
    sizes = (graphs.size(rng, 9),) * 2
    for first, states, cells in ((1, 35, sizes[0]), (18, 37, sizes[1])):
        for i in range(4):
            parts[first + i] = _weights(rng, f"w{first}_{i}", cells, depth)
            parts[first + 4 + i] = _weights(rng, f"r{first}_{i}", cells, cells)
            parts[first + 11 + i] = _weights(rng, f"b{first}_{i}", cells)
        parts[states], parts[states + 1] = (Tensor(f"{n}{first}", (batches, cells), "float32") for n in ("h", "c"))
    widths = (sum(sizes),) if merged else sizes
    outputs = [Tensor(f"y{i}", (*lead, width), "float32") for i, width in enumerate(widths)]
    fields = {"FusedActivationFunction": 4, "MergeOutputs": merged, "TimeMajor": time_major, "CellClip": 0.75}
    names = tuple(None if t is None else t.name for t in parts)
    line = Line("BIDIRECTIONAL_SEQUENCE_LSTM", Record(1, "BidirectionalSequenceLSTMOptions", fields), names,
                tuple(t.name for t in outputs))  # fmt: skip
    tensors = (*(t for t in parts if t is not None), *outputs)
    variables = frozenset(t.name for t in parts[35:39] if t is not None)
    return write_parts([Part("net", tensors, (line,), ("x",), line.outputs, variables)])


@pytest.mark.parametrize("seed", range(4))
def test_equals_litert_and_c(seed: int, tmp_path: Path) -> None:
    content = _model(seed)
    graph = parse(content, "net")
    assert len(graph.state) == 4 and "reverse=True" in str(graph)
    samples = [cases.inputs_of(graph, [seed, run]) for run in range(_RUNS)]
    wanted = litert.sequence(content, [[s["x"]] for s in samples], litert.Resolver.REFERENCE)
    actual = native.run(native.program(native.compiled(graph), tmp_path, *native.SANITIZE), graph, samples)
    for values, expected, outputs in zip(interpreter.run_all(graph, samples), wanted, actual, strict=True):
        for name, array in zip(graph.outputs, expected, strict=True):
            assert outputs[name].tobytes() == values[name].tobytes()
            assert np.abs(values[name] - array).max() <= FLOAT_TOLERANCE
