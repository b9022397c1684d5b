"""What flows through a graph: arrays of integers or reals, and what the integers stand for."""

import math
from dataclasses import dataclass

import numpy as np

from aot.base.errors import AotError
from aot.graph.fixedpoint import Array


class Unsupported(AotError):
    """An operator, a type or an attribute that aot does not implement: `what` is the reason alone."""


@dataclass(frozen=True)
class Quant:
    """How integers stand for reals: `real = scale * (q - zero_point)`, per tensor or along `axis`.

    Scales are float32 values, kept as Python floats. Per tensor there is one of each and `axis` is None.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int | None = None

    @property
    def per_channel(self) -> bool:
        return len(self.scale) > 1

    def __str__(self) -> str:
        if self.per_channel:
            return f"scale={min(self.scale):.6g}..{max(self.scale):.6g} axis={self.axis}"
        return f"scale={self.scale[0]:.6g} zero_point={self.zero_point[0]}"


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value of the graph; `dtype` is numpy's name of its element type; `data` is set for constants only.

    `name` is a C identifier; `label` is what the model file calls the tensor. Images lie by pixels,
    [row, column, channel], those with `planes` by planes, [channel, row, column]; int8 weights with `wide` may be int16
    in flash: how memory holds a value changes nothing of it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    quant: Quant | None = None
    data: Array | None = None
    label: str = ""
    planes: bool = False
    wide: bool = False

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.elements * np.dtype(self.dtype).itemsize

    @property
    def constant(self) -> bool:
        return self.data is not None

    @property
    def values(self) -> Array:
        """The data of a constant. Raises Unsupported for what is computed."""
        if self.data is None:
            raise Unsupported(f"%{self.name} is not constant")
        return self.data

    @property
    def scale(self) -> float:
        """The per-tensor scale. Raises Unsupported when the tensor carries none."""
        return self.quantization.scale[0]

    @property
    def zero_point(self) -> int:
        """The per-tensor zero point. Raises Unsupported when the tensor carries none."""
        return self.quantization.zero_point[0]

    @property
    def quantization(self) -> Quant:
        """`quant`. Raises Unsupported when the tensor carries none."""
        if self.quant is None:
            raise Unsupported(f"%{self.name} is {self.dtype} without quantization parameters")
        return self.quant

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"
