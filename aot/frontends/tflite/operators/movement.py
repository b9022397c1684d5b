"""Operators that only move elements: another shape, another order, padding."""

from math import prod

import tflite

from aot.frontends.tflite.operators.records import FileOp, Operator, Record, plain, read_axes, read_axis, read_pairs
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.blocks import BatchToSpace, DepthToSpace, SpaceToBatch, SpaceToDepth
from aot.ops.common import require
from aot.ops.constants import Range, ZerosLike
from aot.ops.mirror_pad import MirrorPad
from aot.ops.pad import Pad, PadV2
from aot.ops.rearrange import BroadcastTo, Reverse, Tile
from aot.ops.reshape import Reshape
from aot.ops.reverse_sequence import ReverseSequence
from aot.ops.shape import Shape
from aot.ops.transpose import Transpose

_INDEX_TYPES = {tflite.TensorType.INT32: "int32", tflite.TensorType.INT64: "int64"}


def _read_pad(op: FileOp) -> Op:
    return Pad(**op.operands(0), pads=read_pairs(op, 1, len(op.input(0).shape)))


def _write_pad(op: Pad, graph: Graph) -> Record:
    return Record(2, "PadOptions", indices={"paddings": op.pads})


def _read_pad_v2(op: FileOp) -> Op:
    return PadV2(**op.operands(0, 2), pads=read_pairs(op, 1, len(op.input(0).shape)))


def _write_pad_v2(op: PadV2, graph: Graph) -> Record:
    return Record(2, "PadV2Options", indices={"paddings": op.pads}, place=1)


def _read_mirror_pad(op: FileOp) -> Op:
    mode = op.options("MirrorPadOptions").integer("Mode")
    require(mode in (tflite.MirrorPadMode.REFLECT, tflite.MirrorPadMode.SYMMETRIC), f"mode {mode}")
    pads = read_pairs(op, 1, len(op.input(0).shape))
    return MirrorPad(**op.operands(0), pads=pads, symmetric=mode == tflite.MirrorPadMode.SYMMETRIC)


def _write_mirror_pad(op: MirrorPad, graph: Graph) -> Record:
    mode = tflite.MirrorPadMode.SYMMETRIC if op.symmetric else tflite.MirrorPadMode.REFLECT
    return Record(2, "MirrorPadOptions", {"Mode": mode}, {"paddings": op.pads})


def _read_reshape(op: FileOp) -> Op:
    """The output's shape says it all; the operators differ in how they say it once more."""
    if op.is_known(1):
        op.gives(_filled_up(op.integers(1), op.input(0)))
    elif len(op.inputs) == 1:
        op.gives(_filled_up(op.options("ReshapeOptions").integers("NewShape"), op.input(0)))
    return Reshape(**op.operands(0))


def _filled_up(shape: tuple[int, ...], x: Tensor) -> tuple[int, ...]:
    """`shape`, in which -1 stands for what the elements of `x` leave."""
    rest = x.elements // max(1, prod(extent for extent in shape if extent != -1))
    return tuple(rest if extent == -1 else extent for extent in shape)


def _read_expand_dims(op: FileOp) -> Op:
    shape = op.input(0).shape
    if op.is_known(1):
        axis = read_axis(op.integer(1), len(shape) + 1)
        op.gives((*shape[:axis], 1, *shape[axis:]))
    return Reshape(**op.operands(0))


def _read_squeeze(op: FileOp) -> Op:
    """Without axes, all of one element disappear."""
    shape = op.input(0).shape
    axes = read_axes(op.options("SqueezeOptions").integers("SqueezeDims"), len(shape))
    op.gives(tuple(extent for i, extent in enumerate(shape) if extent != 1 or (axes and i not in axes)))
    return Reshape(**op.operands(0))


def _write_reshape(op: Reshape, graph: Graph) -> Record:
    return Record(1, "ReshapeOptions", indices={"shape": graph[op.outputs[0]].shape})


def _read_transpose(op: FileOp) -> Op:
    permutation, rank = op.integers(1), len(op.input(0).shape)
    require(sorted(permutation) == list(range(rank)), f"permutation {list(permutation)} of {rank} dimensions")
    return Transpose(**op.operands(0), permutation=permutation)


def _write_transpose(op: Transpose, graph: Graph) -> Record:
    return Record(2, "TransposeOptions", indices={"permutation": op.permutation})


def _read_tile(op: FileOp) -> Op:
    extents = zip(op.input(0).shape, op.outputs[0].shape, strict=False)
    return Tile(**op.operands(0), multiples=op.sizes(1, tuple(after // before for before, after in extents)))


def _write_tile(op: Tile, graph: Graph) -> Record:
    return Record(1, "TileOptions", indices={"multiples": op.multiples})


def _read_reverse(op: FileOp) -> Op:
    return Reverse(**op.operands(0), axes=read_axes(op.integers(1), len(op.input(0).shape)))


def _write_reverse(op: Reverse, graph: Graph) -> Record:
    return Record(3, "ReverseV2Options", indices={"axes": op.axes})


def _read_space_to_depth(op: FileOp) -> Op:
    return SpaceToDepth(**op.operands(0), block=op.options("SpaceToDepthOptions").integer("BlockSize"))


def _write_space_to_depth(op: SpaceToDepth, graph: Graph) -> Record:
    return Record(2, "SpaceToDepthOptions", {"BlockSize": op.block})


def _read_depth_to_space(op: FileOp) -> Op:
    return DepthToSpace(**op.operands(0), block=op.options("DepthToSpaceOptions").integer("BlockSize"))


def _write_depth_to_space(op: DepthToSpace, graph: Graph) -> Record:
    return Record(1, "DepthToSpaceOptions", {"BlockSize": op.block})


def _read_space_to_batch(op: FileOp) -> Op:
    block = op.integers(1)
    return SpaceToBatch(**op.operands(0), block=block, pads=read_pairs(op, 2, len(block)))


def _write_space_to_batch(op: SpaceToBatch, graph: Graph) -> Record:
    return Record(3, "SpaceToBatchNDOptions", indices={"block": op.block, "paddings": op.pads})


def _read_batch_to_space(op: FileOp) -> Op:
    block = op.integers(1)
    return BatchToSpace(**op.operands(0), block=block, crops=read_pairs(op, 2, len(block)))


def _write_batch_to_space(op: BatchToSpace, graph: Graph) -> Record:
    return Record(3, "BatchToSpaceNDOptions", indices={"block": op.block, "crops": op.crops})


def _read_shape(op: FileOp) -> Op:
    return Shape(**op.operands(0))


def _write_shape(op: Shape, graph: Graph) -> Record:
    types = {name: code for code, name in _INDEX_TYPES.items()}
    return Record(1, "ShapeOptions", {"OutType": types[graph[op.outputs[0]].dtype]})


def _read_broadcast_to(op: FileOp) -> Op:
    return BroadcastTo(**op.operands(0), shape=op.sizes(1, op.outputs[0].shape))


def _read_fill(op: FileOp) -> Op:
    """A scalar in every place."""
    require(op.input(1).shape == (), f"%{op.input(1).name} has shape {list(op.input(1).shape)}; supported: a scalar")
    return BroadcastTo(**op.operands(1), shape=op.sizes(0, op.outputs[0].shape))


def _write_broadcast_to(op: BroadcastTo, graph: Graph) -> Record:
    return Record(2, "BroadcastToOptions", indices={"shape": op.shape})


def _read_reverse_sequence(op: FileOp) -> Op:
    options, rank = op.options("ReverseSequenceOptions"), len(op.input(0).shape)
    axis, batch_axis = (read_axis(axis, rank) for axis in (options.integer("SeqDim"), options.integer("BatchDim")))
    return ReverseSequence(**op.operands(), axis=axis, batch_axis=batch_axis)


def _write_reverse_sequence(op: ReverseSequence, graph: Graph) -> Record:
    return Record(1, "ReverseSequenceOptions", {"SeqDim": op.axis, "BatchDim": op.batch_axis})


OPERATORS = (
    Operator("BATCH_TO_SPACE_ND", BatchToSpace, _read_batch_to_space, _write_batch_to_space),
    Operator("BROADCAST_TO", BroadcastTo, _read_broadcast_to, _write_broadcast_to),
    Operator("DEPTH_TO_SPACE", DepthToSpace, _read_depth_to_space, _write_depth_to_space),
    Operator("EXPAND_DIMS", Reshape, _read_expand_dims, None),
    Operator("FILL", BroadcastTo, _read_fill, None),
    Operator("MIRROR_PAD", MirrorPad, _read_mirror_pad, _write_mirror_pad),
    Operator("PAD", Pad, _read_pad, _write_pad),
    Operator("PADV2", PadV2, _read_pad_v2, _write_pad_v2),
    Operator("RESHAPE", Reshape, _read_reshape, _write_reshape),
    plain("RANGE", Range, 1, "RangeOptions"),
    Operator("REVERSE_SEQUENCE", ReverseSequence, _read_reverse_sequence, _write_reverse_sequence),
    Operator("REVERSE_V2", Reverse, _read_reverse, _write_reverse),
    Operator("SHAPE", Shape, _read_shape, _write_shape),
    Operator("SPACE_TO_BATCH_ND", SpaceToBatch, _read_space_to_batch, _write_space_to_batch),
    Operator("SPACE_TO_DEPTH", SpaceToDepth, _read_space_to_depth, _write_space_to_depth),
    Operator("SQUEEZE", Reshape, _read_squeeze, None),
    Operator("TILE", Tile, _read_tile, _write_tile),
    Operator("TRANSPOSE", Transpose, _read_transpose, _write_transpose),
    plain("ZEROS_LIKE", ZerosLike, 1, "ZerosLikeOptions"),
)
