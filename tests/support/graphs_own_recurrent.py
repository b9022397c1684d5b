"""Seeded graphs of recurrent layers that no .tflite file can say: of other kinds, or with states that are not kept."""

from collections.abc import Callable
from dataclasses import replace

import graphs
import graphs_recurrent
import numpy as np
from graphs import Rng
from graphs_recurrent import Builder, remembering

from aot.graph.ir import Graph, Op, Tensor, prune_tensors
from aot.ops.gru import Gru
from aot.ops.recurrent import FUNCTIONS


def _not_kept(rng: Rng, op: Op, constants: list[Tensor], x: Tensor, y: Tensor, states: list[Tensor]) -> Graph:
    """States that are inputs or constants; what becomes of them goes out."""
    first = states
    if rng.random() < 0.5:
        zeros = rng.random() < 0.5
        first = [replace(s, data=np.float32(rng.normal(size=s.shape) * (not zeros))) for s in states]
    following = [replace(s, name=name) for s, name in zip(states, op.outputs[1:], strict=True)]
    free = tuple(t.name for t in (x, *first) if not t.constant)
    graph = Graph("net", {t.name: t for t in (*constants, x, *first, y, *following)}, (op,), free, op.outputs)
    graph.check()
    return graph


def gru(rng: Rng) -> Graph:
    """The state reset before it is multiplied, and after; either way; states that are kept, given or constant."""
    shape, batches, time_major = graphs_recurrent._sequence(rng)
    units, reset_after = graphs.size(rng, 9), bool(rng.random() < 0.6)
    weights = graphs_recurrent._weights
    constants = [weights(rng, "w", 3 * units, shape[-1]), weights(rng, "r", 3 * units, units)]
    constants.append(weights(rng, "b", 3 * units))
    inner = [weights(rng, "inner", units)] if reset_after and rng.random() < 0.7 else []
    x, y, h = (
        Tensor(n, s, "float32") for n, s in zip("xyh", (shape, (*shape[:-1], units), (batches, units)), strict=True)
    )
    op = Gru(
        name="y",
        inputs=("x", "w", "r", "b", "inner" if inner else None, "h"),
        outputs=("y", "h_next"),
        reset_after=reset_after,
        time_major=time_major,
        reverse=bool(rng.random() < 0.5),
    )
    make = remembering if rng.random() < 0.3 else _anew(rng)
    return make(op, [*constants, *inner], [x], y, [h])


def _anew(rng: Rng) -> Callable[..., Graph]:
    return lambda op, constants, inputs, y, states: _not_kept(rng, op, constants, *inputs, y, states)


def rnn(rng: Rng) -> Graph:
    """Any function, either way."""
    return _changed(rng, graphs_recurrent.rnn(rng), function=str(rng.choice(FUNCTIONS)))


def lstm(rng: Rng) -> Graph:
    """With and without all that may be left out, either way."""
    return _changed(rng, graphs_recurrent.lstm(rng))


def _changed(rng: Rng, graph: Graph, **attributes: object) -> Graph:
    (op,) = graph.ops
    op = op.changed(**attributes, reverse=bool(rng.random() < 0.6))
    states = [graph[state.current] for state in graph.state]
    constants = [t for t in graph.tensors.values() if t.constant]
    return _not_kept(rng, op, constants, graph["x"], graph["y"], states)


def last(builder: Builder) -> Builder:
    """Its last states alone, where it gives those of all steps."""

    def build(rng: Rng) -> Graph:
        graph = builder(rng)
        (op,) = graph.ops
        op = op.changed(name=op.outputs[1], outputs=op.outputs[1:])
        state = tuple(s for s in graph.state if s.next in op.outputs)
        outputs = tuple(n for n in op.outputs if n not in {s.next for s in state}) or op.outputs
        return prune_tensors(replace(graph, ops=(op,), outputs=outputs))

    return build


_BUILDERS: dict[str, Builder] = {"Gru": gru, "Lstm anew": lstm, "Rnn anew": rnn}
OWN: dict[str, Builder] = {**_BUILDERS, **{f"{name} last": last(builder) for name, builder in _BUILDERS.items()}}
