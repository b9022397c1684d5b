"""Weights of float32 layers that are int8 (dynamic range) or float16 become float32 when the file is read."""

from dataclasses import replace

import cases
import graphs
import graphs_dense
import litert
import numpy as np
import pytest
from graphs_recurrent import FLOAT_TOLERANCE
from reading import parse

from aot.base.errors import AotError
from aot.frontends.tflite.writer import write
from aot.graph.ir import Graph, Quant, Tensor, Unsupported
from aot.ops.dequantize import Dequantize
from aot.oracle.interpreter import run, run_all
from aot.passes.check_operators import check_operators

_KINDS = {"Conv2D": 0, "DepthwiseConv2D": 3, "FullyConnected": 0}


def _dynamic(name: str, rng: np.random.Generator) -> Graph:
    """A float32 layer whose weights are int8 along their channels."""
    graph = graphs_dense.DENSE[f"{name} float32"](rng)
    shape = graph["w"].shape
    count = shape[_KINDS[name]] if rng.random() < 0.7 else 1
    scales = tuple(float(np.float32(s)) for s in rng.uniform(0.001, 0.1, count))
    quant = Quant(scales, (0,) * count, _KINDS[name] if count > 1 else None)
    return graph.with_tensors(Tensor("w", shape, "int8", quant, graphs.codes(rng, shape)))


@pytest.mark.parametrize("name", _KINDS)
def test_weights_become_real(name: str) -> None:
    for seed in range(30):
        graph = _dynamic(name, np.random.default_rng(seed))
        w = graph["w"]
        assert w.quant is not None and w.data is not None
        shape = [1] * len(w.shape)
        shape[_KINDS[name]] = -1
        reals = w.data.astype(np.float32) * np.array(w.quant.scale, np.float32).reshape(shape)
        again = parse(write(graph), graph.name)
        data = again["w"].data
        assert data is not None and data.dtype == np.float32 and np.array_equal(data, reals)
        again.ops[0].check(again)
        value = {"x": graphs.values(np.random.default_rng(seed), graph["x"])}
        plain = graph.with_tensors(replace(w, dtype="float32", quant=None, data=reals))
        assert run(again, value)["y"].tobytes() == run(plain, value)["y"].tobytes()


def test_scales_that_do_not_fit_are_refused() -> None:
    graph = _dynamic("Conv2D", np.random.default_rng(0))
    w = graph["w"]
    bad = replace(w, quant=Quant((0.1,) * (w.shape[0] + 1), (0,) * (w.shape[0] + 1), 0))
    again = parse(write(graph.with_tensors(bad)), graph.name)
    assert again["w"].dtype == "int8"
    with pytest.raises(Exception, match="types float32, int8"):
        again.ops[0].check(again)


@pytest.mark.parametrize("name", _KINDS)
def test_weights_of_float16_and_per_channel_are_folded(name: str) -> None:
    """Converters write them before a DEQUANTIZE; the answer is LiteRT's, and nothing of them is left to run."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        graph = graphs_dense.DENSE[f"{name} float32"](rng)
        w = graph["w"]
        assert w.data is not None
        stored = _dynamic(name, rng).tensors["w"] if seed % 2 else None
        if stored is None or stored.shape != w.shape:
            stored = replace(w, dtype="float16", data=w.data.astype(np.float16))
        source = replace(stored, name="stored")
        op = Dequantize(name="w", inputs=("stored",), outputs=("w",))
        graph = replace(graph.with_tensors(source, replace(w, data=None)), ops=(op, *graph.ops))
        value = graphs.values(rng, graph["x"])
        again = parse(write(graph), graph.name)
        check_operators(again)
        assert [type(op) for op in again.ops] == [type(graph.ops[1])]
        (expected,) = litert.outputs(write(graph), [value], litert.Resolver.REFERENCE)
        actual = run(again, {"x": value})["y"]
        assert actual.tobytes() == expected.tobytes()


def test_float16_that_is_computed_is_refused() -> None:
    x, y = Tensor("x", (2,), "float16"), Tensor("y", (2,), "float32")
    graph = graphs.graph_of(Dequantize, [x], y)
    with pytest.raises(Unsupported, match="%x is float16, but not constant"):
        graph.ops[0].check(graph)


_LAYERS = {
    "BatchMatMul float32": (1,),
    "EmbeddingLookup float32": (1,),
    "Lstm": (*range(1, 12), 16),
    "Rnn": (1, 2),
    "Svdf of float32": (1, 2),
    "TransposeConv float32": (1,),
}


def _as_codes(graph: Graph, name: str, rng: np.random.Generator) -> tuple[Graph, Graph]:
    """A float32 layer with int8 for each of its weights, and with the reals that those stand for."""
    (op,) = graph.ops
    coded, real = graph, graph
    for position in _LAYERS[name]:
        w = graph.operand(op, position)
        if w is not None:
            scale = float(np.float32(rng.uniform(0.003, 0.02)))
            codes = rng.integers(-127, 128, w.shape).astype(np.int8)
            coded = coded.with_tensors(replace(w, dtype="int8", quant=Quant((scale,), (0,)), data=codes))
            real = real.with_tensors(replace(w, data=codes.astype(np.float32) * np.float32(scale)))
    free = tuple(n for n in graph.inputs if not coded[n].constant)
    return replace(coded, inputs=free), replace(real, inputs=free)


def _value(rng: np.random.Generator, graph: Graph, name: str) -> np.ndarray:
    """Indices are rows that there are."""
    value, table = graphs.values(rng, graph[name]), graph.operand(graph.ops[0], 1)
    return value % table.shape[0] if value.dtype == np.int32 and table else value


@pytest.mark.parametrize("name", _LAYERS)
def test_layers_with_int8_weights_are_float32(name: str) -> None:
    """LiteRT itself quantizes their activations, too: it is asked for the same layer in float32."""
    for seed in range(10):
        rng = np.random.default_rng([seed, 5])
        coded, real = _as_codes(cases.case(name, seed)[0], name, rng)
        if not real.inputs:  # constant indices
            continue
        read = parse(write(coded), coded.name)
        check_operators(read)
        assert not any(t.dtype == "int8" for t in read.tensors.values())
        samples = [{n: _value(rng, real, n) for n in real.inputs} for _ in range(2)]
        given = [[sample[n] for n in real.inputs] for sample in samples]
        wanted = litert.sequence(write(real), given, litert.Resolver.REFERENCE)
        for values, same, expected in zip(run_all(read, samples), run_all(real, samples), wanted, strict=True):
            assert values["y"].tobytes() == same["y"].tobytes()
            close = FLOAT_TOLERANCE * max(1.0, float(np.abs(expected[0]).max()))
            assert np.abs(values["y"] - expected[0].reshape(values["y"].shape)).max() <= close


def test_a_dense_layer_may_have_a_zero_point_in_its_weights() -> None:
    """LiteRT's own dense kernel rounds once, otherwise it computes the same."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        graph = graphs.BUILDERS["FullyConnected"](rng)
        w = graph["w"]
        if w.quant is None or w.quant.per_channel or w.data is None:
            continue
        zero = int(rng.integers(-128, 128))
        read = parse(write(graph.with_tensors(replace(w, quant=Quant(w.quant.scale, (zero,))))), graph.name)
        centred = w.data.astype(np.int16) - zero
        try:
            check_operators(read)
        except AotError:  # too large for 32 bits
            continue
        weights = read[read.ops[0].inputs[1]]
        assert weights.data is not None and weights.data.tolist() == centred.tolist() and weights.zero_point == 0
        value = {n: graphs.values(rng, graph[n]) for n in graph.inputs}
        moved = graph.with_tensors(replace(w, quant=Quant(w.quant.scale, (zero,))))
        (expected,) = litert.outputs(write(moved), list(value.values()), litert.Resolver.REFERENCE)
        actual = run(read, value)["y"].astype(int)
        assert np.abs(actual.reshape(-1) - expected.reshape(-1)).max() <= 1, f"seed {seed}\n{read}"
