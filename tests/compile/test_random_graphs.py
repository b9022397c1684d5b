"""Random graphs of 5 to 30 operators: the interpreter against LiteRT, and the generated C against the interpreter."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cases
import litert
import merge
import native
import numpy as np
import pytest
from counts import INTERPRETER, record
from graphs import codes
from random_graphs import random_graph
from reading import parse

from aot.compile.printing import make
from aot.device.verify import run as run_on_device
from aot.frontends.tflite.writer import write
from aot.kernels import Target
from aot.lower.lowering import lower, lower_in_order
from aot.ops.fully_connected import FullyConnected
from aot.ops.split import Split
from aot.oracle import interpreter
from aot.passes import run_passes

_COUNT = 12 if cases.TIMES == 1 else 40 * cases.TIMES
_GROUP = 6  # graphs in one firmware
_WHAT = "random graphs"


@cache
def _case(seed: int) -> merge.Case:
    rng = np.random.default_rng([30, cases.SEED, seed])
    graph = random_graph(rng, int(rng.integers(5, 31)))
    return graph, {name: codes(rng, graph[name].shape) for name in graph.inputs}


def _groups() -> Iterator[list[merge.Case]]:
    for first in range(0, _COUNT, _GROUP):
        yield [_case(seed) for seed in range(first, min(first + _GROUP, _COUNT))]


def test_there_are_branches_and_several_outputs() -> None:
    parts = [_case(seed)[0] for seed in range(_COUNT)]
    assert sum(len(graph.outputs) > 1 for graph in parts) > _COUNT // 2
    assert sum(any(len(graph.consumers(name)) > 1 for name in graph.tensors) for graph in parts) > _COUNT // 2
    assert any(isinstance(op, Split) for graph in parts for op in graph.ops)


def test_orders_are_changed_where_that_saves_memory() -> None:
    saved = 0
    for seed in range(_COUNT):
        graph = run_passes(_case(seed)[0])
        chosen, given = lower(graph, Target()), lower_in_order(graph, Target())
        chosen.graph.check()
        assert Counter(map(str, chosen.graph.ops)) == Counter(map(str, graph.ops))
        assert chosen.plan.size < given.plan.size or chosen.graph is graph
        saved += given.plan.size - chosen.plan.size
    assert saved > 0


def test_the_interpreter_equals_litert() -> None:
    """Of graphs without dense layers, which LiteRT's reference kernel rounds otherwise than everyone else."""
    compared = 0
    for seed in range(_COUNT):
        graph, sample = _case(seed)
        if any(isinstance(op, FullyConnected) for op in graph.ops):
            continue
        content = write(graph)
        expected = litert.outputs(content, [sample[name] for name in graph.inputs], litert.Resolver.REFERENCE)
        values = interpreter.run(parse(content, graph.name), sample)
        for name, value in zip(graph.outputs, expected, strict=True):
            assert values[name].tobytes() == value.tobytes(), f"seed {seed}, %{name}\n{graph}"
        compared += 1
    assert compared >= _COUNT // 8
    record(INTERPRETER, _WHAT, "", compared)


@pytest.mark.parametrize("board", ["host", "mps2-an386"])
def test_the_generated_code_equals_the_interpreter(board: str, tmp_path: Path) -> None:
    for i, parts in enumerate(_groups()):
        graph, sample = merge.merged(parts)
        model = native.compiled(graph, board=board)
        verdict = run_on_device(model, make(model, tmp_path / str(i)), [sample, sample], count=False)
        assert verdict.first_difference is None, f"firmware {i}: {verdict.first_difference}"
        record(board, _WHAT, "", len(parts))
