"""Rewrites a graph: operators in the types chosen for them, conversions between where types meet."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from aot.graph.ir import Array, Graph, Op, Quant, State, Tensor, prune_tensors
from aot.ops.dequantize import Dequantize
from aot.ops.quantize import Quantize
from aot.quantizer.forms import Form, Forms, Types, weight_names

Weights = Callable[[Op, Tensor], tuple[Tensor, Tensor]]  # of a layer whose input is this tensor


def convert(graph: Graph, types: Types, forms: Forms, weights: Weights, io: str) -> Graph:
    """`graph` with each operator in its type. Inputs and outputs of float32 stay so, or become codes if `io` says so.

    An integer input has the type of what reads it, an output that of what computes it; else it is `io`.

    Tensors keep their names, whatever their type; an output that is computed in another type than it is given in is
    computed under a name of its own.
    """
    return _without_identities(_Converter(graph, types, forms, weights, io).converted())


class _Converter:
    """The graph as far as it is rewritten: where each float32 tensor of the old one is now, and copies of it."""

    def __init__(self, graph: Graph, types: Types, forms: Forms, weights: Weights, io: str) -> None:
        self._graph, self._types, self._forms, self._weights, self._io = graph, types, forms, weights, io
        self._ops: list[Op] = []
        self._home: dict[str, Tensor] = {}
        self._copies: dict[Form | str, Tensor] = {}
        self._tensors = {t.name: t for t in graph.tensors.values() if t.dtype != "float32"}

    def converted(self) -> Graph:
        inputs = tuple(self._input(name) for name in self._graph.inputs)
        currents = [self._current(state) for state in self._graph.state]
        for op in self._graph.ops:
            self._rewrite(op)
        pairs = zip(currents, self._graph.state, strict=True)
        states = tuple(self._kept(current, state) for current, state in pairs)
        outputs = tuple(self._output(name) for name in self._graph.outputs)
        return Graph(self._graph.name, self._tensors, tuple(self._ops), inputs, outputs, states)

    def _add(self, tensor: Tensor) -> Tensor:
        self._tensors[tensor.name] = tensor
        return tensor

    def _unused(self, name: str) -> str:
        return self._graph.with_tensors(*self._tensors.values()).unused(name)

    def _real(self, name: str | None) -> bool:
        return name is not None and self._graph[name].dtype == "float32"

    def _input(self, name: str) -> str:
        tensor = self._graph[name]
        if self._real(name) and self._io != "float32":
            form = next((f for f in self._forms.operands.values() if f.tensor == name), Form(name, self._io))
            tensor = replace(tensor, dtype=form.dtype, quant=self._forms.quants[form])
        self._home[name] = self._add(tensor)
        return name

    def _current(self, state: State) -> str:
        if not self._real(state.current):
            return state.current
        form, _ = self._forms.states.get(state.current, (Form(state.current, "float32"), None))
        return self._computed(state.current, form)

    def _kept(self, current: str, state: State) -> State:
        """The state under the name `current`; it begins as before, in its codes."""
        if not self._real(state.current):
            return state
        if state.current not in self._forms.states:
            return State(current, self._as_float(state.next), state.initial)
        _, form = self._forms.states[state.current]
        initial = quantized_codes(state.initial, self._forms.quants[form], form.dtype)
        return State(current, self._as_form(form).name, initial)

    def _rewrite(self, op: Op) -> None:
        dtype = self._types.get(op.name, "float32")
        if isinstance(op, Dequantize) and op.inputs[0] in self._tensors:
            self._home[op.outputs[0]] = self._tensors[op.inputs[0]]
        elif isinstance(op, Quantize) and self._real(op.inputs[0]):
            self._ops.append(replace(op, inputs=(self._now(op.inputs[0]).name,)))
        elif dtype == "float32":
            self._emit(op, tuple(self._as_float(n) if self._real(n) else n for n in op.inputs), dtype)
        else:
            self._emit(op, self._integer_inputs(op), dtype)

    def _emit(self, op: Op, inputs: tuple[str | None, ...], dtype: str) -> None:
        outputs = tuple(self._result(op, name, dtype) if self._real(name) else name for name in op.outputs)
        self._ops.append(replace(op, inputs=inputs, outputs=outputs))

    def _result(self, op: Op, name: str, dtype: str) -> str:
        """The tensor that holds what the operator computes as `name`."""
        return self._computed(name, Form(name, dtype) if dtype == "float32" else self._forms.operands[op.name, name])

    def _computed(self, name: str, form: Form) -> str:
        """The tensor that holds `name` in this form; under another name where an output of the other kind has that."""
        converted = name in self._graph.outputs and (form.dtype == "float32") != (self._io == "float32")
        own = self._unused(f"{name}_{form.dtype}") if converted else name
        label = own if converted else self._graph[name].label
        quant = self._forms.quants.get(form)  # float32 has none
        self._home[name] = self._add(replace(self._graph[name], name=own, dtype=form.dtype, quant=quant, label=label))
        return own

    def _integer_inputs(self, op: Op) -> tuple[str | None, ...]:
        beside = weight_names(op)
        names = [
            self._as_form(self._forms.operands[op.name, n]).name if n is not None and self._real(n) else n
            for n in op.inputs
            if n not in beside or n is None
        ]
        if not beside:
            return tuple(names)
        made = self._weights(op, self._tensors[names[0] or ""])
        return (names[0], *(self._constant(tensor).name for tensor in made))

    def _constant(self, tensor: Tensor) -> Tensor:
        """The constant, under another name where its own has been given to other codes."""
        there = self._tensors.get(tensor.name)
        if there is None:
            return self._add(tensor)
        if there.dtype == tensor.dtype and there.quant == tensor.quant and np.array_equal(there.values, tensor.values):
            return there
        name = self._unused(tensor.name)
        return self._add(replace(tensor, name=name, label=name))

    def _now(self, name: str | None) -> Tensor:
        """Where a float32 tensor of the old graph is: as it was computed, or a constant."""
        tensor = self._graph[name]
        return self._home.get(tensor.name) or self._constant(tensor)

    def _as_form(self, form: Form) -> Tensor:
        quant = self._forms.quants[form]
        tensor = self._graph[form.tensor]
        if tensor.data is not None:
            codes = quantized_codes(tensor.data, quant, form.dtype)
            return self._constant(replace(tensor, dtype=form.dtype, quant=quant, data=codes))
        now = self._home[form.tensor]
        if now.dtype == form.dtype and now.quant == quant:
            return now
        if form not in self._copies:
            name = self._unused(f"{form.tensor}_{form.dtype}")
            copy = self._add(replace(now, name=name, dtype=form.dtype, quant=quant, label=name))
            self._ops.append(Quantize(name=name, inputs=(now.name,), outputs=(name,)))
            self._copies[form] = copy
        return self._copies[form]

    def _as_float(self, operand: str | None) -> str:
        now, name = self._now(operand), self._graph[operand].name
        if now.dtype == "float32":
            return now.name
        if name not in self._copies:
            wanted = self._io == "float32" and name in self._graph.outputs
            own = name if wanted else self._unused(f"{name}_float")
            label = self._graph[name].label if wanted else own
            self._copies[name] = self._add(replace(now, name=own, dtype="float32", quant=None, label=label))
            self._ops.append(Dequantize(name=own, inputs=(now.name,), outputs=(own,)))
        return self._copies[name].name

    def _output(self, name: str) -> str:
        if not self._real(name) or self._graph[name].constant:
            return self._now(name).name if self._real(name) else name
        now = self._home[name]
        if (now.dtype == "float32") == (self._io == "float32") or name in self._graph.inputs:
            return now.name
        if name not in self._tensors:
            self._ops.append(self._conversion(now, name))
        return name

    def _conversion(self, now: Tensor, name: str) -> Op:
        """What makes the output `name` of a tensor of the other kind."""
        if self._io == "float32":
            self._add(replace(self._graph[name], dtype="float32", quant=None))
            return Dequantize(name=name, inputs=(now.name,), outputs=(name,))
        self._add(replace(self._graph[name], dtype=self._io, quant=self._forms.quants[Form(name, self._io)]))
        return Quantize(name=name, inputs=(now.name,), outputs=(name,))


def _without_identities(graph: Graph) -> Graph:
    """Without requantizations to the scale and zero point that the tensor has already."""
    same: dict[str | None, str | None] = {}
    kept: list[Op] = []
    for op in graph.ops:
        op = replace(op, inputs=tuple(same.get(name, name) for name in op.inputs))
        x, y = (graph[op.inputs[0]], graph[op.outputs[0]]) if isinstance(op, Quantize) else (None, None)
        if x is None or y is None or (x.dtype, x.quant) != (y.dtype, y.quant) or y.name in graph.wanted:
            kept.append(op)
        else:
            same[y.name] = x.name
    return prune_tensors(replace(graph, ops=tuple(kept)))


def quantized_codes(real: Array, quant: Quant, dtype: str) -> Array:
    """The nearest codes of reals; what is out of range saturates."""
    info = np.iinfo(dtype)
    codes = np.rint(real.astype(np.float64) / quant.scale[0]) + quant.zero_point[0]
    return np.asarray(np.clip(codes, info.min, info.max).astype(dtype))
