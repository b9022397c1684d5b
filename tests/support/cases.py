"""The cases of the kernel tests: how many, which seeds, and how large. AOT_CASES=10 draws ten times as many."""

import os
from collections.abc import Iterable
from functools import cache
from typing import TypeVar

import graphs
import graphs_own
import hard_graphs
import numpy as np
import selection
from merge import Case

from aot.graph.ir import Graph, Unsupported
from aot.kernels import Target, candidates
from aot.passes import run_passes

Parameter = TypeVar("Parameter")
TIMES = int(os.environ.get("AOT_CASES", "1"))
SEED = int(os.environ.get("AOT_SEED", "0"))
SOFTMAX_MODELS = 20 * TIMES
MANY_SEEDS = range(40 * TIMES)  # of one that must meet rare values
FAULTY_SESSIONS = 8 * TIMES
FAULTY_CASES = 24 * TIMES  # of each builder
PLANS = 60 * TIMES
PASSES = 40 * TIMES
_LEAST, _MANY = 2, 6  # cases of each builder; of one with several kernels
SEVERAL_KERNELS = ("AveragePool2D", "Conv2D", "DepthwiseConv2D", "FullyConnected", "MaxPool2D", "Mean")
_LARGE = ("DepthwiseConv2D 3x3 large",)  # builders that have no small cases
GROUP = 60  # cases in one program
MOST_BYTES = 3000  # of a case's inputs and outputs: what goes over the line


def longer(*values: Parameter) -> tuple[Parameter, ...]:
    """What a test is run with in the longer proofs alone."""
    return values if TIMES > 1 else ()


def builders() -> dict[str, object]:
    """Every builder of single-operator graphs that are to be tested, by name; a reshape alone has no kernel."""
    in_files = {k: v for k, v in graphs.BUILDERS.items() if k.split()[0] != "Reshape"}
    named = {**in_files, **hard_graphs.HARD, **graphs_own.OWN}
    return {name: builder for name, builder in named.items() if selection.builds_wanted(name)}


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


def seeds(name: str, names: Iterable[str], per_operator: int = 16) -> range:
    """As many seeds for the builder `name` as its share of its operator's, but a few at least."""
    kind = name.split()[0]
    siblings = sum(other.split()[0] == kind for other in names)
    return range(max(_LEAST, per_operator // siblings) * TIMES)


@cache
def many(draw: int = 0) -> list[Case]:
    """Several cases of every builder, most of them of what has several kernels; others in each draw."""
    counts = {name: max(_LEAST * TIMES, _MANY if name.startswith(SEVERAL_KERNELS) else 0) for name in builders()}
    return [case(name, draw * count + seed) for name, count in counts.items() for seed in range(count)]


@cache
def few(most_bytes: int = MOST_BYTES, several: int = 4) -> list[Case]:
    """For slower machines: a case of two builders of each operator, `several` of every one with several kernels."""
    by_kind: dict[str, list[str]] = {}
    for name in builders():
        if most_bytes == MOST_BYTES or name not in _LARGE:
            by_kind.setdefault(name.split()[0], []).append(name)
    rng = np.random.default_rng(SEED)
    chosen = {kind: [own[i] for i in sorted(rng.permutation(len(own))[:2])] for kind, own in by_kind.items()}
    chosen |= {kind: by_kind[kind] for kind in SEVERAL_KERNELS if kind in by_kind}
    return [
        case(name, seed, most_bytes)
        for kind, own in chosen.items()
        for name in own
        for seed in range((several if kind in SEVERAL_KERNELS else 1) * TIMES)
    ]


@cache
def each() -> list[Case]:
    """One case of every builder."""
    return [case(name, 0) for name in builders()]


def computed(parts: list[Case], rounding: str) -> list[Case]:
    """Those of which every operator has a kernel in this rounding: in `onnx` some have none."""
    return [part for part in parts if rounding != "onnx" or _has_kernels(part[0], Target(rounding=rounding))]


def _has_kernels(graph: Graph, target: Target) -> bool:
    graph = run_passes(graph)
    return all(op.graphs or candidates(op, graph, target)[0] for op in graph.ops)


def groups(parts: list[Case]) -> list[list[Case]]:
    """Parts of a size that compilers take in their stride: their time grows faster than the length of a function."""
    return [parts[i : i + GROUP] for i in range(0, len(parts), GROUP)]


def port_bytes(graph: Graph) -> int:
    """The bytes of all inputs and outputs."""
    return sum(graph[name].bytes for name in (*graph.inputs, *graph.outputs))
