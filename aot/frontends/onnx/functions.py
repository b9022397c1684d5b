"""The functions by which the standard defines some operators: their nodes stand for an operator without a reader."""

from collections.abc import Sequence
from dataclasses import dataclass

import onnx
from onnx import NodeProto, helper

from aot.frontends.building import Value
from aot.frontends.onnx import file
from aot.frontends.onnx.records import Node


@dataclass(frozen=True)
class Body:
    """Nodes that compute what an operator does."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]


def function_of(node: Node, inputs: Sequence[Value | None]) -> Body | None:
    """What the standard defines the operator by, if it does."""
    try:
        schema = onnx.defs.get_schema(node.proto.op_type, node.opset, node.proto.domain)
    except (onnx.defs.SchemaError, TypeError):  # a name that is no text
        return None
    function = _function(schema, node, inputs)
    if function is None:
        return None
    opset = max((o.version for o in function.opset_import if o.domain in ("", "ai.onnx")), default=node.opset)
    graph = onnx.GraphProto(node=[_bound(proto, node.proto, schema) for proto in function.node])
    return Body(tuple(function.input), tuple(function.output), tuple(file.nodes(graph, opset)))


def _function(schema: onnx.defs.OpSchema, node: Node, inputs: Sequence[Value | None]) -> onnx.FunctionProto | None:
    if schema.has_function:
        return schema.function_body
    if not schema.has_context_dependent_function:
        return None
    types = [helper.make_tensor_type_proto(0, ()) if v is None else _type(v) for v in inputs]
    version = max(v for v in schema.context_dependent_function_opset_versions if v <= node.opset)
    content = schema.get_context_dependent_function_with_opset_version(
        version, node.proto.SerializeToString(), [t.SerializeToString() for t in types]
    )
    function = onnx.FunctionProto()
    function.ParseFromString(content)
    return function if function.node else None


def _type(value: Value) -> onnx.TypeProto:
    codes = {name: code for code, name in reversed(file.TYPES.items())}
    return helper.make_tensor_type_proto(codes[value.dtype], value.shape)


def _bound(proto: NodeProto, caller: NodeProto, schema: onnx.defs.OpSchema) -> NodeProto:
    """A node of the function with the attributes that it takes from the operator's."""
    given = {a.name: a for a in caller.attribute}
    bound = NodeProto()
    bound.CopyFrom(proto)
    del bound.attribute[:]
    for a in proto.attribute:
        if not a.ref_attr_name:
            bound.attribute.append(a)
            continue
        known = given.get(a.ref_attr_name) or _default(schema, a.ref_attr_name)
        if known is not None:
            kept = bound.attribute.add()
            kept.CopyFrom(known)
            kept.name = a.name
    return bound


def _default(schema: onnx.defs.OpSchema, name: str) -> onnx.AttributeProto | None:
    attribute = schema.attributes.get(name)
    return attribute.default_value if attribute is not None and attribute.default_value.name else None
