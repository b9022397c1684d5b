"""Control flow as C: a function for each graph inside, and one that carries values in and out and calls them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aot.base.templating import Fragment, fragment
from aot.emit.places import Place, base_of, place, pools_in
from aot.kernels.call import Block, Call
from aot.plan import scratch_name

_INSIDE = "inside"  # the memory of a graph inside, in the function that calls it


@dataclass(frozen=True)
class Copy:
    """One memcpy between the memory of a graph and that of a graph inside it."""

    target: Place
    source: Place
    bytes: int
    comment: str


@dataclass(frozen=True)
class Inside:
    """What the function of control flow needs of a graph inside: its function, and what goes in and comes out."""

    function: str
    copies_in: tuple[Copy, ...]
    copies_out: tuple[Copy, ...]
    verdict: Place


@dataclass(frozen=True)
class Control:
    """What the template of control flow prints. `begin` is for loops, `condition` for all else."""

    function: str
    comment: str
    inside: dict[str, Inside]
    memory: Place
    begin: tuple[Copy, ...]
    condition: Place | None

    @property
    def copies(self) -> list[Copy]:
        """Every memcpy."""
        return [*self.begin, *(copy for one in self.inside.values() for copy in one.copies_in + one.copies_out)]

    @property
    def places(self) -> list[Place]:
        """Every address that it uses."""
        ends = [end for copy in self.copies for end in (copy.target, copy.source)]
        return [self.memory, *ends, *([self.condition] if self.condition else [])]


def control_of(constants: str, block: Block, call: Call) -> Control:
    """What is printed of a call with graphs inside, in `block`."""
    loop = call.kernel.name == "while_loop"
    return Control(
        function=f"run_{call.outputs[0]}",
        comment=str(call.op),
        inside={name: _inside(constants, block, call, name, loop) for name in call.blocks},
        memory=place(block.plan, scratch_name(call.outputs[0])),
        begin=_begin(constants, block, call) if loop else (),
        condition=None if loop else source(constants, block, call.inputs[0]),
    )


def control_function(control: Control, bases: Sequence[str], call: Call) -> Fragment:
    """The function of control flow, which takes the arenas in `bases`."""
    parameters = ", ".join(f"int8_t *{base}" for base in bases)
    return fragment(f"kernels/{call.kernel.template}.c.j2", parameters=parameters, control=control)


def bases_in(control: Control, block: Block) -> list[str]:
    """The arenas that the function of control flow takes: those that it uses."""
    return [base_of(block.plan, pool) for pool in pools_in(block.plan, control.places)]


def inside_function(call: Call, name: str) -> str:
    """The function of a graph inside. Not called `run_...`: this might be what runs a tensor of that name."""
    return f"{name}_of_{call.outputs[0]}"


def source(constants: str, block: Block, name: str) -> Place:
    """Where a value of `block` lies, be it a constant in flash."""
    return Place(f"{constants}{name}_data") if block.graph[name].constant else place(block.plan, name)


def _inside(constants: str, block: Block, call: Call, name: str, loop: bool) -> Inside:
    inner = call.blocks[name]
    carried = call.outputs if loop else call.inputs[1:]
    changed = () if name == "condition" else _changed(call.outputs, inner, loop)
    return Inside(
        function=inside_function(call, name),
        copies_in=tuple(_copies_in(constants, block, carried, inner, changed)),
        copies_out=tuple(_copies_out(block, inner, changed)),
        verdict=_within(inner, inner.graph.outputs[0]),
    )


def _within(inner: Block, name: str) -> Place:
    """Where a value of a graph inside lies in the memory that it is given."""
    return Place(_INSIDE, inner.plan.offset_of(name))


def _begin(constants: str, block: Block, call: Call) -> tuple[Copy, ...]:
    """What is carried from step to step begins as the inputs, where it does not lie there already."""
    pairs = list(zip(call.inputs, call.outputs, strict=True))
    return tuple(
        Copy(place(block.plan, name), source(constants, block, given), block.graph[name].bytes, f"%{name} = %{given}")
        for given, name in pairs
        if source(constants, block, given) != place(block.plan, name)
    )


def _changed(names: Sequence[str], inner: Block, loop: bool) -> tuple[tuple[str, str], ...]:
    """The outputs of control flow, each with what the graph inside gives; of a loop, those that a step changes."""
    pairs = tuple(zip(names, inner.graph.outputs, strict=True))
    return tuple(p for p, own in zip(pairs, inner.graph.inputs, strict=True) if p[1] != own) if loop else pairs


def _copies_in(
    constants: str, block: Block, names: Sequence[str], inner: Block, changed: Sequence[tuple[str, str]]
) -> Iterator[Copy]:
    """What the graph inside reads, or gives as it is."""
    read = {name for op in inner.graph.ops for name in op.inputs} | {own for _, own in changed}
    if not changed:  # a condition, which may be a value as it goes in
        read |= set(inner.graph.outputs)
    for name, own in zip(names, inner.graph.inputs, strict=True):
        if own in read:
            size = block.graph[name].bytes
            yield Copy(_within(inner, own), source(constants, block, name), size, f"%{own} = %{name}")


def _copies_out(block: Block, inner: Block, changed: Sequence[tuple[str, str]]) -> Iterator[Copy]:
    for name, own in changed:
        yield Copy(place(block.plan, name), _within(inner, own), block.graph[name].bytes, f"%{name} = %{own}")
