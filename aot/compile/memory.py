"""Where the arena of a model lies, and whether all that a firmware needs fits its board."""

from collections.abc import Sequence
from dataclasses import replace

from aot.base.errors import AotError
from aot.graph.deployment import Held, Weights
from aot.graph.interface import Interface
from aot.kernels import Block
from aot.lower.memories import placed_in, pools_of
from aot.plan import Plan
from aot.project.firmware import FLASH_BESIDE_MODEL, copied_bytes, ram_beside, ram_beside_arena
from aot.targets import Board


def place(
    block: Block, interface: Interface, weights: Weights, benchmark: str, board: Board, pools: Sequence[str]
) -> Block:
    """`block` in the memories that the board has, or in the `pools` that the user wants."""
    beside = ram_beside(board, weights.in_ram_bytes, copied_bytes(interface, benchmark))
    return replace(block, plan=_placed(block, beside, board, tuple(pools)))


def _placed(block: Block, beside: int, board: Board, pools: tuple[str, ...]) -> Plan:
    """The plan; where `ram` is the only memory for it, there is no choice."""
    if pools == ("ram",) or (len(board.rams) <= 1 and not pools):
        return replace(block.plan, pool="ram")
    return placed_in(block, pools_of(board, beside, pools), board, apart=bool(pools))


def flash_for_model(board: Board) -> float:
    """What a model that would also do with less may take: an eighth of the board's flash is for what is beside it."""
    memory = board.memory("flash")
    return float("inf") if memory is None else memory.size * 7 / 8 - FLASH_BESIDE_MODEL


def check_memory(held: Held, board: Board, arena: int, weights: int) -> None:
    """Refuse before compiling what cannot fit: not even with an empty program beside the weights."""
    _check_fits(held, board, "flash", weights + FLASH_BESIDE_MODEL, f"{weights:,} of weights")
    copied = sum(model.weights.in_ram_bytes for model in held.models)
    most = f"{arena:,} of arena" + (f", {copied:,} of weights" if copied else "")
    _check_fits(held, board, "ram", arena + ram_beside_arena(held, board), most)


def _check_fits(held: Held, board: Board, name: str, need: int, most: str) -> None:
    memory = board.memory(name)
    if memory is not None and need > memory.size:
        shown = "RAM" if name == "ram" else name
        raise AotError(
            f"{held.title} does not fit {board.name}: it needs {need:,} bytes of {shown} ({most}), "
            f"the board has {memory.size:,}",
            "a board with more memory: `aot boards` lists them",
            "a smaller model: fewer channels, a smaller input",
        )
