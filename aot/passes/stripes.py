"""A run of operators over images, in stripes: all of them for some rows of the result, then for the next rows.

Rows that two stripes need are computed twice, or copied from one to the next. Stripes of what comes in are slices of
it, and stripes of the result lie where the whole of it will be, so nothing else is copied.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aot.graph.ir import Graph, Op, Tensor
from aot.ops.binary import Binary
from aot.ops.concatenation import Concatenation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.pool2d import Pool2D
from aot.ops.slice import Slice
from aot.ops.transpose import Transpose
from aot.ops.unary import Unary
from aot.passes.stripe_rows import Part, Rows, extent, moving, reach, schedule


def can_split(graph: Graph, op: Op) -> bool:
    """Whether each row of the output of `op` needs only some rows of its inputs."""
    tensors = [graph[name] for name in (*op.outputs, *moving(graph, op))]
    images = len(op.outputs) == 1 and all(len(t.shape) == 4 and t.shape[0] == 1 for t in tensors)
    if isinstance(op, Conv2D | DepthwiseConv2D | Pool2D):
        within = max(op.padding[0]) < extent(graph, op)  # no window lies in the padding alone
        return images and within and not graph[op.inputs[0]].constant
    same = isinstance(op, Binary | Unary) and len({t.shape for t in tensors}) == 1
    return images and same and not any(_has_rows(graph[name]) for name in op.inputs if graph[name].constant)


def _has_rows(constant: Tensor) -> bool:
    """Whether an operand has a value of its own for each row of an image."""
    return len(constant.shape) > 2 and constant.shape[-3] > 1


def in_stripes(graph: Graph, first: int, end: int, stripes: int, keep: bool = False) -> Graph | None:
    """Operators `first` to `end` (not included) in so many stripes; with `keep`, no row is computed twice.

    None where a result is also used inside, where the graph has the name of a piece already, and where it cannot be
    done.
    """
    segment = graph.ops[first:end]
    others = (*graph.ops[:first], *graph.ops[end:])
    wanted = {name for op in others for name in op.inputs} | {*graph.wanted}
    results = [op.outputs[0] for op in segment if op.outputs[0] in wanted]
    read_inside = {name for op in segment for name in op.inputs}
    if not results or read_inside & {*results} or min(graph[name].shape[1] for name in results) < stripes:
        return None
    parts = schedule(graph, segment, results, stripes, keep)
    if parts is None:
        return None
    made = _Made(graph, parts)
    for i, there in enumerate(parts):
        for op in segment:
            if op.outputs[0] in there:
                made.stripe(op, i)
    for name in results:
        made.join(name, [f"{name}_stripe{i}" for i in range(stripes)])
    if made.tensors.keys() & graph.tensors.keys():
        return None
    split = graph.with_tensors(*made.tensors.values())
    return replace(split, ops=(*graph.ops[:first], *made.ops, *graph.ops[end:]))


@dataclass
class _Made:
    """What a split of `graph` adds to it; `parts` are those of each stripe."""

    graph: Graph
    parts: Sequence[Mapping[str, Part]]
    tensors: dict[str, Tensor] = field(default_factory=dict)
    ops: list[Op] = field(default_factory=list)

    def stripe(self, op: Op, i: int) -> None:
        """`op` for stripe `i`: the rows that were kept, and those that are computed."""
        (name,) = op.outputs
        part = self.parts[i][name]
        if part.first == part.fresh:
            self._compute(op, i, "stripe")
        elif part.fresh == part.end:
            self._slice(
                f"{name}_stripe{i - 1}", self.parts[i - 1][name].first, name, f"stripe{i}", (part.first, part.end)
            )
        else:
            self._keep(name, i)
            self._compute(op, i, "fresh")
            self._tensor(name, f"stripe{i}", (part.first, part.end))
            self.join(f"{name}_stripe{i}", [f"{name}_kept{i}", f"{name}_fresh{i}"])

    def join(self, name: str, pieces: Sequence[str]) -> None:
        """The tensor `name`, of these rows."""
        self.ops.append(Concatenation(name=name, inputs=tuple(pieces), outputs=(name,), axis=1))

    def _keep(self, name: str, i: int) -> None:
        """A copy of the rows of `name` that stripe `i` needs and that the one before has."""
        part = self.parts[i][name]
        rows = part.first, part.fresh
        last = self._slice(f"{name}_stripe{i - 1}", self.parts[i - 1][name].first, name, f"last{i}", rows)
        kept = self._tensor(name, f"kept{i}", rows)
        self.ops.append(Transpose(name=kept, inputs=(last,), outputs=(kept,), permutation=(0, 1, 2, 3)))

    def _compute(self, op: Op, i: int, suffix: str) -> None:
        """What stripe `i` computes of the output of `op`."""
        (name,) = op.outputs
        rows = self.parts[i][name].fresh, self.parts[i][name].end
        low, high, pads = reach(self.graph, op, rows)
        sources = moving(self.graph, op)
        inputs = tuple(self._rows(source, (low, high), i) if source in sources else source for source in op.inputs)
        stripe = replace(
            op, name=f"{op.name}_{suffix}{i}", inputs=inputs, outputs=(self._tensor(name, f"{suffix}{i}", rows),)
        )
        if isinstance(stripe, Conv2D | DepthwiseConv2D | Pool2D):
            stripe = replace(stripe, padding=(pads, stripe.padding[1]))
        self.ops.append(stripe)

    def _tensor(self, name: str, suffix: str, rows: Rows) -> str:
        """The name of a new tensor that is `rows` of `name`."""
        whole = self.graph[name]
        shape = (1, rows[1] - rows[0], *whole.shape[2:])
        made = replace(whole, name=f"{name}_{suffix}", shape=shape)
        self.tensors[made.name] = made
        return made.name

    def _rows(self, name: str | None, rows: Rows, i: int) -> str:
        """The tensor that is `rows` of `name`: of what is there in this stripe, or of all of it."""
        name = self.graph[name].name
        part = self.parts[i].get(name)
        source, first = (name, 0) if part is None else (f"{name}_stripe{i}", part.first)
        if part is not None and rows == (part.first, part.end):
            return source
        suffix = f"part{i}_{rows[0]}_{rows[1]}"
        known = f"{name}_{suffix}" in self.tensors
        return f"{name}_{suffix}" if known else self._slice(source, first, name, suffix, rows)

    def _slice(self, source: str, first: int, name: str, suffix: str, rows: Rows) -> str:
        """The name of a tensor that is `rows` of `name`, out of `source`, which begins with row `first` of it."""
        made = self._tensor(name, suffix, rows)
        size = self.tensors[made].shape
        begin = (0, rows[0] - first, 0, 0)
        self.ops.append(Slice(name=made, inputs=(source,), outputs=(made,), begin=begin, size=size))
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
