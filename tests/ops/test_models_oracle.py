"""Real models, operator by operator: each is cut out and fed what reaches it, and must equal its oracle."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from graphs import cut
from oracles import matches, oracle
from reading import load, parse
from real_models import FOLDER, needed

from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import Array, Rounding
from aot.graph.ir import Graph, prune_tensors
from aot.oracle.interpreter import run

pytestmark = needed

_MODELS = {  # and the file of real samples, where there is one
    "mlperf_tiny/ad01_fp32": None,
    "mlperf_tiny/ad01_int8": "ad_float",
    "mlperf_tiny/kws_ref_model": None,
    "mlperf_tiny/kws_ref_model_float32": None,
    "mlperf_tiny/pretrainedResnet": None,
    "mlperf_tiny/pretrainedResnet_quant": None,
    "mlperf_tiny/str_ww_ref_model": "sww_float",
    "mlperf_tiny/vww_96_float": None,
    "mlperf_tiny/vww_96_int8": None,
    "tflm/hello_world_float": None,
    "tflm/hello_world_int8": None,
    "tflm/micro_speech_quantized": None,
    "tflm/person_detect": "person_float",
}
_RANDOM, _REAL = 4, 4  # samples of each kind


def _load(model: str) -> Graph:
    return load(Path(FOLDER, f"{model}.tflite"))


def _samples(model: str, graph: Graph) -> list[Array]:
    """Values for the model's one input."""
    (name,) = graph.inputs
    x, rng = graph[name], np.random.default_rng(zlib.crc32(model.encode()))
    if x.dtype == "float32":
        return [rng.uniform(0, 6.3, x.shape).astype(np.float32) for _ in range(_RANDOM)]
    samples = [rng.integers(-128, 128, x.shape).astype(np.int8) for _ in range(_RANDOM)]
    return samples + _real_samples(model, graph)


def _real_samples(model: str, graph: Graph) -> list[Array]:
    file = _MODELS[model]
    if file is None:
        return []
    reals = np.load(Path(FOLDER, "samples", f"{file}.npz"))["x"]
    x = graph[graph.inputs[0]]
    chosen = reals[np.linspace(0, len(reals) - 1, _REAL, dtype=int)]
    codes = np.clip(np.rint(chosen / x.scale) + x.zero_point, -128, 127).astype(np.int8)
    return [code.reshape(x.shape) for code in codes]


@pytest.mark.parametrize("rounding", ["double", "float"])
@pytest.mark.parametrize("model", _MODELS)
def test_each_operator_equals_its_oracle(model: str, rounding: Rounding) -> None:
    """By induction, so does the whole chain of oracles, each fed the results of those before it."""
    graph = _load(model)
    for sample in _samples(model, graph):
        values = run(graph, {graph.inputs[0]: sample}, rounding)
        for op in graph.ops:
            op.check(graph)
            alone = cut(graph, op)
            expected = oracle(alone, {name: values[name] for name in alone.inputs}, rounding)
            assert np.all(matches(op, values[op.outputs[0]], expected)), op


@pytest.mark.parametrize("model", _MODELS)
def test_written_model_reads_back(model: str) -> None:
    graph = _load(model)
    again = parse(write(graph), graph.name)
    assert str(again) == str(graph)
    for name, tensor in prune_tensors(graph).tensors.items():
        assert again[name].label == tensor.label
        assert (again[name].data is None) == (tensor.data is None)
        assert tensor.data is None or np.array_equal(again[name].data, tensor.data), name
