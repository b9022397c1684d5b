"""The prices of kernels' work, and what is chosen by them."""

from itertools import islice

import fit_costs
import numpy as np
import planar
import pytest
from command import aot
from cost_layers import layer
from paths import DIGITS

from aot.kernels import OPTIMIZATIONS, Call, Kernel, Target, candidates
from aot.kernels.choose import choose
from aot.kernels.costs import cycles, prices_of
from aot.ops.conv2d import Conv2D
from aot.targets import load_board

DSP = Target(frozenset({"dsp", "fpu"}))


@pytest.mark.parametrize("part", fit_costs.BOARDS)
def test_every_unit_has_a_price(part: str) -> None:
    target = Target(frozenset(load_board(fit_costs.BOARDS[part]).core.features))
    for kernel in fit_costs.competing(target):
        for layout in planar.LAYOUTS[: len(planar.LAYOUTS) if kernel.planes else 1]:
            _assert_prices(kernel, target, layout)


def _assert_prices(kernel: Kernel, target: Target, layout: planar.Layout) -> None:
    for _, graph, how in islice(fit_costs.layers(kernel, target, layout), 3):
        call = kernel.lower(kernel, graph.ops[0], graph, fit_costs.for_layer(target, graph.ops[0], how, layout))
        assert call.work.keys() <= prices_of(kernel.name, target).keys(), f"{kernel.name}: run `make costs`"
        assert cycles(kernel.name, call.work, target) > 0


def test_prices_are_found_again() -> None:
    rng = np.random.default_rng(0)
    work = rng.uniform(1, 100, (20, 3))
    assert np.allclose(fit_costs.proportional(work, work @ [2.0, 0.5, 7.0]), [2.0, 0.5, 7.0])
    assert fit_costs.proportional(work, work @ [2.0, -0.01, 7.0])[1] == 0


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
