"""LiteRT's and TensorFlow Lite Micro's kernels as oracles: what a graph of one operator gives, by each resolver."""

from collections.abc import Callable, Mapping

import litert
import tflm

from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph

Values = Mapping[str, Array]
Oracle = Callable[[Graph, Values], Array]  # of a graph of one operator


def reference(graph: Graph, values: Values) -> Array:
    """LiteRT's reference kernels."""
    return _litert(graph, values, litert.Resolver.REFERENCE)


def builtin(graph: Graph, values: Values) -> Array:
    """LiteRT's own optimized kernels."""
    return _litert(graph, values, litert.Resolver.BUILTIN)


def xnnpack(graph: Graph, values: Values) -> Array:
    """What LiteRT runs by default."""
    return _litert(graph, values, litert.Resolver.XNNPACK)


def micro(graph: Graph, values: Values) -> Array:
    """TensorFlow Lite Micro's reference kernels."""
    return tflm.outputs(write(graph), [values[name] for name in graph.inputs])[0]


def _litert(graph: Graph, values: Values, resolver: litert.Resolver) -> Array:
    result = litert.outputs(write(graph), [values[name] for name in graph.inputs], resolver)[0]
    return result.reshape(graph[graph.outputs[0]].shape)  # LiteRT infers dense layers' shapes its own way
