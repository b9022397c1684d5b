"""What passes for equal: inexact functions within their bound, never called exact; all else to the bit."""

from pathlib import Path

import graphs
import native
import numpy as np
import pytest

from aot.compile.printing import make
from aot.device.verify import run, verify_layers
from aot.graph.ir import Graph, Tensor
from aot.ops.functions import Exp, Neg
from aot.ops.quantize import Quantize
from aot.oracle.tolerance import Slack, compare, slack_of_layers, slacks

_REAL = np.linspace(-20, 20, 400, dtype=np.float32)


def _graph() -> Graph:
    """exp, then two operators that are exact themselves."""
    x, e, n = (Tensor(name, _REAL.shape, "float32") for name in "xen")
    q = graphs.int8("q", _REAL.shape, graphs.Quant((1e6,), (127,)))
    ops = (
        Exp(name="e", inputs=("x",), outputs=("e",)),
        Neg(name="n", inputs=("e",), outputs=("n",)),
        Quantize(name="q", inputs=("n",), outputs=("q",)),
    )
    return Graph("inexact", {t.name: t for t in (x, e, n, q)}, ops, ("x",), ("e", "q"))


@pytest.mark.parametrize(
    ("slack", "off", "wrong", "distance"),
    [
        (Slack(), 0, 0, 0),
        (Slack(), 1, 1, 0),
        (Slack(ulps=2), 2, 0, 2),
        (Slack(ulps=2), 3, 1, 0),
        (Slack(indirect=True), 100, 0, 100),
        (Slack(indirect=True), 100_000, 1, 0),
    ],
)
def test_float_distances(slack: Slack, off: int, wrong: int, distance: int) -> None:
    expected = np.array([1.0, -3.0, 0.25], np.float32)
    actual = expected.copy()
    actual.view(np.int32)[0] += off
    found = compare(expected, actual, slack)
    assert (np.count_nonzero(found.wrong), found.distance) == (wrong, distance)


@pytest.mark.parametrize(
    ("slack", "off", "wrong", "distance"),
    [(Slack(), 1, 1, 0), (Slack(indirect=True), 1, 0, 1), (Slack(indirect=True), 2, 1, 0)],
)
def test_code_distances(slack: Slack, off: int, wrong: int, distance: int) -> None:
    expected = np.array([5, -128, 127], np.int8)
    found = compare(expected, expected + np.array([off, 0, 0], np.int8), slack)
    assert (np.count_nonzero(found.wrong), found.distance) == (wrong, distance)


def test_inexactness_spreads_over_outputs_but_not_over_layers() -> None:
    graph = _graph()
    exact, own = Slack(), Slack(ulps=graph.ops[0].ulps(graph))
    assert own.ulps > 0
    assert slacks(graph) == {"x": exact, "e": own, "n": Slack(indirect=True), "q": Slack(indirect=True)}
    assert slack_of_layers(graph) == {"x": exact, "e": own, "n": exact, "q": exact}


def test_a_tolerated_distance_is_not_called_exact(tmp_path: Path) -> None:
    """newlib's expf and numpy's differ here and there."""
    model = native.compiled(_graph(), board="mps2-an386")
    verdict = run(model, make(model, tmp_path / "run"), [{"x": _REAL}], count=False)
    assert verdict.passed and not verdict.exact and verdict.distance >= 1
    layers = verify_layers(model, make(model, tmp_path / "trace", trace=True), [{"x": _REAL}])
    assert layers.passed and not layers.exact and layers.distance == 1
