"""int4 weights: two in a byte of the file, int8 from there on; the answers are LiteRT's."""

from dataclasses import replace

import cases
import graphs
import litert
import numpy as np
import oracles
import pytest
import tflite
from counts import INTERPRETER, count
from reading import parse

from aot.base.errors import AotError
from aot.frontends.tflite.writer import write
from aot.graph.ir import Array, Graph, Unsupported
from aot.oracle.interpreter import run

_KINDS = ("Conv2D", "DepthwiseConv2D", "FullyConnected")
_TYPE_FIELD = 6  # of the table Tensor: where its vtable says that the type lies
_DATA_FIELD = 4  # of the table Buffer


def packed(graph: Graph, name: str) -> bytes:
    """The file of `graph` with its int8 constant `name` changed, in place, to int4."""
    content = bytearray(write(graph))
    model = tflite.Model.GetRootAsModel(content, 0)
    subgraph = model.Subgraphs(0)
    (tensor,) = (t for i in range(subgraph.TensorsLength()) if (t := subgraph.Tensors(i)).Name() == name.encode())
    content[tensor._tab.Pos + tensor._tab.Offset(_TYPE_FIELD)] = tflite.TensorType.INT4
    data = graph[name].data
    assert data is not None
    codes = np.append(data.reshape(-1), np.zeros(data.size % 2, np.int8)).view(np.uint8) & 15
    halves = codes[::2] | codes[1::2] << 4
    table = model.Buffers(tensor.Buffer())._tab
    start = table.Vector(table.Offset(_DATA_FIELD))
    content[start : start + halves.size] = halves.tobytes()
    content[start - 4 : start] = np.uint32(halves.size).tobytes()
    return bytes(content)


def _case(name: str, seed: int) -> tuple[Graph, dict[str, Array]]:
    """A layer that is supported, and whose weights fit 4 bits."""
    rng = np.random.default_rng([4, seed])
    graph = graphs.BUILDERS[name](rng)
    try:
        graph.ops[0].check(graph)
    except Unsupported:  # scales that LiteRT refuses, too
        return _case(name, seed + 1000)
    w = graph["w"]
    assert w.data is not None
    few = replace(w, data=rng.integers(-7, 8, w.shape).astype(np.int8))
    return graph.with_tensors(few), {"x": graphs.values(rng, graph["x"])}


@pytest.mark.parametrize("name", _KINDS)
def test_int4_is_read_and_exact(name: str) -> None:
    """LiteRT answers the same for the file with int4 and for the one that aot would write; and so does aot."""
    for seed in range(30 * cases.TIMES):
        graph, inputs = _case(name, seed)
        content = packed(graph, "w")
        read = parse(content, graph.name)
        assert read["w"].dtype == "int8" and np.array_equal(read["w"].data, graph["w"].data)
        (small,), (large,) = (
            litert.outputs(model, [inputs["x"]], litert.Resolver.REFERENCE) for model in (content, write(read))
        )
        assert small.tobytes() == large.tobytes(), f"seed {seed}\n{graph}"
        assert run(read, inputs)["y"].tobytes() == oracles.oracle(read, inputs, "double").tobytes()
        count(INTERPRETER, read, "int8, weights int4")


def test_damaged_and_computed_int4_is_refused() -> None:
    graph, _ = _case("FullyConnected", 1)
    with pytest.raises(AotError, match="is int4 and no constant"):
        free = replace(graph["x"], data=np.zeros(graph["x"].shape, np.int8))
        content = bytearray(packed(graph.with_tensors(free), "x"))
        parse(_emptied(content, "x"), "net")
    with pytest.raises(AotError, match="bytes of data for"):
        parse(_emptied(bytearray(packed(graph, "w")), "w", 1), "net")


def _emptied(content: bytearray, name: str, length: int = 0) -> bytes:
    """The data of tensor `name` cut to `length` bytes."""
    model = tflite.Model.GetRootAsModel(content, 0)
    subgraph = model.Subgraphs(0)
    (tensor,) = (t for i in range(subgraph.TensorsLength()) if (t := subgraph.Tensors(i)).Name() == name.encode())
    table = model.Buffers(tensor.Buffer())._tab
    start = table.Vector(table.Offset(_DATA_FIELD))
    content[start - 4 : start] = np.uint32(length).tobytes()
    return bytes(content)
