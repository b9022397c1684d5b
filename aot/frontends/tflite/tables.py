"""The tables of a .tflite file, as the schema describes them: what is asked of those that the package tflite reads."""

from math import isfinite
from typing import Protocol

import tflite

from aot.graph.ir import Array, Unsupported

Vector = Array | int  # flatbuffers gives the integer 0 for one that is absent


class Buffer(Protocol):
    """The bytes of a constant."""

    def DataLength(self) -> int: ...
    def DataAsNumpy(self) -> Array: ...
    def Offset(self) -> int: ...


class Quantization(Protocol):
    """Scales and zero points."""

    def ScaleLength(self) -> int: ...
    def ScaleAsNumpy(self) -> Array: ...
    def ZeroPointLength(self) -> int: ...
    def ZeroPointAsNumpy(self) -> Array: ...
    def QuantizedDimension(self) -> int: ...


class TensorTable(Protocol):
    """A tensor."""

    def Name(self) -> bytes | None: ...
    def Type(self) -> int: ...
    def ShapeLength(self) -> int: ...
    def ShapeAsNumpy(self) -> Array: ...
    def ShapeSignatureLength(self) -> int: ...
    def ShapeSignatureAsNumpy(self) -> Array: ...
    def Buffer(self) -> int: ...
    def Quantization(self) -> Quantization | None: ...
    def Sparsity(self) -> object | None: ...
    def IsVariable(self) -> bool: ...


class Untyped(Protocol):
    """A table of any kind: where it lies."""

    Bytes: bytes
    Pos: int


class OperatorTable(Protocol):
    """An operator: its kind is a number in the model's list."""

    def OpcodeIndex(self) -> int: ...
    def InputsAsNumpy(self) -> Vector: ...
    def OutputsAsNumpy(self) -> Vector: ...
    def IntermediatesAsNumpy(self) -> Vector: ...
    def BuiltinOptions(self) -> Untyped | None: ...


class OperatorCode(Protocol):
    """A kind of operator."""

    def BuiltinCode(self) -> int: ...
    def DeprecatedBuiltinCode(self) -> int: ...
    def CustomCode(self) -> bytes | None: ...


class SubgraphTable(Protocol):
    """Tensors, and the operators between them."""

    def TensorsLength(self) -> int: ...
    def Tensors(self, number: int) -> TensorTable: ...
    def OperatorsLength(self) -> int: ...
    def Operators(self, number: int) -> OperatorTable: ...
    def InputsAsNumpy(self) -> Vector: ...
    def OutputsAsNumpy(self) -> Vector: ...


class Model(Protocol):
    """The whole file."""

    def Version(self) -> int: ...
    def SubgraphsLength(self) -> int: ...
    def Subgraphs(self, number: int) -> SubgraphTable: ...
    def BuffersLength(self) -> int: ...
    def Buffers(self, number: int) -> Buffer: ...
    def OperatorCodesLength(self) -> int: ...
    def OperatorCodes(self, number: int) -> OperatorCode: ...


def model_of(content: bytes) -> Model:
    """The table that a .tflite file begins with."""
    model: Model = tflite.Model.GetRootAsModel(content, 0)
    return model


class Options:
    """The options of an operator, whose fields are known by the schema's names, as those of a Record are."""

    def __init__(self, kind: str, table: Untyped) -> None:
        self._options = getattr(tflite, kind)()
        self._options.Init(table.Bytes, table.Pos)

    def integer(self, field: str) -> int:
        """A number, or a code of the schema."""
        return int(getattr(self._options, field)())

    def integers(self, field: str) -> tuple[int, ...]:
        """Numbers; none where they are left out."""
        vector: Vector = getattr(self._options, f"{field}AsNumpy")()
        return () if isinstance(vector, int) else tuple(int(v) for v in vector)

    def real(self, field: str) -> float:
        """A real number. Raises Unsupported for what is none, and for infinities."""
        value = float(getattr(self._options, field)())
        if not isfinite(value):
            raise Unsupported(f"{field} is {value}; supported: finite numbers")
        return value

    def flag(self, field: str) -> bool:
        """A yes or no."""
        return bool(getattr(self._options, field)())

    def text(self, field: str) -> bytes | None:
        """A text, or None where it is left out."""
        raw: bytes | None = getattr(self._options, field)()
        return raw
