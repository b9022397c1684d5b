"""Functions of one real number that models of other formats than .tflite have. A table says what each of them means.

A quantized one is a table of codes, in which not-a-number is 0.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Tensor
from aot.ops.common import require
from aot.ops.unary import Tabulated


@dataclass(frozen=True)
class Meaning:
    """`value` of float32 numbers x and the parameters alpha and beta; `ulps` as `Unary.float_ulps`."""

    value: Callable[[Array, np.float32, np.float32], Array]
    ulps: int = 0


def _wide(function: Callable[[Array], Array], x: Array) -> Array:
    """`function` in double precision, rounded to float32."""
    return np.asarray(function(x.astype(np.float64))).astype(np.float32)


def _library(function: Callable[[Array], Array], ulps: int) -> Meaning:
    """One that C's library has."""
    return Meaning(lambda x, alpha, beta: _wide(function, x), ulps)


def _erf(x: Array) -> Array:
    return np.array([math.erf(v) for v in x.ravel().tolist()], np.float64).reshape(x.shape)


def _mish(x: Array) -> Array:
    """x * tanh(log(1 + exp(x))); exp(x) is the square of `root`, which is never so small that bits get lost."""
    root = _wide(np.exp, np.float32(-0.5) * np.abs(x))
    power = root * root
    below = power * (power + np.float32(2))
    above = np.float32(1) + np.float32(2) * power
    falling = (x * root) * (root * (power + np.float32(2)) / (below + np.float32(2)))
    return np.where(x < 0, falling, x * (above / (above + np.float32(2) * power * power)))


def _softplus(x: Array) -> Array:
    """log(1 + exp(x))."""
    return np.where(x > 0, x, np.float32(0)) + _wide(np.log1p, _wide(np.exp, -np.abs(x)))


def _between_0_and_1(x: Array) -> Array:
    return np.where(x < 0, np.float32(0), np.where(x > 1, np.float32(1), x))


FUNCTIONS: dict[str, Meaning] = {
    "acos": _library(np.arccos, 2),
    "acosh": _library(np.arccosh, 3),
    "asin": _library(np.arcsin, 2),
    "asinh": _library(np.arcsinh, 3),
    "atan": _library(np.arctan, 2),
    "atanh": _library(np.arctanh, 3),
    "celu": Meaning(lambda x, alpha, beta: np.where(x < 0, alpha * _wide(np.expm1, x / alpha), x), 2),
    "cosh": _library(np.cosh, 2),
    "elu": Meaning(lambda x, alpha, beta: np.where(x < 0, alpha * _wide(np.expm1, x), x), 2),
    "erf": _library(_erf, 2),
    "hard_sigmoid": Meaning(lambda x, alpha, beta: _between_0_and_1(alpha * x + beta)),
    "mish": Meaning(lambda x, alpha, beta: _mish(x), 8),
    "reciprocal": Meaning(lambda x, alpha, beta: np.float32(1) / x),
    "selu": Meaning(lambda x, alpha, beta: beta * np.where(x < 0, alpha * _wide(np.expm1, x), x), 3),
    "shrink": Meaning(
        lambda x, alpha, beta: np.where(x < -alpha, x + beta, np.where(x > alpha, x - beta, np.float32(0)))
    ),
    "sinh": _library(np.sinh, 3),
    "softplus": Meaning(lambda x, alpha, beta: _softplus(x), 4),
    "softsign": Meaning(lambda x, alpha, beta: x / (np.float32(1) + np.abs(x))),
    "swish": Meaning(lambda x, alpha, beta: x / (np.float32(1) + _wide(np.exp, -(alpha * x))), 3),
    "tan": _library(np.tan, 2),
    "thresholded_relu": Meaning(lambda x, alpha, beta: np.where(x > alpha, x, np.float32(0))),
}


@dataclass(frozen=True, kw_only=True)
class RealFunction(Tabulated):
    """The `function` of x that FUNCTIONS says, with its parameters `alpha` and `beta` where it has some."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8")

    function: str  # one of FUNCTIONS
    alpha: float = 0.0
    beta: float = 0.0

    def check(self, graph: Graph) -> None:
        require(self.function in FUNCTIONS, f"function {self.function}; supported: {', '.join(FUNCTIONS)}")
        require(math.isfinite(self.alpha) and math.isfinite(self.beta), "a parameter that is no finite number")
        require(self.function != "celu" or np.float32(self.alpha) != 0, "alpha is 0")
        super().check(graph)

    def ulps(self, graph: Graph) -> int:
        return FUNCTIONS[self.function].ulps if graph[self.outputs[0]].dtype == "float32" else 0

    def real(self, x: Array) -> Array:
        return FUNCTIONS[self.function].value(x, np.float32(self.alpha), np.float32(self.beta))

    def table(self, real: Array, y: Tensor) -> Array:
        return np.nan_to_num(self.real(real), nan=0.0, posinf=np.inf, neginf=-np.inf)
