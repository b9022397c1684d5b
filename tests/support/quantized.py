"""Checks of quantized graphs that several tests share."""

from collections.abc import Mapping
from pathlib import Path

import litert
import native
import numpy as np
from float_graphs import samples
from graphs import cut
from oracles import matches, oracle
from reading import parse

from aot.graph.fixedpoint import Array, Rounding
from aot.graph.ir import Graph
from aot.oracle.interpreter import run, run_all
from aot.quantizer import DEFAULT, Options, Quantized, quantize
from aot.quantizer.quality import as_inputs


def quantized(graph: Graph, options: Options = DEFAULT) -> Quantized:
    return quantize(graph, samples(graph), options)


# What was measured, less 3 dB: a fault in one scale costs far more.
LEAST_DECIBELS = {"convolutions": 33, "gates": 33, "arithmetic": 35, "normalized": 30, "sines": 30}


def check_c(net: Graph, graph: Graph, folder: Path) -> None:
    """The C of `graph`, made from `net`, answers as the interpreter."""
    inputs = [as_inputs(sample, graph) for sample in samples(net, 8, seed=1)]
    answers = native.run(native.program(native.compiled(graph), folder), graph, inputs)
    for sample, answer in zip(inputs, answers, strict=True):
        values = run(graph, sample)
        assert all(np.array_equal(values[name], value) for name, value in answer.items())


def check_operators(graph: Graph, sample: Mapping[str, Array], rounding: Rounding = "double") -> None:
    """Each operator equals its oracle."""
    values = run(graph, sample, rounding)
    for op in graph.ops:
        alone = cut(graph, op)
        expected = oracle(alone, {name: values[name] for name in alone.inputs}, rounding)
        assert np.all(matches(op, values[op.outputs[0]], expected)), op


def check_steps(made: Quantized, steps: list[dict[str, Array]], folder: Path, by_litert: bool = True) -> None:
    """From the first step to the last, each of which leaves something behind: LiteRT, the interpreter and the C."""
    graph = parse(made.tflite(), "net")
    given = [as_inputs(sample, graph) for sample in steps]
    expected = litert.sequence(made.tflite(), [[one["x"]] for one in given], litert.Resolver.BUILTIN)
    assert len({array.tobytes() for _, array in expected}) == len(steps)
    actual = native.run(native.program(native.compiled(graph), folder), graph, given)
    for values, wanted, answer in zip(run_all(graph, given), expected, actual, strict=True):
        for name, array in zip(graph.outputs, wanted, strict=True):
            assert values[name].tolist() == answer[name].tolist()
            assert not by_litert or np.allclose(values[name], array, rtol=1e-6, atol=1e-6)
