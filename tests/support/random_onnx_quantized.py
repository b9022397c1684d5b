"""Random ONNX models whose every result is quantized: what the standard calls QDQ, in many combinations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import random_onnx_layers as layers
import random_onnx_nodes as nodes
from onnx import helper
from random_onnx import Growing, Maker, Rng

from aot.graph.ir import Array

# The results of these have their operand's parameters, most often.
_MOVING = (
    "Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "MaxPool", "Reshape", "Slice", "SpaceToDepth", "Split",
    "Squeeze", "Tile", "Transpose", "Unsqueeze",
)  # fmt: skip


_FUSED = ("Add", "Conv", "Gemm", "MatMul", "Mul")
_TABLES = ("Abs", "Exp", "HardSwish", "Neg", "Relu", "Sigmoid", "Softplus", "Tanh")
_LOOSE = ("Softmax",)  # within one code; nobody reads them


class Quantizing(Growing):
    """Every result goes through codes of one type; inputs, too. Nothing is moved a little: codes would jump."""

    def __init__(self, rng: Rng) -> None:
        super().__init__(rng)
        self.dtype = str(self.one_of(("int8", "uint8")))
        self.per_channel = self.chance(0.5)
        self.parameters: dict[str, tuple[str, str]] = {}  # scale and zero point, by the reals that codes stand for
        for name, value in self.inputs.items():
            self.values[name] = value, value
            self._through_codes(name, *self._chosen(value))

    def agree(self, whole: Array, alone: Array) -> bool:
        return True

    @property
    def size(self) -> int:
        return sum(not node.op_type.endswith("quantizeLinear") for node in self.nodes)

    def add(self, kind: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> list[str]:
        """With the operator that it may be fused with at times."""
        made = super().add(kind, inputs, outputs, **attributes)
        if kind in _FUSED and self.chance(0.3):
            sums, made = made, super().add("Relu", made)
            del self.values[sums[0]]
        return [self._quantized(kind, name, inputs) for name in made]

    def _quantized(self, kind: str, name: str, inputs: Sequence[str]) -> str:
        value = self.values[name][0]
        if value.dtype != np.float32:
            return name
        given = self.parameters.get(inputs[0])
        keep = given is not None and kind in _MOVING and self.chance(0.8)
        made = self._through_codes(name, *(given if keep and given is not None else self._chosen(value)))
        if kind in _LOOSE:
            self.loose.append(made)
            del self.values[made]
        return made

    def _chosen(self, value: Array) -> tuple[str, str]:
        """A scale and a zero point for the range of these reals, or for somewhat less."""
        info = np.iinfo(self.dtype)
        low, high = min(float(value.min()), 0.0), max(float(value.max()), 0.0)
        scale = np.float32(max(high - low, 1e-3) * self.rng.uniform(0.8, 1.1) / (info.max - info.min))
        zero = np.clip(np.rint(info.min - low / scale), info.min, info.max)
        return self.constant(scale), self.constant(zero, self.dtype)

    def _through_codes(self, name: str, scale: str, zero: str) -> str:
        """The reals of the codes of %name, which nobody reads any more."""
        (codes,) = super().add("QuantizeLinear", [name, scale, zero])
        (reals,) = super().add("DequantizeLinear", [codes, scale, zero])
        for gone in (codes, name):
            del self.values[gone]
        self.parameters[reals] = scale, zero
        return reals

    def weights(self, *shape: int, axis: int = 0) -> str:
        """Codes of 7 bits: onnxruntime's sums are right on every computer."""
        scales = np.asarray(self.rng.uniform(0.01, 0.03, shape[axis] if self.per_channel else ()), np.float32)
        codes = np.clip(np.rint(self.reals(shape) * 25), -63, 63)
        return self._constant_reals(codes, "int8", scales, axis)

    def bias(self, x: str, w: str, *shape: int) -> str:
        """Codes of the scale of products: of real ones, which become such codes, onnxruntime makes float32 sums."""
        scale = self.constants[self.parameters[x][0]] * self.constants[self.parameters[w][0]]
        self.need(not scale.ndim or shape == scale.shape)
        return self._constant_reals(np.rint(self.reals(shape) / scale), "int32", scale.astype(np.float32), 0)

    def _constant_reals(self, codes: Array, dtype: str, scales: Array, axis: int) -> str:
        """What constant codes stand for, by a node that converts them."""
        inputs = [self.constant(codes, dtype), self.constant(scales), self.constant(np.zeros(scales.shape), dtype)]
        name = f"w{len(self.nodes)}"
        self.nodes.append(
            helper.make_node("DequantizeLinear", inputs, [name], **({"axis": axis} if scales.ndim else {}))
        )
        shape = [-1 if i == axis else 1 for i in range(codes.ndim)] if scales.ndim else ()
        self.constants[name] = np.asarray(codes * scales.reshape(shape), np.float32)
        self.parameters[name] = inputs[1], inputs[2]
        return name


def table(g: Growing) -> None:
    g.add(g.one_of(_TABLES), [g.pick()])


def mean(g: Growing) -> None:
    """Of nine or three codes: these have no ties, at which onnxruntime does not agree with itself."""
    x = g.pick((3, 4))
    g.need(min(g.shape(x)[2:]) >= 3)
    g.add("AveragePool", [x], kernel_shape=[3 for _ in g.shape(x)[2:]])


def largest_of_windows(g: Growing) -> None:
    x = g.pick((3, 4))
    g.add("MaxPool", [x], **layers.window(g, x))


def whole_mean(g: Growing) -> None:
    g.add("GlobalAveragePool", [g.pick((4,))])


MAKERS: tuple[Maker, ...] = (
    layers.convolution, layers.convolution, layers.convolution, layers.dense, layers.dense, layers.product,
    layers.softmax, largest_of_windows, mean, whole_mean, table, table, nodes.parametrised, nodes.clip,
    nodes.arithmetic, nodes.arithmetic, nodes.arithmetic, nodes.transposed, nodes.reshaped, nodes.flattened,
    nodes.squeezed, nodes.tiled, nodes.concatenated, nodes.concatenated, nodes.sliced, nodes.split, nodes.padded,
    nodes.gathered, nodes.blocks,
)  # fmt: skip
