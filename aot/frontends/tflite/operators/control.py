"""Control flow, whose graphs are subgraphs of the file."""

from aot.frontends.tflite.operators.records import FileOp, Operator, Record
from aot.graph.ir import Graph, Op
from aot.ops.control import If, While


def _if_subgraphs(op: FileOp) -> dict[str, int]:
    options = op.options("IfOptions")
    return {"then": options.integer("ThenSubgraphIndex"), "otherwise": options.integer("ElseSubgraphIndex")}


def _while_subgraphs(op: FileOp) -> dict[str, int]:
    options = op.options("WhileOptions")
    return {"condition": options.integer("CondSubgraphIndex"), "body": options.integer("BodySubgraphIndex")}


def _read_if(op: FileOp) -> Op:
    return If(**op.operands(), then=op.graphs["then"], otherwise=op.graphs["otherwise"])


def _read_while(op: FileOp) -> Op:
    return While(**op.operands(), condition=op.graphs["condition"], body=op.graphs["body"])


def _write_if(op: If, graph: Graph) -> Record:
    return Record(1, "IfOptions", subgraphs={"ThenSubgraphIndex": op.then, "ElseSubgraphIndex": op.otherwise})


def _write_while(op: While, graph: Graph) -> Record:
    return Record(1, "WhileOptions", subgraphs={"CondSubgraphIndex": op.condition, "BodySubgraphIndex": op.body})


OPERATORS = (
    Operator("IF", If, _read_if, _write_if, subgraphs=_if_subgraphs),
    Operator("WHILE", While, _read_while, _write_while, subgraphs=_while_subgraphs),
)
