"""A RELU_0_TO_1 behind a layer was fused into it when the model was quantized, and then no file could say it."""

import numpy as np

from aot.frontends import parse
from aot.graph.ir import Graph, Tensor
from aot.ops.add import Add
from aot.ops.relu import Relu0To1
from aot.quantizer import given_samples, quantize


def _float_graph() -> Graph:
    x, s, y = (Tensor(name, (1, 6), "float32", label=name) for name in "xsy")
    k = Tensor("k", (1, 6), "float32", data=np.linspace(-1, 1, 6, dtype=np.float32).reshape(1, 6), label="k")
    ops = (
        Add(name="s", inputs=("x", "k"), outputs=("s",)),
        Relu0To1(name="y", inputs=("s",), outputs=("y",)),
    )
    return Graph("net", {t.name: t for t in (x, k, s, y)}, ops, ("x",), ("y",))


def test_it_is_written_as_an_operator_of_its_own() -> None:
    graph = _float_graph()
    samples = [{"x": np.random.default_rng(i).standard_normal((1, 6)).astype(np.float32)} for i in range(30)]
    made = quantize(graph, given_samples(samples, graph))
    read = parse(made.tflite(), "net")
    assert [op.kind for op in read.ops][-2:] == ["Add", "Relu0To1"]
    for i in range(20):
        codes = np.random.default_rng(i).integers(-128, 128, (1, 6)).astype(np.int8)
        wanted, found = (one.values({one.inputs[0]: codes}, "double")[one.outputs[0]] for one in (made.graph, read))
        np.testing.assert_array_equal(found, wanted)
