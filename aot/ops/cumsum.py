"""CUMSUM: the sums of all elements up to each one along an axis."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph
from aot.ops.common import require, require_operands, require_shape, require_types
from aot.ops.operands import SingleInput


@dataclass(frozen=True, kw_only=True)
class CumSum(SingleInput):
    """y[i] = x[0] + ... + x[i] along `axis`, x[i] left out if `exclusive`, from the end if `reverse`; integers wrap."""

    axis: int
    exclusive: bool = False
    reverse: bool = False

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, ("float32",) * 2, ("int32",) * 2, ("int64",) * 2)
        x, y = self.operands(graph)
        require(0 <= self.axis < len(x.shape), f"axis {self.axis} of an input with {len(x.shape)} dimensions")
        require_shape(y, x.shape)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, _ = self.operands(graph)
        rows = np.moveaxis(values[x.name], self.axis, 0)
        rows = rows[::-1] if self.reverse else rows
        sums = np.add.accumulate(np.concatenate([np.zeros_like(rows[:1]), rows]), axis=0, dtype=rows.dtype)
        result = sums[:-1] if self.exclusive else sums[1:]
        result = result[::-1] if self.reverse else result
        return (np.array(np.moveaxis(result, 0, self.axis), order="C"),)
