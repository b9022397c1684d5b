"""How much memory is left beside a call in the arena, and which calls may take it."""

from aot.kernels import KERNELS, Block, Call, Target, candidates
from aot.kernels.call import constants_of
from aot.kernels.costs import code_bytes
from aot.plan import ALIGNMENT, Overlap, scratch_name
from aot.plan.overlap import most_shared
from aot.plan.records import aligned

_ROOMY = tuple({op for kernel in KERNELS if kernel.roomy for op in kernel.ops})


def tensors_with_room(block: Block, target: Target) -> frozenset[str]:
    """What a kernel with much scratch memory can compute in an arena of the block's size, by itself."""
    if target.optimize == "size":  # their weights are large
        return frozenset()
    ops = {op.outputs[0]: op for op in block.graph.ops if op.outputs and isinstance(op, _ROOMY)}
    found = set()
    for time, call in enumerate(block.calls):
        y = call.outputs[0] if call.outputs else ""
        if y in ops:
            calls, _ = candidates(ops[y], block.graph, target.with_room_for(y))
            roomy = [one for one in calls if one.kernel.roomy]
            found |= {y for one in roomy if bytes_needed(one, time, block) <= room_of(block, time)}
    return frozenset(found)


def within_flash(block: Block, target: Target) -> bool:
    """Whether constants and code leave some of the flash."""
    constants = {each.name: each.data.nbytes for call in block.calls for each in constants_of(call.params)}
    code = sum(code_bytes(name, target) for name in {call.kernel.name for call in block.calls})
    return sum(constants.values()) + code <= target.flash


def room_of(block: Block, time: int) -> int:
    """The bytes of the arena that a call can have for its own: those of no other buffer that lives then."""
    call = block.calls[time]
    own = {*call.inputs, *call.outputs, scratch_name(call.outputs[0])}
    live = [b for b in block.plan.buffers if b.first <= time <= b.last and not b.root and b.name not in own]
    return block.plan.size - sum(aligned(b.size) for b in live)


def bytes_needed(call: Call, time: int, block: Block) -> int:
    """The bytes of a call's own, the output as far over the input as may be."""
    x, y = block.graph[call.inputs[0]], block.graph[call.outputs[0]]
    dies = any(b.name == x.name and b.last == time for b in block.plan.buffers)
    shared = most_shared(x.bytes, y.bytes, call.overlaps.get(0, Overlap()), ALIGNMENT) if dies else 0
    return aligned(call.scratch) + aligned(x.bytes) + aligned(y.bytes) - shared
