"""What the quantizer does to a graph besides giving it codes, and what it leaves as it is."""

from dataclasses import replace

import float_graphs
import litert
import numpy as np
import pytest
from float_graphs import Net, samples
from quantized import LEAST_DECIBELS, quantized
from reading import parse

from aot.frontends.tflite.writer import write
from aot.graph.ir import Graph, Quant
from aot.ops.common import Activation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.dequantize import Dequantize
from aot.ops.fully_connected import FullyConnected
from aot.oracle.interpreter import run
from aot.quantizer import Options, quantize
from aot.quantizer.convert import quantized_codes
from aot.quantizer.equalize import equalize
from aot.quantizer.quality import as_inputs, outputs_noise, reals
from aot.quantizer.simplify import simplify


def test_batch_normalization_is_folded() -> None:
    graph = float_graphs.normalized()
    lean = simplify(graph)
    assert [op.kind for op in lean.ops] == ["Conv2D", "Conv2D", "ResizeNearest", "DepthwiseConv2D"]
    for sample in samples(graph, 4):
        before, after = run(graph, sample)["y"], run(lean, sample)["y"]
        assert np.allclose(before, after, rtol=1e-4, atol=1e-4 * np.abs(before).max())


@pytest.mark.parametrize("stored", ["float16", "int8"])
def test_weights_that_are_stored_smaller(stored: str) -> None:
    """float16 and dynamic-range models: what their weights stand for is quantized, nothing stays in float32."""
    graph, small = float_graphs.convolutions(), float_graphs.convolutions()
    for name in ("a_w", "e_w", "scores_w"):
        w = graph[name]
        assert w.data is not None
        if stored == "float16":
            source = replace(w, name=f"{name}_small", label="", dtype="float16", data=w.data.astype(np.float16))
            widen = Dequantize(name=name, inputs=(source.name,), outputs=(name,))
            small = replace(small.with_tensors(source, replace(w, data=None)), ops=(widen, *small.ops))
            rounded = w.data.astype(np.float16).astype(np.float32)
        else:
            quant = Quant((float(np.float32(np.abs(w.data).max() / 127)),), (0,))
            codes = quantized_codes(w.data, quant, "int8")
            small = small.with_tensors(replace(w, dtype="int8", quant=quant, data=codes))
            rounded = codes.astype(np.float32) * np.float32(quant.scale[0])
        graph = graph.with_tensors(replace(w, data=rounded))
    made = quantize(parse(write(small), "net"), samples(graph))
    assert set(made.types.values()) == {"int8"} and not made.warnings
    assert [op.kind for op in made.graph.ops] == [op.kind for op in graph.ops]
    assert outputs_noise(graph, made.graph, samples(graph)).sqnr > LEAST_DECIBELS["convolutions"]
    sample = as_inputs(samples(graph, 1, seed=1)[0], made.graph)
    wanted = litert.outputs(made.tflite(), [sample["image"]], litert.Resolver.BUILTIN)
    assert run(made.graph, sample)["y"].tolist() == wanted[0].tolist()


def test_an_int8_model_passes_through() -> None:
    made = quantized(float_graphs.convolutions()).graph
    again = quantize(made, iter([]))
    assert again.graph is made and not again.changed and "already" in again.warnings[0]


def test_of_a_mixed_model_only_what_is_float_is_quantized() -> None:
    """A model with one float32 layer between int8 ones: these keep their codes, and meet the new one without copies."""
    graph = float_graphs.convolutions()
    mixed = quantized(graph, Options(float=frozenset({"e"}))).graph
    made = quantized_mixed(mixed)
    assert {op.kind for op in made.ops}.isdisjoint({"Quantize", "Dequantize"})
    for name in ("a_w", "b_b", "scores_w"):
        assert np.array_equal(made[name].data, mixed[name].data)
    for name in ("image", "a", "both", "e", "y"):
        assert made[name].dtype == "int8"
    assert outputs_noise(graph, made, samples(graph)).sqnr > LEAST_DECIBELS["convolutions"]


def quantized_mixed(graph: Graph) -> Graph:
    """The int8 input's codes are the samples."""
    given = [as_inputs(sample, graph) for sample in samples(float_graphs.convolutions())]
    return quantize(graph, given).graph


def test_bias_correction_removes_the_mean_error() -> None:
    net = Net(7, x=(1, 32))
    graph = net.graph(net.layer(FullyConnected, "y", (1, 4), "x", (4, 32)))
    shifted = [{"x": sample["x"] + 3} for sample in samples(graph, 64)]
    errors = []
    for correct in (False, True):
        made = quantize(graph, shifted, Options(correct_bias=correct)).graph
        difference = [reals(run(made, as_inputs(s, made))["y"], made["y"]) - run(graph, s)["y"] for s in shifted]
        errors.append(np.abs(np.mean(difference, axis=0)).max())
    assert errors[1] < errors[0] / 2


def test_equalization() -> None:
    """The float32 model computes the same; channels of a thousandth of the others' size get codes of their own."""
    net = Net(10, x=(1, 6, 6, 3))
    w = net.random.normal(size=(8, 1, 1, 3)) * np.logspace(0, -3, 8).reshape(-1, 1, 1, 1)
    a = net.add(
        Conv2D, "a", (1, 6, 6, 8), "x", net.constant("a_w", w), net.constant("a_b", np.zeros(8)),
        activation=Activation.RELU,
    )  # fmt: skip
    loud = net.constant("y_w", net.random.normal(size=(1, 3, 3, 8)) / np.logspace(0, -3, 8))
    graph = net.graph(
        net.add(DepthwiseConv2D, "y", (1, 6, 6, 8), a, loud, net.bias("y_b", 8), padding=((1, 1), (1, 1)))
    )
    even = equalize(graph, samples(graph, 4))
    for sample in samples(graph, 4):
        assert np.allclose(run(even, sample)["y"], run(graph, sample)["y"], rtol=1e-5, atol=1e-6)
    largest = [np.abs(run(even, s)["a"]).max(axis=(0, 1, 2)) for s in samples(graph, 4)]
    assert np.max(largest) < 64 * np.max(largest, axis=0).min()
    near, far = (
        outputs_noise(graph, quantized(graph, Options(equalize=e)).graph, samples(graph)).sqnr for e in (True, False)
    )
    assert near > far + 6
    assert quantized(graph).graph["a_w"].data is not None


def test_tensors_that_never_change() -> None:
    """Ranges of nothing: a layer that is never active, an input that is always 0, constants of zeros."""
    net = Net(8, x=(1, 4))
    dead = net.add(
        FullyConnected, "dead", (1, 4), "x", net.constant("w", np.zeros((4, 4))), net.constant("b", -np.ones(4)),
        activation=Activation.RELU,
    )  # fmt: skip
    graph = net.graph(net.layer(FullyConnected, "y", (1, 3), dead, (3, 4)))
    made = quantize(graph, [{"x": np.zeros((1, 4), np.float32)}] * 2)
    assert any("%dead is 0 for every sample" in warning for warning in made.warnings)
    expected = run(graph, {"x": np.zeros((1, 4), np.float32)})["y"]
    value = reals(run(made.graph, {"x": np.zeros((1, 4), np.int8)})["y"], made.graph["y"])
    assert np.allclose(value, expected, atol=made.graph["y"].scale)
