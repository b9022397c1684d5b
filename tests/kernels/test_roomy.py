"""Kernels that need much scratch memory, on every core; and where they are chosen."""

from dataclasses import replace
from pathlib import Path

import cases
import cost_layers
import emulated
import merge
import native
import numpy as np
import pytest
import roomy

from aot.graph.fixedpoint import ROUNDINGS
from aot.kernels import KERNELS, Target
from aot.kernels.choose import choose
from aot.kernels.conv.winograd import Tiles, packed_weights
from aot.lower.lowering import lower
from aot.oracle import interpreter

pytestmark = pytest.mark.usefixtures("quick_plans")

_COUNT = 12 * cases.TIMES
_RV32 = Target(frozenset({"rv32"}))
_DSP = Target(frozenset({"dsp", "fpu"}))


def _assert_exact(rounding: str, folder: Path, board: str, core: str = "") -> None:
    """`board` runs it, what was generated for `core`."""
    parts = [roomy.case(seed) for seed in range(_COUNT)]
    graph, sample = merge.merged(parts)
    with roomy.forced():
        model = native.compiled(graph, rounding, core or board)
    assert all(call.kernel.roomy for call in model.calls)
    if board == "host":
        answers = native.run(native.program(model, folder, *native.SANITIZE), graph, [sample, sample])
    else:
        answers = emulated.run(model, folder, [sample, sample])
    for number, (part, inputs) in enumerate(parts):
        expected = interpreter.run(part, inputs, rounding)["y"]
        assert np.array_equal(answers[1][merge.prefixed(number, "y")], expected), part


@pytest.mark.parametrize("core", ["riscv-virt", "mps2-an386"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_exact_here(rounding: str, core: str, tmp_path: Path) -> None:
    _assert_exact(rounding, tmp_path, "host", core)


@pytest.mark.parametrize("board", ["mps2-an386", "riscv-virt"])
def test_exact_on_boards(board: str, tmp_path: Path) -> None:
    _assert_exact("double", tmp_path, board)


def test_every_roomy_kernel_is_run() -> None:
    graph, _ = roomy.case(0)
    found = {roomy.roomy_call(graph.ops[0], graph, target).kernel.name for target in (_RV32, _DSP)}
    assert found == {kernel.name for kernel in KERNELS if kernel.roomy}


def test_products_fit_16_bits_and_sum_up_to_four_times_the_convolution() -> None:
    weights = np.full((1, 3, 3, 8), -128, np.int8)
    packed = packed_weights(weights, Tiles(1, 1)).reshape(16, 8)
    assert packed.min() == -128 * 9 and np.array_equal(packed[5], np.full(8, -128 * 9))


def test_chosen_for_speed_where_flash_is_worth_it_and_the_arena_no_larger() -> None:
    """A layer alone would need a larger arena, so it is given room; of little time, or for size, it is not chosen."""
    graph = next(graph for _, graph in cost_layers.squares() if graph.ops[0].macs(graph) > 200_000)
    op = graph.ops[0]
    call = roomy.roomy_call(op, graph, _DSP)
    assert not any(one.kernel.roomy for one in lower(graph, _DSP).calls)
    usual = choose([[call, *_usual(graph)]], _DSP)[0]
    assert usual is call
    slow = replace(_usual(graph)[0], cost=1e12)
    assert not any(one.kernel.roomy for one in choose([[call, *_usual(graph)], [slow]], _DSP))


def _usual(graph: roomy.Graph) -> list[roomy.Call]:
    return roomy.candidates(graph.ops[0], graph, _DSP)[0]
