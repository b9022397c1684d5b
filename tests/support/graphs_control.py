"""Seeded graphs of control flow: branches and loops over any types, whose insides differ."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import graphs
import numpy as np
from graphs import Rng

from aot.graph.ir import Graph, Op, Quant, State, Tensor
from aot.ops.add import Add, Sub
from aot.ops.binary import LogicalAnd, Maximum, Minimum
from aot.ops.comparison import Less
from aot.ops.control import If, While
from aot.ops.relu import Relu

Builder = Callable[[Rng], Graph]
_QUANT = Quant((0.05,), (-3,))


def graph(name: str, tensors: list[Tensor], ops: list[Op], inputs: list[str], outputs: list[str]) -> Graph:
    """A graph that has been checked."""
    result = Graph(name, {t.name: t for t in tensors}, tuple(ops), tuple(inputs), tuple(outputs))
    result.check()
    return result


def _like(name: str, t: Tensor, data: int | None = None) -> Tensor:
    return Tensor(name, t.shape, t.dtype, t.quant, None if data is None else np.full(t.shape, data, t.dtype))


def _one(kind: type[Op], y: str, *inputs: str) -> Op:
    return kind(name=y, inputs=inputs, outputs=(y,))


def _values(rng: Rng) -> tuple[Tensor, Tensor]:
    """Two of any shapes, one of int8, the other of plain numbers."""
    x = Tensor("x", graphs.shape(rng, int(rng.integers(1, 4))), "int8", _QUANT)
    return x, Tensor("z", graphs.shape(rng, int(rng.integers(1, 3))), str(rng.choice(["float32", "int32", "int64"])))


def branch(rng: Rng, prefix: str, x: Tensor, z: Tensor) -> Graph:
    """Of two values it makes two: one computed or handed on, the other handed on or a constant."""
    a, b, k = _like(f"{prefix}_a", x), _like(f"{prefix}_b", z), _like(f"{prefix}_k", z, int(rng.integers(-100, 100)))
    p, q = _like(f"{prefix}_p", x), _like(f"{prefix}_q", x)
    second = str(rng.choice([b.name, k.name]))
    if rng.random() < 0.3:
        return graph(prefix, [a, b, k], [], [a.name, b.name], [a.name, second])
    ops = [_one(Maximum, p.name, a.name, a.name), _one(Relu, q.name, p.name)]
    return graph(prefix, [a, b, k, p, q], ops, [a.name, b.name], [q.name, second])


def branches(rng: Rng) -> Graph:
    """Two values in, two out; at times one is a constant outside."""
    x, z = _values(rng)
    if rng.random() < 0.2:
        z = _like("z", z, 5)
    c, y, w = Tensor("c", (1,), "bool"), _like("y", x), _like("w", z)
    op = If(name="y", inputs=("c", "x", "z"), outputs=("y", "w"),
            then=branch(rng, "t", x, z), otherwise=branch(rng, "e", x, z))  # fmt: skip
    return graph("net", [c, x, z, y, w], [op], ["c", "x"] if z.constant else ["c", "x", "z"], ["y", "w"])


def _condition(prefix: str, x: Tensor, z: Tensor, most: int) -> Graph:
    """Whether the first value is below the second, and below `most`."""
    i, n, m = (Tensor(f"{prefix}_{name}", (1,), "int32") for name in "inm")
    a, b, k = _like(f"{prefix}_a", x), _like(f"{prefix}_b", z), _like(f"{prefix}_most", i, most)
    ops = [_one(Minimum, m.name, n.name, k.name), _one(Less, f"{prefix}_c", i.name, m.name)]
    inputs = [i.name, n.name, a.name, b.name]
    return graph(prefix, [i, n, m, a, b, k, Tensor(f"{prefix}_c", (1,), "bool")], ops, inputs, [f"{prefix}_c"])


def _body(prefix: str, x: Tensor, z: Tensor) -> Graph:
    """Counts the first value, from zero at least; rectifies the third, doubles the fourth."""
    i, j, n = (Tensor(f"{prefix}_{name}", (1,), "int32") for name in "ijn")
    a, d = _like(f"{prefix}_a", x), _like(f"{prefix}_d", x)
    b, e, k = _like(f"{prefix}_b", z), _like(f"{prefix}_e", z), _like(f"{prefix}_one", i, 1)
    p, none = _like(f"{prefix}_p", i), _like(f"{prefix}_none", i, 0)
    ops = [
        _one(Maximum, p.name, i.name, none.name),
        _one(Add, j.name, p.name, k.name),
        _one(Relu, d.name, a.name),
        _one(Add, e.name, b.name, b.name),
    ]
    inputs = [i.name, n.name, a.name, b.name]
    return graph(prefix, [i, j, n, a, d, b, e, k, p, none], ops, inputs, [j.name, n.name, d.name, e.name])


def loop(rng: Rng, prefix: str = "") -> Graph:
    """As many steps as one of the inputs says, at most 7: known on the device alone."""
    x, z = _values(rng)
    zero, n = Tensor(f"{prefix}zero", (1,), "int32", data=np.zeros(1, np.int32)), Tensor(f"{prefix}n", (1,), "int32")
    x, z = _like(f"{prefix}x", x), _like(f"{prefix}z", z)
    outputs = [_like(f"{prefix}{name}", t) for name, t in zip("iney", (zero, n, x, z), strict=True)]
    outputs = [outputs[0], _like(f"{prefix}n_out", n), *outputs[2:]]
    op = While(name=outputs[0].name, inputs=(zero.name, n.name, x.name, z.name),
               outputs=tuple(t.name for t in outputs), condition=_condition(f"{prefix}cond", x, z, 7),
               body=_body(f"{prefix}body", x, z))  # fmt: skip
    return graph("net", [zero, n, x, z, *outputs], [op], [n.name, x.name, z.name], [t.name for t in outputs])


def loop_in_a_branch(rng: Rng) -> Graph:
    """Control flow inside control flow: the loop, or its inputs as they are."""
    inner = loop(rng, "loop_")
    n, x, z = (inner[name] for name in inner.inputs)
    counted = _like("count", n, 3)
    as_they_are = [_like(f"e_{t.name}", t) for t in (n, x, z)]
    names = [t.name for t in as_they_are]
    otherwise = graph("e", [*as_they_are, counted], [], names, [counted.name, *names])
    outer = [_like(f"o_{t.name}", t) for t in (n, x, z)]
    outputs = [_like(f"r_{name}", inner[name]) for name in inner.outputs]
    c = Tensor("c", (), "bool")
    op = If(name=outputs[0].name, inputs=("c", *(t.name for t in outer)), outputs=tuple(t.name for t in outputs),
            then=inner, otherwise=otherwise)  # fmt: skip
    return graph("net", [c, *outer, *outputs], [op], ["c", *(t.name for t in outer)], [t.name for t in outputs])


def _variables(rng: Rng, real: bool = False) -> tuple[Tensor, list[Tensor], list[State]]:
    """A value, and two variables of its type that begin as something else."""
    x = _values(rng)[int(rng.integers(2))]
    x = replace(x, name="x", dtype="float32", quant=None) if real else replace(x, name="x")
    held = [_like("v", x), _like("w", x)]
    initial = [rng.integers(-20, 20, x.shape).astype(x.dtype) for _ in held]
    return x, held, [State(t.name, f"{t.name}_next", i) for t, i in zip(held, initial, strict=True)]


def _larger(prefix: str, x: Tensor, kept: str) -> Graph:
    """Of a value, and of the variables v and w, those of these, and of p and q made of them, that `kept` names.

    None twice: LiteRT then answers with what it has not written.
    """
    a, v, w, p, q = (_like(f"{prefix}_{name}", x) for name in "avwpq")
    ops = [_one(Maximum, p.name, a.name, v.name), _one(Minimum, q.name, p.name, w.name)]
    names = {"v": v.name, "w": w.name, "p": p.name, "q": q.name}
    return graph(prefix, [a, v, w, p, q], ops, [a.name, v.name, w.name], [names[k] for k in kept])


def variables_in_a_branch(rng: Rng, real: bool = False) -> Graph:
    """Each branch changes one of two variables, or both, or none."""
    x, held, states = _variables(rng, real)
    c, made = Tensor("c", (1,), "bool"), [_like(name, x) for name in ("y", "v_next", "w_next")]
    then, otherwise = (_larger(prefix, x, "q" + str(rng.choice(["pw", "vp", "wp", "vw"]))) for prefix in "te")
    op = If(name="y", inputs=("c", "x", "v", "w"), outputs=("y", "v_next", "w_next"), then=then, otherwise=otherwise)
    return _remembering(op, [c, x], made, held, states)


def variables_in_a_loop(rng: Rng) -> Graph:
    """As many steps as an input says; each counts in a variable, by which the condition ends the loop, and sets one."""
    x, held, states = _variables(rng)
    n, count = Tensor("n", (), "int32"), Tensor("v", (), "int32")
    held, states = [count, held[1]], [State("v", "v_next", np.zeros((), np.int32)), states[1]]
    i, v, a, w = (_like(f"b_{name}", t) for name, t in zip("ivaw", (n, count, x, x), strict=True))
    one, p, q, r = _like("b_one", n, 1), _like("b_p", n), _like("b_q", n), _like("b_r", x)
    body = graph("b", [i, v, a, w, one, p, q, r],
                 [_one(Sub, p.name, i.name, one.name), _one(Add, q.name, v.name, one.name),
                  _one(Maximum, r.name, a.name, w.name)],
                 [i.name, a.name, v.name, w.name], [p.name, r.name, q.name, a.name])  # fmt: skip
    j, u, b, z = (_like(f"c_{name}", t) for name, t in zip("jubz", (n, count, x, x), strict=True))
    zero, top = _like("c_zero", n, 0), _like("c_top", n, int(rng.integers(3, 12)))
    more, below, both = (Tensor(f"c_{name}", (), "bool") for name in ("more", "below", "both"))
    condition = graph("c", [j, u, b, z, zero, top, more, below, both],
                      [_one(Less, more.name, zero.name, j.name), _one(Less, below.name, u.name, top.name),
                       _one(LogicalAnd, both.name, more.name, below.name)],
                      [j.name, b.name, u.name, z.name], [both.name])  # fmt: skip
    made = [_like(name, t) for name, t in zip(("m", "y", "v_next", "w_next"), (n, x, count, x), strict=True)]
    op = While(name="m", inputs=("n", "x", "v", "w"), outputs=tuple(t.name for t in made),
               condition=condition, body=body)  # fmt: skip
    return _remembering(op, [n, x], made, held, states)


def _remembering(op: Op, inputs: list[Tensor], made: list[Tensor], held: list[Tensor], states: list[State]) -> Graph:
    tensors = {t.name: t for t in (*inputs, *made, *held)}
    outputs = tuple(t.name for t in made if not t.name.endswith("_next"))
    result = Graph("net", tensors, (op,), tuple(t.name for t in inputs), outputs, tuple(states))
    result.check()
    return result


BUILDERS: dict[str, Builder] = {
    "If": branches,
    "If with a loop": loop_in_a_branch,
    "If with variables": variables_in_a_branch,
    "If with float32 variables": partial(variables_in_a_branch, real=True),
    "While": loop,
    "While with variables": variables_in_a_loop,
}


def replaced(model: Graph, **graphs_inside: Graph) -> Graph:
    """The model with other graphs inside its only operator."""
    (op,) = model.ops
    changes: dict[str, Any] = dict(graphs_inside)
    return replace(model, ops=(replace(op, **changes),))


def with_outputs(inner: Graph, *names: str) -> Graph:
    """The graph with other outputs."""
    return replace(inner, outputs=names)
