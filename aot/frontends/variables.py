"""What the variables of a .tflite file begin as."""

import numpy as np

from aot.ir import Array, Tensor


def reset_value(tensor: Tensor) -> Array:
    """What a variable tensor holds before the first run: the code of 0.0 where it is int8, else zeros."""
    value = tensor.zero_point if tensor.dtype == "int8" and tensor.quant else 0
    return np.full(tensor.shape, value, tensor.dtype)
