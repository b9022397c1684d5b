"""What compiling decides: everything that is printed afterwards, and nothing of the text."""

from dataclasses import dataclass

from aot.emit.common import Common
from aot.emit.constants import constants_in
from aot.graph.deployment import Bundle, Deployment
from aot.graph.interface import Interface
from aot.graph.ir import Graph
from aot.kernels import Block, Call, Target
from aot.plan import Plan
from aot.targets import Board


@dataclass(frozen=True)
class Compiled:
    """A model for a board.

    `source` is the graph of the file, `block` what became of it: a simpler graph, its calls, and where everything lies.
    `held` is the model as a firmware holds it; `options` are the user's, as the command line has them; `recomputed` are
    the multiply-accumulates that stripes do a second time; `common` is what stands in one file for several models.
    """

    source: Graph
    block: Block
    held: Deployment
    board: Board
    target: Target
    options: str = ""
    warnings: tuple[str, ...] = ()
    recomputed: int = 0
    common: Common | None = None

    def __repr__(self) -> str:
        return f"<Compiled {self.interface.name} for {self.board.name}>"

    @property
    def models(self) -> "tuple[Compiled, ...]":
        """This model alone."""
        return (self,)

    @property
    def interface(self) -> Interface:
        """What the model's user sees."""
        return self.held.interface

    @property
    def graph(self) -> Graph:
        """The graph that was lowered."""
        return self.block.graph

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls of kernels, in order."""
        return self.block.calls

    @property
    def plan(self) -> Plan:
        """Where everything lies."""
        return self.block.plan

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the model's own files: header, code, weights."""
        return tuple(f"{self.interface.name}{end}" for end in (".h", ".c", "_weights.c"))

    @property
    def planes(self) -> frozenset[str]:
        """The tensors that lie by planes."""
        return frozenset[str]().union(*(call.planes for call in self.calls))

    @property
    def rounding(self) -> str:
        """How accumulators are rounded."""
        return self.target.rounding

    @property
    def weights_bytes(self) -> int:
        """The bytes of flash that the model's constants take."""
        return sum(constant.data.nbytes for constant in constants_in(self.block))


@dataclass(frozen=True)
class CompiledBundle:
    """Several models for one board, as they are in one arena.

    No arena for them is smaller than `lower_bound`; `optimal`: nor than theirs.
    """

    models: tuple[Compiled, ...]
    held: Bundle
    lower_bound: int
    optimal: bool

    def __repr__(self) -> str:
        return f"<CompiledBundle of {len(self.models)} models for {self.board.name}>"

    @property
    def board(self) -> Board:
        """What all of them were compiled for."""
        return self.models[0].board

    @property
    def common(self) -> Common | None:
        """What stands once for all models."""
        return self.models[0].common

    @property
    def weights_bytes(self) -> int:
        """The bytes of flash that the constants of all models take."""
        return sum(model.weights_bytes for model in self.models)


Whole = Compiled | CompiledBundle  # all that one firmware is made of
