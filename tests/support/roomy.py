"""Layers in kernels that need much scratch memory: compiled so on purpose, whatever the arena."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
from cost_layers import size
from graphs import activation, graph_of

from aot.graph.ir import Array, Graph, Op, Quant, Tensor
from aot.kernels import Call, Target, candidates
from aot.lower import lowering
from aot.ops.conv2d import Conv2D

Case = tuple[Graph, dict[str, Array]]


@contextmanager
def forced() -> Iterator[None]:
    """All graphs are compiled so."""

    def chosen(ops: Sequence[Op], graph: Graph, target: Target) -> list[Call]:
        return [roomy_call(op, graph, target) for op in ops]

    with patch.object(lowering, "select", chosen):
        yield


def roomy_call(op: Op, graph: Graph, target: Target) -> Call:
    """The call of `op` in such a kernel."""
    calls, reasons = candidates(op, graph, target.with_room_for(*op.outputs))
    found = [call for call in calls if call.kernel.roomy]
    assert found, reasons
    return found[0]


def case(seed: int) -> Case:
    """A 3x3 convolution with any padding, sizes and limits; at times of the largest weights there are."""
    rng = np.random.default_rng([seed, *b"roomy"])
    batches, channels, units = int(rng.choice([1, 1, 2])), 8 * size(rng, 1, 3), size(rng, 1, 9)
    top, bottom, left, right = rng.integers(0, 4, 4).tolist()
    pads = (top, bottom), (left, right)
    extents = [max(size(rng, 1, 11), 3 - sum(pad)) for pad in pads]
    out = [n + sum(pad) - 2 for n, pad in zip(extents, pads, strict=True)]
    shape = (units, 3, 3, channels)
    weights = np.full(shape, -128) if seed % 5 == 0 else rng.integers(-128, 128, shape)
    scales = rng.uniform(0.002, 0.01, int(rng.choice([1, units]))).astype(np.float32)
    zeros = rng.integers(-128, 128, 2).tolist()
    bias = rng.integers(-5000, 5000, units)
    tensors = [
        Tensor("x", (batches, *extents, channels), "int8", Quant((0.02,), (zeros[0],))),
        Tensor("w", shape, "int8", _symmetric(scales), weights.astype(np.int8)),
        Tensor("b", (units,), "int32", _symmetric(scales * np.float32(0.02)), bias.astype(np.int32)),
    ]
    y = Tensor("y", (batches, *out, units), "int8", Quant((float(rng.choice([1e-5, 0.05, 1, 2])),), (zeros[1],)))
    graph = graph_of(Conv2D, tensors, y, padding=pads, stride=(1, 1), dilation=(1, 1), activation=activation(rng))
    return graph, {"x": rng.integers(-128, 128, graph["x"].shape).astype(np.int8)}


def _symmetric(scales: Array) -> Quant:
    return Quant(tuple(scales.tolist()), (0,) * len(scales), 0)
