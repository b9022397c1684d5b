"""Layers whose images lie by planes, [channel, row, column]: compiled so on purpose, and values put so."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

import merge

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op
from aot.kernels import Call, Target, candidates
from aot.lower import lowering
from aot.passes import run_passes
from aot.targets import load_board

Layout = tuple[str, ...]  # what lies by planes: the input "x", the output "y"

LAYOUTS: tuple[Layout, ...] = ((), ("x",), ("y",), ("x", "y"))


def names(op: Op, layout: Layout) -> frozenset[str]:
    """The operands of `op` that lie by planes in `layout`."""
    operands = {"x": str(op.inputs[0]), "y": op.outputs[0]}
    return frozenset(operands[which] for which in layout)


def fitting(graph: Graph, board: str) -> list[Layout]:
    """The layouts, but the usual one, in which a kernel computes `graph` of a single operator on `board`."""
    lean, target = run_passes(graph), Target(frozenset(load_board(board).core.features))
    if len(lean.ops) != 1:
        return []
    (op,) = lean.ops
    return [one for one in LAYOUTS[1:] if candidates(op, lean.by_planes(names(op, one)), target)[0]]


@contextmanager
def forced(layouts: Sequence[Layout]) -> Iterator[None]:
    """Merged graphs are compiled with their cases in these layouts."""

    def chosen(ops: Sequence[Op], graph: Graph, target: Target) -> list[Call]:
        each = [names(op, layouts[merge.index_of(op.outputs[0])]) for op in ops]
        return [candidates(op, graph.by_planes(planes), target)[0][0] for op, planes in zip(ops, each, strict=True)]

    with patch.object(lowering, "select", chosen):
        yield


def to_planes(value: Array) -> Array:
    """The bytes of an image by planes, under its shape by pixels."""
    return value.transpose(0, 3, 1, 2).reshape(value.shape)


def to_pixels(value: Array) -> Array:
    """The image of which these are the bytes by planes."""
    images, height, width, channels = value.shape
    return value.reshape(images, channels, height, width).transpose(0, 2, 3, 1)
