"""Where LiteRT's float32 functions may differ from ours (`LITERT_ULPS`), ours are the nearest numbers."""

from collections.abc import Callable

import numpy as np
import pytest

from aot.graph.fixedpoint import Array
from aot.ops.functions import Cos, Exp, Log, Sin
from aot.ops.pow import Pow
from aot.ops.sigmoid import Tanh
from aot.ops.unary import Unary

_MANY = 20_000
_EXACT: dict[type[Unary], Callable[[Array], Array]] = {
    Cos: np.cos,
    Exp: np.exp,
    Log: np.log,
    Sin: np.sin,
    Tanh: np.tanh,
}

pytestmark = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 60, reason="there is no type of number wider than double here to compare with"
)


@pytest.mark.parametrize("kind", _EXACT, ids=lambda kind: kind.__name__)
def test_functions(kind: type[Unary]) -> None:
    x = np.random.default_rng(5).normal(0, 8, _MANY).astype(np.float32)
    x = np.abs(x) if kind is Log else x
    exact = _EXACT[kind](x.astype(np.longdouble)).astype(np.float32)
    assert kind(name="y", inputs=("x",), outputs=("y",)).real(x).tolist() == exact.tolist()


def test_powers() -> None:
    random = np.random.default_rng(6)
    a = np.append(random.uniform(0.01, 20, _MANY), [-5.1, -5.1]).astype(np.float32)
    b = np.append(random.normal(0, 6, _MANY), [7, -3]).astype(np.float32)
    with np.errstate(over="ignore", under="ignore"):
        exact = (a.astype(np.longdouble) ** b.astype(np.longdouble)).astype(np.float32)
    assert Pow(name="y", inputs=("a", "b"), outputs=("y",)).combine(a, b).tolist() == exact.tolist()
