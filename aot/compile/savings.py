"""What a float32 model would gain by int8: told from its layers and the prices of kernels, without any samples."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from aot.compile.records import Compiled
from aot.graph.ir import Array, Graph, Op, Quant, Tensor
from aot.kernels import Target, candidates
from aot.kernels.call import Call
from aot.quantizer.forms import choose_types

_CODES = Quant((0.05,), (-128,))  # of a layer's input and output: any would do
_PEAK = 127  # the largest code of a weight
_WORTH = 1.1  # times faster: less is not spoken of


@dataclass(frozen=True)
class Savings:
    """Bytes of all constant weights, now and with int8; how many times faster it is, None where nobody can tell."""

    model: str
    before: int
    after: int
    faster: float | None

    def __str__(self) -> str:
        gains = []
        if self.after < self.before:
            gains.append(f"{self.after:,} bytes of weights instead of {self.before:,}")
        if self.faster is not None and self.faster >= _WORTH:
            gains.append(f"{1 / self.faster:.0%} of the cycles")
        return f"{self.model} is float32; as int8, made by `aot quantize`, it takes about {' and '.join(gains)}"


def savings_of(compiled: Compiled) -> Savings | None:
    """None where nothing that has weights is float32, or where int8 would gain nothing."""
    graph, types = compiled.graph, choose_types(compiled.graph, "int8")[0]
    calls = [call for call in compiled.calls if _has_weights(call.op, graph) and types.get(call.op.name) == "int8"]
    weights = {t.name: t for t in (graph[call.op.inputs[1]] for call in calls)}
    before, after = sum(t.bytes for t in weights.values()), sum(t.elements for t in weights.values())
    faster = _faster(compiled, types) if compiled.board.memories else None  # kernels are priced for microcontrollers
    found = Savings(compiled.interface.name, before, after, faster)
    return found if after < before or (faster or 0) >= _WORTH else None


def _has_weights(op: Op, graph: Graph) -> bool:
    return op.scheme.channel_axis is not None and graph[op.inputs[0]].dtype == "float32"


def _faster(compiled: Compiled, types: Mapping[str, str]) -> float:
    """The ratio of estimated cycles where all that can be of int8 would be."""
    calls = [call for call in compiled.calls if types.get(call.op.name) == "int8"]
    total = sum(call.cost for call in compiled.calls)
    saved = sum(call.cost - _cost_as_int8(call, compiled.graph, compiled.target) for call in calls)
    return total / max(total - saved, 1.0)


def _cost_as_int8(call: Call, graph: Graph, target: Target) -> float:
    """What the cheapest kernel for the same layer costs; as much as now where there is none, or a dearer one."""
    names = [name for name in (*call.op.inputs, *call.op.outputs) if name is not None]
    tensors = {t.name: t for t in (_as_int8(call.op, graph[name]) for name in names)}
    twin = Graph(graph.name, tensors, (call.op,), call.op.inputs[:1], call.op.outputs)  # type: ignore[arg-type] # not None
    fitting, _ = candidates(call.op, twin, target)
    return min(call.cost, fitting[0].cost) if fitting else call.cost


def _as_int8(op: Op, tensor: Tensor) -> Tensor:
    """An operand in the type that it would have; its scale is made up, for no cost depends on it."""
    weights, bias = (*op.inputs[1:], None, None)[:2] if op.scheme.channel_axis is not None else (None, None)
    if tensor.name == bias:
        return replace(tensor, dtype="int32", data=np.zeros(tensor.shape, np.int32), quant=None)
    if tensor.name == weights:
        return replace(tensor, dtype="int8", quant=_scales(op, tensor), data=_codes(tensor))
    if tensor.dtype != "float32":
        return tensor
    data = None if tensor.data is None else _codes(tensor)
    return replace(tensor, dtype="int8", quant=_CODES, planes=False, data=data)


def _scales(op: Op, weights: Tensor) -> Quant:
    channels = weights.shape[op.scheme.weights_axis]
    return Quant(tuple(0.001 + 1e-6 * i for i in range(channels)), (0,) * channels, op.scheme.weights_axis)


def _codes(tensor: Tensor) -> Array:
    peak = max(float(np.abs(tensor.values).max(initial=0)), 1e-30)
    return np.rint(tensor.values * (_PEAK / peak)).astype(np.int8)
