"""onnxruntime as the oracle of rounding `onnx`: a graph of one quantized operator as a QDQ model.

The model takes and gives the codes; between them stand DequantizeLinear, the float32 operator and QuantizeLinear, which
onnxruntime joins to one operator where it can, as in anybody's model. Images are turned to [n, c, h, w] as codes.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import onnxruntime
from onnx import NodeProto, TensorProto, helper, numpy_helper

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.ops.add import Add, Sub
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.codes import has_codes
from aot.ops.common import Activation
from aot.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.dequantize import Dequantize
from aot.ops.division import Div
from aot.ops.fully_connected import FullyConnected
from aot.ops.functions import Elu, Exp, Gelu, Log, Neg
from aot.ops.hard_swish import HardSwish
from aot.ops.mean import Mean
from aot.ops.mul import Mul
from aot.ops.operands import Weighted
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.prelu import Prelu
from aot.ops.quantize import Quantize
from aot.ops.reduce import Sum
from aot.ops.relu import Relu, Relu0To1, Relu6, ReluN1To1
from aot.ops.roots import Rsqrt, Sqrt
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.softmax import Softmax
from aot.ops.squared_difference import SquaredDifference
from aot.ops.transpose_conv import TransposeConv
from aot.ops.two_slopes import Abs, LeakyRelu
from aot.ops.unary import Unary

_JOINED = (Weighted, AveragePool2D, MaxPool2D, Add, Mul)  # with the conversions around them, if nothing stands between
_TO_PLANES, _TO_PIXELS = (0, 3, 1, 2), (0, 2, 3, 1)
_TYPES = {
    np.dtype(name): helper.np_dtype_to_tensor_dtype(np.dtype(name)) for name in ("int8", "uint8", "int16", "int32")
}
_TYPES |= {np.dtype("float32"): TensorProto.FLOAT, np.dtype("bool"): TensorProto.BOOL}


def is_joined(op: Op) -> bool:
    """Whether onnxruntime joins it with the conversions around it; Sub is an Add elsewhere."""
    return isinstance(op, _JOINED) and not isinstance(op, Sub)


class Model:
    """A model, node by node; names of values are handed on."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, data: Array) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(data, order="C"), name))
        return name

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def dequantized(self, codes: str, scale: Array | float, zero: Array, **attributes: int) -> str:
        return self.node("DequantizeLinear", codes, self.constant(np.float32(scale)), self.constant(zero), **attributes)

    def reals(self, codes: str, t: Tensor) -> str:
        """What the codes of `t` stand for."""
        return self.dequantized(codes, t.scale, np.array(t.zero_point, t.dtype))

    def codes(self, reals: str, t: Tensor) -> str:
        return self.node(
            "QuantizeLinear", reals, self.constant(np.float32(t.scale)), self.constant(np.array(t.zero_point, t.dtype))
        )

    def limited(self, reals: str, activation: Activation) -> str:
        """A fused activation."""
        low, high = activation.value
        if activation is Activation.NONE:
            return reals
        if high is None:
            return self.node("Relu", reals)
        return self.node("Clip", reals, *(self.constant(np.float32(v)) for v in (low, high)))


Body = Callable[[Model, Any, list[str], Graph], str]  # the float32 operator, of the operands' reals


def _named(kind: str, **attributes: Any) -> Body:
    """Its activation, too, unless the operator is to be joined."""

    def body(model: Model, op: Op, operands: list[str], graph: Graph) -> str:
        made = model.node(kind, *operands, **attributes)
        return made if is_joined(op) else model.limited(made, getattr(op, "activation", Activation.NONE))

    return body


def _clip(low: float, high: float) -> Body:
    return lambda model, op, operands, graph: model.node(
        "Clip", operands[0], model.constant(np.float32(low)), model.constant(np.float32(high))
    )


def _not_equal(model: Model, op: Op, operands: list[str], graph: Graph) -> str:
    return model.node("Not", model.node("Equal", *operands))


def _squared_difference(model: Model, op: Op, operands: list[str], graph: Graph) -> str:
    difference = model.node("Sub", *operands)
    return model.node("Mul", difference, difference)


def _leaky_relu(model: Model, op: LeakyRelu, operands: list[str], graph: Graph) -> str:
    return model.node("LeakyRelu", *operands, alpha=float(op.alpha))


def _gelu(model: Model, op: Gelu, operands: list[str], graph: Graph) -> str:
    return model.node("Gelu", *operands, approximate="tanh" if op.approximate else "none")


def _rsqrt(model: Model, op: Op, operands: list[str], graph: Graph) -> str:
    return model.node("Reciprocal", model.node("Sqrt", *operands))


def _softmax(model: Model, op: Softmax, operands: list[str], graph: Graph) -> str:
    return model.node("Softmax", *operands, axis=-1)


def _reduced(kind: str, model: Model, op: Mean | Sum, operands: list[str], graph: Graph) -> str:
    return model.node(kind, operands[0], model.constant(np.array(op.axes, np.int64)), keepdims=int(op.keep_dims))


def _transposed_matrix(model: Model, x: str, rank: int) -> str:
    return model.node("Transpose", x, perm=[*range(rank - 2), rank - 1, rank - 2])


def _quantized_elsewhere(model: Model, op: Op, operands: list[str], graph: Graph) -> str:
    return operands[0]


_BODIES: dict[type[Op], Body] = {
    **{op: _named(op.__name__) for op in (Abs, Add, Div, Elu, Equal, Exp, Greater, HardSwish, Less, Log, Mul, Neg)},
    **{op: _named(op.__name__) for op in (Relu, Sqrt, Sub, Tanh)},
    Dequantize: _quantized_elsewhere,
    Gelu: _gelu,
    GreaterEqual: _named("GreaterOrEqual"),
    LeakyRelu: _leaky_relu,
    LessEqual: _named("LessOrEqual"),
    Logistic: _named("Sigmoid"),
    Mean: partial(_reduced, "ReduceMean"),
    NotEqual: _not_equal,
    Prelu: _named("PRelu"),
    Quantize: _quantized_elsewhere,
    Relu0To1: _clip(0, 1),
    Relu6: _clip(0, 6),
    ReluN1To1: _clip(-1, 1),
    Rsqrt: _rsqrt,
    Softmax: _softmax,
    SquaredDifference: _squared_difference,
    Sum: partial(_reduced, "ReduceSum"),
}


def _elementwise(model: Model, op: Op, graph: Graph) -> str:
    """Everything whose operands keep their layout."""
    y = graph[op.outputs[0]]
    operands = [graph[name] for name in op.inputs]
    if isinstance(op, Softmax):  # whose factor of x is a part of its scale
        operands = [replace(t, quant=Quant((t.scale * op.beta,), (t.zero_point,))) for t in operands]
    reals = [model.reals(t.name, t) if t.quant else t.name for t in operands]
    result = _BODIES[type(op)](model, op, reals, graph)
    return model.codes(result, y) if has_codes(y) else result


def _pads(op: Any) -> list[int]:
    (top, bottom), (left, right) = op.padding
    return [top, left, bottom, right]


def _pool(kind: str, model: Model, op: Any, graph: Graph, **attributes: Any) -> str:
    x, y = op.operands(graph)
    planes = model.reals(model.node("Transpose", x.name, perm=_TO_PLANES), x)
    return model.node("Transpose", model.codes(model.node(kind, planes, **attributes), y), perm=_TO_PIXELS)


def _window_pool(kind: str, model: Model, op: AveragePool2D | MaxPool2D, graph: Graph) -> str:
    return _pool(kind, model, op, graph, kernel_shape=op.kernel, strides=op.stride, pads=_pads(op))


def over_images(op: Op, graph: Graph) -> bool:
    """Whether that is a mean over all of an image."""
    return isinstance(op, Mean) and len(graph[op.inputs[0]].shape) == 4 and sorted(op.axes) == [1, 2]


def _mean(model: Model, op: Mean, graph: Graph) -> str:
    y = graph[op.outputs[0]]
    if y.dtype != "int8" or not over_images(op, graph):
        return _elementwise(model, op, graph)
    pooled = _pool("GlobalAveragePool", model, op, graph)
    return model.node("Reshape", pooled, model.constant(np.array(y.shape)))


def _weights(model: Model, w: Tensor, data: Array, axis: int) -> str:
    """Reals of the weights `data`, whose channels lie along `axis`."""
    scale, zero = np.array(w.quantization.scale), np.zeros(len(w.quantization.scale), data.dtype)
    if len(scale) == 1:
        return model.dequantized(model.constant(data), scale[0], zero[0])
    return model.dequantized(model.constant(data), scale, zero, axis=axis)


def _bias(model: Model, x: Tensor, w: Tensor, b: Tensor | None) -> list[str]:
    if b is None:
        return []
    scale = np.broadcast_to(np.float32(x.scale) * np.array(w.quantization.scale, np.float32), b.shape)
    return [model.dequantized(model.constant(b.values), scale, np.zeros(b.shape, b.dtype), axis=0)]


def _convolution(kind: str, model: Model, op: Any, graph: Graph) -> str:
    x, w, b, y = op.operands(graph)
    attributes = {"strides": op.stride, "pads": _pads(op)}
    if isinstance(op, TransposeConv):
        attributes["output_padding"] = [
            y.shape[1 + i] + sum(op.padding[i]) - (x.shape[1 + i] - 1) * op.stride[i] - w.shape[1 + i] for i in (0, 1)
        ]
        data, axis = w.values.transpose(3, 0, 1, 2), 1
    elif isinstance(op, DepthwiseConv2D):
        data, axis = w.values.transpose(3, 0, 1, 2), 0
        attributes |= {"group": x.shape[3], "dilations": op.dilation}
    else:
        data, axis = w.values.transpose(0, 3, 1, 2), 0
        attributes |= {"group": x.shape[3] // w.shape[3], "dilations": op.dilation}
    planes = model.reals(model.node("Transpose", x.name, perm=_TO_PLANES), x)
    made = model.node(kind, planes, _weights(model, w, data, axis), *_bias(model, x, w, b), **attributes)
    return model.node("Transpose", model.codes(made, y), perm=_TO_PIXELS)


def _dense(model: Model, op: FullyConnected, graph: Graph) -> str:
    x, w, b, y = op.operands(graph)
    rows = model.node("Reshape", x.name, model.constant(np.array([-1, w.shape[1]])))
    made = model.node("Gemm", model.reals(rows, x), _weights(model, w, w.values, 0), *_bias(model, x, w, b), transB=1)
    return model.node("Reshape", model.codes(made, y), model.constant(np.array(y.shape)))


def _matmul(model: Model, op: BatchMatMul, graph: Graph) -> str:
    a, b, y = op.operands(graph)
    assert op.bias(graph) is None
    left = _transposed_matrix(model, a.name, len(a.shape)) if op.adj_x else a.name
    right = _transposed_matrix(model, b.name, len(b.shape)) if op.adj_y else b.name
    return model.codes(model.node("MatMul", model.reals(left, a), model.reals(right, b)), y)


_MODELS: dict[type[Op], Callable[[Model, Any, Graph], str]] = {
    **dict.fromkeys(_BODIES, _elementwise),
    AveragePool2D: partial(_window_pool, "AveragePool"),
    BatchMatMul: _matmul,
    Conv2D: partial(_convolution, "Conv"),
    DepthwiseConv2D: partial(_convolution, "Conv"),
    FullyConnected: _dense,
    MaxPool2D: partial(_window_pool, "MaxPool"),
    Mean: _mean,
    TransposeConv: partial(_convolution, "ConvTranspose"),
}


def onnx_content(graph: Graph) -> bytes:
    """The QDQ model of a graph of one operator."""
    (op,) = graph.ops
    model, y = Model(), graph[op.outputs[0]]
    model.nodes.append(helper.make_node("Identity", [_MODELS[type(op)](model, op, graph)], [y.name]))
    known = [numpy_helper.from_array(t.data, n) for n, t in graph.tensors.items() if t.data is not None]
    ports = [[_port(graph[name]) for name in names] for names in (graph.inputs, graph.outputs)]
    made = helper.make_graph(model.nodes, "model", *ports, [*model.constants, *known])
    opsets = [helper.make_opsetid("", 21)]
    return helper.make_model(made, opset_imports=opsets, ir_version=10).SerializeToString()


def _port(t: Tensor) -> Any:
    return helper.make_tensor_value_info(t.name, helper.np_dtype_to_tensor_dtype(np.dtype(t.dtype)), t.shape)


def known_to_onnx(graph: Graph) -> bool:
    """Whether the operator of `graph` computes on codes, and there is a model of it."""
    (op,) = graph.ops
    tensors = [graph[n] for n in (*op.inputs, *op.outputs) if n is not None]
    if type(op) not in _MODELS or not any(map(has_codes, tensors)):
        return False
    # It dequantizes neither biases of 64 bits nor to int32, and the definition of int16's softmax is another one.
    strange = {"int64"} & {t.dtype for t in tensors} or graph[op.outputs[0]].dtype == "int32"
    return not strange and not (isinstance(op, Softmax) and tensors[-1].dtype == "int16")


def onnxruntime_oracle(graph: Graph, values: Mapping[str, Array]) -> Array:
    """What onnxruntime answers, as it runs models by default."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    options.add_session_config_entry("session.qdqisint8allowed", "1")  # on x86, too, int8 stays int8
    session = onnxruntime.InferenceSession(onnx_content(graph), options, providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {name: values[name] for name in graph.inputs})
    (op,) = graph.ops
    if is_joined(op):
        return _limited(answer, op.activation, graph[op.outputs[0]])
    return np.asarray(answer)


def _limited(codes: Array, activation: Activation, y: Tensor) -> Array:
    """A fused activation as limits of codes, behind what onnxruntime would not join if it stood before."""
    low, high = (None if v is None else np.rint(np.float32(v) / np.float32(y.scale)) for v in activation.value)
    raised = codes if low is None else np.maximum(codes, min(low + y.zero_point, np.iinfo(y.dtype).max))
    return (raised if high is None else np.minimum(raised, high + y.zero_point)).astype(y.dtype)


def slack_in_codes(graph: Graph) -> int:
    """How far onnxruntime's answer may be from ours.

    1 where it adds up float32 numbers, in an order of its own, and where int16 codes tell functions of its library from
    ours.
    """
    (op,) = graph.ops
    y = graph[op.outputs[0]]
    if isinstance(op, Unary) and op.float_ulps and y.dtype == "int16":
        return 1
    joined = isinstance(op, Weighted | BatchMatMul) and not isinstance(op, TransposeConv) and y.dtype == "int8"
    sums = isinstance(op, Weighted | BatchMatMul | Mean | Sum)
    return 1 if sums and not joined and not (y.dtype == "int8" and over_images(op, graph)) else 0
