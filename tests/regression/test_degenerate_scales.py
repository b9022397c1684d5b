"""Scales that are absurdly small or large: the same bytes as LiteRT, or a refusal that names the tensor."""

from dataclasses import replace

import cases
import graphs
import litert
import numpy as np
import pytest
from reading import parse

from aot.base.errors import AotError
from aot.frontends.tflite.writer import write
from aot.graph.ir import Graph, Quant, Tensor
from aot.oracle.interpreter import run
from aot.passes.check_operators import problems

_NAMES = [
    name
    for name in cases.builders()
    if name in graphs.BUILDERS and any(t.quant for t in cases.case(name, 0)[0].tensors.values())
]


def _scaled(graph: Graph, t: Tensor, scale: float) -> Graph:
    assert t.quant is not None
    value = float(np.float32(scale))
    return graph.with_tensors(replace(t, quant=replace(t.quant, scale=(value,) * len(t.quant.scale))))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1e-35, 1e35])
@pytest.mark.parametrize("name", _NAMES)
def test_exact_or_refused(name: str, scale: float) -> None:
    graph, sample = cases.case(name, 0)
    for t in [t for t in graph.tensors.values() if t.quant]:
        changed = _scaled(graph, t, scale)
        if found := problems(changed):
            assert f"%{t.name}" in str(found[0]).split("): ", 1)[1]
            continue
        values = run(changed, sample)
        if not graph.state and not graph.ops[0].graphs:
            wanted = litert.outputs(write(changed), [sample[n] for n in graph.inputs], litert.Resolver.REFERENCE)
            assert values[graph.outputs[0]].tobytes() == wanted[0].tobytes()


@pytest.mark.parametrize("name", ["Conv2D", "DepthwiseConv2D", "FullyConnected"])
def test_scales_below_full_precision_are_refused(name: str) -> None:
    """LiteRT's kernels differ in what they make of them."""
    graph, _ = cases.case(name, 0)
    with pytest.raises(AotError, match=r"tensor 'w' has scale 1\S*e-42, which float32"):
        parse(write(_scaled(graph, graph["w"], 1e-42)))


@pytest.mark.operator("FULLY_CONNECTED")
def test_a_bias_of_another_scale_than_the_products_is_refused() -> None:
    """As LiteRT does, where all weights have one scale."""
    graph, sample = cases.case("FullyConnected", 0)
    x, b = graph["x"], graph["b"]
    assert x.quant is not None and b.quant is not None
    changed = graph.with_tensors(replace(b, quant=Quant((b.scale + graph["y"].scale / 40,), (0,))))
    (problem,) = problems(changed)
    assert "%b (bias) has scale" in str(problem) and "the product of %x's and %w's" in str(problem)
    with pytest.raises((RuntimeError, ValueError)):
        litert.outputs(write(changed), [sample["x"]], litert.Resolver.REFERENCE)
