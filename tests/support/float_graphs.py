"""Small float32 graphs to quantize: what each has is in its name. Weights are seeded."""

from collections.abc import Callable

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, State, Tensor
from aot.ops.add import Add, Sub
from aot.ops.arg_extreme import ArgMax
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.binary import Maximum
from aot.ops.common import Activation
from aot.ops.concatenation import Concatenation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.functions import Sin
from aot.ops.hard_swish import HardSwish
from aot.ops.mean import Mean
from aot.ops.mul import Mul
from aot.ops.pad import Pad
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.reshape import Reshape
from aot.ops.resize import ResizeNearest
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.slice import Slice
from aot.ops.softmax import Softmax
from aot.ops.split import Split
from aot.ops.svdf import Svdf
from aot.ops.transpose import Transpose

Shape = tuple[int, ...]
SAME_3X3 = ((1, 1), (1, 1))


class Net:
    """A float32 graph as it is written down: each method returns the name of what it adds."""

    def __init__(self, seed: int = 0, **inputs: Shape) -> None:
        self.random = np.random.default_rng(seed)
        self.inputs = tuple(inputs)
        self.tensors = {name: Tensor(name, shape, "float32", label=name) for name, shape in inputs.items()}
        self.ops: list[Op] = []

    def constant(self, name: str, data: Array) -> str:
        self.tensors[name] = Tensor(name, data.shape, "float32", data=data.astype(np.float32), label=name)
        return name

    def weights(self, name: str, *shape: int) -> str:
        """Normally distributed, each output channel on a scale of its own."""
        spread = np.exp(self.random.normal(size=(shape[0], *(1,) * (len(shape) - 1))))
        depth = np.prod(shape[1:])
        return self.constant(name, self.random.normal(size=shape) * spread / np.sqrt(depth))

    def bias(self, name: str, count: int) -> str:
        return self.constant(name, self.random.normal(size=count) * 0.3)

    def add(self, kind: type[Op], name: str, shape: Shape, *inputs: str, **attributes: object) -> str:
        self.tensors[name] = Tensor(name, shape, "float32", label=name)
        self.ops.append(kind(name=name, inputs=inputs, outputs=(name,), **attributes))
        return name

    def layer(self, kind: type[Op], name: str, shape: Shape, x: str, w: Shape, **attributes: object) -> str:
        """A convolution or dense layer with weights of shape `w`."""
        weights = self.weights(f"{name}_w", *w)
        return self.add(kind, name, shape, x, weights, self.bias(f"{name}_b", shape[-1]), **attributes)

    def graph(self, *outputs: str, states: tuple[State, ...] = ()) -> Graph:
        graph = Graph("net", self.tensors, tuple(self.ops), self.inputs, outputs, states)
        graph.check()
        return graph


def convolutions() -> Graph:
    """Convolution, depth-wise, padding, pools, concatenation of branches of different ranges, dense, softmax."""
    net = Net(1, image=(1, 8, 8, 3))
    relu = Activation.RELU6
    a = net.layer(Conv2D, "a", (1, 8, 8, 6), "image", (6, 3, 3, 3), padding=SAME_3X3, activation=relu)
    pad = net.add(Pad, "pad", (1, 10, 10, 6), a, pads=((0, 0), (1, 1), (1, 1), (0, 0)))
    b = net.layer(DepthwiseConv2D, "b", (1, 8, 8, 6), pad, (1, 3, 3, 6))
    c = net.add(MaxPool2D, "c", (1, 4, 4, 6), b, kernel=(2, 2), stride=(2, 2))
    d = net.add(AveragePool2D, "d", (1, 4, 4, 6), a, kernel=(2, 2), stride=(2, 2))
    both = net.add(Concatenation, "both", (1, 4, 4, 12), c, d, axis=3)
    e = net.layer(Conv2D, "e", (1, 4, 4, 8), both, (8, 1, 1, 12), activation=Activation.RELU)
    mean = net.add(Mean, "mean", (1, 8), e, axes=(1, 2))
    scores = net.layer(FullyConnected, "scores", (1, 5), mean, (5, 8))
    return net.graph(net.add(Softmax, "y", (1, 5), scores))


def gates() -> Graph:
    """Functions with fixed outputs joined with others: those are brought to the common scale."""
    net = Net(2, x=(1, 16))
    a = net.layer(FullyConnected, "a", (1, 16), "x", (16, 16))
    gate = net.add(Logistic, "gate", (1, 16), a)
    tanh = net.add(Tanh, "tanh", (1, 16), a)
    product = net.add(Mul, "product", (1, 16), gate, tanh)
    joined = net.add(Concatenation, "joined", (1, 48), gate, a, product, axis=1)
    swish = net.add(HardSwish, "swish", (1, 48), joined)
    folded = net.add(Reshape, "folded", (1, 2, 8), gate)
    net.tensors["best"] = Tensor("best", (1, 2), "int32", label="best")
    net.ops.append(ArgMax(name="best", inputs=(folded,), outputs=("best",), axis=2))
    return net.graph(swish, "best", folded)


def arithmetic() -> Graph:
    """Two inputs of different ranges, sums, constants, maximum, a matrix product, split and transposed."""
    net = Net(3, x=(1, 4, 6), y=(1, 6, 4))
    turned = net.add(Transpose, "turned", (1, 4, 6), "y", permutation=(0, 2, 1))
    total = net.add(Add, "total", (1, 4, 6), "x", turned)
    floor = net.add(Maximum, "floor", (1, 4, 6), total, net.constant("limit", np.array([-0.25])))
    less = net.add(Sub, "less", (1, 4, 6), floor, net.constant("offsets", net.random.normal(size=(6,))))
    product = net.add(BatchMatMul, "product", (1, 4, 4), less, "y")
    net.tensors |= {name: Tensor(name, (1, 2, 4), "float32", label=name) for name in ("upper", "lower")}
    net.ops.append(Split(name="upper", inputs=(product,), outputs=("upper", "lower"), axis=1))
    return net.graph("upper", net.add(Add, "twice", (1, 2, 4), "upper", "lower"))


def normalized() -> Graph:
    """What batch normalization leaves behind: products, sums with constants after layers; shared weights."""
    net = Net(4, x=(1, 6, 6, 4))
    shared = net.weights("shared_w", 4, 1, 1, 4)
    a = net.add(Conv2D, "a", (1, 6, 6, 4), "x", shared)
    scaled = net.add(Mul, "scaled", (1, 6, 6, 4), a, net.constant("gamma", np.array([2.0, -1.0, 0.5, 8.0])))
    moved = net.add(Add, "moved", (1, 6, 6, 4), net.constant("beta", net.random.normal(size=4)), scaled)
    b = net.add(Conv2D, "b", (1, 6, 6, 4), moved, shared, net.bias("b_b", 4))
    wide = net.add(ResizeNearest, "wide", (1, 12, 12, 4), b, size=(12, 12))
    return net.graph(net.layer(DepthwiseConv2D, "y", (1, 12, 12, 4), wide, (1, 3, 3, 4), padding=SAME_3X3))


def sines() -> Graph:
    """An operator that has no integer form between two that have."""
    net = Net(5, x=(1, 8))
    a = net.layer(FullyConnected, "a", (1, 8), "x", (8, 8))
    wave = net.add(Sin, "wave", (1, 8), a)
    flat = net.add(Reshape, "flat", (8,), wave)
    again = net.add(Reshape, "again", (1, 8), flat)
    return net.graph(net.layer(FullyConnected, "y", (1, 3), again, (3, 8)))


def streaming() -> Graph:
    """What models keep from run to run: rows of the input, a running mean that also goes out, an SVDF's memory."""
    net = Net(11, x=(1, 2, 6))
    history, mean, memory = ((1, 3, 6), (1, 8), (1, 12))
    for name, shape in (("history", history), ("before", mean), ("memory", memory), ("remembered", memory)):
        net.tensors[name] = Tensor(name, shape, "float32", label=name)
    rows = net.add(Concatenation, "rows", (1, 5, 6), "history", "x", axis=1)
    last = net.add(Slice, "last", history, rows, begin=(0, 2, 0), size=history)
    flat = net.add(Reshape, "flat", (1, 30), rows)
    dense = net.layer(FullyConnected, "dense", (1, 8), flat, (8, 30), activation=Activation.RELU)
    old = net.add(Mul, "old", mean, "before", net.constant("most", np.array([0.75])))
    new = net.add(Mul, "new", mean, dense, net.constant("rest", np.array([0.25])))
    after = net.add(Add, "after", mean, old, new)
    features, time = net.weights("features", 4, 8), net.weights("time", 4, 3)
    inputs = (after, features, time, net.bias("svdf_b", 4), "memory")
    net.tensors["svdf"] = Tensor("svdf", (1, 4), "float32", label="svdf")
    net.ops.append(Svdf(name="svdf", inputs=inputs, outputs=("svdf", "remembered"), rank=1))
    y = net.layer(FullyConnected, "y", (1, 3), "svdf", (3, 4))
    first = np.full(mean, 0.5, np.float32)
    zeros = (np.zeros(shape, np.float32) for shape in (history, memory))
    states = zip(("history", "memory", "before"), (last, "remembered", after), (*zeros, first), strict=True)
    return net.graph(y, after, states=tuple(State(*state) for state in states))


def delays() -> Graph:
    """A layer's output of one and of two runs ago, the former an output, too; and the last input."""
    net = Net(12, x=(1, 8))
    net.tensors |= {name: Tensor(name, (1, 8), "float32", label=name) for name in ("old", "older", "kept")}
    a = net.layer(FullyConnected, "a", (1, 8), "x", (8, 8))
    b = net.add(Add, "b", (1, 8), a, "older")
    y = net.add(Add, "y", (1, 8), b, "kept")
    pairs = (("old", a), ("older", "old"), ("kept", "x"))
    return net.graph(y, "old", states=tuple(State(*pair, np.zeros((1, 8), np.float32)) for pair in pairs))


GRAPHS: dict[str, Callable[[], Graph]] = {g.__name__: g for g in (convolutions, gates, arithmetic, normalized, sines)}


def samples(graph: Graph, count: int = 24, seed: int = 0) -> list[dict[str, Array]]:
    """Normally distributed values; the second input is five times as large as the first."""
    random = np.random.default_rng(seed)
    scales = {name: 5.0**i for i, name in enumerate(graph.inputs)}
    return [
        {n: (random.normal(size=graph[n].shape) * scales[n]).astype(np.float32) for n in graph.inputs}
        for _ in range(count)
    ]
