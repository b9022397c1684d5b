"""SVDF: one pass over the filters shifts their memories, computes the newest features, and sums over time."""

from dataclasses import dataclass

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.fixedpoint import INTEGER_ROUNDINGS, Multiplier
from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit, weights_of
from aot.kernels.common.accumulators import folded_bias
from aot.kernels.common.output import WIDEST, Output, fixed_output, real_output
from aot.ops.svdf import Svdf, wrapped

_FEATURES = "For each filter, the weights of all inputs"
_TIME = "For each filter, its weights over time, the oldest first"
_BIAS = "For each unit, what its sum begins with"


@dataclass(frozen=True)
class SvdfS8(Params):
    features: Constant
    features_bias: Constant
    time: Constant
    bias: Constant
    newest: Output
    output: Output
    batches: int
    depth: int
    units: int
    rank: int
    memory: int


@dataclass(frozen=True)
class SvdfF32(Params):
    features: Constant
    time: Constant
    bias: Constant
    output: Output
    batches: int
    depth: int
    units: int
    rank: int
    memory: int


def svdf_s8(kernel: AnyKernel, op: Svdf, graph: Graph, target: Target) -> Call:
    """int8, with a state of int8 or int16."""
    x, features, time, b, state, y = op.operands(graph)
    fit(x.dtype == "int8", f"%{x.name} is {x.dtype}")
    to_state, to_output = (Multiplier.of(s, target.rounding) for s in op.scales(x, features, time, state, y))
    features_bias, _ = folded_bias(weights_of(features), None, x)
    plain = np.zeros(y.shape[1], np.int64) if b is None or b.data is None else b.data.astype(np.int64)
    offset = state.zero_point * weights_of(time).astype(np.int64).reshape(y.shape[1], -1).sum(axis=1)
    info = np.iinfo(state.dtype)
    params = SvdfS8(
        Constant(f"{y.name}_features", weights_of(features), _FEATURES),
        Constant(f"{y.name}_features_bias", features_bias, "For each filter, what its sums begin with"),
        Constant(f"{y.name}_time", weights_of(time), _TIME),
        Constant(f"{y.name}_bias", wrapped(plain - offset).astype(np.int32), _BIAS),
        fixed_output(to_state, state, (int(info.min), int(info.max)), target, WIDEST),
        fixed_output(to_output, y, (-128, 127), target, WIDEST),
        *_sizes(op, graph),
    )
    return _call(kernel, op, graph, params, params.newest.stage.output)


def svdf_f32(kernel: AnyKernel, op: Svdf, graph: Graph, target: Target) -> Call:
    """float32."""
    x, features, time, b, _, y = op.operands(graph)
    fit(x.dtype == "float32", f"%{x.name} is {x.dtype}")
    bias = np.zeros(y.shape[1], np.float32) if b is None or b.data is None else b.data
    params = SvdfF32(
        Constant(f"{y.name}_features", weights_of(features), _FEATURES),
        Constant(f"{y.name}_time", weights_of(time), _TIME),
        Constant(f"{y.name}_bias", bias, _BIAS),
        real_output(op.activation),
        *_sizes(op, graph),
    )
    return _call(kernel, op, graph, params, params.output.stage.output)


def _sizes(op: Svdf, graph: Graph) -> tuple[int, int, int, int, int]:
    """Batches, depth, units, rank, memory."""
    x, _, time, _, _, y = op.operands(graph)
    return x.shape[0], x.shape[1], y.shape[1], op.rank, time.shape[1]


def _call(kernel: AnyKernel, op: Svdf, graph: Graph, params: Params, newest: str) -> Call:
    """The state's next value may take its place: each element is read before it is written."""
    x, _, time, _, state, y = op.operands(graph)
    variant = {"state": C_TYPES[state.dtype], "time": C_TYPES[time.dtype], "newest": newest}
    return Call(
        kernel,
        op,
        params,
        (x.name, state.name),
        (y.name, op.outputs[1]),
        variant,
        updates=((1, 1),),
        work={"macs": op.macs(graph), "outputs": y.elements},
    )


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("svdf_s8", "recurrent/svdf_s8", (Svdf,), svdf_s8, roundings=INTEGER_ROUNDINGS),
    Kernel("svdf_f32", "recurrent/svdf_f32", (Svdf,), svdf_f32),
)
