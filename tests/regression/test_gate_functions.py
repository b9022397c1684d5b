"""The sigmoid and the tanh of int8 LSTMs, for all that can go in: products at a tie were rounded away from zero."""

import graphs
import graphs_recurrent
import litert
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Tensor
from aot.ops.recurrent import Lstm
from aot.oracle.interpreter import initial_state, run

pytestmark = pytest.mark.operator("UNIDIRECTIONAL_SEQUENCE_LSTM")

_UNIT = graphs.Quant((2.0**-12,), (0,))  # of a gate's sum
_ONE = graphs.Quant((1.0,), (0,))
_OPEN, _SHUT = 1 << 20, -(1 << 20)


def _swept(swept: int) -> Graph:
    """The cell of [x, c] is the function of gate `swept` at 256 * x + c, times the one of the other gate, almost 1."""
    parts: list[Tensor | None] = [None] * 24
    parts[0] = x = Tensor("x", (256, 1, 4), "int8", _UNIT)
    for gate in range(4):
        bias = np.arange(256) if gate == swept else np.full(256, _OPEN if gate in (0, 2) else _SHUT)
        weights = np.full((256, 4), 64 if gate == swept else 0, np.int8)
        parts[1 + gate] = Tensor(f"w{gate}", weights.shape, "int8", _ONE, weights)
        parts[5 + gate] = Tensor(f"r{gate}", (256, 256), "int8", _ONE, np.zeros((256, 256), np.int8))
        parts[12 + gate] = Tensor(f"b{gate}", (256,), "int32", _UNIT, bias.astype(np.int32))
    hidden, cell = graphs.Quant((2.0**-7,), (0,)), graphs.Quant((2.0**-15,), (0,))
    states = [Tensor("h", (256, 256), "int8", hidden), Tensor("c", (256, 256), "int16", cell)]
    parts[18:20] = states
    op = Lstm(
        name="y",
        inputs=tuple(None if t is None else t.name for t in parts),
        outputs=("y", "h_next", "c_next"),
        hidden=hidden,
    )
    constants = [t for t in parts if t is not None and t.constant]
    return graphs_recurrent.remembering(op, constants, [x], Tensor("y", (256, 1, 256), "int8", hidden), states)


def _cell_in_litert(graph: Graph, x: Array) -> Array:
    reference = litert.Resolver.REFERENCE.value
    interpreter = Interpreter(model_content=write(graph), experimental_op_resolver_type=reference, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    (cell,) = (d["index"] for d in interpreter.get_tensor_details() if d["name"] == "c")
    return np.array(interpreter.get_tensor(cell))


@pytest.mark.parametrize("gate", [0, 2])
def test_every_input_of_a_gate(gate: int) -> None:
    graph = _swept(gate)
    x = np.repeat(np.arange(-128, 128, dtype=np.int8), 4).reshape(256, 1, 4)
    cell = run(graph, {"x": x, **initial_state(graph)})["c_next"]
    assert len(np.unique(cell)) > 9000
    assert np.array_equal(cell, _cell_in_litert(graph, x))
