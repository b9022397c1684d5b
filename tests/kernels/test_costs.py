"""The prices of kernels' work, and what is chosen by them."""

from collections import Counter
from functools import cache
from itertools import islice

import cases
import cost_layers
import fit_costs
import numpy as np
import planar
import pytest
from command import aot
from cost_layers import POOLS, WEIGHTED, layer
from paths import DIGITS

from aot.graph.ir import Op
from aot.kernels import OPTIMIZATIONS, AnyKernel, Call, Target, candidates
from aot.kernels.choose import choose
from aot.kernels.costs import cycles, priced, prices_of
from aot.ops.conv2d import Conv2D
from aot.ops.mean import Mean

DSP = Target(frozenset({"dsp", "fpu"}))
_layers = cost_layers.layers


@pytest.mark.parametrize("part", fit_costs.BOARDS)
def test_every_unit_has_a_price(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_costs, "_LAYERS", 3)
    monkeypatch.setattr(fit_costs, "_CASES", 24)
    monkeypatch.setattr(fit_costs, "_DRAWS", 150 * cases.TIMES)
    monkeypatch.setattr(cost_layers, "layers", cache(lambda *of: list(islice(_layers(*of), 150 * cases.TIMES))))
    target = Target(frozenset(fit_costs.board_of(part).core.features))
    seen: Counter[str] = Counter()
    for kernel in (one for one in fit_costs.measurable(target) if fit_costs.apart(one, part)):
        layouts = planar.LAYOUTS[: len(planar.LAYOUTS) if kernel.planes else 1]
        seen[kernel.name] += sum(_assert_prices(kernel, target, layout) for layout in layouts)
    assert [name for name in seen if part in priced(name) and not seen[name]] == []


def _assert_prices(kernel: AnyKernel, target: Target, layout: planar.Layout) -> int:
    """How many layers were looked at."""
    found = list(fit_costs.layers(kernel, target, layout))
    for one in found:
        graph, _ = one.case
        call = fit_costs.call_of(kernel, graph.ops[0], graph, one, layout)
        assert call.work.keys() <= prices_of(kernel.name, target).keys(), f"{kernel.name}: run `make costs`"
        assert cycles(kernel.name, call.work, target) > 0
    return len(found)


def test_prices_are_found_again() -> None:
    rng = np.random.default_rng(0)
    work = rng.uniform(1, 100, (20, 3))
    assert np.allclose(fit_costs.proportional(work, work @ [2.0, 0.5, 7.0]), [2.0, 0.5, 7.0])
    assert fit_costs.proportional(work, work @ [2.0, -0.01, 7.0])[1] == 0


def test_prices_are_those_of_the_most_features_that_know_the_kernel() -> None:
    table = {
        "plain": {"a": {"taps": 1.0}, "b": {"taps": 2.0}},
        "dsp": {"a": {"taps": 3.0}},
        "dsp+mve": {"c": {"taps": 4.0}},
    }
    vector = Target(frozenset({"dsp", "mve"}))
    assert [prices_of(kernel, vector, table) for kernel in "abcd"] == [{"taps": 3.0}, {"taps": 2.0}, {"taps": 4.0}, {}]
    assert prices_of("c", DSP, table) == {} and prices_of("a", Target(), table) == {"taps": 1.0}


@pytest.mark.parametrize("op", (*WEIGHTED, *POOLS, Mean))
def test_no_two_kernels_cost_the_same(op: type[Op]) -> None:
    for _, graph in islice(cost_layers.layers(op, "int8"), 24):
        calls, _ = candidates(graph.ops[0], graph, DSP)
        assert len({call.cost for call in calls}) == len(calls), ", ".join(call.kernel.name for call in calls)


def test_ties_go_to_more_features_then_to_the_first_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aot.kernels.cycles", lambda *_: 1.0)
    for calls in _convolutions():
        shown = [("dsp" not in call.kernel.features, call.kernel.name) for call in calls]
        assert shown == sorted(shown)


def _convolutions() -> list[list[Call]]:
    rng = np.random.default_rng(1)
    graphs = [layer(Conv2D, "int8", rng) for _ in range(12)]
    return [candidates(graph.ops[0], graph, DSP)[0] for graph in graphs]


def test_size_and_speed_are_ends() -> None:
    found = _convolutions()
    choices = {how: choose(found, Target(DSP.features, optimize=how)) for how in OPTIMIZATIONS}
    spent = [sum(call.cost for call in choices[how]) for how in OPTIMIZATIONS]
    kernels = [len({call.kernel.name for call in choices[how]}) for how in OPTIMIZATIONS]
    assert spent == sorted(spent) and spent[0] < spent[-1]
    assert kernels == sorted(kernels, reverse=True) and kernels[0] > kernels[-1]


@pytest.mark.parametrize("how", OPTIMIZATIONS)
def test_all_are_exact(how: str) -> None:
    values = aot("run", DIGITS, "--board", "mps2-an386", "--optimize", how, "--json").json
    assert values["exact"] and values["optimize"] == how
