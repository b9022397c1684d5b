"""`make costs`: what the kernels that others compete with cost, measured in QEMU; writes aot/kernels/costs.toml.

For each of them, layers of many sizes run in one firmware. Prices of the units of work that the kernel counts are
those, none below zero, that come nearest to what was measured, layer by layer, in proportion. Cores with the DSP
extension: cycles on mps2-an386, as the model of the Cortex-M4 estimates them; others: instructions on mps2-an385.
At the end: how much longer the layers take in the kernels that the prices choose than in the best ones.
"""

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
from cost_layers import DTYPES, WEIGHTED
from merge import index_of, merged
from planar import LAYOUTS, Layout
from rich.console import Console
from rich.progress import track
from rich.table import Table

from aot.compile.pipeline import compile
from aot.compile.printing import make
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op
from aot.kernels import KERNELS, Call, Kernel, Target
from aot.kernels.call import DoesNotFit
from aot.kernels.common.sums import SUFFIXES
from aot.kernels.costs import TABLE, core_class
from aot.lower import lowering
from aot.oracle.samples import random_samples
from aot.profiling.profiler import profile_emulated
from aot.project.compile import tool_output
from aot.targets import load_board

BOARDS = {"dsp": "mps2-an386", "plain": "mps2-an385"}
_MEANS = ("average_pool2d_s8", "mean_s8")  # and those for the DSP extension
_LAYERS = 24  # of one kernel
_MOST_MACS = 300_000
_DRAWS = 2000
_SAME = "tile_"  # begins units of code that several kernels share

Prices = dict[str, float]


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
    parts = {part: list(measurements(part, board)) for part, board in BOARDS.items()}
    tables = {part: fitted(found) for part, found in parts.items()}
    TABLE.write_text(written(tables), encoding="utf-8")
    for part, found in parts.items():
        Console(width=120).print(summary(part, found, tables[part]))


def measurements(part: str, board: str) -> Iterator[Measured]:
    """Layers in every kernel that the board's core can run, and in every layout that it knows."""
    target = Target(frozenset(load_board(board).core.features))
    for kernel in track(competing(target), part):
        for layout in LAYOUTS[: len(LAYOUTS) if kernel.planes else 1]:
            yield from measured(kernel, board, target, layout)


def competing(target: Target) -> list[Kernel]:
    """The kernels of operators that have several."""
    competitors = [one for one in KERNELS if one.ops[0] in WEIGHTED or one.name.removesuffix("_dsp") in _MEANS]
    return [kernel for kernel in competitors if kernel.features <= target.features]


def measured(kernel: Kernel, board: str, target: Target, layout: Layout) -> Iterator[Measured]:
    """`_LAYERS` layers of one firmware, each in `kernel`; fewer for small kinds of layers."""
    chosen = list(islice(layers(kernel, target, layout), _LAYERS))
    if not chosen:
        return
    whole, _ = merged([(graph, {}) for _, graph, _ in chosen])

    def forced(ops: Sequence[Op], graph: Graph, _: Target) -> list[Call]:
        return [
            kernel.lower(kernel, op, graph, for_layer(target, op, how, layout))
            for op, (_, _, how) in zip(ops, chosen, strict=True)
        ]

    with patch.object(lowering, "select", forced), TemporaryDirectory() as folder:
        compiled = compile(whole, load_board(board), "0" * 64)
        firmware = make(compiled, Path(folder))
        profile = profile_emulated(compiled, firmware, random_samples(whole, 1)[0], Path(folder))
        code = code_bytes(compiled.interface.name, board, Path(folder))
    for call, one in zip(compiled.calls, profile.layers, strict=True):
        number, _, _ = chosen[index_of(call.outputs[0])]
        spent = one.cycles if core_class(target) == "dsp" else one.instructions
        assert spent is not None
        yield Measured(number, layout, call, spent, code)


def layers(kernel: Kernel, target: Target, layout: Layout = ()) -> Iterator[tuple[int, Graph, str]]:
    """Random layers, of the same ones for all kernels, that this one can compute, and that do not take long.

    Their numbers, and how their weights are to lie in flash.
    """
    dtype = next(dtype for dtype in DTYPES if f"_{SUFFIXES[dtype]}" in kernel.name)
    for number, (how, graph) in enumerate(islice(cost_layers.layers(kernel.ops[0], dtype), _DRAWS)):
        op = graph.ops[0]
        elements = max(tensor.elements for tensor in graph.tensors.values())
        small = max(op.macs(graph), elements) <= _MOST_MACS
        if small and lowered(kernel, graph, for_layer(target, op, how, layout)):
            yield number, graph, how


def for_layer(target: Target, op: Op, how: str, layout: Layout) -> Target:
    """The target, with the operator's weights as int16 if they are to be, and what is to lie by planes."""
    wide = frozenset({str(op.inputs[1])} if how == "wide" else ())
    return replace(target, int16_weights=wide, planes=planar.names(op, layout))


def lowered(kernel: Kernel, graph: Graph, target: Target) -> Call | None:
    """The call of `kernel` for a graph of one operator, or None."""
    try:
        return kernel.lower(kernel, graph.ops[0], graph, target)
    except DoesNotFit:
        return None


def code_bytes(name: str, board: str, folder: Path) -> int:
    """The bytes of the functions in the model's own object file, but for the one that calls the layers."""
    listing = tool_output(load_board(board), "nm", ["-S", f"build/{name}.o"], folder)
    rows = [line.split() for line in listing.splitlines()]
    return sum(int(row[1], 16) for row in rows if len(row) == 4 and row[2] in "tT" and row[3] != f"{name}_run")


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
    """Prices, none below zero, with the least squares of errors in proportion to `cycles`."""
    used = list(range(work.shape[1]))
    while True:
        found, *_ = np.linalg.lstsq(work[:, used] / cycles[:, None], np.ones(len(cycles)), rcond=None)
        if (found >= 0).all():
            break
        del used[int(found.argmin())]
    prices = np.zeros(work.shape[1])
    prices[used] = found
    return [float(f"{price:.4g}") for price in prices]


def written(tables: dict[str, dict[str, Prices]]) -> str:
    """The text of costs.toml."""
    lines = ["# Written by `make costs`. What the units of each kernel's work cost, and the bytes of its code.", ""]
    for part, table in tables.items():
        lines += [f"[{part}]"]
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
    shown.caption = f"{len(several)} layers in several kernels: {np.mean(chosen) - 1:.2%} longer than in the best one"
    return shown


def price(one: Measured, table: dict[str, Prices]) -> float:
    """What the table says that a layer takes."""
    return sum(table[one.call.kernel.name][unit] * amount for unit, amount in one.call.work.items())


if __name__ == "__main__":
    main()
