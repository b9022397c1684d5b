"""The other oracle: runs the bytes of a .tflite model in TensorFlow Lite Micro's reference kernels."""

from collections.abc import Sequence

import numpy as np
from tflite_micro import runtime

from aot.graph.fixedpoint import Array

_ARENA = 1 << 22  # bytes; what the package reserves by itself is too little for small models with large tensors


def outputs(model: bytes, inputs: list[Array], count: int = 1) -> list[Array]:
    """The first `count` outputs for one set of inputs, both in the model's order. RuntimeError: it does not run it."""
    return sequence(model, [inputs], count)[0]


def sequence(model: bytes, samples: Sequence[list[Array]], count: int = 1) -> list[list[Array]]:
    """The outputs of one run after the other, which remember."""
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=_ARENA)
    results = []
    for inputs in samples:
        for i, value in enumerate(inputs):
            interpreter.set_input(value.reshape(interpreter.get_input_details(i)["shape"]), i)
        interpreter.invoke()
        results.append([np.array(interpreter.get_output(i)) for i in range(count)])
    return results
