"""Operators that take tensors apart, or join them."""

from aot.frontends.tflite.operators.records import (
    FileOp,
    Operator,
    Record,
    read_activation,
    read_axis,
    write_activation,
)
from aot.graph.ir import Graph, Op
from aot.ops.common import require
from aot.ops.concatenation import Concatenation
from aot.ops.pack import Pack
from aot.ops.slice import Slice, StridedSlice
from aot.ops.split import Split, SplitV, Unpack


def _read_concatenation(op: FileOp) -> Op:
    options = op.options("ConcatenationOptions")
    axis = read_axis(options.integer("Axis"), len(op.input(0).shape))
    return Concatenation(**op.operands(), axis=axis, activation=read_activation(options))


def _write_concatenation(op: Concatenation, graph: Graph) -> Record:
    fields = {"Axis": op.axis, "FusedActivationFunction": write_activation(op.activation)}
    return Record(2, "ConcatenationOptions", fields)


def _read_pack(op: FileOp) -> Op:
    return Pack(**op.operands(), axis=read_axis(op.options("PackOptions").integer("Axis"), len(op.input(0).shape) + 1))


def _write_pack(op: Pack, graph: Graph) -> Record:
    return Record(2, "PackOptions", {"ValuesCount": len(op.inputs), "Axis": op.axis})


def _read_unpack(op: FileOp) -> Op:
    return Unpack(**op.operands(), axis=read_axis(op.options("UnpackOptions").integer("Axis"), len(op.input(0).shape)))


def _write_unpack(op: Unpack, graph: Graph) -> Record:
    return Record(4, "UnpackOptions", {"Num": len(op.outputs), "Axis": op.axis})


def _read_split(op: FileOp) -> Op:
    return Split(**op.operands(1), axis=read_axis(op.integer(0), len(op.input(1).shape)))


def _write_split(op: Split, graph: Graph) -> Record:
    return Record(4, "SplitOptions", {"NumSplits": len(op.outputs)}, indices={"axis": op.axis}, place=0)


def _read_split_v(op: FileOp) -> Op:
    x = op.input(0)
    axis = read_axis(op.integer(2), len(x.shape))
    sizes = op.sizes(1, tuple(y.shape[axis] for y in op.outputs if axis < len(y.shape)))
    if sizes.count(-1) == 1:  # what the others leave
        rest = x.shape[axis] - sum(sizes) - 1
        sizes = tuple(rest if size == -1 else size for size in sizes)
    return SplitV(**op.operands(0), axis=axis, sizes=sizes)


def _write_split_v(op: SplitV, graph: Graph) -> Record:
    return Record(2, "SplitVOptions", {"NumSplits": len(op.outputs)}, {"sizes": op.sizes, "axis": op.axis})


def _read_slice(op: FileOp) -> Op:
    x, begin, size = op.input(0), op.integers(1), op.sizes(2, op.outputs[0].shape)
    fits = len(begin) == len(size) == len(x.shape)
    require(fits, f"{len(begin)} begins and {len(size)} sizes for {len(x.shape)} dimensions")
    rest = (extent - first for extent, first in zip(x.shape, begin, strict=True))
    sizes = tuple(left if count == -1 else count for count, left in zip(size, rest, strict=True))
    return Slice(**op.operands(0), begin=begin, size=sizes)


def _write_slice(op: Slice, graph: Graph) -> Record:
    return Record(3, "SliceOptions", indices={"begin": op.begin, "size": op.size})


def _read_strided_slice(op: FileOp) -> Op:
    options = op.options("StridedSliceOptions")
    # LiteRT 2.3 itself reads beyond its input then.
    require(not options.flag("Offset"), "ends that count from their begins")
    begin, end, strides = (op.integers(i) for i in (1, 2, 3))
    return StridedSlice(
        **op.operands(0),
        begin=begin,
        end=end,
        strides=strides,
        begin_mask=options.integer("BeginMask"),
        end_mask=options.integer("EndMask"),
        ellipsis_mask=options.integer("EllipsisMask"),
        new_axis_mask=options.integer("NewAxisMask"),
        shrink_axis_mask=options.integer("ShrinkAxisMask"),
    )


def _write_strided_slice(op: StridedSlice, graph: Graph) -> Record:
    fields = {
        "BeginMask": op.begin_mask,
        "EndMask": op.end_mask,
        "EllipsisMask": op.ellipsis_mask,
        "NewAxisMask": op.new_axis_mask,
        "ShrinkAxisMask": op.shrink_axis_mask,
    }
    indices = {"begin": op.begin, "end": op.end, "strides": op.strides}
    return Record(4, "StridedSliceOptions", fields, indices)


OPERATORS = (
    Operator("CONCATENATION", Concatenation, _read_concatenation, _write_concatenation),
    Operator("PACK", Pack, _read_pack, _write_pack),
    Operator("SLICE", Slice, _read_slice, _write_slice),
    Operator("SPLIT", Split, _read_split, _write_split),
    Operator("SPLIT_V", SplitV, _read_split_v, _write_split_v),
    Operator("STRIDED_SLICE", StridedSlice, _read_strided_slice, _write_strided_slice),
    Operator("UNPACK", Unpack, _read_unpack, _write_unpack),
)
