"""Which memories of a board the arena may lie in, and what of it goes where."""

import re
from collections.abc import Sequence
from dataclasses import replace

from aot.base.errors import AotError
from aot.graph.identifiers import identifier
from aot.kernels import Block
from aot.plan import Plan, Pool, Problem, scratch_name, split
from aot.plan.split import block_sizes
from aot.targets import Board

_CHOICE = re.compile(r"(?P<name>[a-z][a-z0-9]*)(?::(?P<size>[0-9]+))?(?:@(?P<speed>[0-9]+))?")
_ENDLESS = 1 << 40  # bytes of a memory that nobody has described


def pools_of(board: Board, beside: int, chosen: Sequence[str] = ()) -> tuple[Pool, ...]:
    """The memories for arenas, the fastest first: those `chosen` as `NAME[:BYTES][@SPEED]`, or all of the board's.

    `beside` are the bytes of `ram` that all else takes. AotError where the board has no such memory or not so much.
    """
    rooms = {
        memory.name: (memory.size - (beside if memory.name == "ram" else 0), memory.speed) for memory in board.rams
    }
    if not chosen:
        found = [(Pool(name, size), speed) for name, (size, speed) in rooms.items()] or [(Pool("ram", _ENDLESS), 1)]
    else:
        found = [_chosen_pool(text, board, rooms) for text in chosen]
    names = [pool.name for pool, _ in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise AotError(f"the memory {twice[0]} is named twice", "each --pool once")
    return tuple(pool for pool, _ in sorted(found, key=lambda one: -one[1]))


def _chosen_pool(text: str, board: Board, rooms: dict[str, tuple[int, int]]) -> tuple[Pool, int]:
    """A pool and its speed. Where the board's memories are not described, any name and size will do."""
    match = _CHOICE.fullmatch(text)
    if not match or identifier(match["name"]) != match["name"]:
        raise AotError(f"{text!r} names no memory", "NAME, NAME:BYTES or NAME:BYTES@SPEED: --pool dtcm:65536")
    name = match["name"]
    if board.memories and name not in rooms:
        raise AotError(f"{board.name} has no memory called {name}", f"its memories: {', '.join(rooms)}",
                       "a board of your own that lists it: aot boards --new")  # fmt: skip
    if not board.memories and match["size"] is None:
        raise AotError(f"the size of {name} is not known on {board.name}", f"--pool {name}:BYTES")
    room, speed = rooms.get(name, (_ENDLESS, 1))
    size = room if match["size"] is None else int(match["size"])
    if size > room:
        raise AotError(f"{board.name} has {max(0, room):,} bytes of {name} for an arena, not {size:,}",
                       f"--pool {name}")  # fmt: skip
    return Pool(name, size), speed if match["speed"] is None else int(match["speed"])


def placed_in(block: Block, pools: Sequence[Pool], board: Board, *, apart: bool) -> Plan:
    """The plan of `block` in `pools`: in the first alone that holds all of it, else split over all of them.

    Where `apart`, what does not fit in the first pool is not kept together in another one. AotError where nothing
    fits, with the bytes that are missing.
    """
    whole = block.plan
    for pool in pools[:1] if apart else pools:
        if whole.size <= pool.size:
            return replace(whole, pool=pool.name)
    found = split(whole.problem, heat_of(block), pools)
    if found.missing:
        rooms = " and ".join(f"{max(0, pool.size):,} of {pool.name}" for pool in pools)
        raise AotError(
            f"{block.graph.name} does not fit {board.name}: its arena of {whole.size:,} bytes needs "
            f"{found.missing:,} more than there are: {rooms}",
            "a board with more memory: `aot boards` lists them",
            "less RAM for more arithmetic: --max-ram",
            "a smaller model: fewer channels, a smaller input",
        )
    return found.plan


def heat_of(block: Block) -> dict[str, float]:
    """How hot each block of buffers is: cycles of access per byte of it.

    A call's estimated cycles are spread evenly over the bytes that it reads, writes and works in, each of which counts
    one more: so what is small, in calls that take long, is hottest.
    """
    problem = block.plan.problem
    owner = {b.name: (b.block, b.size) for b in problem.buffers}
    total = dict.fromkeys((b.block for b in problem.buffers), 0.0)
    for call in block.calls:
        names = {*call.inputs, *call.outputs, scratch_name(call.outputs[0])} & owner.keys()
        touched = sum(owner[name][1] for name in names)
        for name in sorted(names):
            place, size = owner[name]
            total[place] += size * (1 + call.cost / max(1, touched))
    return _per_byte(problem, total)


def _per_byte(problem: Problem, total: dict[str, float]) -> dict[str, float]:
    return {name: total[name] / max(1, size) for name, size in block_sizes(problem).items()}
