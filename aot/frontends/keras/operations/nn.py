"""Operations that are activation functions, and others of keras.ops.nn."""

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.reduction import along_last
from aot.frontends.keras.description import number
from aot.frontends.keras.layers.activation import FUNCTIONS, glu, softmax, sparsemax, squareplus
from aot.frontends.keras.layers.common import real
from aot.frontends.keras.operations.operands import keyword
from aot.frontends.keras.records import Call, Reader, axis_of
from aot.graph.ir import Op
from aot.ops.common import require
from aot.ops.functions import Gelu
from aot.ops.l2_normalization import L2Normalization
from aot.ops.log_softmax import LogSoftmax
from aot.ops.real_functions import RealFunction
from aot.ops.softmax import Softmax
from aot.ops.two_slopes import LeakyRelu

# Operations without parameters: the classes, and the functions that they are.
_PLAIN = {
    "HardSigmoid": "hard_sigmoid", "HardSilu": "hard_silu", "HardTanh": "hard_tanh", "LogSigmoid": "log_sigmoid",
    "Mish": "mish", "Relu": "relu", "Relu6": "relu6", "Selu": "selu", "Sigmoid": "sigmoid", "Silu": "silu",
    "Softplus": "softplus", "Softsign": "softsign", "SparsePlus": "sparse_plus", "SparseSigmoid": "sparse_sigmoid",
    "TanhShrink": "tanh_shrink",
}  # fmt: skip


def _plain(name: str) -> Reader:
    return lambda call: FUNCTIONS[name](call, real(call))


def _parameter(call: Call, name: str, default: float) -> float:
    return number(keyword(call, name, default), name)


def _real(function: str, name: str, default: float, beta: bool = False) -> Reader:
    """A function whose parameter has this name; `beta`: and is the second one, too."""

    def read(call: Call) -> Value:
        value = _parameter(call, name, default)
        return call.build.like(real(call), RealFunction, function=function, alpha=value, beta=value if beta else 0.0)

    return read


def _gelu(call: Call) -> Value:
    return call.build.like(real(call), Gelu, approximate=bool(keyword(call, "approximate", True)))


def _leaky_relu(call: Call) -> Value:
    return call.build.like(real(call), LeakyRelu, alpha=_parameter(call, "negative_slope", 0.2))


def _softmax(kind: type[Op]) -> Reader:
    return lambda call: softmax(call, real(call), keyword(call, "axis", -1), kind)


def _normalize(call: Call) -> Value:
    require(keyword(call, "order", 2) == 2, f"order {keyword(call, 'order')}")
    epsilon = _parameter(call, "epsilon", 1e-12) if keyword(call, "epsilon") is not None else 1e-12
    require(bool(np.isclose(epsilon, 1e-12)), f"epsilon {epsilon:g}; supported: 1e-12")
    x = real(call)
    return along_last(call, x, L2Normalization, axis_of(keyword(call, "axis", -1), x.rank))


OPERATIONS: dict[str, Reader] = {
    **{kind: _plain(name) for kind, name in _PLAIN.items()},
    "Celu": _real("celu", "alpha", 1.0),
    "Elu": _real("elu", "alpha", 1.0),
    "Gelu": _gelu,
    "Glu": lambda call: glu(call, real(call), keyword(call, "axis", -1)),
    "HardShrink": _real("shrink", "threshold", 0.5),
    "LeakyRelu": _leaky_relu,
    "LogSoftmax": _softmax(LogSoftmax),
    "Normalize": _normalize,
    "SoftShrink": _real("shrink", "threshold", 0.5, beta=True),
    "Softmax": _softmax(Softmax),
    "Sparsemax": lambda call: sparsemax(call, real(call), keyword(call, "axis", -1)),
    "Squareplus": lambda call: squareplus(call, real(call), _parameter(call, "b", 4.0)),
}
