"""`make costs`: what each kernel costs, measured in QEMU; writes aot/kernels/costs.toml.

`python tests/tools/fit_costs.py NAME...` measures the kernels of these names alone and leaves the others as they are;
names of parts of the table (`m0`) leave out the other parts.
For each kernel, layers of many sizes run in one firmware. Prices of the units of work that the kernel counts are
those, none below zero, that come nearest to what was measured, layer by layer, in proportion. Cores with the DSP
extension: cycles on mps2-an386, as the model of the Cortex-M4 estimates them; others: instructions, of the Cortex-M3 on
mps2-an385, of RISC-V on riscv-virt, of the Cortex-M0 on mps2-an385, too, because boards of that core have little memory
and a Cortex-M3 runs its instructions. Loads and stores count twice there, as they take two cycles. Cores with MVE:
instructions on mps3-an547, of kernels for what one with MVE computes; with RISC-V's vectors: so on riscv-virt-v.
At the end: how much longer the layers take in the kernels that the prices choose than in the best ones.
"""

import json
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import cost_layers
import numpy as np
import planar
from cost_layers import DTYPES, POOLS, WEIGHTED
from merge import Case, index_of, merged
from planar import LAYOUTS, Layout
from rich.console import Console
from rich.progress import track
from rich.table import Table

from aot.base.choices import CompileOptions
from aot.compile.pipeline import compile
from aot.compile.printing import make
from aot.graph.fixedpoint import ROUNDINGS, Array
from aot.graph.ir import Graph, Op
from aot.kernels import KERNELS, AnyKernel, Call, Target, candidates, control
from aot.kernels.call import DSP, DoesNotFit
from aot.kernels.common.sums import SUFFIXES
from aot.kernels.costs import TABLE, features_of
from aot.lower import lowering
from aot.oracle.samples import random_samples
from aot.profiling.profiler import LayerProfile, profile_emulated
from aot.project.compile import tool_output
from aot.targets import Board, load_board

BOARDS = {
    "dsp": "mps2-an386", "dsp+mve": "mps3-an547", "m0": "mps2-an385", "plain": "mps2-an385", "rv32": "riscv-virt",
    "rv32+rvv": "riscv-virt-v",
}  # fmt: skip
_WITHOUT = {"dsp+mve": DSP, "rv32+rvv": frozenset({"rv32"})}  # of parts for cores that have more than others do
_CORES = {"m0": "microbit"}  # the board whose core is put in place of that of the part's board
_MEANS = ("mean_s8", "mean_s8_dsp")
_LAYERS = 24  # of one kernel
_MOST_MACS = 300_000
_DRAWS = 2000
_CASES = 6 * _LAYERS  # of which the largest are taken
_ROUNDS = 10  # until prices and the errors that they make agree
_SAME = "tile_"  # begins units of code that several kernels share

Prices = dict[str, float]


@dataclass(frozen=True)
class Layer:
    """The layer `number` of its kind, how its weights are to lie in flash, and what it is compiled for."""

    number: int
    how: str
    case: Case
    target: Target


@dataclass(frozen=True)
class Measured:
    """The layer `number` of its kind, in one kernel."""

    number: int
    layout: Layout
    call: Call
    cycles: int
    code_bytes: int


def main() -> None:
    """Measure, fit, write the table, and say how good it is."""
    wanted = [part for part in BOARDS if part in sys.argv[1:]] or [*BOARDS]
    names = [name for name in sys.argv[1:] if name not in BOARDS] or sorted({kernel.name for kernel in KERNELS})
    parts = {part: list(measurements(part, names)) for part in wanted}
    tables: dict[str, dict[str, Prices]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    for part, found in parts.items():
        kept = {name: prices for name, prices in tables.get(part, {}).items() if name not in names}
        tables[part] = dict(sorted((kept | fitted(found)).items()))
    TABLE.write_text(written(dict(sorted(tables.items()))), encoding="utf-8")
    for part, found in parts.items():
        Console(width=120).print(summary(part, found, tables[part]))


def board_of(part: str) -> Board:
    """The board on which a part of the table is measured."""
    board = load_board(BOARDS[part])
    return replace(board, core=load_board(_CORES[part]).core) if part in _CORES else board


def measurements(part: str, names: Sequence[str]) -> Iterator[Measured]:
    """Layers in each of these kernels that the board's core can run, in every layout that it knows."""
    board = board_of(part)
    target = Target(frozenset(board.core.features))
    for kernel in track([one for one in measurable(target) if one.name in names and apart(one, part)], part):
        for layout in LAYOUTS[: len(LAYOUTS) if kernel.planes else 1]:
            yield from measured(kernel, part, board, target, layout)


def measurable(target: Target) -> list[AnyKernel]:
    """The kernels that the core can run; what control flow costs are the graphs inside."""
    return [kernel for kernel in KERNELS if kernel.features <= target.features and kernel not in control.KERNELS]


def apart(kernel: AnyKernel, part: str) -> bool:
    """Whether this part needs prices of its own for the kernel: one computes the same with what only its cores have."""
    own = features_of(part) - _WITHOUT[part] if part in _WITHOUT else frozenset[str]()
    return not own or any(own & other.features and set(other.ops) & set(kernel.ops) for other in KERNELS)


def measured(kernel: AnyKernel, part: str, board: Board, target: Target, layout: Layout) -> Iterator[Measured]:
    """`_LAYERS` layers of one firmware, each in `kernel`; fewer for small kinds of layers."""
    chosen = list(islice(layers(kernel, target, layout), _LAYERS))
    if not chosen:
        return
    whole, inputs = merged([layer.case for layer in chosen])

    def forced(ops: Sequence[Op], graph: Graph, _: Target) -> list[Call]:
        return [call_of(kernel, op, graph, chosen[index_of(op.outputs[0])], layout) for op in ops]

    with patch.object(lowering, "select", forced), TemporaryDirectory() as folder:
        rounding = chosen[0].target.rounding
        compiled = compile(whole, board, "0" * 64, CompileOptions(rounding=rounding))
        firmware = make(compiled, Path(folder))
        profile = profile_emulated(compiled, firmware, random_samples(whole, 1)[0] | inputs, Path(folder))
        code = code_bytes(kernel.name, compiled.interface.name, board, Path(folder))
    for call, one in zip(compiled.calls, profile.layers, strict=True):
        spent = spent_of(part, one)
        if call.kernel == kernel and spent:
            yield Measured(chosen[index_of(call.outputs[0])].number, layout, call, spent, code)


def spent_of(part: str, layer: LayerProfile) -> int:
    """What the prices of this part count."""
    instructions = layer.instructions or 0
    match part:
        case "dsp":
            return layer.cycles or 0
        case "m0":
            return instructions + (layer.loads or 0) + (layer.stores or 0)
        case _:
            return instructions


def call_of(kernel: AnyKernel, op: Op, graph: Graph, layer: Layer, layout: Layout) -> Call:
    """The call of `kernel`, or of another one if passes made another operator of the layer."""
    graph = for_layer(graph, op, layer.how, layout)
    call = lowered(kernel, op, graph, layer.target) if type(op) in kernel.ops else None
    return call or candidates(op, graph, layer.target)[0][0]


def layers(kernel: AnyKernel, target: Target, layout: Layout = ()) -> Iterator[Layer]:
    """Random layers, the same for all kernels of an operator, that this one can compute, and that do not take long.

    A kernel that is for a rounding of its own gets it.
    """
    for rounding in ROUNDINGS:
        found = list(islice(_layers(kernel, replace(target, rounding=rounding), layout), _LAYERS))
        if found:
            yield from found
            return


def _layers(kernel: AnyKernel, target: Target, layout: Layout) -> Iterator[Layer]:
    for number, how, case in _drawn(kernel):
        op = case[0].ops[0]
        elements = max(tensor.elements for tensor in case[0].tensors.values())
        small = max(op.macs(case[0]), elements) <= _MOST_MACS
        if small and type(op) in kernel.ops and lowered(kernel, op, for_layer(case[0], op, how, layout), target):
            yield Layer(number, how, case, target)


def _drawn(kernel: AnyKernel) -> Iterator[tuple[int, str, Case]]:
    """Layers of the sizes of trained models where `cost_layers` has them, else the largest kernel tests' cases."""
    dtype = next((dtype for dtype in DTYPES if f"_{SUFFIXES[dtype]}" in kernel.name), None)
    if dtype and (kernel.ops[0] in (*WEIGHTED, *POOLS) or kernel.name in _MEANS):
        drawn = cost_layers.squares() if kernel.roomy else cost_layers.layers(kernel.ops[0], dtype)
        for number, (how, graph) in enumerate(islice(drawn, _DRAWS), _DRAWS if kernel.roomy else 0):
            yield number, how, (graph, {})
        return
    found = list(islice(cost_layers.cases_of(kernel.ops), _CASES))
    for number, case in sorted(found, key=lambda one: -max(t.elements for t in one[1][0].tensors.values())):
        yield number, "", case


def for_layer(graph: Graph, op: Op, how: str, layout: Layout) -> Graph:
    """The graph, with the operator's weights as int16 if they are to be, and what is to lie by planes."""
    weights = (replace(graph[op.inputs[1]], wide=True),) if how == "wide" else ()
    return graph.with_tensors(*weights).by_planes(planar.names(op, layout))


def lowered(kernel: AnyKernel, op: Op, graph: Graph, target: Target) -> Call | None:
    """The call of `kernel`, or None where it does not fit."""
    try:
        return kernel.lower(kernel, op, graph, target)
    except DoesNotFit:
        return None


def code_bytes(kernel: str, name: str, board: Board, folder: Path) -> int:
    """The mean size of the kernel's functions in the model's own object file, with what they call."""
    listing = tool_output(board, "nm", ["-S", f"build/{name}.o"], folder)
    rows = [line.split() for line in listing.splitlines()]
    sizes = {row[3]: int(row[1], 16) for row in rows if len(row) == 4 and row[2] in "tT" and row[3] != f"{name}_run"}
    functions = sum(kernel in function for function in sizes)
    return round(sum(sizes.values()) / max(1, functions))


def fitted(found: Sequence[Measured]) -> dict[str, Prices]:
    """The prices of each kernel's units, and the size of its code. What is the same code costs the same everywhere."""
    groups = by_kernel(found)
    tiled = [name for name, ones in groups.items() if any(unit.startswith(_SAME) for unit in ones[0].call.work)]
    together = [[name] for name in groups if name not in tiled] + [tiled] * bool(tiled)
    table = {}
    for names in together:
        prices = prices_of([one for name in names for one in groups[name]])
        for name in names:
            units = sorted({unit for one in groups[name] for unit in one.call.work})
            table[name] = {unit: prices[_column(name, unit)] for unit in units}
            if code := max(one.code_bytes for one in groups[name]):  # not where all of it is inlined
                table[name]["code_bytes"] = code
    return shared(dict(sorted(table.items())))


def shared(table: dict[str, Prices]) -> dict[str, Prices]:
    """The same with the prices of tiles in all kernels of tiles of their type, met there or not."""
    found = {unit: price for prices in table.values() for unit, price in prices.items() if unit.startswith(_SAME)}
    for name, prices in table.items():
        if any(unit.startswith(_SAME) for unit in prices):
            own = {unit: price for unit, price in found.items() if unit.split("_")[1] in name.split("_")}
            code = {"code_bytes": prices["code_bytes"]}
            table[name] = {unit: price for unit, price in sorted((prices | own).items()) if unit not in code} | code
    return table


def prices_of(found: Sequence[Measured]) -> Prices:
    """The price of each column."""
    works = [{_column(one.call.kernel.name, unit): n for unit, n in one.call.work.items()} for one in found]
    columns = sorted({column for work in works for column in work})
    matrix = np.array([[work.get(column, 0) for column in columns] for work in works], float)
    prices = proportional(matrix, np.array([one.cycles for one in found], float))
    return dict(zip(columns, prices, strict=True))


def _column(kernel: str, unit: str) -> str:
    return unit if unit.startswith(_SAME) else f"{kernel} {unit}"


def by_kernel(found: Sequence[Measured]) -> dict[str, list[Measured]]:
    """The layers of each kernel, which may have been measured for several operators."""
    groups: dict[str, list[Measured]] = defaultdict(list)
    for one in found:
        groups[one.call.kernel.name].append(one)
    return dict(sorted(groups.items()))


def proportional(work: Array, cycles: Array) -> list[float]:
    """Prices, none below zero, with the least squares of errors in proportion to `cycles`, or to the price if larger.

    So layers of which nearly nothing is left, because their scales make constants of all outputs, count little.
    """
    total = work.sum(axis=1)
    size = np.maximum(cycles, np.median(cycles / total) * total)
    for _ in range(_ROUNDS):
        prices = _not_negative(work / size[:, None], cycles / size)
        size = np.maximum(cycles, work @ prices)
    return [float(f"{price:.4g}") for price in prices]


def _not_negative(work: Array, cycles: Array) -> Array:
    """The least squares; what would be less than nothing is nothing."""
    used = list(range(work.shape[1]))
    while True:
        found, *_ = np.linalg.lstsq(work[:, used], cycles, rcond=None)
        if (found >= 0).all():
            break
        del used[int(found.argmin())]
    prices = np.zeros(work.shape[1])
    prices[used] = found
    return prices


def written(tables: dict[str, dict[str, Prices]]) -> str:
    """The text of costs.toml."""
    lines = ["# Written by `make costs`. What the units of each kernel's work cost, and the bytes of its code.", ""]
    for part, table in tables.items():
        lines += [f"[{json.dumps(part) if '+' in part else part}]"]
        for name, prices in table.items():
            lines += [f"{name} = {{ {', '.join(f'{unit} = {price:g}' for unit, price in prices.items())} }}"]
        lines += [""]
    return "\n".join(lines)


def summary(part: str, found: Sequence[Measured], table: dict[str, Prices]) -> Table:
    """How far prices are from what was measured, and how much longer layers take in the kernels that they choose."""
    shown = Table("kernel", "layers", "mean error", "largest error", title=f"{part}: {BOARDS[part]}")
    for name, ones in by_kernel(found).items():
        wrong = [abs(price(one, table) / one.cycles - 1) for one in ones]
        shown.add_row(name, str(len(ones)), f"{np.mean(wrong):.1%}", f"{max(wrong):.1%}")
    rivals: dict[tuple[str, str, int, Layout], list[Measured]] = defaultdict(list)
    for one in found:
        kind = one.call.op.kind, one.call.variant.get("type", "int8_t")
        rivals[*kind, one.number, one.layout].append(one)
    several = [ones for ones in rivals.values() if len(ones) > 1]
    chosen = [min(ones, key=lambda one: price(one, table)).cycles / min(one.cycles for one in ones) for ones in several]
    longer = f": {np.mean(chosen) - 1:.2%} longer than in the best one" if chosen else ""
    shown.caption = f"{len(several)} layers in several kernels{longer}"
    return shown


def price(one: Measured, table: dict[str, Prices]) -> float:
    """What the table says that a layer takes."""
    return sum(table[one.call.kernel.name][unit] * amount for unit, amount in one.call.work.items())


if __name__ == "__main__":
    main()
