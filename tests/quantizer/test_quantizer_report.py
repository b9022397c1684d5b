"""The quantizer's report: layers ranked by what they cost, and suggestions that hold."""

import float_graphs
import pytest
from float_graphs import Net, samples
from quantized import quantized

from aot.ops.fully_connected import FullyConnected
from aot.quantizer import DEFAULT, Options, quantize
from aot.quantizer.analysis import analyse
from aot.quantizer.quality import outputs_noise
from aot.quantizer.quantizer import assemble


def test_report() -> None:
    graph = float_graphs.convolutions()
    made = quantize(graph, samples(graph, 8))
    report = analyse(made, DEFAULT)
    assert [layer.name for layer in report.layers] == [op.name for op in graph.ops]
    assert {layer.name for layer in report.ranked} == {"a", "b", "e", "mean", "scores", "y"}
    assert report.sqnr == outputs_noise(graph, made.graph, made.calibration.kept).sqnr
    assert all(layer.alone is None or layer.alone > report.sqnr - 3 for layer in report.layers)  # errors may cancel
    softmax = report.layers[-1]
    assert softmax.sqnr == report.sqnr and softmax.scale == 1 / 256 and 0 < (softmax.unused or 0) < 1
    for layer in report.layers:
        assert sum(layer.bars) == 8 * graph[layer.name].elements and layer.clipped < 0.01
    for suggestion in report.suggestions:
        types = {
            "int16": frozenset[str](),
            "float32": frozenset[str](),
            suggestion.dtype: frozenset({suggestion.layer}),
        }
        other = assemble(made.source, made.calibration, Options(int16=types["int16"], float=types["float32"]))
        assert outputs_noise(graph, other.graph, made.calibration.kept).sqnr - report.sqnr == pytest.approx(
            suggestion.gain
        )


def test_what_costs_most_is_ranked_first() -> None:
    """A layer whose one enormous weight leaves nothing of the others in a single scale."""
    net = Net(9, x=(1, 16))
    before = net.layer(FullyConnected, "before", (1, 16), "x", (16, 16))
    w = net.random.normal(size=(16, 16))
    w[3, 3] = 500
    bad = net.add(FullyConnected, "bad", (1, 16), before, net.constant("bad_w", w), net.bias("bad_b", 16))
    small = net.weights("y_w", 4, 16)
    data = net.tensors[small].data
    assert data is not None
    data[:, 3] = 0  # what the enormous weight makes is not looked at
    graph = net.graph(net.add(FullyConnected, "y", (1, 4), bad, small, net.bias("y_b", 4)))
    options = Options(per_channel=False)
    report = analyse(quantized(graph, options), options)
    assert report.ranked[0].name == "bad"
    assert report.suggestions[0].layer in ("bad", "y") and report.suggestions[0].gain > 3
