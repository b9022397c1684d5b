"""`aot inspect`: the graph of a model, its memory, or a kernel."""

from dataclasses import asdict
from pathlib import Path

import typer

from aot.base.choices import CompileOptions, PortKeywords
from aot.base.errors import AotError
from aot.base.files import complete_file
from aot.cli import kernel_report, memory_report, options, report
from aot.cli.console import show, show_json, show_table
from aot.cli.inspect import inspect as inspect_graph
from aot.compile.pipeline import compile_file
from aot.compile.records import Compiled
from aot.frontends import read, settings_of
from aot.graph.ir import Graph
from aot.passes import NORMALIZE, PASSES, normalize, run_passes
from aot.passes.check_operators import problems
from aot.targets import load_board


@options.grouped
def inspect(
    ports: options.Ports,
    model: options.InspectedModel = None,
    kernel: options.OneKernel = None,
    stop_after: options.StopAfter = None,
    memory: options.Memory = False,
    board: options.MemoryBoard = None,
    board_dir: options.BoardDir = None,
    rounding: options.Rounding = None,
    max_ram: options.MaxRam = None,
    pool: options.Pools = None,
    picture: options.Picture = None,
    as_json: options.AsJson = False,
) -> None:
    """Show the graph of MODEL, its size, and every operator that is not supported; with --memory, its arena.

    With --kernel, no model: what the kernel of this name is made of.
    """
    compiles = picture or max_ram or pool or rounding
    if memory != (board is not None) or (compiles and not memory) or (memory and stop_after):
        raise typer.BadParameter(
            "--memory and --board go together; --picture, --max-ram, --pool and --rounding with both, "
            "--stop-after with neither"
        )
    if (model is None) != (kernel is not None) or (kernel and (memory or stop_after)):
        raise typer.BadParameter("a MODEL is needed, or --kernel without one")
    if model is None:
        _inspect_kernel(kernel or "", as_json)
    elif board is not None:
        chosen = CompileOptions(rounding=rounding and rounding.value, max_ram=max_ram, pool=pool, **ports.choices())
        _inspect_memory(compile_file(model, load_board(board, board_dir), chosen), picture, as_json)
    else:
        _inspect_graph(model, stop_after, ports.choices(), as_json)


def _inspect_kernel(name: str, as_json: bool) -> None:
    found = kernel_report.kernel_parts(name)
    if as_json:
        show_json(kernel_report.kernel_json(found))
        return
    show("\n".join(kernel_report.kernel_lines(found)))


def _inspect_graph(model: Path, stop_after: str | None, ports: PortKeywords, as_json: bool) -> None:
    graph = _inspected(model, stop_after, ports)
    found = inspect_graph(graph)
    if as_json:
        show_json(report.inspect_json(graph, found))
        return
    show(f"{graph}\n")
    show_table(report.operators_table(found))
    show("\n" + "\n".join(report.inspection_lines(found)))


def _inspected(model: Path, stop_after: str | None, ports: PortKeywords) -> Graph:
    """The graph, after the pass of that name if one is named."""
    normalizing, lean = ([one.__name__ for one in passes] for passes in (NORMALIZE, PASSES))
    if stop_after is not None and stop_after not in (*normalizing, *lean):
        raise AotError(f"there is no pass called {stop_after}", f"the passes are {', '.join((*normalizing, *lean))}")
    graph = normalize(read(model, settings=settings_of(**ports)), stop_after)
    if stop_after not in lean:
        return graph
    if problems(graph):
        raise AotError("passes run only where every operator is supported", f"aot inspect {model}")
    return run_passes(graph, stop_after)


def _inspect_memory(compiled: Compiled, picture: Path | None, as_json: bool) -> None:
    found = memory_report.memory_map(compiled)
    if picture is not None:
        with complete_file(picture) as made:
            made.write_text(memory_report.memory_svg(found), encoding="utf-8", newline="\n")
    if as_json:
        show_json(asdict(found) | {"peak": found.peak})
    else:
        show("\n".join(memory_report.memory_lines(found)))
