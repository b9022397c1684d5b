"""Shapes that a .tflite file leaves free: those of inputs are the user's to say, all others follow from them.

What the file says of such a shape is a placeholder. An operator that is asked whether it fits its tensors tells what
shape an output should have.
"""

from collections.abc import Iterable, Sequence

from aot.base.errors import AotError, cut
from aot.frontends.settings import Shapes
from aot.graph.ir import Graph, Op, Tensor, Unsupported
from aot.ops.common import WrongShape

_LARGEST = 64 << 20  # elements of an input


def given_shapes(inputs: Sequence[Tensor], shapes: Shapes, source: str) -> dict[str, tuple[int, ...]]:
    """The shapes that a user gives `inputs`, by their names; `shapes` may call them as the file does, too."""
    known = {name for t in inputs for name in (t.name, t.label)}
    if others := [name for name in shapes if name not in known]:
        names = ", ".join(t.name for t in inputs)
        raise AotError(f"{source} has no input called {cut(others[0])!r}", f"its inputs: {names}")
    called = {t.name: shapes.get(t.label, shapes.get(t.name)) for t in inputs}
    return {t.name: _given_shape(t, shape) for t in inputs if (shape := called[t.name]) is not None}


def _given_shape(tensor: Tensor, shape: Sequence[int]) -> tuple[int, ...]:
    """The shape that a user gives an input. Raises AotError where it cannot have that."""
    rank, dims = len(tensor.shape), tuple(int(d) for d in shape)
    elements = 1
    for extent in dims:
        elements = min(elements * extent, _LARGEST + 1)
    if min(dims, default=1) < 1 or not 1 <= elements <= _LARGEST or (rank and len(dims) != rank):
        raise AotError(
            f"the input {cut(tensor.label)!r} cannot have the shape {list(dims)}",
            f"{rank or 'up to 6'} dimensions, each 1 or more; in the file it is {list(tensor.shape)}",
        )
    return dims


def dynamic_input(tensor: Tensor, signature: Sequence[int]) -> AotError:
    """What is said of an input whose shape nobody knows."""
    example = ",".join("N" if d < 0 else str(d) for d in signature)
    return AotError(
        f"the input {cut(tensor.label)!r} has a dynamic shape {list(signature)}",
        f"say which: --input-shape {tensor.name}={example} with numbers for N; in Python input_shapes={{...}}",
        "or convert the model with fixed input shapes",
    )


def wrong_output(ops: Op | Iterable[Op], tensors: Iterable[Tensor | None], free: frozenset[str]) -> WrongShape | None:
    """The first output among `free` that should have another shape; nothing is asked of the others."""
    by_name = {t.name: t for t in tensors if t is not None}
    for op in (ops,) if isinstance(ops, Op) else ops:
        try:
            op.check(Graph("free", by_name, (op,), (), op.outputs))
        except WrongShape as wrong:
            return wrong if wrong.tensor in free else None
        except Unsupported:
            return None
    return None
