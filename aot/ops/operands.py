"""Operators by what they take: a tensor, or an input with weights and perhaps a bias."""

from dataclasses import dataclass

from aot.graph.ir import Graph, Op, Tensor


@dataclass(frozen=True, kw_only=True)
class SingleInput(Op):
    """One tensor in, one tensor out; further inputs, if there are any, were constants that became attributes."""

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor]:
        """Input and output."""
        return graph[self.inputs[0]], graph[self.outputs[0]]


@dataclass(frozen=True, kw_only=True)
class Weighted(Op):
    """Convolutions and dense layers."""

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
        """Input, weights, bias, output."""
        return graph[self.inputs[0]], graph[self.inputs[1]], graph.operand(self, 2), graph[self.outputs[0]]
