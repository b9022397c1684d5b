"""A run of operators over images, in stripes: all of them for some rows of the result, then for the next rows.

Rows that two stripes need are computed twice. Stripes of what comes in are slices of it, and stripes of the result lie
where the whole of it will be, so nothing is copied.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from aot.ir import Graph, Op, Tensor
from aot.ops.binary import Binary
from aot.ops.concatenation import Concatenation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.pool2d import Pool2D
from aot.ops.slice import Slice
from aot.ops.unary import Unary

Rows = tuple[int, int]  # the first, and the one behind the last


def can_split(graph: Graph, op: Op) -> bool:
    """Whether each row of the output of `op` needs only some rows of its inputs."""
    tensors = [graph[name] for name in (*op.outputs, *_moving(graph, op))]
    images = len(op.outputs) == 1 and all(len(t.shape) == 4 and t.shape[0] == 1 for t in tensors)
    if isinstance(op, Conv2D | DepthwiseConv2D | Pool2D):
        within = max(op.padding[0]) < _extent(graph, op)  # no window lies in the padding alone
        return images and within and not graph[op.inputs[0]].constant
    same = isinstance(op, Binary | Unary) and len({t.shape for t in tensors}) == 1
    return images and same and not any(_has_rows(graph[name]) for name in op.inputs if graph[name].constant)


def _has_rows(constant: Tensor) -> bool:
    """Whether an operand has a value of its own for each row of an image."""
    return len(constant.shape) > 2 and constant.shape[-3] > 1


def _extent(graph: Graph, op: Conv2D | DepthwiseConv2D | Pool2D) -> int:
    """How many rows a window spans."""
    if isinstance(op, Pool2D):
        return op.kernel[0]
    return (graph[op.inputs[1]].shape[1] - 1) * op.dilation[0] + 1


def split_rows(graph: Graph, first: int, end: int, stripes: int) -> Graph | None:
    """Operators `first` to `end` (not included) in so many stripes; None where a result is also used inside."""
    segment = graph.ops[first:end]
    inside = {op.outputs[0] for op in segment}
    others = (*graph.ops[:first], *graph.ops[end:])
    wanted = {name for op in others for name in op.inputs} | {*graph.wanted}
    results = [op.outputs[0] for op in segment if op.outputs[0] in wanted]
    read_inside = {name for op in segment for name in op.inputs}
    if not results or read_inside & {*results} or min(graph[name].shape[1] for name in results) < stripes:
        return None
    made = _Made(graph)
    parts: dict[str, list[str]] = {name: [] for name in results}
    for i in range(stripes):
        needed = _needed(graph, segment, {name: _share(graph[name].shape[1], i, stripes) for name in results})
        for op in segment:
            if op.outputs[0] in needed:
                made.stripe(op, i, needed, inside)
        for name in results:
            parts[name].append(f"{name}_rows{i}")
    for name in results:
        made.ops.append(Concatenation(name=name, inputs=tuple(parts[name]), outputs=(name,), axis=1))
    split = graph.with_tensors(*made.tensors.values())
    return replace(split, ops=(*graph.ops[:first], *made.ops, *graph.ops[end:]))


def _share(rows: int, i: int, stripes: int) -> Rows:
    return rows * i // stripes, rows * (i + 1) // stripes


def _moving(graph: Graph, op: Op) -> list[str]:
    """The inputs that are computed; a convolution has one."""
    return [name for name in op.inputs if name is not None and not graph[name].constant]


def _needed(graph: Graph, segment: Sequence[Op], results: dict[str, Rows]) -> dict[str, Rows]:
    """For each tensor, the rows that `results` depend on."""
    needed = dict(results)
    for op in reversed(segment):
        if op.outputs[0] not in needed:
            continue
        for name in _moving(graph, op):
            low, high, _ = _reach(graph, op, needed[op.outputs[0]])
            before = needed.get(name, (low, high))
            needed[name] = min(low, before[0]), max(high, before[1])
    return needed


def _reach(graph: Graph, op: Op, rows: Rows) -> tuple[int, int, Rows]:
    """The rows of its inputs that `op` needs for `rows` of its output, and the padding that is left."""
    if not isinstance(op, Conv2D | DepthwiseConv2D | Pool2D):
        return *rows, (0, 0)
    height = graph[op.inputs[0]].shape[1]
    start = rows[0] * op.stride[0] - op.padding[0][0]
    end = (rows[1] - 1) * op.stride[0] - op.padding[0][0] + _extent(graph, op)
    return max(start, 0), min(end, height), (max(-start, 0), max(end - height, 0))


@dataclass
class _Made:
    """What a split adds to `graph`."""

    graph: Graph
    tensors: dict[str, Tensor] = field(default_factory=dict)
    ops: list[Op] = field(default_factory=list)

    def stripe(self, op: Op, i: int, needed: dict[str, Rows], inside: set[str]) -> None:
        """`op` for stripe `i`."""
        (name,) = op.outputs
        low, high, pads = _reach(self.graph, op, needed[name])
        sources = _moving(self.graph, op)
        inputs = tuple(
            self._rows(source, (low, high), i, needed[source] if source in inside else None)
            if source in sources
            else source
            for source in op.inputs
        )
        stripe = replace(op, name=f"{op.name}_rows{i}", inputs=inputs, outputs=(self._tensor(name, i, needed[name]),))
        if isinstance(stripe, Conv2D | DepthwiseConv2D | Pool2D):
            stripe = replace(stripe, padding=(pads, stripe.padding[1]))
        self.ops.append(stripe)

    def _tensor(self, name: str, i: int, rows: Rows, suffix: str = "rows") -> str:
        whole = self.graph[name]
        shape = (1, rows[1] - rows[0], *whole.shape[2:])
        made = replace(whole, name=f"{name}_{suffix}{i}", shape=shape)
        self.tensors[made.name] = made
        return made.name

    def _rows(self, name: str | None, rows: Rows, i: int, computed: Rows | None) -> str:
        """The tensor that is `rows` of `name`: of what this stripe `computed` of it, or else of all of it."""
        assert name is not None
        source, start = (name, 0) if computed is None else (f"{name}_rows{i}", computed[0])
        if rows == computed:
            return source
        made = f"{name}_part{i}_{rows[0]}_{rows[1]}"
        if made not in self.tensors:
            self._tensor(name, i, rows, "part")
            tensor = replace(self.tensors.pop(f"{name}_part{i}"), name=made)
            self.tensors[made] = tensor
            begin = (0, rows[0] - start, 0, 0)
            self.ops.append(Slice(name=made, inputs=(source,), outputs=(made,), begin=begin, size=tensor.shape))
        return made


def segments(graph: Graph, around: int, reach: int) -> Iterator[Rows]:
    """Every run of operators that can be split and holds number `around`, at most `reach` before and behind it."""
    first = around
    while first >= 0 and around - first <= reach and can_split(graph, graph.ops[first]):
        end = around + 1
        while end <= len(graph.ops) and end - around <= reach and can_split(graph, graph.ops[end - 1]):
            yield first, end
            end += 1
        first -= 1
