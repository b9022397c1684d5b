"""Kernels for cores with MVE: each in every rounding, on a board and in C, also where others are cheaper."""

from pathlib import Path

import cases
import emulated
import native
import pytest
from forced import Kernels

from aot.graph.fixedpoint import ROUNDINGS

pytestmark = pytest.mark.usefixtures("quick_plans")

BOARD = "mps3-an547"


@pytest.mark.slow
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_each_kernel_on_its_board(rounding: str, tmp_path: Path) -> None:
    kernels = Kernels("mve", BOARD, rounding)
    for i, group in enumerate(kernels.groups()):
        model, _, sample = kernels.compiled(group)
        _, answer = emulated.run(model, tmp_path / str(i), [sample, sample])
        kernels.check(group, answer)


@pytest.mark.slow
@pytest.mark.parametrize("rounding", ["double", "float", *cases.longer("single", "onnx")])
def test_each_kernel_without_assembly(rounding: str, tmp_path: Path) -> None:
    kernels = Kernels("mve", BOARD, rounding)
    for i, group in enumerate(kernels.groups()):
        model, graph, sample = kernels.compiled(group)
        folder = tmp_path / str(i)
        folder.mkdir()
        _, answer = native.run(native.program(model, folder, *native.SANITIZE), graph, [sample, sample])
        kernels.check(group, answer)
