"""Whose answers the C gives, where nobody says it."""

from dataclasses import replace

from aot.base.choices import CompileOptions
from aot.graph.ir import Graph
from aot.targets import Board

USUAL = "double"


def with_rounding(graph: Graph, options: CompileOptions, board: Board) -> tuple[CompileOptions, tuple[str, ...]]:
    """The options with a rounding for `graph`, and what the user should know of that.

    That of the graph's own runtime, if it needs no FPU, or the core has one; TensorFlow Lite's otherwise.
    """
    wanted = options.rounding or graph.rounding or USUAL
    if options.rounding or wanted == USUAL or "fpu" in board.core.features:
        return replace(options, rounding=wanted), ()
    told = (
        f"{graph.name} is rounded as TensorFlow Lite rounds, since {board.core.name} has no FPU: codes may be one off"
        f" onnxruntime's; --rounding {wanted} gives its own, and is slower"
    )
    return replace(options, rounding=USUAL), (told,)
