"""What recurrent layers share: the sequence that they step over, and checks of their operands."""

from dataclasses import dataclass

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
