"""How many cases were compared, where: what `make conformance` makes docs/operators.md of.

A test calls `count` for each case that was right. Nothing is written unless AOT_COUNTS names a folder.
"""

import os
from collections import Counter
from pathlib import Path

from selection import NAMES

from aot.graph.ir import Graph, Op
from aot.ops.cast import Cast
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.one_hot import OneHot
from aot.ops.pool2d import AveragePool2D
from aot.ops.quantize import Quantize
from aot.ops.select import Select, SelectV2
from aot.ops.transpose_conv import TransposeConv

INTERPRETER = "interpreter"
_FOLDER = os.environ.get("AOT_COUNTS")


def count(where: str, graph: Graph, types: str = "", cases: int = 1) -> None:
    """`cases` cases of one operator were as they should be: `INTERPRETER` against LiteRT, or C on a board."""
    (op,) = graph.ops
    record(where, NAMES[type(op)], types or types_of(op, graph), cases)


def record(where: str, what: str, types: str, cases: int = 1) -> None:
    """The same for what is not one operator. Processes have files of their own."""
    if _FOLDER:
        path = Path(_FOLDER) / f"{os.getpid()}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(f"{where}\t{what}\t{types}\t{cases}\n")


def types_of(op: Op, graph: Graph) -> str:
    """The type of the first operand, and the result's where that is another, and no truth value or index."""
    x, y = (graph[next(n for n in names if n is not None)].dtype for names in (op.inputs, op.outputs))
    if _was_uint8(op, graph):
        return "uint8"
    if isinstance(op, Cast):
        return f"{x} to any"
    if isinstance(op, Select | SelectV2 | OneHot):
        return y  # the first operand is a condition or an index
    converts = isinstance(op, Quantize) or y not in ("bool", "int32", "int64")
    return f"{x} to {y}" if x != y and converts else x


def _was_uint8(op: Op, graph: Graph) -> bool:
    """What the front end makes of a uint8 model, and of no other."""
    if isinstance(op, Conv2D | DepthwiseConv2D | FullyConnected | TransposeConv):
        x, w, _, _ = op.operands(graph)
        return x.dtype == "int8" and w.dtype == "int16"
    return isinstance(op, AveragePool2D) and op.ties_upwards


def read(folder: Path) -> Counter[tuple[str, str, str]]:
    """The sums of what all processes wrote, by (what, types, where)."""
    total: Counter[tuple[str, str, str]] = Counter()
    for path in folder.glob("*.tsv"):
        for line in path.read_text().splitlines():
            where, what, types, cases = line.split("\t")
            total[what, types, where] += int(cases)
    return total
