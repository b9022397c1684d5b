"""Dynamic-range models: int8 weights of float32 layers become float32 when the file is read."""

from dataclasses import replace

import graphs
import graphs_dense
import numpy as np
import pytest

from aot.frontends.tflite import parse
from aot.frontends.tflite_writer import write
from aot.interpreter import run
from aot.ir import Graph, Quant, Tensor

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
