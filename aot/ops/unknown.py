"""An operator of the model file that aot cannot read: kept in the graph so that all of them are reported at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from aot.graph.ir import Array, Graph, Op, Unsupported


@dataclass(frozen=True, kw_only=True)
class Unknown(Op):
    """`builtin` is the format's name of the operator, `reason` why it could not be read."""

    builtin: str
    reason: str

    @property
    def kind(self) -> str:
        return self.builtin

    def check(self, graph: Graph) -> None:
        raise Unsupported(self.reason)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        raise Unsupported(self.reason)
