"""Networks that onnxruntime quantizes, and whether the codes that come out are its own."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import NodeProto, helper
from onnx_models import onnx_model, onnxruntime_answers

from aot.frontends import parse
from aot.graph.ir import Array, Graph
from aot.ops.dequantize import reals
from aot.passes import normalize

make = helper.make_node


@dataclass(frozen=True)
class Network:
    """Nodes from inputs to outputs, with weights."""

    nodes: Sequence[NodeProto]
    inputs: Mapping[str, Sequence[int]]
    outputs: Mapping[str, Sequence[int]]
    constants: Mapping[str, Array]

    def float_model(self) -> bytes:
        """The bytes of the model as it is before it is quantized."""
        return onnx_model(self.nodes, self.inputs, self.outputs, self.constants)


def samples(inputs: Mapping[str, Sequence[int]], count: int, seed: int) -> list[dict[str, Array]]:
    """Normally distributed reals for every input."""
    rng = np.random.default_rng(seed)
    return [{n: rng.standard_normal(s).astype(np.float32) for n, s in inputs.items()} for _ in range(count)]


class _Reader:
    def __init__(self, given: Sequence[Mapping[str, Array]]) -> None:
        self._left = iter(given)

    def get_next(self) -> Mapping[str, Array] | None:
        return next(self._left, None)


def quantized(network: Network, form: str, activations: str, weights: str, **options: Any) -> bytes:
    """The model as onnxruntime's quantizer makes it: `form` is QDQ or QOperator, types are QInt8, QUInt8, QInt16.

    Weights of int8 have 7 bits, so that onnxruntime's own sums are right on every computer; those for each channel
    are int8 in any case.
    """
    narrow = weights == "QInt8" or bool(options.get("per_channel"))
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "float.onnx", Path(folder) / "quantized.onnx"
        before.write_bytes(network.float_model())
        quantize_static(
            before, after, _Reader(samples(network.inputs, 8, 1)), quant_format=QuantFormat[form],  # type: ignore[arg-type]
            activation_type=QuantType[activations], weight_type=QuantType[weights], reduce_range=narrow,
            **options,
        )  # fmt: skip
        return after.read_bytes()


def normal_graph(content: bytes) -> Graph:
    """The graph as it is before it is made lean."""
    return normalize(parse(content, "model", "model.onnx"))


def float_kinds(graph: Graph) -> set[str]:
    """The kinds of operators that have float32 operands."""
    return {op.kind for op in graph.ops if any(graph[n].dtype == "float32" for n in (*op.inputs, *op.outputs) if n)}


def codes_of(x: Array, graph: Graph, name: str) -> Array:
    """Reals as the codes of an input, as QuantizeLinear has them; of a float input, the reals."""
    tensor = graph[name]
    if tensor.quant is None:
        return x
    info = np.iinfo(tensor.dtype)
    steps = np.rint(x / np.float32(tensor.scale)).astype(np.float64) + tensor.zero_point
    return np.asarray(np.clip(steps, info.min, info.max).astype(tensor.dtype))


def differences(
    content: bytes, graph: Graph, given: Sequence[Mapping[str, Array]], rounding: str, *, literal: bool = False
) -> tuple[int, int, float]:
    """How many outputs differ from onnxruntime's, of how many, and by how many codes at most."""
    differ, total, largest = 0, 0, 0.0
    for sample in given:
        wanted = onnxruntime_answers(content, sample, literal=literal)
        values = graph.values({n: codes_of(sample[graph[n].label], graph, n) for n in graph.inputs}, rounding)
        for name in graph.outputs:
            tensor, expected = graph[name], wanted[graph[name].label]
            step = 1.0 if tensor.quant is None else tensor.scale
            got = values[name] if tensor.quant is None else reals(values[name], tensor.quantization)
            off = np.abs(got.astype(np.float64) - expected) / step
            differ, total, largest = differ + int((off > 1e-3).sum()), total + off.size, max(largest, float(off.max()))
    return differ, total, largest


def _weights(seed: int) -> Callable[..., Array]:
    rng = np.random.default_rng(seed)
    return lambda *shape: (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def _residual() -> Network:
    w = _weights(1)
    nodes = [
        make("Conv", ["x", "w0", "b0"], ["a"], pads=[1, 1, 1, 1]),
        make("Relu", ["a"], ["r"]),
        make("Conv", ["r", "w1"], ["d"], pads=[1, 1, 1, 1], group=8),
        make("Conv", ["d", "w2", "b2"], ["e"]),
        make("Add", ["e", "r"], ["s"]),
        make("Relu", ["s"], ["sr"]),
        make("MaxPool", ["sr"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        make("Concat", ["p", "p"], ["c"], axis=1),
        make("Flatten", ["c"], ["f"]),
        make("Gemm", ["f", "w3", "b3"], ["y"], transB=1),
    ]
    constants = {
        "w0": w(8, 3, 3, 3), "b0": w(8), "w1": w(8, 1, 3, 3), "w2": w(8, 8, 1, 1), "b2": w(8), "w3": w(10, 256),
        "b3": w(10),
    }  # fmt: skip
    return Network(nodes, {"x": (1, 3, 8, 8)}, {"y": (1, 10)}, constants)


def _sequence() -> Network:
    w = _weights(2)
    nodes = [
        make("Conv", ["x", "w0", "b0"], ["a"], pads=[4, 0], dilations=[2]),
        make("Relu", ["a"], ["r"]),
        make("Conv", ["r", "w1", "b1"], ["b"], strides=[2]),
        make("MaxPool", ["b"], ["p"], kernel_shape=[2], strides=[2]),
        make("GlobalAveragePool", ["p"], ["g"]),
        make("Flatten", ["g"], ["f"]),
        make("MatMul", ["f", "w2"], ["y"]),
    ]
    constants = {"w0": w(6, 4, 3), "b0": w(6), "w1": w(8, 6, 3), "b1": w(8), "w2": w(8, 5)}
    return Network(nodes, {"x": (1, 4, 24)}, {"y": (1, 5)}, constants)


def _gates() -> Network:
    """Squeeze and excite."""
    w = _weights(3)
    nodes = [
        make("Conv", ["x", "w0", "b0"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        make("LeakyRelu", ["a"], ["l"], alpha=0.1),
        make("GlobalAveragePool", ["l"], ["g"]),
        make("Conv", ["g", "w1", "b1"], ["h"]),
        make("Sigmoid", ["h"], ["s"]),
        make("Mul", ["l", "s"], ["m"]),
        make("Conv", ["m", "w2", "b2"], ["y"]),
    ]
    constants = {
        "w0": w(8, 3, 3, 3), "b0": w(8), "w1": w(8, 8, 1, 1), "b1": w(8), "w2": w(4, 8, 1, 1), "b2": w(4)
    }  # fmt: skip
    return Network(nodes, {"x": (1, 3, 10, 10)}, {"y": (1, 4, 5, 5)}, constants)


def _average() -> Network:
    """Means of nine codes have no ties, at which onnxruntime does not agree with itself."""
    w = _weights(4)
    nodes = [
        make("Conv", ["x", "w0", "b0"], ["a"]),
        make("AveragePool", ["a"], ["p"], kernel_shape=[3, 3], strides=[1, 1], pads=[0, 0, 0, 0]),
        make("Flatten", ["p"], ["f"]),
        make("Gemm", ["f", "w1", "b1"], ["g"]),
        make("Softmax", ["g"], ["y"], axis=-1),
    ]
    constants = {"w0": w(4, 2, 3, 3), "b0": w(4), "w1": w(64, 6), "b1": w(6)}
    return Network(nodes, {"x": (1, 2, 8, 8)}, {"y": (1, 6)}, constants)


def _decoder() -> Network:
    """Up and back: what moves values in between."""
    w = _weights(5)
    nodes = [
        make("Conv", ["x", "w0", "b0"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1]),
        make("Clip", ["a", "zero", "six"], ["r"]),
        make("Resize", ["r", "", "scales"], ["u"], mode="nearest", coordinate_transformation_mode="asymmetric",
             nearest_mode="floor"),
        make("Conv", ["x", "w1", "b1"], ["s"]),
        make("Concat", ["u", "s"], ["c"], axis=1),
        make("Conv", ["c", "w2", "b2"], ["d"], pads=[1, 1, 1, 1]),
        make("Split", ["d"], ["d1", "d2"], axis=1, num_outputs=2),
        make("Sub", ["d1", "d2"], ["e"]),
        make("Pad", ["e", "pads"], ["p"]),
        make("Transpose", ["p"], ["t"], perm=[0, 2, 3, 1]),
        make("MatMul", ["t", "w3"], ["y"]),
    ]  # fmt: skip
    constants = {
        "w0": w(4, 3, 3, 3), "b0": w(4), "w1": w(4, 3, 1, 1), "b1": w(4), "w2": w(8, 8, 3, 3), "b2": w(8),
        "w3": w(4, 3), "zero": np.float32(0), "six": np.float32(6), "scales": np.array([1, 1, 2, 2], np.float32),
        "pads": np.array([0, 0, 1, 0, 0, 0, 0, 1]),
    }  # fmt: skip
    return Network(nodes, {"x": (1, 3, 8, 8)}, {"y": (1, 9, 9, 3)}, constants)


NETWORKS: dict[str, Callable[[], Network]] = {
    "average": _average,
    "decoder": _decoder,
    "gates": _gates,
    "residual": _residual,
    "sequence": _sequence,
}
