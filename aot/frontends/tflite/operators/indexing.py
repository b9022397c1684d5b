"""Operators that choose elements by index."""

from typing import TypeVar

import tflite

from aot.frontends.tflite.operators.records import FileOp, NotInFiles, Operator, Record, plain, read_axis
from aot.graph.ir import Graph, Op
from aot.ops.arg_extreme import ArgMax, ArgMin
from aot.ops.common import require
from aot.ops.cumsum import CumSum
from aot.ops.dynamic_update_slice import DynamicUpdateSlice
from aot.ops.gather import EmbeddingLookup, Gather, GatherNd
from aot.ops.one_hot import OneHot
from aot.ops.resize import ResizeBilinear, ResizeNearest
from aot.ops.top_k import TopK


def _read_gather(op: FileOp) -> Op:
    options = op.options("GatherOptions")
    axis = read_axis(options.integer("Axis"), len(op.input(0).shape))
    batch_dims = options.integer("BatchDims")
    if batch_dims < 0:
        batch_dims += len(op.input(1).shape)
    return Gather(**op.operands(), axis=axis, batch_dims=batch_dims)


def _write_gather(op: Gather, graph: Graph) -> Record:
    return Record(5, "GatherOptions", {"Axis": op.axis, "BatchDims": op.batch_dims})


def _arg_extreme(builtin: str, kind: type[ArgMax], options: str) -> Operator[ArgMax]:
    def read(op: FileOp) -> Op:
        return kind(**op.operands(0), axis=read_axis(op.integer(1), len(op.input(0).shape)))

    def write(op: ArgMax, graph: Graph) -> Record:
        code = tflite.TensorType.INT32 if graph[op.outputs[0]].dtype == "int32" else tflite.TensorType.INT64
        return Record(2, options, {"OutputType": code}, {"axis": op.axis})

    return Operator(builtin, kind, read, write)


def _read_cumsum(op: FileOp) -> Op:
    options = op.options("CumsumOptions")
    axis = read_axis(op.integer(1), len(op.input(0).shape))
    return CumSum(**op.operands(0), axis=axis, exclusive=options.flag("Exclusive"), reverse=options.flag("Reverse"))


def _write_cumsum(op: CumSum, graph: Graph) -> Record:
    return Record(1, "CumsumOptions", {"Exclusive": op.exclusive, "Reverse": op.reverse}, {"axis": op.axis})


def _read_one_hot(op: FileOp) -> Op:
    axis = op.options("OneHotOptions").integer("Axis")
    return OneHot(**op.operands(), axis=len(op.input(0).shape) if axis == -1 else axis)


def _write_one_hot(op: OneHot, graph: Graph) -> Record:
    return Record(1, "OneHotOptions", {"Axis": op.axis})


def _read_top_k(op: FileOp) -> Op:
    return TopK(**op.operands(0), k=op.integer(1))


def _write_top_k(op: TopK, graph: Graph) -> Record:
    return Record(1, "TopKV2Options", indices={"k": op.k})


Resize = TypeVar("Resize", ResizeNearest, ResizeBilinear)


def _resize(builtin: str, kind: type[Resize], options: str) -> Operator[Resize]:
    def read(op: FileOp) -> Op:
        table, size = op.options(options), op.sizes(1, op.outputs[0].shape[1:3])
        require(len(size) == 2, f"%{op.input(1).name} (height and width) has {len(size)} elements")
        return kind(
            **op.operands(0),
            size=(size[0], size[1]),
            align_corners=table.flag("AlignCorners"),
            half_pixel_centers=table.flag("HalfPixelCenters"),
        )

    def write(op: Resize, graph: Graph) -> Record:
        if isinstance(op, ResizeBilinear) and op.steps:
            raise NotInFiles(op, "where steps are the ratio of the sizes")
        fields = {"AlignCorners": op.align_corners, "HalfPixelCenters": op.half_pixel_centers}
        return Record(4, options, fields, {"size": op.size})

    return Operator(builtin, kind, read, write)


OPERATORS = (
    _arg_extreme("ARG_MAX", ArgMax, "ArgMaxOptions"),
    _arg_extreme("ARG_MIN", ArgMin, "ArgMinOptions"),
    Operator("CUMSUM", CumSum, _read_cumsum, _write_cumsum),
    plain("DYNAMIC_UPDATE_SLICE", DynamicUpdateSlice, 1, "DynamicUpdateSliceOptions"),
    plain("EMBEDDING_LOOKUP", EmbeddingLookup, 3),
    Operator("GATHER", Gather, _read_gather, _write_gather),
    plain("GATHER_ND", GatherNd, 5, "GatherNdOptions"),
    Operator("ONE_HOT", OneHot, _read_one_hot, _write_one_hot),
    _resize("RESIZE_BILINEAR", ResizeBilinear, "ResizeBilinearOptions"),
    _resize("RESIZE_NEAREST_NEIGHBOR", ResizeNearest, "ResizeNearestNeighborOptions"),
    Operator("TOPK_V2", TopK, _read_top_k, _write_top_k),
)
