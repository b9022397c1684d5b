"""Functions that a .tflite file has no operator for, as operators that it has: float32, to their last bits."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from aot.graph.ir import Graph, Op, Tensor
from aot.ops.add import Add
from aot.ops.binary import Maximum, Minimum
from aot.ops.clip import Clip
from aot.ops.division import Div
from aot.ops.functions import Elu, Exp, Log, Neg
from aot.ops.mul import Mul
from aot.ops.real_functions import RealFunction
from aot.ops.relu import Relu, Relu0To1
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.two_slopes import Abs


def composed(graph: Graph) -> Graph:
    """The graph without the float32 functions that others can stand for; what has no such form stays."""
    for op in graph.ops:
        if graph[op.outputs[0]].dtype != "float32":
            continue
        if isinstance(op, Clip):
            graph = _Chain(graph, op).finished(_clip)
        elif isinstance(op, RealFunction) and op.function in _COMPOSITIONS and op.alpha >= 0:
            graph = _Chain(graph, op).finished(_COMPOSITIONS[op.function])
    return graph


class _Chain:
    """Operators in the place of one, all on tensors of its shape."""

    def __init__(self, graph: Graph, op: Op) -> None:
        self._graph, self._op, self._ops = graph, op, list[Op]()
        self.x = op.inputs[0] or ""

    def do(self, kind: type[Op], *operands: str | float, **attributes: Any) -> str:
        """An operator on tensors and numbers; gives the tensor of its result."""
        inputs = tuple(o if isinstance(o, str) else self._number(o) for o in operands)
        name = self._graph.unused(f"{self._op.name}_{len(self._ops)}")
        self._add(replace(self._graph[self._op.outputs[0]], name=name, label=name))
        self._ops.append(kind(name=name, inputs=inputs, outputs=(name,), **attributes))
        return name

    def finished(self, compose: "Composition") -> Graph:
        """The graph with what `compose` does, the last of it under the operator's own name."""
        compose(self, self._op)
        last = replace(self._ops[-1], name=self._op.name, outputs=self._op.outputs)
        place = next(i for i, each in enumerate(self._graph.ops) if each is self._op)
        ops = (*self._graph.ops[:place], *self._ops[:-1], last, *self._graph.ops[place + 1 :])
        return replace(self._graph, ops=ops)

    def _number(self, value: float) -> str:
        name = self._graph.unused(f"{self._op.name}_{len(self._ops)}_number")
        self._add(Tensor(name, (), "float32", data=np.asarray(value, np.float32), label=name))
        return name

    def _add(self, tensor: Tensor) -> None:
        self._graph = self._graph.with_tensors(tensor)


Composition = Callable[[_Chain, Any], object]


def _clip(c: _Chain, op: Clip) -> None:
    y = c.x if np.isneginf(op.low) else c.do(Maximum, c.x, op.low)
    if not np.isposinf(op.high) or y == c.x:
        c.do(Minimum, y, min(op.high, float(np.finfo(np.float32).max)))


def _exponential(c: _Chain, below: float, above: float, steepness: float = 1.0) -> str:
    """above * x where x is positive, below * (exp(x * steepness) - 1) elsewhere."""
    negative = c.do(Minimum, c.x, 0.0)
    curve = c.do(Elu, negative if steepness == 1.0 else c.do(Mul, negative, steepness))
    line = c.do(Relu, c.x)
    return c.do(Add, line if above == 1.0 else c.do(Mul, line, above), c.do(Mul, curve, below))


def _softplus(c: _Chain, op: RealFunction) -> str:
    """max(x, 0) + log(1 + exp(-|x|))."""
    falling = c.do(Exp, c.do(Neg, c.do(Abs, c.x)))
    return c.do(Add, c.do(Relu, c.x), c.do(Log, c.do(Add, falling, 1.0)))


_COMPOSITIONS: dict[str, Composition] = {
    "celu": lambda c, op: _exponential(c, op.alpha, 1.0, 1 / op.alpha),
    "elu": lambda c, op: _exponential(c, op.alpha, 1.0),
    "hard_sigmoid": lambda c, op: c.do(Relu0To1, c.do(Add, c.do(Mul, c.x, op.alpha), op.beta)),
    "mish": lambda c, op: c.do(Mul, c.x, c.do(Tanh, _softplus(c, op))),
    "reciprocal": lambda c, op: c.do(Div, 1.0, c.x),
    "selu": lambda c, op: _exponential(c, op.alpha * op.beta, op.beta),
    "softplus": _softplus,
    "softsign": lambda c, op: c.do(Div, c.x, c.do(Add, c.do(Abs, c.x), 1.0)),
    "swish": lambda c, op: c.do(Mul, c.x, c.do(Logistic, c.x if op.alpha == 1.0 else c.do(Mul, c.x, op.alpha))),
}
