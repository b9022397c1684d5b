"""FULLY_CONNECTED whose weights, or float32 bias, are computed: a product of two matrices, and that it becomes here."""

from dataclasses import replace

from aot.graph.ir import Graph, Op, Tensor
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.common import Activation
from aot.ops.fully_connected import FullyConnected
from aot.ops.relu import Relu, Relu6, ReluN1To1
from aot.ops.reshape import Reshape

_ACTIVATIONS: dict[Activation, type[Op]] = {
    Activation.RELU: Relu,
    Activation.RELU6: Relu6,
    Activation.RELU_N1_TO_1: ReluN1To1,
}


def make_products(graph: Graph) -> Graph:
    """`graph` with BatchMatMul for every layer that multiplies by what an inference computes.

    One whose shapes do not fit stays: its own check will say what is wrong.
    """
    for op in graph.ops:
        if isinstance(op, FullyConnected) and _is_product(graph, op):
            graph = _with_product(graph, op)
    return graph


def _is_product(graph: Graph, op: FullyConnected) -> bool:
    if len(op.inputs) < 2 or None in op.inputs[:2]:
        return False
    x, w, b, y = op.operands(graph)
    units_and_depth = w.shape if len(w.shape) == 2 else (0, 0)
    rows, odd = divmod(x.elements, units_and_depth[1] or 1)
    fits = min(units_and_depth) > 0 and not odd and y.elements == rows * units_and_depth[0]
    biased = b is not None and b.dtype == "float32" and not b.constant
    return fits and (biased or not w.constant)


def _with_product(graph: Graph, op: FullyConnected) -> Graph:
    """`op` as a chain: rows of the input, their products with the weights, the activation, the shape of the output."""
    x, w, b, y = op.operands(graph)
    units, depth = w.shape
    rows = x.elements // depth
    steps: list[tuple[type[Op], Tensor]] = []
    if x.shape != (rows, depth):
        steps.append((Reshape, replace(x, shape=(rows, depth))))
    steps.append((BatchMatMul, product := replace(y, shape=(rows, units))))
    if op.activation is not Activation.NONE:
        steps.append((_ACTIVATIONS[op.activation], product))
    if y.shape != product.shape:
        steps.append((Reshape, y))
    ops: list[Op] = []
    bias = () if b is None else (b.name,)
    source = x.name
    for i, (kind, made) in enumerate(steps, start=1):
        name = y.name if i == len(steps) else graph.unused(f"{y.name}_step{i}")
        if kind is BatchMatMul:
            ops.append(BatchMatMul(name=name, inputs=(source, w.name, *bias), outputs=(name,), adj_y=True))
        else:
            ops.append(kind(name=name, inputs=(source,), outputs=(name,)))
        label = y.label if name == y.name else name
        graph = graph.with_tensors(replace(made, name=name, label=label, data=None))
        source = name
    place = graph.ops.index(op)
    return replace(graph, ops=(*graph.ops[:place], *ops, *graph.ops[place + 1 :]))
