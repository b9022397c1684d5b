"""Functions that files have no operator for are written as others, which compute the same to their last bits."""

import math

import numpy as np
import pytest
from litert import Resolver, outputs

from aot.base.errors import AotError
from aot.frontends import parse
from aot.frontends.tflite import composed, write
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.clip import Clip
from aot.ops.real_functions import RealFunction

_X = np.concatenate([np.linspace(-30, 30, 241), [-1e-3, 1e-3, 0.37]]).astype(np.float32)
_PARAMETERS = {
    "celu": (0.7, 0.0), "elu": (1.3, 0.0), "hard_sigmoid": (1 / 6, 0.5), "mish": (0.0, 0.0), "reciprocal": (0.0, 0.0),
    "selu": (1.6732632, 1.0507009), "softplus": (0.0, 0.0), "softsign": (0.0, 0.0), "swish": (1.0, 0.0),
}  # fmt: skip


def _graph(op: Op) -> Graph:
    x, y = (Tensor(name, _X.shape, "float32", label=name) for name in "xy")
    return Graph("net", {"x": x, "y": y}, (op,), ("x",), ("y",))


def _assert_same(op: Op) -> None:
    graph = _graph(op)
    x = _X[_X != 0] if getattr(op, "function", "") == "reciprocal" else _X
    given = np.resize(x, _X.shape)
    wanted = graph.values({"x": given}, "double")["y"]
    content = write(graph)
    read = parse(content, "net").values({"x": given}, "double")["y"]
    np.testing.assert_allclose(read, wanted, rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(outputs(content, [given], Resolver.BUILTIN)[0], wanted, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("function", _PARAMETERS)
def test_functions(function: str) -> None:
    alpha, beta = _PARAMETERS[function]
    _assert_same(RealFunction(name="y", inputs=("x",), outputs=("y",), function=function, alpha=alpha, beta=beta))


@pytest.mark.parametrize("limits", [(-1.5, 2.5), (-math.inf, 2.0), (0.5, math.inf), (-math.inf, math.inf)])
def test_limits(limits: tuple[float, float]) -> None:
    _assert_same(Clip(name="y", inputs=("x",), outputs=("y",), low=limits[0], high=limits[1]))


def test_what_has_no_such_form_stays() -> None:
    graph = _graph(RealFunction(name="y", inputs=("x",), outputs=("y",), function="erf"))
    assert composed(graph).ops == graph.ops
    with pytest.raises(AotError, match="cannot be written"):
        write(graph)
