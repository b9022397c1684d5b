"""The oracle: runs the bytes of a .tflite model in LiteRT."""

from collections.abc import Sequence
from enum import Enum

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from aot.graph.fixedpoint import Array


class Resolver(Enum):
    """Which of LiteRT's kernels: the reference ones, its optimized ones, or XNNPACK's where it has them."""

    REFERENCE = OpResolverType.BUILTIN_REF
    BUILTIN = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    XNNPACK = OpResolverType.BUILTIN


def outputs(model: bytes, inputs: list[Array], resolver: Resolver) -> list[Array]:
    """The model's outputs for one set of inputs, both in the model's order."""
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=resolver.value, num_threads=1)
    interpreter.allocate_tensors()
    return _run(interpreter, inputs)


def sequence(model: bytes, samples: Sequence[list[Array]], resolver: Resolver) -> list[list[Array]]:
    """The outputs of one run after the other, which remember."""
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=resolver.value, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.reset_all_variables()
    return [_run(interpreter, inputs) for inputs in samples]


def _run(interpreter: Interpreter, inputs: list[Array]) -> list[Array]:
    for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [np.array(interpreter.get_tensor(d["index"])) for d in interpreter.get_output_details()]
