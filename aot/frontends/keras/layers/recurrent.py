"""Recurrent layers: loops over the steps of a sequence. Their state is kept from run to run where Keras keeps it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.elementwise import binary, scaled
from aot.frontends.building.movement import joined
from aot.frontends.keras.description import Layer
from aot.frontends.keras.layers.activation import function_of
from aot.frontends.keras.layers.common import as_real, real
from aot.frontends.keras.records import Call, Reader
from aot.graph.ir import Array, Op, Unsupported
from aot.ops.add import Add
from aot.ops.common import require
from aot.ops.gru import Gru
from aot.ops.mul import Mul
from aot.ops.rearrange import Reverse
from aot.ops.recurrent import FUNCTIONS, Lstm, Rnn

_CELLS = {"LSTM": "LSTMCell", "GRU": "GRUCell", "SimpleRNN": "SimpleRNNCell"}
_RNN_FUNCTIONS = {"linear": "none", **{name: name for name in FUNCTIONS if name != "none"}}


@dataclass(frozen=True)
class Kind:
    """A kind of cell: how many gates it has, how many states, and what computes its steps."""

    gates: int
    states: int
    emit: Callable[[Call, Layer, Value, Sequence[str], bool], list[Value]]


def _cell_weights(call: Call, layer: Layer, depth: int, gates: int, biases: int = 1) -> tuple[Array, Array, Array]:
    """Weights and recurrent weights with a row for each sum, and biases, which may be in several rows."""
    units = layer.integer("units")
    require(1 <= units <= 1 << 16, f"{units} units")
    cell = call.weights.inside("cell", _snake_cell(layer))
    names = ["kernel", "recurrent_kernel", *(["bias"] if layer.flag("use_bias", True) else [])]
    w, r, *rest = (data.astype(np.float32) for data in cell.take(*names))
    width = gates * units
    b = rest[0] if rest else np.zeros((biases, width), np.float32)
    shapes = [(w, (depth, width)), (r, (units, width)), (b.reshape(-1, width), (biases, width))]
    for data, shape in shapes:
        require(data.shape == shape, f"weights of shape {list(data.shape)}; expected {list(shape)}")
    return w.T, r.T, b.reshape(biases, width)


def _snake_cell(layer: Layer) -> str:
    return {"LSTM": "lstm_cell", "GRU": "gru_cell", "SimpleRNN": "simple_rnn_cell"}[layer.kind]


def _require_functions(layer: Layer) -> None:
    """Gates are sigmoids, and what goes through them hyperbolic tangents."""
    for name, wanted in (("activation", "tanh"), ("recurrent_activation", "sigmoid")):
        function = function_of(layer.config.get(name, wanted))
        require(function == wanted, f"{name} {function if isinstance(function, str) else function.kind}; "
                f"supported: {wanted}")  # fmt: skip


def _emitted(
    call: Call, kind: type[Op], x: Value, operands: Sequence[str | None], units: int, states: int, reverse: bool,
    **attributes: Any,
) -> list[Value]:  # fmt: skip
    """The outputs of all steps, and the last states."""
    shapes = [((*x.shape[:2], units), "float32"), *[((x.shape[0], units), "float32")] * states]
    return call.build.emit_all(kind, operands, shapes, reverse=reverse, **attributes)


def _lstm(call: Call, layer: Layer, x: Value, states: Sequence[str], reverse: bool) -> list[Value]:
    _require_functions(layer)
    build, units = call.build, layer.integer("units")
    w, r, b = _cell_weights(call, layer, x.shape[2], 4)
    parts = [
        [build.literal(np.ascontiguousarray(p), f"{build.label}/{name}") for p in np.split(data, 4)]
        for data, name in ((w, "kernel"), (r, "recurrent_kernel"), (b[0], "bias"))
    ]
    operands = (build.stored(x), *parts[0], *parts[1], *(None,) * 3, *parts[2], None, None, *states)
    return _emitted(call, Lstm, x, operands, units, 2, reverse)


def _gru(call: Call, layer: Layer, x: Value, states: Sequence[str], reverse: bool) -> list[Value]:
    """Keras' biases of update and reset are added to each other, in whatever row they are."""
    _require_functions(layer)
    build, units, after = call.build, layer.integer("units"), layer.flag("reset_after", True)
    w, r, b = _cell_weights(call, layer, x.shape[2], 3, 2 if after else 1)
    bias = b[0].copy()
    if after:
        bias[: 2 * units] += b[1, : 2 * units]
    names = [
        build.literal(np.ascontiguousarray(data), f"{build.label}/{name}")
        for data, name in ((w, "kernel"), (r, "recurrent_kernel"), (bias, "bias"))
    ]
    inner = build.literal(b[1, 2 * units :].copy(), f"{build.label}/inner_bias") if after else None
    operands = (build.stored(x), *names, inner, *states)
    return _emitted(call, Gru, x, operands, units, 1, reverse, reset_after=after)


def _simple(call: Call, layer: Layer, x: Value, states: Sequence[str], reverse: bool) -> list[Value]:
    function = function_of(layer.config.get("activation", "tanh"))
    require(function in _RNN_FUNCTIONS, f"activation {function if isinstance(function, str) else function.kind}; "
            f"supported: {', '.join(_RNN_FUNCTIONS)}")  # fmt: skip
    build, units = call.build, layer.integer("units")
    w, r, b = _cell_weights(call, layer, x.shape[2], 1)
    names = [
        build.literal(np.ascontiguousarray(data), f"{build.label}/{name}")
        for data, name in ((w, "kernel"), (r, "recurrent_kernel"), (b[0], "bias"))
    ]
    operands = (build.stored(x), *names, *states)
    return _emitted(call, Rnn, x, operands, units, 1, reverse, function=_RNN_FUNCTIONS[str(function)])


KINDS = {"LSTM": Kind(4, 2, _lstm), "GRU": Kind(3, 1, _gru), "SimpleRNN": Kind(1, 1, _simple)}


def _unwrapped(layer: Layer) -> Layer:
    """A layer RNN of one cell, as the layer that it amounts to."""
    cell = layer.inner("cell")
    kinds = {cell_kind: kind for kind, cell_kind in _CELLS.items()}
    if cell.kind not in kinds:
        raise Unsupported(f"its cell {cell.kind[:80]}; supported: {', '.join(kinds)}")
    return Layer(kinds[cell.kind], layer.module, layer.name, {**cell.config, **layer.config})


def steps(call: Call, layer: Layer, x: Value, given: Sequence[Value]) -> list[Value]:
    """The outputs of a layer: of all steps or the last one, and the states where it returns them."""
    layer = _unwrapped(layer) if layer.kind == "RNN" else layer
    kind, units, reverse = KINDS[layer.kind], layer.integer("units"), layer.flag("go_backwards")
    require(x.rank == 3, f"an input of {x.rank} dimensions; expected 3")
    require(not layer.flag("time_major"), "time_major")
    shape = (x.shape[0], units)
    require(len(given) in (0, kind.states), f"{len(given)} initial states")
    require(all(s.shape == shape for s in given), "initial states of another shape")
    kept = layer.flag("stateful") and not given
    zeros = np.zeros(shape, np.float32)
    names = [call.build.stored(as_real(call, s)) for s in given] or [
        call.build.state(zeros, f"{call.build.label}/state") if kept else call.build.literal(zeros, "zeros")
        for _ in range(kind.states)
    ]
    sequence, *last = kind.emit(call, layer, x, names, reverse)
    if kept:
        for name, state in zip(names, last, strict=True):
            call.build.remember(name, state.tensor, zeros)
    y = sequence if layer.flag("return_sequences") else last[0]
    return [y, *(last if layer.flag("return_state") else [])]


def _turned(call: Call, layer: Layer, outputs: list[Value]) -> list[Value]:
    """Keras gives the steps of a layer that goes backwards in the order in which it made them."""
    if not (layer.flag("go_backwards") and layer.flag("return_sequences")):
        return outputs
    y = outputs[0]
    return [call.build.emit(Reverse, (call.build.stored(y),), y.shape, axes=(1,)), *outputs[1:]]


def _initial(call: Call) -> tuple[Value, list[Value]]:
    """The sequence, and the states that the layer is called with."""
    return real(call), call.inputs[1:]


def _recurrent(call: Call) -> list[Value]:
    x, given = _initial(call)
    return _turned(call, call.layer, steps(call, call.layer, x, given))


_MERGES: dict[str, Callable[[Call, Value, Value], Value]] = {
    "ave": lambda call, a, b: scaled(call, binary(call, Add, a, b), 0.5),
    "concat": lambda call, a, b: joined(call, [a, b], a.rank - 1),
    "mul": lambda call, a, b: binary(call, Mul, a, b),
    "sum": lambda call, a, b: binary(call, Add, a, b),
}


def _bidirectional(call: Call) -> list[Value]:
    """A layer that goes forwards, and one that goes backwards, whose steps are turned around again."""
    layer, (x, given) = call.layer, _initial(call)
    forward = layer.inner("layer")
    known = (*KINDS, "RNN")
    backward = layer.inner("backward_layer") if layer.has("backward_layer") else _backwards(forward)
    require(forward.kind in known and backward.kind in known, f"{forward.kind[:80]} and {backward.kind[:80]} inside")
    half = len(given) // 2
    parts = [
        _direction(call, forward, "forward", x, given[:half]),
        _direction(call, backward, "backward", x, given[half:]),
    ]
    (first, *states), (second, *more) = parts
    mode = layer.config.get("merge_mode", "concat")
    if mode is None:
        return [first, second, *states, *more]
    require(mode in _MERGES, f"merge_mode {mode}")
    return [_MERGES[mode](call, first, second), *states, *more]


def _backwards(layer: Layer) -> Layer:
    return Layer(layer.kind, layer.module, layer.name, {**layer.config, "go_backwards": True})


def _direction(call: Call, layer: Layer, direction: str, x: Value, given: list[Value]) -> list[Value]:
    name = f"{direction}_{layer.name.removeprefix(f'{direction}_')}"
    inside = Call(call.build, layer, call.weights.inside(f"{direction}_layer", name), call.args)
    label = call.build.label
    call.build.label = f"{label}/{name}"
    outputs = steps(inside, layer, x, given)
    call.build.label = label
    return outputs


def _time_distributed(call: Call) -> list[Value]:
    """The layer inside, called for each step: steps are elements of a batch."""
    x, layer = call.input(), call.layer.inner("layer")
    require(x.rank >= 3, f"an input of {x.rank} dimensions; expected 3 or more")
    first = x.shape[:2]
    rows = call.build.reshape(x, (first[0] * first[1], *x.shape[2:]))
    outputs = call.within(layer, [rows], call.weights.inside("layer", layer.name))
    return [call.build.reshape(y, (*first, *y.shape[1:])) for y in outputs]


READERS: dict[str, Reader] = {
    **dict.fromkeys((*KINDS, "RNN"), _recurrent),
    "Bidirectional": _bidirectional,
    "TimeDistributed": _time_distributed,
}
