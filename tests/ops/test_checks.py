"""`check` on graphs that do not fit together: Unsupported with a reason, or else `evaluate` gives a value."""

import math
from dataclasses import fields, replace
from typing import Any

import graphs
import numpy as np
import pytest
from cases import FAULTY_CASES
from graphs_own import OWN

from aot.graph.fixedpoint import ROUNDINGS
from aot.graph.ir import Graph, Op, Quant, Tensor, Unsupported
from aot.ops.common import Activation
from aot.oracle.interpreter import run

_BUILDERS = {**graphs.BUILDERS, **OWN}
_OPERANDS = ("name", "inputs", "outputs")
_SCALES = (1e-45, 1e-38, 1e-20, 1e-6, 1.0, 1e6, 1e20, 3e38)


def _other_quant(rng: graphs.Rng, t: Tensor) -> Quant | None:
    if rng.random() < 0.2:
        return None
    count = int(rng.choice([1, 1, 1, 2, t.shape[0] if t.shape else 1]))
    scales = tuple(float(np.float32(rng.choice(_SCALES))) for _ in range(count))
    zeros = tuple(int(rng.choice([0, -128, 127, 128, -(2**31), 2**40])) for _ in range(count))
    return Quant(scales, zeros, int(rng.integers(0, 5)) if count > 1 else None)


def _other_shape(rng: graphs.Rng, t: Tensor) -> Tensor:
    dims = list(t.shape)
    kind = int(rng.integers(0, 3))
    if kind == 0 and dims:
        dims[int(rng.integers(0, len(dims)))] = int(rng.choice([1, 2, 3, 100]))
    elif kind == 1 and dims:
        dims.pop()
    else:
        dims.insert(0, int(rng.choice([1, 2])))
    shape = tuple(dims)
    return replace(t, shape=shape, data=None if t.data is None else np.resize(t.data, shape))


def _other_tensor(rng: graphs.Rng, t: Tensor) -> Tensor:
    kind = int(rng.integers(0, 4))
    if kind == 0:
        return replace(t, quant=_other_quant(rng, t))
    if kind == 1:
        return _other_shape(rng, t)
    if kind == 2:
        dtype = str(rng.choice(["int8", "uint8", "int16", "int32", "float32", "bool", "int64"]))
        return replace(t, dtype=dtype, data=None if t.data is None else t.data.astype(dtype))
    if t.data is not None and t.dtype == "int32":
        return replace(t, data=np.full_like(t.data, rng.choice([-(2**31), 2**31 - 1])))
    return replace(t, data=None)


def _other_attribute(rng: graphs.Rng, value: Any) -> Any:
    if isinstance(value, tuple):
        i = int(rng.integers(0, max(1, len(value))))
        return (*value[:i], *(_other_attribute(rng, v) for v in value[i : i + 1]), *value[i + 1 :])
    if isinstance(value, Activation):
        return Activation.RELU6
    if isinstance(value, Graph):
        return replace(value, **{str(rng.choice(["inputs", "outputs"])): value.outputs[:-1]})
    if isinstance(value, bool):
        return not value
    if isinstance(value, float):
        return float(rng.choice([0.0, -1.0, math.nan, math.inf, 1e38]))
    return int(rng.choice([-1, 0, 1, 2, 5, 1000, 2**31 - 1]))


def _other_op(rng: graphs.Rng, op: Op) -> Op:
    attributes = {f.name: getattr(op, f.name) for f in fields(op) if f.name not in _OPERANDS}
    kind = int(rng.integers(0, 4))
    if kind == 0:
        return replace(op, inputs=op.inputs[:-1])
    if kind == 1:
        return replace(op, inputs=(None, *op.inputs[1:]))
    if kind == 2 or not attributes:
        return replace(op, inputs=(*op.inputs, *op.inputs[:1]))
    key = str(rng.choice(list(attributes)))
    value = attributes[key]
    if key in ("axes", "permutation", "pads") and rng.random() < 0.3:
        return replace(op, **{key: value[:-1]})
    return replace(op, **{key: _other_attribute(rng, value)})


def _damaged(rng: graphs.Rng, graph: Graph) -> Graph:
    """One or two faults in a tensor or in the operator."""
    for _ in range(int(rng.integers(1, 3))):
        if rng.random() < 0.4:
            graph = replace(graph, ops=(_other_op(rng, graph.ops[0]),))
        else:
            name = str(rng.choice(list(graph.tensors)))
            graph = graph.with_tensors(_other_tensor(rng, graph[name]))
    free = tuple(n for n, t in graph.tensors.items() if not t.constant and n not in graph.outputs)
    return replace(graph, inputs=free)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", _BUILDERS)
def test_refused_with_a_reason_or_evaluated(name: str) -> None:
    for seed in range(FAULTY_CASES):
        rng = np.random.default_rng([seed, 7])
        graph = _damaged(rng, _BUILDERS[name](rng))
        try:
            graph.ops[0].check(graph)
        except Unsupported as reason:
            assert reason.what
            continue
        inputs = {n: graphs.values(rng, graph[n]) for n in graph.inputs}
        for rounding in ROUNDINGS:
            run(graph, inputs, rounding)
