"""The quantizer: its graphs are right by LiteRT, near to float32, and say what could not be done."""

from pathlib import Path
from typing import Literal

import float_graphs
import litert
import numpy as np
import pytest
from cases import builders, case
from float_graphs import GRAPHS, Net, samples
from graphs_own import OWN
from hard_graphs import value
from quantized import LEAST_DECIBELS, check_c, check_operators, check_steps, quantized
from reading import parse

from aot.base.errors import AotError
from aot.frontends.tflite.operators.records import NotInFiles
from aot.frontends.tflite.rephrase import rephrased
from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import Rounding
from aot.graph.ir import Graph
from aot.ops.functions import Neg
from aot.oracle.interpreter import run
from aot.quantizer import Options, Quantized, quantize
from aot.quantizer.quality import as_inputs, outputs_noise, reals


@pytest.fixture(scope="module", params=GRAPHS)
def net(request: pytest.FixtureRequest) -> Graph:
    return GRAPHS[request.param]()


@pytest.mark.parametrize("rounding", ["double", "float"])
def test_each_operator_equals_its_oracle(net: Graph, rounding: Rounding) -> None:
    """What the written file says is what LiteRT computes from it."""
    made = quantized(net)
    graph = parse(made.tflite(), "net")
    assert str(graph) == str(made.graph)
    for sample in samples(net, 3, seed=1):
        check_operators(graph, as_inputs(sample, graph), rounding)


@pytest.mark.parametrize("io", ["int8", "float"])
@pytest.mark.parametrize("name", GRAPHS)
def test_near_to_float(name: str, io: Literal["int8", "float"]) -> None:
    graph = GRAPHS[name]()
    made = quantized(graph, Options(io=io)).graph
    assert outputs_noise(graph, made, samples(graph)).sqnr > LEAST_DECIBELS[name]
    assert {made[end].dtype for end in (*made.inputs, *made.outputs)} <= {
        "float32" if io == "float" else "int8",
        "int32",
    }
    assert made.inputs == graph.inputs


def test_c_gives_the_same_bytes(net: Graph, tmp_path: Path) -> None:
    check_c(net, quantized(net).graph, tmp_path)


# And how many operators are in int8, in int16, in float32, conversions not counted.
VARIANTS: dict[str, tuple[Options, tuple[int, int, int]]] = {
    "float ends, one scale for dense weights": (Options(io="float", per_channel=False), (10, 0, 0)),
    "int16 where values move on, a float layer": (Options(int16={"b"}, float={"e"}), (6, 3, 1)),
    "both, float ends": (Options(int16={"e"}, float={"scores"}, io="float"), (8, 1, 1)),
    "int16 but for one layer": (Options(dtype="int16", float={"scores"}), (0, 9, 1)),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_each_option_is_exact(name: str, tmp_path: Path) -> None:
    """What the file says is what LiteRT computes from it, operator by operator, and what the C computes."""
    options, counts = VARIANTS[name]
    net = float_graphs.convolutions()
    made = quantized(net, options)
    assert tuple(list(made.types.values()).count(dtype) for dtype in ("int8", "int16", "float32")) == counts
    graph = parse(made.tflite(), "net")
    assert str(graph) == str(made.graph)
    litert.outputs(made.tflite(), [as_inputs(samples(net, 1)[0], graph)["image"]], litert.Resolver.BUILTIN)
    check_operators(graph, as_inputs(samples(net, 1, seed=1)[0], graph))
    check_c(net, graph, tmp_path)


def test_what_has_no_integer_form_stays_in_float() -> None:
    made = quantized(float_graphs.sines())
    assert list(made.types.values()) == ["int8", "float32", "float32", "float32", "int8"]
    (warning,) = made.warnings
    assert "Sin (%wave) stays in float32" in warning and "bytes more" in warning
    with pytest.raises(AotError, match="cannot be quantized as a whole"):
        quantized(float_graphs.sines(), Options(strict=True))


def test_what_has_no_int16_form_stays_in_float_with_a_warning() -> None:
    made = quantized(float_graphs.gates(), Options(dtype="int16"))
    assert [op.name for op in made.source.ops if made.types[op.name] == "float32"] == ["swish", "best"]
    assert "ArgMax (%best) stays in float32: it has no int16 form" in made.warnings[1]


def test_negation_has_codes_of_its_own() -> None:
    """TensorFlow Lite's NEG wants zero points of 0; a product with -1 takes any."""
    net = Net(12, x=(1, 32))
    graph = net.graph(net.add(Neg, "y", (1, 32), "x"))
    positive = [{"x": np.abs(sample["x"])} for sample in samples(graph)]
    made = quantize(graph, positive)
    assert made.types == {"y": "int8"} and not made.warnings and made.graph["y"].zero_point == 127
    assert made.sqnr() > 40


@pytest.mark.parametrize("io", ["int8", "float"])
@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_what_is_remembered(io: Literal["int8", "float"], dtype: Literal["int8", "int16"], tmp_path: Path) -> None:
    """In the codes of what computes it, if that has some; LiteRT, the interpreter and the C take the same steps.

    LiteRT's dense layers round otherwise in int16, and its float32 may differ in the last bits.
    """
    graph = float_graphs.streaming()
    steps = samples(graph)
    made = quantize(graph, steps, Options(io=io, dtype=dtype))
    assert [made.graph[state.current].dtype for state in made.graph.state] == [dtype, "float32", dtype]
    (warning,) = made.warnings
    assert "Svdf (%svdf) stays in float32: it has no integer form" in warning
    assert made.sqnr() > (30 if dtype == "int8" else 45)
    assert np.abs(reals(made.graph.state[2].initial, made.graph[made.graph.state[2].current]) - 0.5).max() < 0.02
    check_steps(made, steps, tmp_path, dtype == "int8")


@pytest.mark.parametrize(
    "options", [Options(), Options(io="float"), Options(float={"a"}), Options(float={"a"}, io="float")]
)
def test_what_only_waits(options: Options, tmp_path: Path) -> None:
    """An input or an older state that is kept has the type of what reads it; what was kept can be an output, too."""
    graph = float_graphs.delays()
    made = quantize(graph, samples(graph), options)
    dtypes = ["float32" if options.float else "int8", "int8", "int8"]
    assert [made.graph[state.current].dtype for state in made.graph.state] == dtypes and not made.warnings
    assert made.sqnr() > 30
    check_steps(made, samples(graph), tmp_path)


def test_layers_kept_in_float() -> None:
    graph = float_graphs.convolutions()
    kept = quantized(graph, Options(float=frozenset({"e"})))
    assert kept.types["e"] == "float32" and not kept.warnings
    kinds = [op.kind for op in kept.graph.ops]
    assert kinds.count("Dequantize") == 1 and kinds.count("Quantize") == 1
    all_float = quantized(graph, Options(float=frozenset(op.name for op in graph.ops), io="float")).graph
    assert outputs_noise(graph, all_float, samples(graph)).sqnr > 120


def _assert_written(name: str, made: Quantized) -> None:
    """The file holds the same model, but for the operators that are aot's own."""
    try:
        again = parse(made.tflite(), made.graph.name)
    except NotInFiles:
        assert name in OWN
        return
    assert str(again) == str(rephrased(made.graph)), name


_REFUSED = ("not finite", "which a .tflite file can only say")


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_every_operator_can_be_in_a_model(dtype: Literal["int8", "int16"]) -> None:
    """Quantized or kept in float32, written and read again, run."""
    for name in builders():
        graph, _ = case(name, 0)
        if not any(graph[end].dtype == "float32" for end in graph.inputs):
            continue
        random = np.random.default_rng(1)
        given = [{n: value(random, graph[n]) for n in graph.inputs} for _ in range(4)]
        try:
            made = quantize(graph, given, Options(dtype=dtype))
            _assert_written(name, made)
        except AotError as error:
            assert any(reason in str(error) for reason in _REFUSED), name
            continue
        expected, found = run(graph, given[0]), run(made.graph, as_inputs(given[0], made.graph))
        for old, new in zip(graph.outputs, made.graph.outputs, strict=True):
            assert found[new].shape == expected[old].shape, name


def test_int16_is_nearer(net: Graph) -> None:
    """What has an int16 kernel; each operator equals its oracle."""
    made = quantized(net, Options(dtype="int16")).graph
    plain = quantized(net).graph
    near, far = (outputs_noise(net, graph, samples(net)).sqnr for graph in (made, plain))
    assert near > far + 0.5
    assert parse(write(made), "net").inputs == net.inputs
    check_operators(made, as_inputs(samples(net, 1, seed=1)[0], made))


def test_one_layer_in_int16() -> None:
    graph = float_graphs.convolutions()
    made = quantized(graph, Options(int16=frozenset({"e"}))).graph
    assert [made[name].dtype for name in ("both", "both_int16", "e", "e_int8", "y")] == [
        "int8",
        "int16",
        "int16",
        "int8",
        "int8",
    ]
