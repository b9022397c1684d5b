"""Small graphs whose difficulty is how their operators are connected."""

from collections.abc import Sequence

import numpy as np

from aot.graph.ir import Graph, Op, Quant, State, Tensor
from aot.ops.add import Add
from aot.ops.concatenation import Concatenation
from aot.ops.relu import Relu, Relu6
from aot.ops.reshape import Reshape
from aot.ops.split import Split
from aot.ops.transpose import Transpose

QUANT = Quant((0.05,), (-3,))
SHAPE = (2, 3, 4)


def connected(
    inputs: str, outputs: str, *ops: Op, constants: str = "", states: str = "", **shapes: Sequence[int]
) -> Graph:
    """A graph of int8 tensors of one quantization, and of SHAPE where `shapes` says nothing else.

    `states` are pairs `current:next`; the first begins as zeros, the others as anything.
    """
    pairs = [pair.split(":") for pair in states.split()]
    names = dict.fromkeys([*inputs.split(), *outputs.split(), *constants.split(), *(n for pair in pairs for n in pair)])
    names.update(dict.fromkeys(name for op in ops for name in (*op.inputs, *op.outputs)))
    tensors = {n: Tensor(n, tuple(shapes.get(n, SHAPE)), "int8", QUANT) for n in names}
    for i, name in enumerate(constants.split()):
        data = np.random.default_rng(i).integers(-128, 128, tensors[name].shape).astype(np.int8)
        tensors[name] = Tensor(name, data.shape, "int8", QUANT, data)
    begin = [np.random.default_rng(i).integers(-128, 128, tensors[s].shape) * (i > 0) for i, (s, _) in enumerate(pairs)]
    state = tuple(State(*pair, initial.astype(np.int8)) for pair, initial in zip(pairs, begin, strict=True))
    graph = Graph("net", tensors, ops, tuple(inputs.split()), tuple(outputs.split()), state)
    graph.check()
    return graph


def relu(x: str, y: str) -> Op:
    """y = relu(x)."""
    return Relu(name=y, inputs=(x,), outputs=(y,))


def relu6(x: str, y: str) -> Op:
    """y = relu6(x)."""
    return Relu6(name=y, inputs=(x,), outputs=(y,))


def add(a: str, b: str, y: str) -> Op:
    """y = a + b."""
    return Add(name=y, inputs=(a, b), outputs=(y,))


def reshape(x: str, y: str) -> Op:
    """y = x in another shape."""
    return Reshape(name=y, inputs=(x,), outputs=(y,))


def transpose(x: str, y: str) -> Op:
    """y = x with its dimensions reversed."""
    return Transpose(name=y, inputs=(x,), outputs=(y,), permutation=(2, 1, 0))


def concatenation(y: str, *xs: str) -> Op:
    """y = xs joined along the first axis."""
    return Concatenation(name=y, inputs=xs, outputs=(y,), axis=0)


def split(x: str, *ys: str, axis: int = 0) -> Op:
    """ys = equal parts of x along an axis."""
    return Split(name=ys[0], inputs=(x,), outputs=ys, axis=axis)


FLAT, TURNED = (24,), (4, 3, 2)

TOPOLOGIES: dict[str, Graph] = {
    "in-place chain": connected(
        "x", "y", relu("x", "a"), add("a", "k", "b"), add("k", "b", "c"), relu6("c", "d"), add("d", "d", "y"),
        constants="k",
    ),
    "branches": connected(
        "x", "y z", relu("x", "a"), relu6("a", "b"), add("a", "b", "y"), add("x", "b", "c"), add("a", "c", "z")
    ),
    "both branches in place": connected("x", "y z", relu("x", "a"), add("a", "x", "y"), add("a", "a", "z")),
    "output read later": connected("x", "y z", relu("x", "y"), relu6("y", "a"), add("a", "y", "z")),
    "input is an output": connected("x", "x y", relu("x", "y")),
    "only an input": connected("x", "x"),
    "unused input": connected("x unused", "y", relu("x", "y")),
    "unused result": connected("x", "y", relu("x", "a"), relu6("x", "y")),
    "view of an input": connected("x", "v", reshape("x", "v"), v=FLAT),
    "view of an input, in place": connected("x", "y", reshape("x", "v"), relu("v", "y"), v=FLAT, y=FLAT),
    "view and its source": connected("x", "v y", reshape("x", "v"), relu("x", "y"), v=FLAT),
    "view read after its source died": connected(
        "x", "y", relu("x", "a"), reshape("a", "v"), relu6("a", "b"), reshape("b", "w"), add("v", "w", "y"),
        v=FLAT, w=FLAT, y=FLAT,
    ),
    "view of a view of an output": connected(
        "x", "y w", transpose("x", "y"), reshape("y", "v"), reshape("v", "w"), y=TURNED, v=FLAT, w=(1, 24, 1)
    ),
    "a view is overwritten, its source is read": connected(
        "x", "y", relu("x", "a"), reshape("a", "v"), relu6("v", "b"), reshape("b", "c"), add("c", "a", "y"),
        v=FLAT, b=FLAT,
    ),
    "same output twice": connected("x", "y y", relu("x", "y")),
    "constant output": connected("x", "k y", relu("x", "y"), constants="k"),
    "view of a constant as output": connected("x", "v y", relu("x", "y"), reshape("k", "v"), constants="k", v=FLAT),
    "computed constant as output": connected("x", "r y", relu("x", "y"), relu("k", "r"), constants="k"),
    "constant operand through a view": connected(
        "x", "y", reshape("k", "v"), transpose("v", "w"), add("x", "w", "y"), constants="k",
        k=FLAT, v=TURNED,
    ),
    "diamond of concatenations": connected(
        "x", "y", relu("x", "a"), concatenation("b", "a", "x", "a"), reshape("b", "v"), relu("v", "y"),
        b=(6, 3, 4), v=(72,), y=(72,),
    ),
    "several outputs of one operator": connected(
        "x", "y b", relu("x", "s"), split("s", "a", "b", axis=2), relu6("a", "y"), a=(2, 3, 2), b=(2, 3, 2), y=(2, 3, 2)
    ),
    "pieces of a split are views": connected(
        "x", "y b", relu("x", "s"), split("s", "a", "b"), relu6("a", "y"), a=(1, 3, 4), b=(1, 3, 4), y=(1, 3, 4)
    ),
    "parts of a concatenation are views": connected(
        "x", "y z", relu("x", "a"), relu6("x", "b"), concatenation("c", "a", "b"), split("c", "d", "e", "f", "g"),
        add("e", "f", "y"), add("a", "b", "h"), add("h", "x", "z"),
        c=(4, 3, 4), d=(1, 3, 4), e=(1, 3, 4), f=(1, 3, 4), g=(1, 3, 4), y=(1, 3, 4),
    ),
    "parts within parts": connected(
        "x", "y", relu("x", "a"), relu6("x", "b"), concatenation("c", "a", "b"), relu("b", "d"),
        concatenation("e", "d", "c", "b"), reshape("e", "y"), c=(4, 3, 4), e=(8, 3, 4), y=(96,),
    ),
    "state in place": connected("x", "y", add("x", "s", "y"), states="s:y"),
    "state with a branch": connected("x", "y", add("s", "x", "n"), relu6("n", "a"), add("a", "n", "y"), states="s:n"),
    "old state is read after the new one": connected(
        "x", "y", add("x", "s", "n"), relu("n", "a"), add("a", "s", "y"), states="s:n"
    ),
    "states change places": connected(
        "x", "y", add("s", "t", "a"), concatenation("y", "a", "s", "x"), states="k:x s:t t:s", y=(6, 3, 4)
    ),
    "delay line": connected("x", "c y", add("x", "c", "y"), states="a:x b:a c:b"),
    "old state as output": connected("x", "s v y", relu("x", "y"), reshape("s", "v"), states="s:y", v=FLAT),
    "parts of an old state as outputs": connected(
        "x", "a b w y", relu("s", "y"), split("s", "a", "b"), split("t", "c", "d"), reshape("d", "w"),
        concatenation("e", "d", "x"), states="s:u t:e u:u", x=(1, 3, 4), a=(1, 3, 4), b=(1, 3, 4), c=(1, 3, 4),
        d=(1, 3, 4), w=(12,),
    ),
    "part of an old state as next state": connected(
        "x", "y", split("s", "a", "b"), add("r", "b", "y"), states="s:x r:b", a=(1, 3, 4), b=(1, 3, 4), r=(1, 3, 4),
        y=(1, 3, 4),
    ),
    "old state is not overwritten in place": connected("x", "y", relu("s", "a"), add("a", "x", "y"), states="s:x"),
    "constant as next state": connected("x", "y", add("x", "s", "y"), constants="k", states="t:t s:k"),
    "view as next state": connected(
        "x", "y", reshape("s", "v"), reshape("x", "w"), add("v", "w", "a"), reshape("a", "n"), relu6("a", "y"),
        states="s:n", v=FLAT, w=FLAT, a=FLAT, y=FLAT,
    ),
    "two states with one next value": connected("x", "y", add("s", "t", "a"), add("a", "x", "y"), states="s:y t:y"),
    "state that nobody needs": connected("x", "y", relu("x", "y"), add("s", "x", "n"), states="s:n"),
}  # fmt: skip
