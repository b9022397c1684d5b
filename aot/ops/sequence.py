"""What recurrent layers share: the sequence that they step over, and checks of their operands."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.common import require, require_shape


@dataclass(frozen=True)
class Sequence:
    """How a sequence lies in memory: steps, batches, and elements in one step of one batch; and which way it goes."""

    steps: int
    batches: int
    depth: int
    time_major: bool
    reverse: bool

    def steps_first(self, x: Array) -> Array:
        """`x` as [steps, batches, elements], in the order of the steps."""
        shape = (self.steps, self.batches, -1) if self.time_major else (self.batches, self.steps, -1)
        rows = x.reshape(shape) if self.time_major else x.reshape(shape).swapaxes(0, 1)
        return rows[::-1] if self.reverse else rows

    def restored(self, outputs: list[Array], shape: tuple[int, ...]) -> Array:
        """The inverse, of each step's outputs, in the given shape."""
        y = np.stack(outputs[::-1] if self.reverse else outputs)
        return np.ascontiguousarray(y if self.time_major else y.swapaxes(0, 1)).reshape(shape)


def sequence_of(x: Tensor, time_major: bool, reverse: bool) -> Sequence:
    """How `x` is read: [steps, batches, elements], or with the first two the other way round."""
    require(len(x.shape) == 3, f"%{x.name} has {len(x.shape)} dimensions; supported: 3")
    steps, batches = x.shape[:2] if time_major else x.shape[1::-1]
    return Sequence(steps, batches, x.shape[2], time_major, reverse)


@dataclass(frozen=True, kw_only=True)
class SequenceOp(Op):
    """A recurrent layer: its outputs are those of all steps, which need not be there, and the states after the last."""

    states: ClassVar[int] = 1  # how many states it has

    @property
    def gives_steps(self) -> bool:
        """Whether the outputs of all steps are there."""
        return len(self.outputs) > self.states

    def require_outputs(self, graph: Graph, x: Tensor, batches: int, *widths: int) -> None:
        """Raise Unsupported for results of other shapes; `widths` are those of the states, the output first."""
        count = len(self.outputs)
        require(count in (self.states, self.states + 1), f"{count} outputs; supported: {self.states + 1}")
        if self.gives_steps:
            require_shape(graph[self.outputs[0]], (*x.shape[:-1], widths[0]))
        for name, width in zip(self.outputs[-self.states :], widths, strict=True):
            require_shape(graph[name], (batches, width))

    def results(self, graph: Graph, sequence: Sequence, steps: list[Array], *states: Array) -> tuple[Array, ...]:
        """What the outputs are, of those of each step and the last states."""
        if not self.gives_steps:
            return states
        return sequence.restored(steps, graph[self.outputs[0]].shape), *states


def require_real(graph: Graph, op: Op) -> None:
    for name in (*op.inputs, *op.outputs):
        if name is not None:
            require(
                graph[name].dtype == "float32",
                f"%{name} is {graph[name].dtype}; supported: float32, and LSTMs of int8 and int16",
            )


def require_constant(t: Tensor | None, shape: tuple[int, ...]) -> None:
    if t is not None:
        require(t.constant, f"%{t.name} is not constant")
        require_shape(t, shape)
