"""One reader for each TensorFlow Lite operator: its option table and index tensors become an Op's attributes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite

from aot.ir import Op, Tensor, Unsupported
from aot.ops.add import Add
from aot.ops.common import Activation, Pads, require
from aot.ops.concatenation import Concatenation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.dequantize import Dequantize
from aot.ops.fully_connected import FullyConnected
from aot.ops.logistic import Logistic
from aot.ops.mean import Mean
from aot.ops.pad import Pad
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.quantize import Quantize
from aot.ops.relu import Relu, Relu6
from aot.ops.reshape import Reshape
from aot.ops.softmax import Softmax
from aot.ops.transpose import Transpose

_ACTIVATIONS = {
    tflite.ActivationFunctionType.NONE: Activation.NONE,
    tflite.ActivationFunctionType.RELU: Activation.RELU,
    tflite.ActivationFunctionType.RELU6: Activation.RELU6,
    tflite.ActivationFunctionType.RELU_N1_TO_1: Activation.RELU_N1_TO_1,
}


@dataclass(frozen=True)
class FileOp:
    """An operator as the file has it: its name there, the flatbuffer table, and its tensors."""

    builtin: str
    table: Any
    inputs: list[Tensor | None]
    outputs: list[Tensor]

    def options(self, kind: type) -> Any:
        """The operator's options read as the table class `kind`; an absent table reads as all defaults."""
        table = self.table.BuiltinOptions()
        options = kind()
        if table is None:
            raise Unsupported(f"{self.builtin} without {kind.__name__}")
        options.Init(table.Bytes, table.Pos)
        return options

    def input(self, index: int) -> Tensor:
        """A required input."""
        tensor = self.inputs[index] if index < len(self.inputs) else None
        if tensor is None:
            raise Unsupported(f"input {index} is missing")
        return tensor

    def integers(self, index: int) -> tuple[int, ...]:
        """The values of a constant index tensor."""
        tensor = self.input(index)
        if tensor.data is None or tensor.dtype not in ("int32", "int64"):
            raise Unsupported(f"%{tensor.name} must be a constant of int32 or int64")
        return tuple(int(v) for v in np.ravel(tensor.data))

    def operands(self, count: int | None = None) -> dict[str, Any]:
        """Name, inputs (the first `count`) and outputs, as an Op's constructor takes them."""
        inputs = self.inputs if count is None else [self.input(i) for i in range(count)]
        return {
            "name": self.outputs[0].name,
            "inputs": tuple(t.name if t else None for t in inputs),
            "outputs": tuple(t.name for t in self.outputs),
        }


def _activation(code: int) -> Activation:
    if code not in _ACTIVATIONS:
        raise Unsupported(f"fused activation {code}; supported: {', '.join(map(str, Activation))}")
    return _ACTIVATIONS[code]


def _pads(code: int, x: Tensor, kernel: tuple[int, ...], stride: tuple[int, int], dilation: tuple[int, int]) -> Pads:
    """SAME puts the smaller half of what is missing before, VALID adds nothing."""
    require(code in (tflite.Padding.SAME, tflite.Padding.VALID), f"padding {code}")
    if code == tflite.Padding.VALID:
        return ((0, 0), (0, 0))
    vertical, horizontal = (_same(x.shape[1 + i], kernel[i], stride[i], dilation[i]) for i in (0, 1))
    return vertical, horizontal


def _same(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    places = -(-size // stride)
    missing = max((places - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return missing // 2, missing - missing // 2


def _window(o: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Stride and dilation of a convolution's options."""
    stride, dilation = (o.StrideH(), o.StrideW()), (o.DilationHFactor(), o.DilationWFactor())
    require(min(*stride, *dilation) >= 1, f"stride {stride}, dilation {dilation}")
    return stride, dilation


def _four_dimensions(*tensors: Tensor) -> None:
    for tensor in tensors:
        require(len(tensor.shape) == 4, f"%{tensor.name} has {len(tensor.shape)} dimensions; supported: 4")


def _conv2d(op: FileOp) -> Op:
    o, x, w = op.options(tflite.Conv2DOptions), op.input(0), op.input(1)
    _four_dimensions(x, w)
    stride, dilation = _window(o)
    pads = _pads(o.Padding(), x, w.shape[1:3], stride, dilation)
    activation = _activation(o.FusedActivationFunction())
    return Conv2D(**op.operands(), stride=stride, dilation=dilation, padding=pads, activation=activation)


def _depthwise_conv2d(op: FileOp) -> Op:
    o, x, w = op.options(tflite.DepthwiseConv2DOptions), op.input(0), op.input(1)
    _four_dimensions(x, w)
    stride, dilation = _window(o)
    pads = _pads(o.Padding(), x, w.shape[1:3], stride, dilation)
    activation = _activation(o.FusedActivationFunction())
    return DepthwiseConv2D(**op.operands(), stride=stride, dilation=dilation, padding=pads, activation=activation)


def _fully_connected(op: FileOp) -> Op:
    o = op.options(tflite.FullyConnectedOptions)
    require(o.WeightsFormat() == 0, f"weights format {o.WeightsFormat()}")
    return FullyConnected(**op.operands(), activation=_activation(o.FusedActivationFunction()))


def _pool2d(kind: type[AveragePool2D] | type[MaxPool2D]) -> "Callable[[FileOp], Op]":
    def read(op: FileOp) -> Op:
        o, x = op.options(tflite.Pool2DOptions), op.input(0)
        _four_dimensions(x)
        kernel, stride = (o.FilterHeight(), o.FilterWidth()), (o.StrideH(), o.StrideW())
        require(min(*kernel, *stride) >= 1, f"filter {kernel}, stride {stride}")
        pads = _pads(o.Padding(), x, kernel, stride, (1, 1))
        activation = _activation(o.FusedActivationFunction())
        return kind(**op.operands(), kernel=kernel, stride=stride, padding=pads, activation=activation)

    return read


def _add(op: FileOp) -> Op:
    return Add(**op.operands(), activation=_activation(op.options(tflite.AddOptions).FusedActivationFunction()))


def _axes(values: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """Axes counted from either end, as a sorted set counted from the front."""
    require(all(-rank <= a < rank for a in values), f"axes {list(values)} of a tensor with {rank} dimensions")
    return tuple(sorted({a % rank for a in values}))


def _mean(op: FileOp) -> Op:
    axes = _axes(op.integers(1), len(op.input(0).shape))
    return Mean(**op.operands(1), axes=axes, keep_dims=bool(op.options(tflite.ReducerOptions).KeepDims()))


def _pad(op: FileOp) -> Op:
    pads, rank = op.integers(1), len(op.input(0).shape)
    require(len(pads) == 2 * rank and min(pads, default=0) >= 0, f"paddings {list(pads)} for {rank} dimensions")
    return Pad(**op.operands(1), pads=tuple(zip(pads[::2], pads[1::2], strict=True)))


def _reshape(op: FileOp) -> Op:
    return Reshape(**op.operands(1))


def _concatenation(op: FileOp) -> Op:
    o = op.options(tflite.ConcatenationOptions)
    (axis,) = _axes((o.Axis(),), len(op.input(0).shape))
    return Concatenation(**op.operands(), axis=axis, activation=_activation(o.FusedActivationFunction()))


def _transpose(op: FileOp) -> Op:
    permutation, rank = op.integers(1), len(op.input(0).shape)
    require(sorted(permutation) == list(range(rank)), f"permutation {list(permutation)} of {rank} dimensions")
    return Transpose(**op.operands(1), permutation=permutation)


def _softmax(op: FileOp) -> Op:
    return Softmax(**op.operands(), beta=float(op.options(tflite.SoftmaxOptions).Beta()))


def _plain(kind: type[Op]) -> "Callable[[FileOp], Op]":
    """A reader for operators without attributes."""
    return lambda op: kind(**op.operands())


READERS: dict[str, Callable[[FileOp], Op]] = {
    "ADD": _add,
    "AVERAGE_POOL_2D": _pool2d(AveragePool2D),
    "CONCATENATION": _concatenation,
    "CONV_2D": _conv2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv2d,
    "DEQUANTIZE": _plain(Dequantize),
    "EXPAND_DIMS": _reshape,
    "FULLY_CONNECTED": _fully_connected,
    "LOGISTIC": _plain(Logistic),
    "MAX_POOL_2D": _pool2d(MaxPool2D),
    "MEAN": _mean,
    "PAD": _pad,
    "QUANTIZE": _plain(Quantize),
    "RELU": _plain(Relu),
    "RELU6": _plain(Relu6),
    "RESHAPE": _reshape,
    "SOFTMAX": _softmax,
    "SQUEEZE": _reshape,
    "TRANSPOSE": _transpose,
}
