"""The arrays of a model that go to flash."""

from collections.abc import Iterator, Sequence

from aot.graph.ir import Array, Graph
from aot.kernels.call import Block, Call, Constant, constants_of


def constants_in(block: Block) -> list[Constant]:
    """The arrays that go to flash, each once."""
    return list({constant.name: constant for constant in _all(block)}.values())


def _all(block: Block) -> Iterator[Constant]:
    """What the calls read, and initial states."""
    yield from constants_read(block.graph, block.calls)
    for state in block.graph.state:
        if fill_of(state.initial) is None:
            yield Constant(f"{state.current}_initial", state.initial, f"%{state.current} before the first run")


def constants_read(graph: Graph, calls: Sequence[Call]) -> Iterator[Constant]:
    """The parameters of every call, and constants that are passed as operands."""
    for call in calls:
        yield from constants_of(call.params)
        for block in call.blocks.values():
            yield from _all(block)
    operands = {name: graph[name] for call in calls for name in call.inputs if graph[name].constant}
    for name, tensor in operands.items():
        yield Constant(f"{name}_data", tensor.values, f"%{name}, a constant of the graph")


def fill_of(initial: Array) -> int | None:
    """The value of all bytes of a state's initial value, where they are the same: then no array is needed."""
    values = set(initial.tobytes())
    return values.pop() if len(values) == 1 else None
