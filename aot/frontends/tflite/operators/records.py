"""What reading and writing TensorFlow Lite operators have in common: an operator as the file has it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypedDict, TypeVar

import numpy as np
import tflite

from aot.base.errors import AotError
from aot.frontends.tflite.tables import OperatorTable, Options
from aot.graph.ir import Graph, Op, Quant, Tensor, Unsupported
from aot.ops.common import NEAR, Activation, Pads, require, require_shape, same_pads

_ACTIVATIONS = {
    tflite.ActivationFunctionType.NONE: Activation.NONE,
    tflite.ActivationFunctionType.RELU: Activation.RELU,
    tflite.ActivationFunctionType.RELU6: Activation.RELU6,
    tflite.ActivationFunctionType.RELU_N1_TO_1: Activation.RELU_N1_TO_1,
}
_ACTIVATION_CODES = {activation: code for code, activation in _ACTIVATIONS.items()}

Kind = TypeVar("Kind", bound=Op)


class NotInFiles(AotError):
    """A .tflite file cannot hold this operator; `why` goes on from there."""

    def __init__(self, op: Op, why: str) -> None:
        super().__init__(
            f"{op} cannot be written to a .tflite file, {why}",
            "build, run and verify take the model as it is, with --calibration too",
        )


def refuse_other_codes(op: Op, graph: Graph) -> None:
    """Raise NotInFiles where a result of int8 has other codes than TensorFlow Lite knows for it."""
    y = graph[op.outputs[0]]
    usual = op.scheme.outputs.get(y.dtype)
    if y.dtype != "int8" or usual is None:
        return
    (scale,), (zero_point,) = usual.scale, usual.zero_point
    if abs(y.scale / scale - 1) > NEAR or y.zero_point != zero_point:
        raise NotInFiles(op, f"where %{y.name} has {usual}")


class Operands(TypedDict):
    """What the constructor of every Op takes."""

    name: str
    inputs: tuple[str | None, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class FileOp:
    """An operator that is read: its name in the file, the flatbuffer table, its tensors, the graphs inside.

    `intermediates` are tensors that only tell how something inside the operator is quantized; `new` makes a tensor that
    the file does not have, under a name of its own, for what becomes several operators. The shapes of the outputs named
    `free` are not what the file says, but what the operator gives them.
    """

    builtin: str
    table: OperatorTable
    inputs: list[Tensor | None]
    outputs: list[Tensor]
    graphs: dict[str, Graph] = field(default_factory=dict)
    intermediates: tuple[Tensor, ...] = ()
    new: Callable[[Tensor], Tensor] = lambda tensor: tensor
    free: frozenset[str] = frozenset()

    def options(self, kind: str) -> Options:
        """The operator's options, which are of the schema's `kind`. Raises Unsupported where the file has none."""
        table = self.table.BuiltinOptions()
        if table is None:
            raise Unsupported(f"{self.builtin} without {kind}")
        return Options(kind, table)

    def input(self, index: int) -> Tensor:
        """A required input."""
        tensor = self.inputs[index] if index < len(self.inputs) else None
        if tensor is None:
            raise Unsupported(f"input {index} is missing")
        return tensor

    def integers(self, index: int) -> tuple[int, ...]:
        """The values of a constant index tensor."""
        tensor = self.input(index)
        if tensor.data is None or tensor.dtype not in ("int32", "int64"):
            raise Unsupported(f"%{tensor.name} must be a constant of int32 or int64")
        return tuple(int(v) for v in np.ravel(tensor.data))

    def is_known(self, index: int) -> bool:
        """Whether there is such an input, and it is a constant."""
        return index < len(self.inputs) and (t := self.inputs[index]) is not None and t.constant

    def sizes(self, index: int, told: tuple[int, ...]) -> tuple[int, ...]:
        """The values of an index tensor; of one that is computed, `told`: what the shapes of the outputs tell."""
        computed = not self.input(index).constant
        return told if computed and not any(t.name in self.free for t in self.outputs) else self.integers(index)

    def gives(self, shape: tuple[int, ...]) -> None:
        """Say what shape the output has, in case that it is free: raises WrongShape where it has another."""
        if self.outputs[0].name in self.free:
            require_shape(self.outputs[0], shape)

    def integer(self, index: int) -> int:
        """The value of a constant index tensor of one element."""
        values = self.integers(index)
        require(len(values) == 1, f"%{self.input(index).name} has {len(values)} elements; supported: 1")
        return values[0]

    def operands(self, *needed: int) -> Operands:
        """Name, inputs and outputs: of the inputs only those `needed`, by their numbers, where any are told."""
        inputs = [self.input(i) for i in needed] if needed else self.inputs
        return {
            "name": self.outputs[0].name,
            "inputs": tuple(t.name if t else None for t in inputs),
            "outputs": tuple(t.name for t in self.outputs),
        }


Indices = int | tuple[int, ...] | tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Record:
    """An operator to be written: version, kind and fields of its option table, index tensors beside its inputs.

    The index tensors follow the inputs, or come before input `place`; `order`, where it is given, is how the file
    orders inputs and index tensors: their positions, the first one first. `subgraphs` are fields that number graphs;
    `intermediates` how something inside the operator is quantized, by name.
    """

    version: int
    options: str = ""
    fields: Mapping[str, int | float | str] = field(default_factory=dict)
    indices: Mapping[str, Indices] = field(default_factory=dict)
    place: int | None = None
    order: tuple[int, ...] = ()
    subgraphs: dict[str, Graph] = field(default_factory=dict)
    intermediates: dict[str, Quant] = field(default_factory=dict)


@dataclass(frozen=True)
class Operator(Generic[Kind]):
    """One operator of the format: its name there, what it becomes, and both ways between them.

    `write` is None where another operator of the format says the same. `updates` are the inputs that are variables in
    the file: the operator reads each, and has one more output for its next value. `subgraphs` tells the numbers of the
    graphs inside.
    """

    builtin: str
    kind: type[Kind]
    read: Callable[[FileOp], Op | tuple[Op, ...]]
    write: Callable[[Kind, Graph], Record] | None
    updates: tuple[int, ...] = ()
    subgraphs: Callable[[FileOp], dict[str, int]] = lambda op: {}


AnyOperator = Operator[Any]  # where it does not matter what it becomes


def read_activation(options: Options) -> Activation:
    """The fused activation that options tell. Raises Unsupported."""
    code = options.integer("FusedActivationFunction")
    if code not in _ACTIVATIONS:
        raise Unsupported(f"fused activation {code}; supported: {', '.join(map(str, _ACTIVATION_CODES))}")
    return _ACTIVATIONS[code]


def write_activation(activation: Activation) -> int:
    """The file's code of a fused activation."""
    return int(_ACTIVATION_CODES[activation])


def read_pads(
    code: int, x: Tensor, kernel: tuple[int, ...], stride: tuple[int, int], dilation: tuple[int, int]
) -> Pads:
    """SAME puts the smaller half of what is missing before, VALID adds nothing."""
    require(code in (tflite.Padding.SAME, tflite.Padding.VALID), f"padding {code}; supported: SAME, VALID")
    if code == tflite.Padding.VALID:
        return ((0, 0), (0, 0))
    vertical, horizontal = (same_pads(x.shape[1 + i], kernel[i], stride[i], dilation[i]) for i in (0, 1))
    return vertical, horizontal


def write_pads(
    pads: Pads, x: Tensor, y: Tensor, kernel: tuple[int, ...], stride: tuple[int, int], dilation: tuple[int, int]
) -> int:
    """The file's code of `pads`. Raises AotError where they are neither SAME nor VALID."""
    if pads == ((0, 0), (0, 0)):
        return int(tflite.Padding.VALID)  # also where SAME would add nothing
    if pads != read_pads(tflite.Padding.SAME, x, kernel, stride, dilation):
        raise AotError(
            f"%{y.name} is padded by {pads}, which a .tflite file can only say with an operator of its own",
            "put a Pad operator in front",
        )
    return int(tflite.Padding.SAME)


def read_axes(values: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """Axes counted from either end, as a sorted set counted from the front."""
    require(all(-rank <= a < rank for a in values), f"axes {list(values)} of a tensor with {rank} dimensions")
    return tuple(sorted({a % rank for a in values}))


def read_axis(value: int, rank: int) -> int:
    """One axis counted from either end, counted from the front."""
    return read_axes((value,), rank)[0]


def read_pairs(op: FileOp, index: int, rank: int) -> tuple[tuple[int, int], ...]:
    """An index tensor of (before, after), none negative, for `rank` dimensions."""
    values = op.integers(index)
    require(
        len(values) == 2 * rank and min(values, default=0) >= 0, f"{list(values)} before and after {rank} dimensions"
    )
    return tuple(zip(values[::2], values[1::2], strict=True))


def four_dimensions(*tensors: Tensor) -> None:
    """Raise Unsupported unless all are images or their filters."""
    for tensor in tensors:
        require(len(tensor.shape) == 4, f"%{tensor.name} has {len(tensor.shape)} dimensions; supported: 4")


def plain(builtin: str, kind: type[Kind], version: int, options: str = "") -> Operator[Kind]:
    """An operator without attributes."""
    return Operator(builtin, kind, lambda op: kind(**op.operands()), lambda op, graph: Record(version, options))
