"""Kernels for RISC-V's vectors: on cores with vectors of several lengths, and in C."""

from dataclasses import replace
from pathlib import Path

import emulated
import native
import pytest
from forced import Kernels

from aot.kernels import KERNELS

pytestmark = pytest.mark.usefixtures("quick_plans")

BOARD = "riscv-virt-v"


@pytest.mark.parametrize(("rounding", "bits"), [("double", 128), ("single", 128), ("double", 512)])
def test_bit_exact(rounding: str, bits: int, tmp_path: Path) -> None:
    """One program for all lengths: nothing is packed for one of them."""
    kernels = Kernels("rvv", BOARD, rounding)
    for i, group in enumerate(kernels.groups()):
        model, _, sample = kernels.compiled(group)
        model = replace(model, board=replace(model.board, qemu_cpu=f"rv32,v=true,vext_spec=v1.0,vlen={bits}"))
        _, answer = emulated.run(model, tmp_path / str(i), [sample, sample])
        kernels.check(group, answer)


def test_each_is_the_cheapest_somewhere() -> None:
    special = [kernel for kernel in KERNELS if "rvv" in kernel.features]
    expected = {(kernel.name, op.__name__) for kernel in special for op in kernel.ops}
    assert Kernels("rvv", BOARD, "double").chosen() == expected


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_without_assembly(rounding: str, tmp_path: Path) -> None:
    kernels = Kernels("rvv", BOARD, rounding)
    for i, group in enumerate(kernels.groups()):
        model, graph, sample = kernels.compiled(group)
        folder = tmp_path / str(i)
        folder.mkdir()
        _, answer = native.run(native.program(model, folder, *native.SANITIZE), graph, [sample, sample])
        kernels.check(group, answer)
