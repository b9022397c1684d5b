"""Small ONNX networks of several kinds, which together use most readers of operators."""

from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx_models import onnx_model

from aot.graph.ir import Array

make = helper.make_node


def _weights(seed: int, *shape: int) -> Array:
    drawn = np.random.default_rng(seed).standard_normal(shape)
    return np.asarray(drawn / np.sqrt(np.prod(shape[1:]) or 1), np.float32)


def images() -> bytes:
    """Convolutions, pools, normalizations, resizing, a channel shuffle, a dense layer."""
    nodes = [
        make("Conv", ["x", "w0", "b0"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        make("BatchNormalization", ["a", "b0", "b1", "b2", "b3"], ["n"]),
        make("Clip", ["n", "zero", "six"], ["r"]),
        make("Conv", ["r", "w1"], ["d"], auto_pad="SAME_UPPER", group=8),
        make("InstanceNormalization", ["d", "b0", "b1"], ["i"]),
        make("AveragePool", ["i"], ["p"], kernel_shape=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1, ceil_mode=1),
        make("Resize", ["p", "", "", "sizes"], ["s"], mode="linear"),
        make("MaxPool", ["s"], ["m"], kernel_shape=[3, 3], dilations=[2, 2]),
        make("ConvTranspose", ["m", "w2"], ["t"], strides=[2, 2], output_padding=[1, 1], group=2),
        make("Pad", ["t", "pads"], ["e"], mode="reflect"),
        make("LRN", ["e"], ["l"], size=3),
        make("Reshape", ["l", "split"], ["g"]),
        make("Transpose", ["g"], ["h"], perm=[0, 2, 1, 3, 4]),
        make("Flatten", ["h"], ["f"]),
        make("Gemm", ["f", "w3", "b4"], ["y"], transB=1),
        make("Softmax", ["y"], ["z"]),
    ]
    constants = {
        "w0": _weights(0, 8, 3, 3, 3), "b0": np.ones(8, np.float32), "b1": _weights(1, 8), "b2": _weights(2, 8),
        "b3": np.ones(8, np.float32), "zero": np.float32(0), "six": np.float32(5), "w1": _weights(3, 8, 1, 3, 3),
        "sizes": np.array([1, 8, 7, 6]), "w2": _weights(4, 8, 2, 3, 3), "pads": np.array([0, 0, 1, 1, 0, 0, 1, 0]),
        "split": np.array([0, 2, 2, 10, -1]), "w3": _weights(5, 5, 4 * 10 * 7), "b4": _weights(6, 5),
    }  # fmt: skip
    return onnx_model(nodes, {"x": (1, 3, 8, 8)}, {"z": (1, 5)}, constants)


def sequences() -> bytes:
    """Recurrent layers, attention by hand, layer normalization."""
    nodes = [
        make(
            "GRU", ["x", "w0", "r0", "b0"], ["g", "h"], hidden_size=6, linear_before_reset=1, direction="bidirectional"
        ),
        make("Transpose", ["g"], ["t"], perm=[0, 2, 1, 3]),
        make("Reshape", ["t", "merged"], ["m"]),
        make("LSTM", ["m", "w1", "r1"], ["l", "", "c"], hidden_size=4, direction="reverse"),
        make("Squeeze", ["l", "one"], ["s"]),
        make("LayerNormalization", ["s", "scale", "offset"], ["n"]),
        make("MatMul", ["n", "q"], ["k"]),
        make("Einsum", ["k", "n"], ["e"], equation="sbi,tbi->bst"),
        make("Softmax", ["e"], ["p"], axis=-1),
        make("Trilu", ["p"], ["u"], upper=0),
        make("ReduceMean", ["u", "one"], ["v"], keepdims=0),
        make("Gelu", ["v"], ["o"], approximate="tanh"),
        make("Tanh", ["c"], ["last"]),
    ]
    constants = {
        "w0": _weights(0, 2, 18, 3), "r0": _weights(1, 2, 18, 6), "b0": _weights(2, 2, 36),
        "merged": np.array([5, 1, 12]),
        "w1": _weights(3, 1, 16, 12), "r1": _weights(4, 1, 16, 4), "one": np.array([1]), "scale": _weights(5, 4),
        "offset": _weights(6, 4), "q": _weights(7, 4, 4),
    }  # fmt: skip
    return onnx_model(nodes, {"x": (5, 1, 3)}, {"o": (1, 5), "last": (1, 1, 4)}, constants, opset=20)


def positions() -> bytes:
    """Indexing, scattering, sorting, padding, cumulative sums, functions of one number."""
    nodes = [
        make("TopK", ["x", "k"], ["v", "i"], largest=0, axis=0),
        make("GatherElements", ["x", "i"], ["g"], axis=0),
        make("Sub", ["g", "v"], ["zero"]),
        make("ArgMax", ["x"], ["m"], axis=1, select_last_index=1),
        make("OneHot", ["m", "depth", "ends"], ["o"]),
        make("Squeeze", ["o"], ["q"]),
        make("ScatterElements", ["x", "places", "q"], ["s"], axis=1, reduction="add"),
        make("CumSum", ["s", "depth_axis"], ["c"], reverse=1),
        make("Where", ["mask", "c", "x"], ["w"]),
        make("Pad", ["w", "pads"], ["p"], mode="edge"),
        make("Slice", ["p", "starts", "ends_", "axes", "steps"], ["t"]),
        make("Mish", ["t"], ["a"]),
        make("Split", ["a"], ["y0", "y1"], axis=1, num_outputs=2),
        make("Concat", ["y0", "y1", "y0"], ["y"], axis=0),
        make("Expand", ["zero", "shape"], ["z"]),
    ]
    constants = {
        "k": np.array([2]), "depth": np.int64(6), "ends": np.array([0.5, 2], np.float32),
        "places": np.random.default_rng(0).integers(-6, 6, (4, 6)), "depth_axis": np.int64(1),
        "mask": np.arange(6) % 2 == 0, "pads": np.array([1, 0, 0, 2]), "starts": np.array([4, -1]),
        "ends_": np.array([0, -100]), "axes": np.array([0, 1]), "steps": np.array([-2, -1]),
        "shape": np.array([2, 2, 6]),
    }  # fmt: skip
    return onnx_model(nodes, {"x": (4, 6)}, {"y": (6, 4), "z": (2, 2, 6)}, constants)


def control() -> bytes:
    """A branch whose condition is computed, in it a value from outside; a loop, and one that collects values."""
    value = helper.make_tensor_value_info
    real, number, truth = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
    then = helper.make_graph([make("Mul", ["x", "two"], ["t"])], "then", [], [value("t", real, (3,))])
    other = helper.make_graph([make("Sub", ["x", "s"], ["e"])], "else", [], [value("e", real, (3,))])
    body = helper.make_graph(
        [make("Add", ["state", "x"], ["next"]), make("ReduceMax", ["next"], ["top"], keepdims=0),
         make("Less", ["top", "limit"], ["on"])],
        "body", [value("i", number, ()), value("c", truth, ()), value("state", real, (3,))],
        [value("on", truth, ()), value("next", real, (3,))],
    )  # fmt: skip
    collecting = helper.make_graph(
        [make("Identity", ["c2"], ["on2"]), make("Mul", ["state2", "two"], ["next2"]),
         make("Exp", ["state2"], ["kept"])],
        "collecting", [value("i2", number, ()), value("c2", truth, ()), value("state2", real, (3,))],
        [value("on2", truth, ()), value("next2", real, (3,)), value("kept", real, (3,))],
    )  # fmt: skip
    nodes = [
        make("ReduceSum", ["x"], ["s"], keepdims=0),
        make("Greater", ["s", "zero"], ["condition"]),
        make("If", ["condition"], ["b"], then_branch=then, else_branch=other),
        make("Abs", ["b"], ["p"]),
        make("Loop", ["many", "", "p"], ["l"], body=body),
        make("Loop", ["hundred", "", "p"], ["last", "y"], body=collecting),
    ]
    constants = {"two": np.float32(0.9), "zero": np.float32(0), "many": np.int64(1000), "limit": np.float32(50),
                 "hundred": np.int64(100)}  # fmt: skip
    return onnx_model(nodes, {"x": (3,)}, {"l": (3,), "y": (100, 3), "last": (3,)}, constants)


def quantized() -> bytes:
    """Conversions around a convolution."""
    nodes = [
        make("QuantizeLinear", ["x", "sx", "zx"], ["qx"]),
        make("DequantizeLinear", ["qx", "sx", "zx"], ["dx"]),
        make("DequantizeLinear", ["w", "sw", "zw"], ["dw"], axis=0),
        make("Conv", ["dx", "dw"], ["c"]),
        make("Relu", ["c"], ["r"]),
        make("QuantizeLinear", ["r", "sy", "zx"], ["qy"]),
        make("DequantizeLinear", ["qy", "sy", "zx"], ["y"]),
    ]
    constants = {
        "sx": np.float32(0.05), "zx": np.int8(3), "w": np.arange(24).reshape(4, 3, 2, 1).astype(np.int8),
        "sw": np.full(4, 0.01, np.float32), "zw": np.zeros(4, np.int8), "sy": np.float32(0.1),
    }  # fmt: skip
    return onnx_model(nodes, {"x": (1, 3, 4, 4)}, {"y": (1, 4, 3, 4)}, constants)


NETWORKS: dict[str, Callable[[], bytes]] = {
    "images": images, "sequences": sequences, "positions": positions, "control": control, "quantized": quantized,
}  # fmt: skip


def inputs_of(content: bytes, seed: int) -> dict[str, Array]:
    """Values for the inputs of a network."""
    rng = np.random.default_rng(seed)
    ports = onnx.ModelProto.FromString(content).graph.input
    shapes = {p.name: [d.dim_value for d in p.type.tensor_type.shape.dim] for p in ports}
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
