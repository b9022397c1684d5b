"""Gated recurrent units: loops over batches and steps."""

from dataclasses import dataclass

from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, weights_of
from aot.kernels.recurrent.recurrent import out_strides_of, step_of, strides_of, updates_of
from aot.ops.gru import Gru
from aot.ops.sequence import sequence_of


@dataclass(frozen=True)
class GruF32(Params):
    weights: Constant
    recurrent: Constant
    bias: Constant
    inner: Constant | None
    steps: int
    batches: int
    depth: int
    units: int
    in_step: int
    in_batch: int
    out_step: int | None
    out_batch: int | None


def gru_f32(kernel: AnyKernel, op: Gru, graph: Graph, target: Target) -> Call:
    """A step's outputs are the next one's state; without those of all steps they are put where the last ones go."""
    x, w, r, b, inner, h, y = op.operands(graph)
    sequence = sequence_of(x, op.time_major, op.reverse)
    units = h.shape[1]
    gates = "For each unit's update gate, then reset gates, then candidates,"
    params = GruF32(
        Constant(f"{y.name}_weights", weights_of(w), f"{gates} the weights of all inputs"),
        Constant(f"{y.name}_recurrent", weights_of(r), f"{gates} the weights of all outputs of the step before"),
        Constant(f"{y.name}_bias", weights_of(b), f"{gates} the bias"),
        None if inner is None else Constant(f"{y.name}_inner", weights_of(inner), "For each unit, what is reset, too"),
        *(sequence.steps, sequence.batches, sequence.depth, units),
        *strides_of(sequence, sequence.depth),
        *out_strides_of(op, sequence, units),
    )
    return Call(
        kernel,
        op,
        params,
        (x.name, h.name),
        op.outputs,
        {"reset_after": op.reset_after, "inner": inner is not None, "step": step_of(sequence), "whole": op.gives_steps},
        scratch=(2 if op.gives_steps else 3) * 4 * units,
        scratch_type="float",
        updates=updates_of(op),
        work={"macs": op.macs(graph), "cells": units * sequence.steps * sequence.batches},
    )


KERNELS: tuple[AnyKernel, ...] = (Kernel("gru_f32", "recurrent/gru_f32", (Gru,), gru_f32),)
