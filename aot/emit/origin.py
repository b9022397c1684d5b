"""What the header says of the build: what the code was made for, and what the core must be set to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aot.emit.helpers import UNALIGNED
from aot.kernels.call import Block, Constant, Params

_BASE = ("m0", "rv32")  # features that are the core's whole architecture, which its name says


@dataclass(frozen=True)
class Origin:
    """Board and core that the code was made for, and the options, as the command line has them."""

    board: str
    core: str
    features: tuple[str, ...]
    options: str

    @property
    def target(self) -> str:
        """Board and core in words."""
        more = [feature for feature in self.features if feature not in _BASE]
        core = self.core + (f" with {', '.join(more)}" if more else "")
        return core if self.board == self.core else f"{self.board}, {core}"


def settings(block: Block, needs: Sequence[str]) -> Iterator[str]:
    """What must hold of the core for the code of `block`, which has these `needs`."""
    if UNALIGNED in needs:
        yield "loads and stores words at any address: CCR.UNALIGN_TRP is 0, as after reset"
    if any(_is_real(one) for one in _blocks(block)):
        yield "rounds floats to nearest: on Arm, FPSCR.RMode is 0, as after reset; compile with -ffp-contract=off"
        yield "computes float as float: FLT_EVAL_METHOD is 0; where it is not (s390x, x87), the last bits differ"


def _blocks(block: Block) -> Iterator[Block]:
    """The block itself, and all inside it."""
    yield block
    for call in block.calls:
        for inner in call.blocks.values():
            yield from _blocks(inner)


def _is_real(block: Block) -> bool:
    """Whether it calculates with floats."""
    tensors = block.graph.tensors.values()
    return any(t.dtype == "float32" for t in tensors) or any(_has_reals(call.params) for call in block.calls)


def _has_reals(params: Params) -> bool:
    return any(
        isinstance(value, float)
        or (isinstance(value, Constant) and value.data.dtype.kind == "f")
        or (isinstance(value, Params) and _has_reals(value))
        for _, value in params.members()
    )
