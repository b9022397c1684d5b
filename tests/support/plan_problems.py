"""What the planner is given: graphs of any shape, and what the kernels in them ask for."""

import math
from dataclasses import replace

import cases
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from aot.graph.ir import Graph, Op, State, Tensor
from aot.ops.add import Add
from aot.ops.reshape import Reshape
from aot.plan import Overlap, Step

many = settings(max_examples=cases.PLANS, deadline=None)
_sizes = st.one_of(st.integers(1, 9), st.integers(1, 5000))


_overlaps = st.builds(
    Overlap,
    st.one_of(st.just(-math.inf), st.just(0), st.integers(-500, 100)),
    st.one_of(st.just(math.inf), st.integers(-500, 500)),
    st.sampled_from([1, 1, 1, 3, 16]),
)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Graph, list[Step]]:
    """A graph of any shape, views included, and what its kernels ask for. ADD stands for any operator."""
    types = st.sampled_from(["int8", "int8", "int8", "float32", "int64"])
    tensors = {f"x{i}": Tensor(f"x{i}", (draw(_sizes),), draw(types)) for i in range(draw(st.integers(1, 3)))}
    inputs = tuple(tensors)
    pending = [Tensor(f"s{i}", (draw(_sizes),), draw(types)) for i in range(draw(st.integers(0, 2)))]
    tensors.update({t.name: t for t in pending})
    states: list[State] = []
    ops: list[Op] = []
    steps: list[Step] = []
    for i in range(draw(st.integers(0, 12))):
        sources = draw(st.lists(st.sampled_from(sorted(tensors)), min_size=1, max_size=3))
        name = f"t{i}"
        if draw(st.integers(0, 3)) == 0:
            tensors[name] = replace(tensors[sources[0]], name=name, shape=(1, *tensors[sources[0]].shape))
            ops.append(Reshape(name=name, inputs=(sources[0],), outputs=(name,)))
            continue
        tensors[name] = Tensor(name, (draw(_sizes),), draw(types))
        if pending and draw(st.booleans()):
            state = pending.pop()
            tensors[name] = replace(state, name=name)
            states.append(State(state.name, name, np.zeros(state.shape, state.dtype)))
        ops.append(Add(name=name, inputs=tuple(sources), outputs=(name,)))
        allowed = [j for j, source in enumerate(sources) if tensors[source].bytes >= tensors[name].bytes]
        in_place = tuple(j for j in allowed if draw(st.booleans()))
        overlaps = {j: draw(_overlaps) for j in range(len(sources)) if draw(st.booleans())}
        steps.append(Step(tuple(sources), (name,), draw(st.sampled_from([0, 0, 1, 7, 640])), overlaps, in_place))
    for state in pending:  # next, something that is there
        tensors[f"{state.name}_n"] = replace(state, name=f"{state.name}_n")
        inputs = (*inputs, f"{state.name}_n")
        states.append(State(state.name, f"{state.name}_n", np.zeros(state.shape, state.dtype)))
    old = {state.current for state in states}
    old |= {op.outputs[0] for op in ops if isinstance(op, Reshape) and _root(op, ops) in old}
    outputs = draw(st.lists(st.sampled_from(sorted(tensors.keys() - old)), min_size=1, max_size=3, unique=True))
    graph = Graph("g", tensors, tuple(ops), inputs, tuple(outputs), tuple(states))
    graph.check()
    return graph, steps


def _root(op: Op, ops: list[Op]) -> str:
    """Whose memory a reshape shows."""
    source = str(op.inputs[0])
    before = next((o for o in ops if source in o.outputs), None)
    return _root(before, ops) if isinstance(before, Reshape) else source
