"""Small ONNX models, built node by node, and what onnxruntime answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from aot.frontends import parse, settings_of
from aot.graph.ir import Array, Graph
from aot.passes import normalize, run_passes
from aot.passes.check_operators import check_operators

Ports = Mapping[str, Sequence[int | str]]


def onnx_model(
    nodes: Sequence[NodeProto], inputs: Ports, outputs: Ports, constants: Mapping[str, Array], opset: int = 18
) -> bytes:
    """The bytes of a model of float32 inputs and outputs."""
    ports = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in side.items()]
        for side in (inputs, outputs)
    ]
    known = [numpy_helper.from_array(np.asarray(data), name) for name, data in constants.items()]
    graph = helper.make_graph(list(nodes), "model", *ports, known)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def graph_of(content: bytes, **ports: Any) -> Graph:
    """The graph as it is compiled."""
    graph = run_passes(normalize(parse(content, "model", "model.onnx", settings_of(**ports))))
    check_operators(graph)
    return graph


def answers(graph: Graph, inputs: Mapping[str, Array], rounding: str = "double") -> dict[str, Array]:
    """The interpreter's outputs, by the labels of the model."""
    given = {name: inputs[graph[name].label] for name in graph.inputs}
    values = graph.values(given, rounding)
    return {graph[name].label: values[name] for name in graph.outputs}


def onnxruntime_session(content: bytes, *, literal: bool = False, int8: bool = False) -> Any:
    """A session of onnxruntime, which says nothing. One that takes the model literally joins no operators; on x86 it

    computes with codes of int8 only if asked to.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    if literal:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    if int8:
        options.add_session_config_entry("session.qdqisint8allowed", "1")
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def onnxruntime_answers(
    content: bytes, inputs: Mapping[str, Array], *, literal: bool = False, int8: bool = False
) -> dict[str, Array]:
    """The outputs of onnxruntime, by name.

    Pairs of products of int8 weights saturate at 16 bits on x86 cores that have AVX2 and no VNNI: weights of 7 bits do
    not reach that. In dense layers of int16 it gives the input 8 bits, unless it is to take the model literally.
    """
    session = onnxruntime_session(content, literal=literal, int8=int8)
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(inputs)), strict=True))
