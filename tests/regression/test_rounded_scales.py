"""Scales that TensorFlow Lite fixes may differ a little where it takes that; they had to be the very same."""

from dataclasses import replace
from pathlib import Path

import cases
import graphs
import litert
import native
import numpy as np
import pytest
import tflm
from reading import parse

from aot.base.errors import AotError
from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.ops.add import Add, Sub
from aot.ops.l2_normalization import L2Normalization
from aot.ops.log_softmax import LogSoftmax
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.softmax import Softmax
from aot.oracle import interpreter
from aot.passes.check_operators import problems

pytestmark = pytest.mark.operator("SOFTMAX", "TANH", "LOGISTIC", "ADD", "SUB", "LOG_SOFTMAX", "L2_NORMALIZATION")

_NEAR = {  # input and its scale, output, its scale and zero point
    "softmax int8": (Softmax, "int8", 0.1, "int8", 1 / 256, -128),
    "softmax int8 to int16": (Softmax, "int8", 0.1, "int16", 1 / 65536, -32768),
    "softmax int16": (Softmax, "int16", 0.001, "int16", 1 / 32768, 0),
    "tanh int16": (Tanh, "int16", 0.0002, "int16", 1 / 32768, 0),
    "tanh int16 of 1/2048": (Tanh, "int16", 1 / 2048, "int16", 1 / 32768, 0),
}
_EXACT = {
    "log softmax int8": (LogSoftmax, "int8", 0.1, "int8", 1 / 16, 127),
    "l2 normalization int8": (L2Normalization, "int8", 0.1, "int8", 1 / 128, 0),
    "logistic int16": (Logistic, "int16", 0.001, "int16", 1 / 32768, 0),
}
_OFF = (1.0005, 0.9995)


def _quant(scale: float, zero_point: int = 0) -> Quant:
    return Quant((float(np.float32(scale)),), (zero_point,))


def _model(case: tuple[type[Op], str, float, str, float, int], off: float) -> Graph:
    kind, x_type, x_scale, y_type, y_scale, zero_point = case
    x = Tensor("x", (2, 64), x_type, _quant(x_scale * (off if x_scale == 1 / 2048 else 1)))
    return graphs.graph_of(kind, [x], Tensor("y", x.shape, y_type, _quant(y_scale * off, zero_point)))


def _codes(dtype: str, seed: int) -> Array:
    info = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(info.min, info.max, (2, 64), endpoint=True).astype(dtype)


@pytest.mark.parametrize("off", _OFF)
@pytest.mark.parametrize("name", _NEAR)
def test_a_rounded_scale_is_taken(name: str, off: float) -> None:
    graph = _model(_NEAR[name], off)
    sample = {"x": _codes(graph["x"].dtype, 1)}
    (wanted,) = litert.outputs(write(graph), [sample["x"]], litert.Resolver.REFERENCE)
    assert problems(graph) == ()
    assert interpreter.run(graph, sample)["y"].tobytes() == wanted.tobytes()


@pytest.mark.parametrize("off", _OFF)
@pytest.mark.parametrize("name", _EXACT)
def test_one_that_must_be_exact_is_refused(name: str, off: float) -> None:
    graph = _model(_EXACT[name], off)
    assert "must have scale 1/" in str(problems(graph)[0])
    with pytest.raises((ValueError, RuntimeError)):
        litert.outputs(write(graph), [_codes(graph["x"].dtype, 1)], litert.Resolver.REFERENCE)


@pytest.mark.parametrize("off", [1.002, 0.998])
@pytest.mark.parametrize("name", _NEAR)
def test_one_farther_off_is_refused(name: str, off: float) -> None:
    graph = _model(_NEAR[name], off)
    if name == "softmax int8":  # aot has it, .tflite files do not
        assert problems(graph) == ()
        with pytest.raises(AotError, match="cannot be written"):
            write(graph)
        return
    assert "must have scale 1/" in str(problems(graph)[0])


@pytest.mark.parametrize("off", _OFF)
def test_softmax_in_float_divides_by_the_scale_it_has(off: float, tmp_path: Path) -> None:
    graph = _model(_NEAR["softmax int8"], off)
    sample = {"x": _codes("int8", 2)}
    (wanted,) = litert.outputs(write(graph), [sample["x"]], litert.Resolver.XNNPACK)
    model = native.compiled(graph, rounding="float")
    (actual,) = native.run(native.program(model, tmp_path, *native.SANITIZE), graph, [sample])
    assert actual["y"].tobytes() == wanted.tobytes() == interpreter.run(graph, sample, "float")["y"].tobytes()


@pytest.mark.parametrize("off", _OFF)
@pytest.mark.parametrize("kind", [Add, Sub])
def test_nearly_powers_of_two_mean_shifts(kind: type[Op], off: float) -> None:
    """ADD and SUB of int16, where the file does not deny it: that was another last bit, in silence."""
    a, b, y = (Tensor(n, (2, 64), "int16", _quant(2.0**p * off)) for n, p in (("a", -11), ("b", -13), ("y", -11)))
    content = write(graphs.graph_of(kind, [a, b], y, power_of_two=True))
    sample = {"a": _codes("int16", 3), "b": _codes("int16", 4)}
    (wanted,) = litert.outputs(content, list(sample.values()), litert.Resolver.REFERENCE)
    assert interpreter.run(parse(content), sample)["y"].tobytes() == wanted.tobytes()


def test_tensorflow_lite_micro_takes_a_rounded_scale() -> None:
    graph = _model(_NEAR["softmax int8 to int16"], 1.00001)
    x = _codes("int8", 5)
    assert interpreter.run(graph, {"x": x})["y"].tobytes() == tflm.outputs(write(graph), [x])[0].tobytes()


def _with_cells(graph: Graph, off: float) -> Graph:
    """The same LSTM with cell states whose scale is `off` times a power of two."""
    cells = [graph[name] for name in ("c", "c_next")]
    return graph.with_tensors(*[replace(t, quant=_quant(t.scale * off)) for t in cells])


@pytest.mark.operator("UNIDIRECTIONAL_SEQUENCE_LSTM")
@pytest.mark.parametrize("off", _OFF)
@pytest.mark.parametrize("name", ["Lstm of int8", "Lstm of int16"])
def test_cell_states_of_nearly_a_power_of_two(name: str, off: float) -> None:
    for seed in range(6):
        graph, sample = cases.case(name, seed)
        graph = _with_cells(graph, off)
        given = [sample[n] for n in graph.inputs]
        actual = interpreter.run(graph, {**sample, **interpreter.initial_state(graph)})[graph.outputs[0]]
        if name == "Lstm of int8":
            ((wanted, *_),) = litert.sequence(write(graph), [given], litert.Resolver.REFERENCE)
        else:
            (wanted,) = tflm.outputs(write(graph), given)
        assert actual.tobytes() == wanted.tobytes(), seed
