"""Weights and biases that a file has as codes, or as reals, in the form that layers of integers take."""

from dataclasses import replace

import numpy as np

from aot.graph.ir import Array, Quant, Tensor
from aot.ops.codes import reals

_BIAS_TYPES = {"int8": "int32", "uint8": "int32", "int16": "int64"}
_NEAR = 1e-5  # how far the scale of a bias may be from that of the products, by its size


def centred(w: Tensor) -> Tensor:
    """Constant weights less their zero points: int8, or int16 where one byte does not hold all of them."""
    quant = w.quantization
    if w.dtype == "int8" and not any(quant.zero_point):
        return w
    codes = w.values.astype(np.int16) - np.reshape(quant.zero_point, along(quant, w)).astype(np.int16)
    narrow = codes.min() >= -128 and codes.max() < 128
    data = codes.astype(np.int8) if narrow else codes
    return replace(w, dtype=data.dtype.name, quant=replace(quant, zero_point=(0,) * len(quant.scale)), data=data)


def along(quant: Quant, tensor: Tensor) -> tuple[int, ...]:
    """The shape in which parameters broadcast over a tensor."""
    if not quant.per_channel or quant.axis is None:
        return ()
    return tuple(-1 if i == quant.axis else 1 for i in range(len(tensor.shape)))


def bias_codes(b: Tensor, x: Tensor, w: Tensor) -> Tensor:
    """A bias in the scales of the products of `x` and `w`: the codes that it has, or the nearest ones to its reals."""
    dtype = _BIAS_TYPES[x.dtype]
    products = np.float32(x.scale) * np.array(w.quantization.scale, np.float32)
    info = np.iinfo(dtype)
    codes = np.clip(_in_steps(b, products), float(info.min), float(np.nextafter(float(info.max), 0)))
    quant = Quant(tuple(map(float, products)), (0,) * len(products), 0 if len(products) > 1 else None)
    return replace(b, shape=(b.elements,), dtype=dtype, quant=quant, data=codes.astype(dtype))


def _in_steps(b: Tensor, products: Array) -> Array:
    """The bias in whole steps of `products`, in double."""
    if b.quant is None:
        return np.rint(b.values.reshape(-1).astype(np.float32) / products).astype(np.float64)
    if np.allclose(b.quant.scale, products, rtol=_NEAR, atol=0):
        centre = np.reshape(b.quant.zero_point, along(b.quant, b))
        return np.asarray((b.values.astype(np.int64) - centre).reshape(-1).astype(np.float64))
    return np.rint(reals(b.values, b.quant).reshape(-1) / products).astype(np.float64)
