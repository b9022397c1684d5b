"""The whole compiler on one page: normalize, choose, place, check. What is decided here, `printing` prints."""

import hashlib
from dataclasses import replace
from pathlib import Path

from aot.base.choices import CompileOptions
from aot.base.errors import AotError
from aot.base.version import __version__
from aot.compile.memory import check_memory, flash_for_model, place
from aot.compile.printing import deployed
from aot.compile.records import Compiled
from aot.compile.rounding import USUAL, with_rounding
from aot.compile.storage import weights_for
from aot.frontends import content_of, parse, settings_of
from aot.graph.digest import digest
from aot.graph.identifiers import model_name
from aot.graph.interface import interface_of
from aot.graph.ir import Graph
from aot.kernels import Block, Target
from aot.lower.int16 import with_int16_weights
from aot.lower.lowering import lower
from aot.lower.stripes import lower_within, macs
from aot.passes import normalize, run_passes
from aot.passes.check_operators import check_operators
from aot.project.mlperf import benchmark_of
from aot.quantizer import open_samples, quantize
from aot.targets import Board, optimized

DEFAULT = CompileOptions()


def compile_file(path: Path, board: Board, options: CompileOptions = DEFAULT) -> Compiled:
    """Compile a model file for `board`. Raises AotError for any fault in it."""
    content = content_of(path)
    graph = normalize(parse(content, options.name or path.stem, str(path), settings_of(**options.ports)))
    options, warnings = with_rounding(graph, options, board)
    if options.calibration is not None:
        graph, more = _quantized(graph, Path(options.calibration))
        warnings += more
    compiled = compile(graph, board, hashlib.sha256(content).hexdigest(), options)
    return replace(compiled, warnings=warnings)


def compile_graph(graph: Graph, board: Board, options: CompileOptions = DEFAULT) -> Compiled:
    """Compile a graph that is normal, for `board`. Raises AotError for any fault in it."""
    if any(options.ports.values()):
        raise AotError("the ports of a graph are settled", "say it where it comes from: aot.load, aot.from_torch")
    named = graph if options.name is None else replace(graph, name=model_name(options.name))
    options, warnings = with_rounding(graph, options, board)
    if options.calibration is not None:
        named, more = _quantized(named, Path(options.calibration))
        warnings += more
    return replace(compile(named, board, digest(graph), options), warnings=warnings)


def _quantized(graph: Graph, calibration: Path) -> tuple[Graph, tuple[str, ...]]:
    """What of `graph` is float32 as int8, and what the user should know of it."""
    samples = open_samples(calibration, graph)
    quantized = quantize(graph, samples)
    return quantized.graph, (*samples.warnings(quantized.calibration.samples), *quantized.warnings)


def compile(graph: Graph, board: Board, sha256: str, options: CompileOptions = DEFAULT) -> Compiled:
    """Compile `graph`, out of a file with the hash `sha256`, for `board`; it is normal, named and quantized already.

    Raises AotError when an operator is not supported or memory does not suffice.
    """
    rounding = options.rounding or USUAL
    target = Target(frozenset(board.core.features), rounding, options.optimize, flash=flash_for_model(board))
    lean = with_int16_weights(_lean(graph), target.features, options.weights_choices)
    block = _chosen(lean, target, options.max_ram)

    interface = interface_of(block.graph, sha256, __version__)
    weights = weights_for(block, options)
    benchmark = benchmark_of(interface) if options.mlperf else ""
    block = place(block, interface, weights, benchmark, board, options.pool or ())

    held = deployed(block, interface, weights, benchmark, target)
    recomputed = macs(block.graph) - macs(lean)
    shown = replace(options, rounding=rounding).shown
    compiled = Compiled(graph, block, held, optimized(board, options.optimize), target, shown, recomputed=recomputed)
    check_memory(held, board, block.plan.size_in("ram"), compiled.weights_bytes)
    return compiled


def _lean(graph: Graph) -> Graph:
    """What the graph computes, in as few operators as may be."""
    check_operators(graph)
    return run_passes(graph)


def _chosen(lean: Graph, target: Target, max_ram: int | None) -> Block:
    """Kernels, layouts and order; in stripes, where that takes less memory and is asked for."""
    return lower(lean, target) if max_ram is None else lower_within(lean, target, max_ram)
