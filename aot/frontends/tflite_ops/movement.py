"""Operators that only move elements."""

import tflite

from aot.frontends.tflite_ops.records import FileOp, Operator, Record, read_activation, read_axes, write_activation
from aot.ir import Graph, Op
from aot.ops.common import require
from aot.ops.concatenation import Concatenation
from aot.ops.pad import Pad
from aot.ops.reshape import Reshape
from aot.ops.transpose import Transpose


def _read_pad(op: FileOp) -> Op:
    pads, rank = op.integers(1), len(op.input(0).shape)
    require(len(pads) == 2 * rank and min(pads, default=0) >= 0, f"paddings {list(pads)} for {rank} dimensions")
    return Pad(**op.operands(1), pads=tuple(zip(pads[::2], pads[1::2], strict=True)))


def _write_pad(op: Pad, graph: Graph) -> Record:
    return Record(2, "PadOptions", indices={"paddings": op.pads})


def _read_reshape(op: FileOp) -> Op:
    """The output's shape says it all; the operators differ in how they say it once more."""
    return Reshape(**op.operands(1))


def _write_reshape(op: Reshape, graph: Graph) -> Record:
    return Record(1, "ReshapeOptions", indices={"shape": graph[op.outputs[0]].shape})


def _read_concatenation(op: FileOp) -> Op:
    options = op.options(tflite.ConcatenationOptions)
    (axis,) = read_axes((options.Axis(),), len(op.input(0).shape))
    return Concatenation(**op.operands(), axis=axis, activation=read_activation(options.FusedActivationFunction()))


def _write_concatenation(op: Concatenation, graph: Graph) -> Record:
    fields = {"Axis": op.axis, "FusedActivationFunction": write_activation(op.activation)}
    return Record(2, "ConcatenationOptions", fields)


def _read_transpose(op: FileOp) -> Op:
    permutation, rank = op.integers(1), len(op.input(0).shape)
    require(sorted(permutation) == list(range(rank)), f"permutation {list(permutation)} of {rank} dimensions")
    return Transpose(**op.operands(1), permutation=permutation)


def _write_transpose(op: Transpose, graph: Graph) -> Record:
    return Record(2, "TransposeOptions", indices={"permutation": op.permutation})


OPERATORS = (
    Operator("CONCATENATION", Concatenation, _read_concatenation, _write_concatenation),
    Operator("EXPAND_DIMS", Reshape, _read_reshape, None),
    Operator("PAD", Pad, _read_pad, _write_pad),
    Operator("RESHAPE", Reshape, _read_reshape, _write_reshape),
    Operator("SQUEEZE", Reshape, _read_reshape, None),
    Operator("TRANSPOSE", Transpose, _read_transpose, _write_transpose),
)
