"""Which weights are int16 in flash because the user wants it: `--weights int16`, and `--weights int16:LAYER`."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from aot.base.choices import INT16
from aot.base.errors import AotError
from aot.graph.ir import Graph, Op
from aot.ops.conv2d import Conv2D
from aot.ops.fully_connected import FullyConnected


def with_int16_weights(graph: Graph, features: frozenset[str], choices: Sequence[str]) -> Graph:
    """`graph`, in which weights that kernels may widen to int16 say so; `choices` about other things are left alone.

    Raises AotError for cores that do not gain by it, and for a layer that has no such weights.
    """
    wanted = [choice for choice in choices if choice.partition(":")[0] == INT16]
    if wanted and "dsp" not in features:
        raise AotError("--weights int16 is for cores with the DSP extension", "leave it out for this board")
    weights = {op.outputs[0]: w for op in _layers(graph) if (w := op.inputs[1])}
    layers = {choice.partition(":")[2] for choice in wanted if choice != INT16}
    if unknown := sorted(layers - weights.keys()):
        raise AotError(
            f"--weights int16:{unknown[0]}: that is no convolution and no dense layer",
            f"those of {graph.name} are {', '.join(weights) or 'none'}",
        )
    names = {w for layer, w in weights.items() if INT16 in wanted or layer in layers}
    return _widened(graph, names) if names else graph


def _widened(graph: Graph, names: Collection[str]) -> Graph:
    """The tensors `names` as wide ones, in graphs inside, too."""
    inner = replace(graph, ops=tuple(op.with_graphs(lambda inside: _widened(inside, names)) for op in graph.ops))
    return inner.with_tensors(*(replace(t, wide=True) for t in graph.tensors.values() if t.name in names))


def _layers(graph: Graph) -> Iterator[Op]:
    """All layers with such weights, those of graphs inside control flow included."""
    for op in graph.ops:
        if isinstance(op, Conv2D | FullyConnected):
            yield op
        for inner in op.graphs.values():
            yield from _layers(inner)
