"""The cases of the kernel tests: how many, which seeds, and how large. AOT_CASES=10 draws ten times as many."""

import os

import graphs
import hard_graphs
import numpy as np
from merge import Case

from aot.ir import Graph, Unsupported

TIMES = int(os.environ.get("AOT_CASES", "1"))
SEED = int(os.environ.get("AOT_SEED", "0"))
PER_BUILDER = 6 * TIMES
PER_BUILDER_EMULATED = 1 * TIMES
SOFTMAX_MODELS = 48 * TIMES
SEEDS = range(20 * TIMES)  # of a comparison with LiteRT
MANY_SEEDS = range(60 * TIMES)  # of one that must meet rare values
FAULTY_SESSIONS = 20 * TIMES
PLANS = 150 * TIMES
PASSES = 100 * TIMES
SEVERAL_KERNELS = ("Conv2D", "DepthwiseConv2D", "FullyConnected")
MOST_BYTES = 3000  # of a case's inputs and outputs: what goes over the line


def builders() -> dict[str, object]:
    """Every builder of single-operator graphs, by name; a reshape alone has no kernel."""
    return {**{k: v for k, v in graphs.BUILDERS.items() if k != "Reshape"}, **hard_graphs.HARD}


def case(name: str, seed: int, most_bytes: int = MOST_BYTES) -> Case:
    """A supported graph of the builder `name` that is small enough, and inputs for it."""
    for attempt in range(1000):
        rng = np.random.default_rng([SEED, seed, attempt, *name.encode()])
        graph: Graph = builders()[name](rng)  # type: ignore[operator] # a builder
        try:
            graph.ops[0].check(graph)
        except Unsupported:
            continue
        if port_bytes(graph) <= most_bytes:
            return graph, {n: hard_graphs.value(rng, graph[n]) for n in graph.inputs}
    raise AssertionError(f"{name}: a thousand graphs in a row were refused")


def inputs_of(graph: Graph, seed: list[int]) -> dict[str, np.ndarray]:
    """Other inputs for the graph of a case."""
    rng = np.random.default_rng([SEED, *seed])
    return {name: hard_graphs.value(rng, graph[name]) for name in graph.inputs}


def cases(count: int, most_bytes: int = MOST_BYTES) -> list[Case]:
    """`count` cases of every builder, four times as many of what has several kernels."""
    return [
        case(name, seed, most_bytes)
        for name in builders()
        for seed in range(4 * count if name.startswith(SEVERAL_KERNELS) else count)
    ]


def port_bytes(graph: Graph) -> int:
    """The bytes of all inputs and outputs."""
    return sum(graph[name].bytes for name in (*graph.inputs, *graph.outputs))
