"""Seeded graphs of operators that remember."""

from collections.abc import Callable
from dataclasses import replace

import graphs
import numpy as np
from graphs import Rng

from aot.frontends.tflite.variables import reset_value
from aot.graph.ir import Graph, Op, Quant, State, Tensor
from aot.ops.common import Activation
from aot.ops.recurrent import Lstm, Rnn
from aot.ops.svdf import Svdf

FLOAT_TOLERANCE = 1e-5  # of the largest output: LiteRT adds float32 products in another order
Builder = Callable[[Rng], Graph]


def remembering(op: Op, tensors: list[Tensor], inputs: list[Tensor], y: Tensor, states: list[Tensor]) -> Graph:
    """A graph that is `op`, whose last outputs are the next values of `states`, which begin as zeros."""
    following = [replace(s, name=name) for s, name in zip(states, op.outputs[1:], strict=True)]
    known = {t.name: t for t in (*tensors, *inputs, *states, y, *following)}
    state = tuple(State(s.name, f.name, reset_value(s)) for s, f in zip(states, following, strict=True))
    graph = Graph("net", known, (op,), tuple(t.name for t in inputs), (y.name,), state)
    graph.check()
    return graph


def _scale(value: float) -> Quant:
    return Quant((float(np.float32(value)),), (0,))


def svdf(dtype: str, state_dtype: str) -> Builder:
    """Filters of ranks 1 to 3; the state small enough to saturate at times."""

    def build(rng: Rng) -> Graph:
        batch, depth, units = int(rng.choice([1, 1, 2])), graphs.size(rng), graphs.size(rng, 7)
        rank, memory = int(rng.integers(1, 4)), int(rng.choice([1, 2, 3, 8, 10]))
        filters = units * rank
        x = Tensor("x", (batch, depth), dtype)
        y = Tensor("y", (batch, units), dtype)
        state = Tensor("state", (batch, filters * memory), dtype)
        features = Tensor("features", (filters, depth), dtype, data=rng.normal(size=(filters, depth)))
        time = Tensor("time", (filters, memory), dtype, data=rng.normal(size=(filters, memory)))
        bias = Tensor("bias", (units,), dtype, data=rng.normal(size=units))
        tensors = [x, features, time, bias, state, y]
        if dtype == "int8":
            tensors = _quantized(rng, tensors, state_dtype)
        tensors = [t if t.data is None else replace(t, data=t.data.astype(t.dtype)) for t in tensors]
        x, features, time, bias, state, y = tensors
        biases = [bias] if rng.random() < 0.7 else []
        op = Svdf(
            name="y",
            inputs=("x", "features", "time", "bias" if biases else None, "state"),
            outputs=("y", "state_next"),
            rank=rank,
            activation=Activation.RELU if dtype == "int8" else graphs.activation(rng),
        )
        return remembering(op, [features, time, *biases], [x], y, [state])

    return build


def _quantized(rng: Rng, tensors: list[Tensor], state_dtype: str) -> list[Tensor]:
    x, features, time, bias, state, y = tensors
    limit = 127 if state_dtype == "int8" else 32767
    x = replace(x, quant=graphs.quant(rng))
    features = replace(features, quant=_scale(0.02), data=np.clip(features.data * 40, -127, 127))
    time = replace(time, dtype=state_dtype, quant=_scale(0.5 / limit), data=np.clip(time.data * limit, -limit, limit))
    reach = x.scale * features.scale * 40 * 128 * np.sqrt(x.shape[1])
    state = replace(state, dtype=state_dtype, quant=_scale(reach / limit * rng.uniform(0.3, 3)))
    if state_dtype == "int8":
        state = replace(state, quant=Quant(state.quant.scale, (graphs.zero_point(rng),)))
    spread = state.scale * time.scale * limit * limit / 4
    y = replace(y, quant=Quant((float(np.float32(spread / 100 * rng.uniform(0.5, 4))),), (graphs.zero_point(rng),)))
    bias = replace(bias, dtype="int32", quant=_scale(state.scale * time.scale), data=bias.data * limit * limit / 8)
    return [x, features, time, bias, state, y]


def _weights(rng: Rng, name: str, *shape: int, spread: float = 0.5) -> Tensor:
    return Tensor(name, shape, "float32", data=(spread * rng.normal(size=shape)).astype(np.float32))


def _sequence(rng: Rng) -> tuple[tuple[int, ...], int, bool]:
    """The shape of an input, its batches, and whether steps come first."""
    steps, batches, depth = int(rng.integers(1, 6)), int(rng.choice([1, 1, 2, 3])), graphs.size(rng)
    time_major = bool(rng.random() < 0.5)
    return ((steps, batches, depth) if time_major else (batches, steps, depth)), batches, time_major


def rnn(rng: Rng) -> Graph:
    """Any function, any order of steps and batches."""
    shape, batches, time_major = _sequence(rng)
    units = graphs.size(rng)
    x, y = Tensor("x", shape, "float32"), Tensor("y", (*shape[:-1], units), "float32")
    constants = [_weights(rng, "w", units, shape[-1]), _weights(rng, "r", units, units), _weights(rng, "b", units)]
    op = Rnn(name="y", inputs=("x", "w", "r", "b", "h"), outputs=("y", "h_next"), time_major=time_major,
             function=str(rng.choice(["tanh", "relu", "relu6", "none"])))  # fmt: skip
    return remembering(op, constants, [x], y, [Tensor("h", (batches, units), "float32")])


def lstm(rng: Rng) -> Graph:
    """With and without each of: input gate, peepholes, projection and its bias, layer normalization, clips."""
    shape, batches, time_major = _sequence(rng)
    cells, (gate, peephole, projects, biased, normal) = graphs.size(rng), (bool(rng.random() < 0.5) for _ in range(5))
    units = graphs.size(rng) if projects else cells
    parts: list[Tensor | None] = [None] * 24
    for i in range(4) if gate else range(1, 4):
        parts[1 + i] = _weights(rng, f"w{i}", cells, shape[-1])
        parts[5 + i] = _weights(rng, f"r{i}", cells, units)
        parts[12 + i] = _weights(rng, f"b{i}", cells)
        parts[20 + i] = _weights(rng, f"n{i}", cells) if normal else None
    for i, place in enumerate((9, 10, 11)):
        parts[place] = _weights(rng, f"p{i}", cells) if peephole and (gate or i) else None
    if projects:
        parts[16] = _weights(rng, "projection", units, cells)
        parts[17] = _weights(rng, "projection_bias", units) if biased else None
    states = [Tensor("h", (batches, units), "float32"), Tensor("c", (batches, cells), "float32")]
    x, y = Tensor("x", shape, "float32"), Tensor("y", (*shape[:-1], units), "float32")
    parts[0], parts[18], parts[19] = x, *states
    op = Lstm(
        name="y",
        inputs=tuple(None if t is None else t.name for t in parts[: 24 if normal else 20]),
        outputs=("y", "h_next", "c_next"),
        time_major=time_major,
        cell_clip=float(rng.choice([0, 0.5])),
        projection_clip=float(rng.choice([0, 0.25])),
    )
    return remembering(op, [t for t in parts if t is not None and t.constant], [x], y, states)


def _codes(rng: Rng, name: str, *shape: int, spread: float, dtype: str = "int8") -> Tensor:
    """Weights with a scale that makes their reals as large as `spread`."""
    limit = 127 if dtype == "int8" else 32767
    data = rng.integers(-limit, limit, shape, endpoint=True).astype(dtype)
    return Tensor(name, shape, dtype, _scale(spread / limit), data)


def _bias(rng: Rng, name: str, count: int, scale: float, spread: float) -> Tensor:
    data = (rng.normal(size=count) * spread / scale).astype(np.int32)
    return Tensor(name, (count,), "int32", _scale(scale), data)


def _gate_scales(rng: Rng) -> tuple[float, ...]:
    """Of what is normalized: some small enough to saturate, some so large that all is alike."""
    return tuple(float(np.float32(2.0 ** rng.uniform(-15, -6))) for _ in range(4))


def lstm_s8(rng: Rng) -> Graph:
    """int8 with an int16 cell: any of input gate, peepholes, projection, normalization, clips; gates that saturate."""
    shape, batches, time_major = _sequence(rng)
    cells, (gate, peephole, projects, normal) = graphs.size(rng), (bool(rng.random() < 0.5) for _ in range(4))
    units = graphs.size(rng) if projects else cells
    x = Tensor("x", shape, "int8", Quant((float(np.float32(10 ** rng.uniform(-2.5, -1))),), (graphs.zero_point(rng),)))
    state = Quant((float(np.float32(1 / 128 * rng.uniform(0.7, 1.5))),), (graphs.zero_point(rng),))
    cell = Quant((2.0 ** int(rng.integers(-15, -8)),), (0,))
    parts: list[Tensor | None] = [None] * 24
    for i in range(4) if gate else range(1, 4):
        parts[1 + i] = w = _codes(rng, f"w{i}", cells, shape[-1], spread=rng.uniform(0.1, 2))
        parts[5 + i] = _codes(rng, f"r{i}", cells, units, spread=rng.uniform(0.1, 2))
        parts[12 + i] = _bias(rng, f"b{i}", cells, x.scale * w.scale, 0.5)
        if normal:
            parts[20 + i] = n = _codes(rng, f"n{i}", cells, spread=rng.uniform(0.5, 4), dtype="int16")
            parts[12 + i] = _bias(rng, f"b{i}", cells, n.scale / 1024, 0.5)
    for i, place in enumerate((9, 10, 11)):
        if peephole and (gate or i):
            parts[place] = _codes(rng, f"p{i}", cells, spread=rng.uniform(0.1, 2), dtype="int16")
    hidden = state
    if projects:
        hidden = Quant((float(np.float32(rng.uniform(0.003, 0.01))),), (graphs.zero_point(rng),))
        parts[16] = w = _codes(rng, "projection", units, cells, spread=0.5)
        parts[17] = _bias(rng, "projection_bias", units, hidden.scale[0] * w.scale, 0.2) if rng.random() < 0.5 else None
    states = [Tensor("h", (batches, units), "int8", state), Tensor("c", (batches, cells), "int16", cell)]
    parts[0], parts[18], parts[19] = x, *states
    op = Lstm(
        name="y",
        inputs=tuple(None if t is None else t.name for t in parts),
        outputs=("y", "h_next", "c_next"),
        hidden=hidden,
        gate_scales=_gate_scales(rng) if normal else (),
        time_major=time_major,
        cell_clip=float(rng.choice([0, 0.1875])),
        projection_clip=float(rng.choice([0, 0.25])),
    )
    y = Tensor("y", (*shape[:-1], units), "int8", state)
    return remembering(op, [t for t in parts if t is not None and t.constant], [x], y, states)


def lstm_s16(rng: Rng) -> Graph:
    """int16 with int8 weights and biases of 64 bits; gates that saturate at times."""
    shape, batches, time_major = _sequence(rng)
    cells = graphs.size(rng)
    x = Tensor("x", shape, "int16", _scale(10 ** rng.uniform(-5, -3)))
    state, cell = _scale(2.0**-15 * rng.uniform(0.7, 1.5)), _scale(2.0 ** int(rng.integers(-15, -8)))
    parts: list[Tensor | None] = [None] * 24
    for i in range(4):
        parts[1 + i] = w = _codes(rng, f"w{i}", cells, shape[-1], spread=rng.uniform(0.1, 2))
        parts[5 + i] = _codes(rng, f"r{i}", cells, cells, spread=rng.uniform(0.1, 2))
        bias = (rng.normal(size=cells) * 0.5 / (x.scale * w.scale)).astype(np.int64)
        parts[12 + i] = Tensor(f"b{i}", (cells,), "int64", _scale(x.scale * w.scale), bias)
    states = [Tensor("h", (batches, cells), "int16", state), Tensor("c", (batches, cells), "int16", cell)]
    parts[0], parts[18], parts[19] = x, *states
    op = Lstm(
        name="y",
        inputs=tuple(None if t is None else t.name for t in parts),
        outputs=("y", "h_next", "c_next"),
        time_major=time_major,
        cell_clip=float(rng.choice([0, 0.1875])),
    )
    y = Tensor("y", (*shape[:-1], cells), "int16", state)
    return remembering(op, [t for t in parts if t is not None and t.constant], [x], y, states)


BUILDERS: dict[str, Builder] = {
    "Lstm of int8": lstm_s8,
    "Lstm": lstm,
    "Rnn": rnn,
    "Svdf": svdf("int8", "int16"),
    "Svdf of float32": svdf("float32", "float32"),
}
# LiteRT knows nothing of these; TensorFlow Lite Micro does.
UNKNOWN_TO_LITERT: dict[str, Builder] = {"Lstm of int16": lstm_s16, "Svdf with an int8 state": svdf("int8", "int8")}
