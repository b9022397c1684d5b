"""What is known before the model runs: the outputs of nodes whose inputs are constant."""

import math
from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

from aot.frontends.building import Value
from aot.frontends.onnx.records import Node
from aot.graph.ir import Array, Unsupported

_MOVES = (
    "DequantizeLinear",
    "Transpose",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    "Identity",
    "Flatten",
    "If",
    "Loop",
    "Scan",
)
_RANDOM = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial")
_IR_VERSION = 10
_LARGEST = 64 << 20
_SHAPE = 64  # elements of what may be a shape


def folds(node: Node, inputs: Sequence[Value | None]) -> bool:
    """Whether a node's outputs are known; those that only move constants are read, so that codes stay codes."""
    return node.kind not in (*_MOVES, *_RANDOM) and all(v is None or v.constant for v in inputs)


def _refuse_large(model: ModelProto) -> None:
    """Raise Unsupported before memory is asked for; what nobody knows the size of is looked at afterwards."""
    try:
        outputs = shape_inference.infer_shapes(model, data_prop=True).graph.output
    except Exception:  # what is wrong with it, its evaluation tells
        return
    for port in outputs:
        if math.prod(d.dim_value for d in port.type.tensor_type.shape.dim) > _LARGEST:
            raise Unsupported("its value is too large for a microcontroller")


def evaluated(node: Node, arrays: Sequence[Array | None]) -> list[Array]:
    """The outputs of a node of constants."""
    given = {name: a for name, a in zip(node.inputs, arrays, strict=True) if a is not None}
    ports = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for name, a in given.items()
    ]
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.outputs if name]
    shapes = [numpy_helper.from_array(a, name) for name, a in given.items() if a.size <= _SHAPE]
    graph = helper.make_graph([node.proto], "fold", ports, outputs, shapes)
    imports = [helper.make_opsetid("", node.opset), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=_IR_VERSION)
    _refuse_large(model)
    try:
        with np.errstate(all="ignore"):
            results = ReferenceEvaluator(model).run(None, given)
    except Exception as error:  # the reference raises whatever its numpy code does
        raise Unsupported(f"its value cannot be computed: {error}"[:200]) from None
    if any(np.asarray(r).nbytes > _LARGEST for r in results):
        raise Unsupported("its value is too large for a microcontroller")
    return [np.asarray(r) for r in results]
