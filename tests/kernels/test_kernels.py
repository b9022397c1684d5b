"""Every kernel on every core: what the device answers is what the interpreter says, byte for byte."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import cases
import emulated
import merge
import native
import numpy as np
import pytest
from counts import count

from aot.compile.printing import print_model
from aot.graph.fixedpoint import INTEGER_ROUNDINGS, ROUNDINGS
from aot.graph.ir import Graph, Op
from aot.kernels import KERNELS, Target
from aot.lower.lowering import calls_of
from aot.ops.add import Add
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.oracle import interpreter
from aot.oracle.tolerance import compare, slacks
from aot.passes import run_passes
from aot.targets import load_board

pytestmark = pytest.mark.usefixtures("quick_plans")

# With sanitizers, and without assembly: the longer proofs take all roundings, `make test` two that differ most.
_THOROUGHLY = ("double", "onnx", *cases.longer("single", "float"))
_RUNS = [("mps2-an386", rounding) for rounding in ROUNDINGS]
_RUNS += [(board, "double") for board in ("mps2-an385", "mps2-an500", "mps2-an505", "mps3-an547")]
# Half of the cases where the other half runs the same kernels: on a core alike, in a rounding alike, or on the host.
_HALVES = {
    ("mps2-an500", "double"): 0,
    ("mps2-an505", "double"): 1,
    ("mps2-an385", "double"): 0,
    ("mps3-an547", "double"): 1,
    ("mps2-an386", "single"): 0,
    ("mps2-an386", "float"): 1,
    ("mps2-an386", "onnx"): 1,
}
_SCALED = (Add, Conv2D, DepthwiseConv2D, FullyConnected)
_MICROBIT_CASES = 12  # whose parameters, in one function, its stack holds
_MICROBIT_BYTES = 8_000  # what its 16 KiB of RAM leave for inputs, and for outputs twice


@cache
def _cases(board: str, rounding: str) -> list[merge.Case]:
    """Those of `_drawn` that a kernel computes in this rounding."""
    return cases.computed(_drawn(board, rounding), rounding)


def _drawn(board: str, rounding: str) -> list[merge.Case]:
    """Emulated boards get few, unless in a longer run in which their numbers are counted; here, other roundings do."""
    if cases.TIMES > 1 and (board == "host" or (rounding == "double" and board in ("mps2-an386", "mps2-an385"))):
        return cases.many()
    if board == "host":
        return cases.many() if rounding == "double" else cases.each()
    return cases.few()


def _shared(board: str, rounding: str) -> list[merge.Case]:
    """What the board runs of the cases; all of them in the longer proofs."""
    half = None if cases.TIMES > 1 else _HALVES.get((board, rounding))
    return _cases(board, rounding) if half is None else _cases(board, rounding)[half::2]


def _device_outputs(graph: Graph, sample: merge.Sample, board: str, rounding: str, folder: Path) -> merge.Sample:
    """What `graph` answers on `board`, the second time: in an arena that was used."""
    _, outputs = emulated.run(native.compiled(graph, rounding, board), folder, [sample, sample])
    return outputs


def _assert_exact(parts: Sequence[merge.Case], actual: merge.Sample, rounding: str) -> None:
    """Compares the second run case by case, so that a failure shows the cases that differ."""
    wrong = []
    for i, (graph, sample) in enumerate(parts):
        *_, values = interpreter.run_all(graph, [sample, sample], rounding)
        for name in graph.outputs:
            got, expected = actual[merge.prefixed(i, name)], values[name]
            if different := np.count_nonzero(compare(expected, got, slacks(graph)[name]).wrong):
                wrong.append(f"case {i}: {different} of {expected.size} differ\n{graph}")
    assert not wrong, f"{len(wrong)} of {len(parts)} cases\n" + "\n".join(wrong[:5])


@pytest.mark.slow
@pytest.mark.every_operator
@pytest.mark.parametrize(("board", "rounding"), _RUNS)
def test_bit_exact(board: str, rounding: str, tmp_path: Path) -> None:
    for i, parts in enumerate(cases.groups(_shared(board, rounding))):
        graph, sample = merge.merged(parts)
        _assert_exact(parts, _device_outputs(graph, sample, board, rounding, tmp_path / str(i)), rounding)
        for part, _ in parts if rounding == "double" else ():
            count(board, part)


@pytest.mark.slow
@pytest.mark.every_operator
def test_bit_exact_on_microbit(tmp_path: Path) -> None:
    """As few groups of small cases as its RAM allows, each a firmware."""
    groups: list[list[merge.Case]] = [[]]
    left = _MICROBIT_BYTES
    for case in cases.few(1300, several=1):
        need = cases.port_bytes(case[0]) + sum(case[0][name].bytes for name in case[0].outputs)
        if need > left or len(groups[-1]) == _MICROBIT_CASES:
            groups.append([])
            left = _MICROBIT_BYTES
        left -= need
        groups[-1].append(case)
    for i, parts in enumerate(groups):
        graph, sample = merge.merged(parts)
        _assert_exact(parts, _device_outputs(graph, sample, "microbit", "double", tmp_path / str(i)), "double")


@pytest.mark.every_operator
@pytest.mark.parametrize("board", ["riscv-virt", "xtensa-sim"])
def test_bit_exact_on_other_cores(board: str, tmp_path: Path) -> None:
    """Every eighth case: the kernels are those of the host, what is new are the compiler and the C library."""
    for i, parts in enumerate(cases.groups(_cases(board, "double")[::8])):
        graph, sample = merge.merged(parts)
        _assert_exact(parts, _device_outputs(graph, sample, board, "double", tmp_path / str(i)), "double")


@pytest.mark.slow
@pytest.mark.every_operator
@pytest.mark.parametrize("rounding", _THOROUGHLY)
def test_bit_exact_here_and_sanitizers_are_silent(rounding: str, tmp_path: Path) -> None:
    for i, parts in enumerate(cases.groups(_cases("host", rounding))):
        graph, sample = merge.merged(parts)
        folder = tmp_path / str(i)
        folder.mkdir()
        binary = native.program(native.compiled(graph, rounding), folder, *native.SANITIZE)
        _, actual = native.run(binary, graph, [sample, sample])
        _assert_exact(parts, actual, rounding)
        for part, _ in parts if rounding == "double" else ():
            count("host", part)


@pytest.mark.slow
@pytest.mark.every_operator
@pytest.mark.parametrize("rounding", ["double", *cases.longer("single", "float", "onnx")])
def test_without_assembly_here(rounding: str, tmp_path: Path) -> None:
    """What was generated for a core with the DSP extension, in a simulation."""
    for i, parts in enumerate(cases.groups(_cases("mps2-an386", rounding))):
        graph, sample = merge.merged(parts)
        folder = tmp_path / str(i)
        folder.mkdir()
        binary = native.program(native.compiled(graph, rounding, "mps2-an386"), folder, *native.SANITIZE)
        _, actual = native.run(binary, graph, [sample, sample])
        _assert_exact(parts, actual, rounding)


@pytest.mark.parametrize("rounding", ["double", "float"])
def test_without_assembly_on_its_board(rounding: str, tmp_path: Path) -> None:
    parts = _scaled(rounding)
    graph, sample = merge.merged(parts)
    model = native.compiled(graph, rounding, "mps2-an386")
    core = model.board.core
    plain = replace(core, flags=(*core.flags, "-DAOT_NO_ASSEMBLY"))
    model = replace(model, board=replace(model.board, core=plain))
    _, actual = emulated.run(model, tmp_path, [sample, sample])
    _assert_exact(parts, actual, rounding)


_CLANG = ("clang --target=armv7em-none-eabi -isystem /usr/include/newlib -std=c99 -O2 -ffp-contract=off -fshort-enums "
          "-Wall -Werror")  # fmt: skip


@pytest.mark.parametrize("rounding", ["double", "float"])
def test_compiled_by_clang(rounding: str, tmp_path: Path) -> None:
    """With its assembly code, linked with the rest of the program that gcc compiled."""
    parts = _scaled(rounding)
    graph, sample = merge.merged(parts)
    model = native.compiled(graph, rounding, "mps2-an386")
    machine = [flag for flag in model.board.core.machine if not flag.startswith("-fno-")]  # which are GCC's
    command = [*_CLANG.split(), *machine]
    _, actual = emulated.run(model, tmp_path, [sample, sample], command)
    _assert_exact(parts, actual, rounding)


def _scaled(rounding: str) -> list[merge.Case]:
    """Cases of every operator whose outputs are scaled, as many as one program takes."""
    parts = [case for case in _cases("mps2-an386", rounding) if isinstance(case[0].ops[0], _SCALED)]
    return parts[:: -(-len(parts) // cases.GROUP)]


def _chosen(board: str, rounding: str) -> set[tuple[str, type[Op]]]:
    """The kernels of all cases."""
    target = Target(frozenset(load_board(board).core.features), rounding)
    calls = (call for graph, _ in _cases(board, rounding) for call in calls_of(run_passes(graph), target))
    return {(call.kernel.name, type(call.op)) for call in calls}


def test_every_kernel_is_chosen() -> None:
    """A kernel that no case reaches is not tested: others on each core, the plain ones on the host.

    Of reals, the host has kernels for cores with an FPU; the plain ones are chosen on a Cortex-M3.
    """
    for board in {"host", *(board for board, _ in _RUNS)}:
        features = frozenset(load_board(board).core.features)
        roundings = ROUNDINGS if board == "host" else {rounding for name, rounding in _RUNS if name == board}
        chosen = {kernel for rounding in roundings for kernel in _chosen(board, rounding)}
        chosen |= _chosen("mps2-an385", "double") if board == "host" else set()
        usual = [kernel for kernel in KERNELS if not kernel.roomy]  # the others: test_roomy.py
        plain = [kernel for kernel in usual if not kernel.features]
        special = [kernel for kernel in usual if kernel.features and kernel.features <= features]
        expected = {(kernel.name, op) for kernel in (plain if board == "host" else special) for op in kernel.ops}
        missed = {f"{name} for {op.__name__}" for name, op in expected - chosen}
        assert missed <= ({"softmax_float_s8 for Softmax"} if "float" not in roundings else set()), board


def test_every_output_stage_and_variant_is_reached() -> None:
    """Shifts to the left, accumulators beyond 30 bits, and all that a template tells apart."""
    scaled = [case for case in _cases("host", "double") if isinstance(case[0].ops[0], _SCALED)]
    graph, _ = merge.merged(scaled)
    files = {rounding: print_model(native.compiled(graph, rounding))["merged.c"] for rounding in ("double", "float")}
    for stage in ("tensor_output_s8", "tensor_output_any_s8", "channel_output_s8", "channel_output_any_s8"):
        assert files["double"].count(f"{stage}(") >= 2, stage
    assert files["float"].count("float_output_s8(") >= 3
    assert "requantize(right, p->b_multiplier, p->b_shift)" in files["double"]
    assert "requantize(left, p->a_multiplier, p->a_shift)" in files["double"]
    assert "no window crosses the border" in files["double"] and "a window that crosses the border" in files["double"]


def test_every_kind_of_tiles_is_reached() -> None:
    """Scales of channels, of tensors and floats; packed weights of each kind; and what none of them can do."""
    more = ("Conv2D lowest weights", "Conv2D pointwise uint8", "Conv2D pointwise int16")
    graph, _ = merge.merged([*cases.few(), *(cases.case(name, seed) for name in more for seed in range(12))])
    roundings = INTEGER_ROUNDINGS  # `onnx` has those of `float`
    text = "".join(print_model(native.compiled(graph, rounding, "mps2-an386"))["merged.c"] for rounding in roundings)
    kinds = {f"tiles_{s}{j}" for s in ("channel", "tensor", "float") for j in ("", "_joined", "_wide")}
    kinds |= {f"tiles_{s}_joined_clamped" for s in ("channel", "tensor", "float")}
    kinds |= {"tiles_channel_s16", "tiles_channel_s16_clamped", "tile_s8", "tile_wide"}
    kinds |= {"row_s8", "row_s8_joined", "row_s8_wide", "row_s16"}
    missed = {kind for kind in kinds if f" {kind}(" not in text and f" {kind}_clamped(" not in text}
    assert missed == set()
