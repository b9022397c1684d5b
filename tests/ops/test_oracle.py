"""Every operator's `evaluate` against an independent definition, byte for byte, on seeded random graphs."""

import cases
import graphs
import litert
import numpy as np
import pytest
from counts import INTERPRETER, count
from definitions import DEFINITIONS
from graphs_own import OWN
from onnx_oracle import known_to_onnx, slack_in_codes
from oracles import LITERT_ULPS, ORACLES, oracle
from reading import parse

from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import ROUNDINGS, Array, Rounding
from aot.graph.ir import Graph, Unsupported
from aot.ops import OPS
from aot.ops.quantize import Quantize
from aot.ops.softmax import Softmax
from aot.oracle.interpreter import run
from aot.oracle.tolerance import distance


def _case(name: str, seed: int) -> tuple[Graph, dict[str, Array]]:
    """Some seeds give scales that `check` refuses: the next one that does not."""
    for attempt in range(10):
        rng = np.random.default_rng([seed, attempt])
        graph = graphs.BUILDERS[name](rng)
        try:
            graph.ops[0].check(graph)
        except Unsupported:
            continue
        return graph, {n: graphs.values(rng, graph[n]) for n in graph.inputs}
    raise AssertionError(f"{name}: ten graphs in a row were refused")


def _assert_equal(actual: Array, expected: Array, what: object, slack: tuple[int, float] = (0, 0)) -> None:
    """Byte for byte, but for `slack`: what codes or float32 numbers (ulps or absolutely) may be apart.

    Not-a-number may have any bits.
    """
    assert actual.dtype == expected.dtype and actual.shape == expected.shape, what
    if actual.tobytes() != expected.tobytes():
        where = np.flatnonzero(_differing(actual.reshape(-1), expected.reshape(-1), *slack))
        if where.size == 0:
            return
        got, wanted = actual.reshape(-1)[where[:5]], expected.reshape(-1)[where[:5]]
        pytest.fail(f"{what}\n{len(where)} of {actual.size} differ, at {where[:5]}: {got}, expected {wanted}")


def _differing(actual: Array, expected: Array, ulps: int, absolute: float) -> Array:
    if actual.dtype != np.float32:
        return distance(actual, expected) > ulps
    same = (actual.view(np.int32) == expected.view(np.int32)) | (np.isnan(actual) & np.isnan(expected))
    if absolute:
        same |= np.abs(actual - expected) <= absolute
    return ~same & (distance(actual, expected) > ulps)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", graphs.BUILDERS)
def test_evaluate_equals_its_oracle(name: str, rounding: Rounding) -> None:
    for seed in cases.seeds(name, graphs.BUILDERS):
        graph, inputs = _case(name, seed)
        value = run(graph, inputs, rounding)[graph.outputs[0]]
        slack = LITERT_ULPS.get(type(graph.ops[0]), (0, 0))
        if rounding == "onnx" and known_to_onnx(graph):
            slack = (slack_in_codes(graph), 0)
        _assert_equal(value, oracle(graph, inputs, rounding), f"seed {seed}\n{graph}", slack)
        if rounding == "double":
            count(INTERPRETER, graph)


@pytest.mark.parametrize("name", graphs.BUILDERS)
def test_written_file_reads_back(name: str) -> None:
    for seed in cases.seeds(name, graphs.BUILDERS):
        graph, _ = _case(name, seed)
        content = write(graph)
        assert str(parse(content, graph.name)) == str(graph)
        assert write(graph) == content
        assert write(parse(content, graph.name)) == content


def test_every_operator_has_cases_and_oracles() -> None:
    in_files = {name.split()[0] for name in graphs.BUILDERS}
    assert in_files == {op.__name__ for op in ORACLES}
    assert in_files | {name.split()[0] for name in OWN} == {op.__name__ for op in OPS}
    assert set(ORACLES) | set(DEFINITIONS) == set(OPS)


@pytest.mark.parametrize("name", ["Conv2D", "DepthwiseConv2D", "FullyConnected"])
def test_the_three_roundings_are_told_apart(name: str) -> None:
    """Otherwise the comparisons above would show nothing."""
    differing = {("double", "single"): 0, ("double", "float"): 0, ("single", "float"): 0}
    for seed in cases.MANY_SEEDS:
        graph, inputs = _case(name, seed)
        value = {r: run(graph, inputs, r)[graph.outputs[0]] for r in ROUNDINGS}
        for a, b in differing:
            differing[a, b] += int(np.count_nonzero(value[a] != value[b]))
    assert min(differing.values()) >= 5, differing


@pytest.mark.parametrize("name", ["Conv2D", "DepthwiseConv2D"])
def test_no_bias_is_a_bias_of_zeros(name: str) -> None:
    """LiteRT refuses the one, and crashes on the other, without a bias."""
    for seed in cases.MANY_SEEDS:
        graph, inputs = _case(name, seed)
        (op,) = graph.ops
        bias = graph[op.inputs[2]]
        assert bias.data is not None
        graph = graph.with_tensors(graphs.Tensor("b", bias.shape, "int32", bias.quant, np.zeros_like(bias.data)))
        without = graphs.cut(graph, type(op)(**{**vars(op), "inputs": op.inputs[:2]}))
        _assert_equal(run(without, inputs)["y"], run(graph, inputs)["y"], f"seed {seed}\n{graph}")


def test_single_rounding_is_the_reference_dense_kernel_but_for_negative_ties() -> None:
    """LiteRT's reference FULLY_CONNECTED rounds once too, ties away from zero: the only code that rounds so."""
    for seed in cases.MANY_SEEDS:
        graph, inputs = _case("FullyConnected", seed)
        ours = run(graph, inputs, "single")["y"].astype(int)
        content = write(graph)
        (reference,) = litert.outputs(content, list(inputs.values()), litert.Resolver.REFERENCE)
        assert set(np.unique(ours - reference)) <= {0, 1}, f"seed {seed}\n{graph}"
        assert np.all((ours == reference) | (reference < graph["y"].zero_point)), f"seed {seed}\n{graph}"


def test_quantize_saturates() -> None:
    """Where LiteRT's conversion to an integer is undefined, aot's is not."""
    x = graphs.Tensor("x", (6,), "float32")
    graph = graphs.graph_of(Quantize, [x], graphs.int8("y", (6,), graphs.Quant((0.5,), (-3,))))
    values = np.array([np.nan, -np.inf, -3e38, 3e38, np.inf, 62.25], np.float32)
    assert run(graph, {"x": values})["y"].tolist() == [-128, -128, -128, 127, 127, 122]


def test_softmax_adds_in_order() -> None:
    """The scale is chosen so that the largest output is a tie, which the last bits of the float32 sum decide."""
    for k in range(120):
        distance, others = 1 + k % 200, 999
        scale = np.log(others / (512 / (2 * k + 1) - 1)) / distance
        x = graphs.int8("x", (others + 1,), graphs.Quant((float(np.float32(scale)),), (0,)))
        graph = graphs.graph_of(Softmax, [x], graphs.int8("y", x.shape, graphs.PROBABILITY), beta=1.0)
        value = np.full(x.shape, 127 - distance, np.int8)
        value[k] = 127
        _assert_equal(run(graph, {"x": value}, "float")["y"], oracle(graph, {"x": value}, "float"), k)


def test_softmax_rounds_exactly() -> None:
    """All but the first give 0.49999997 here: adding 0.5 in float32 would make it 1."""
    x = graphs.int8("x", (420,), graphs.Quant((4.532600402832031,), (0,)))
    graph = graphs.graph_of(Softmax, [x], graphs.int8("y", x.shape, graphs.PROBABILITY), beta=1.0)
    value = np.full(x.shape, 127 - 1, np.int8)
    value[0] = 127
    result = run(graph, {"x": value}, "float")["y"]
    assert set(result[1:].tolist()) == {-128}
    _assert_equal(result, oracle(graph, {"x": value}, "float"), graph)
