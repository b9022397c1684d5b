"""The quantizer: its graphs are right by LiteRT, near to float32, and say what could not be done."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import float_graphs
import litert
import native
import numpy as np
import pytest
from cases import builders, case
from float_graphs import GRAPHS, Net, samples
from graphs import cut
from hard_graphs import value
from oracles import matches, oracle

import aot
from aot.errors import AotError
from aot.fixedpoint import Array, Rounding
from aot.frontends.tflite import parse
from aot.frontends.tflite_writer import write
from aot.interpreter import run, run_all
from aot.ir import Graph, Quant
from aot.ops.common import Activation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.dequantize import Dequantize
from aot.ops.fully_connected import FullyConnected
from aot.ops.functions import Neg
from aot.quantize import DEFAULT, Options, Quantized, given_samples, quantize
from aot.quantize.analysis import analyse
from aot.quantize.convert import quantized_codes
from aot.quantize.equalize import equalize
from aot.quantize.quality import as_inputs, outputs_noise, reals
from aot.quantize.quantizer import assemble
from aot.quantize.simplify import simplify


def quantized(graph: Graph, options: Options = DEFAULT) -> Quantized:
    return quantize(graph, samples(graph), options)


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


# What was measured, less 3 dB: a fault in one scale costs far more.
LEAST_DECIBELS = {"convolutions": 33, "gates": 33, "arithmetic": 35, "normalized": 30, "sines": 30}


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


def check_c(net: Graph, graph: Graph, folder: Path) -> None:
    """The C of `graph`, made from `net`, answers as the interpreter."""
    inputs = [as_inputs(sample, graph) for sample in samples(net, 8, seed=1)]
    answers = native.run(native.program(native.compiled(graph), folder), graph, inputs)
    for sample, answer in zip(inputs, answers, strict=True):
        values = run(graph, sample)
        assert all(np.array_equal(values[name], value) for name, value in answer.items())


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


def check_operators(graph: Graph, sample: Mapping[str, Array], rounding: Rounding = "double") -> None:
    """Each operator equals its oracle."""
    values = run(graph, sample, rounding)
    for op in graph.ops:
        alone = cut(graph, op)
        expected = oracle(alone, {name: values[name] for name in alone.inputs}, rounding)
        assert np.all(matches(op, values[op.outputs[0]], expected)), op


def test_batch_normalization_is_folded() -> None:
    graph = float_graphs.normalized()
    lean = simplify(graph)
    assert [op.kind for op in lean.ops] == ["Conv2D", "Conv2D", "ResizeNearest", "DepthwiseConv2D"]
    for sample in samples(graph, 4):
        before, after = run(graph, sample)["y"], run(lean, sample)["y"]
        assert np.allclose(before, after, rtol=1e-4, atol=1e-4 * np.abs(before).max())


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


# Models that remember


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


def check_steps(made: Quantized, steps: list[dict[str, Array]], folder: Path, by_litert: bool = True) -> None:
    """From the first step to the last, each of which leaves something behind: LiteRT, the interpreter and the C."""
    graph = parse(made.tflite(), "net")
    given = [as_inputs(sample, graph) for sample in steps]
    expected = litert.sequence(made.tflite(), [[one["x"]] for one in given], litert.Resolver.BUILTIN)
    assert len({array.tobytes() for _, array in expected}) == len(steps)
    actual = native.run(native.program(native.compiled(graph), folder), graph, given)
    for values, wanted, answer in zip(run_all(graph, given), expected, actual, strict=True):
        for name, array in zip(graph.outputs, wanted, strict=True):
            assert values[name].tolist() == answer[name].tolist()
            assert not by_litert or np.allclose(values[name], array, rtol=1e-6, atol=1e-6)


def test_layers_kept_in_float() -> None:
    graph = float_graphs.convolutions()
    kept = quantized(graph, Options(float=frozenset({"e"})))
    assert kept.types["e"] == "float32" and not kept.warnings
    kinds = [op.kind for op in kept.graph.ops]
    assert kinds.count("Dequantize") == 1 and kinds.count("Quantize") == 1
    all_float = quantized(graph, Options(float=frozenset(op.name for op in graph.ops), io="float")).graph
    assert outputs_noise(graph, all_float, samples(graph)).sqnr > 120


@pytest.mark.parametrize("options", [Options(int16=frozenset({"nothing"})), Options(float=frozenset({"image"}))])
def test_layers_that_are_not_there(options: Options) -> None:
    with pytest.raises(AotError, match="there is no layer called"):
        quantized(float_graphs.convolutions(), options)


@pytest.mark.parametrize("stored", ["float16", "int8"])
def test_weights_that_are_stored_smaller(stored: str) -> None:
    """float16 and dynamic-range models: what their weights stand for is quantized, nothing stays in float32."""
    graph, small = float_graphs.convolutions(), float_graphs.convolutions()
    for name in ("a_w", "e_w", "scores_w"):
        w = graph[name]
        assert w.data is not None
        if stored == "float16":
            source = replace(w, name=f"{name}_small", label="", dtype="float16", data=w.data.astype(np.float16))
            widen = Dequantize(name=name, inputs=(source.name,), outputs=(name,))
            small = replace(small.with_tensors(source, replace(w, data=None)), ops=(widen, *small.ops))
            rounded = w.data.astype(np.float16).astype(np.float32)
        else:
            quant = Quant((float(np.float32(np.abs(w.data).max() / 127)),), (0,))
            codes = quantized_codes(w.data, quant, "int8")
            small = small.with_tensors(replace(w, dtype="int8", quant=quant, data=codes))
            rounded = codes.astype(np.float32) * np.float32(quant.scale[0])
        graph = graph.with_tensors(replace(w, data=rounded))
    made = quantize(parse(write(small), "net"), samples(graph))
    assert set(made.types.values()) == {"int8"} and not made.warnings
    assert [op.kind for op in made.graph.ops] == [op.kind for op in graph.ops]
    assert outputs_noise(graph, made.graph, samples(graph)).sqnr > LEAST_DECIBELS["convolutions"]
    sample = as_inputs(samples(graph, 1, seed=1)[0], made.graph)
    wanted = litert.outputs(made.tflite(), [sample["image"]], litert.Resolver.BUILTIN)
    assert run(made.graph, sample)["y"].tolist() == wanted[0].tolist()


def test_an_int8_model_passes_through() -> None:
    made = quantized(float_graphs.convolutions()).graph
    again = quantize(made, iter([]))
    assert again.graph is made and not again.changed and "already" in again.warnings[0]


def test_of_a_mixed_model_only_what_is_float_is_quantized() -> None:
    """A model with one float32 layer between int8 ones: these keep their codes, and meet the new one without copies."""
    graph = float_graphs.convolutions()
    mixed = quantized(graph, Options(float=frozenset({"e"}))).graph
    made = quantized_mixed(mixed)
    assert {op.kind for op in made.ops}.isdisjoint({"Quantize", "Dequantize"})
    for name in ("a_w", "b_b", "scores_w"):
        assert np.array_equal(made[name].data, mixed[name].data)
    for name in ("image", "a", "both", "e", "y"):
        assert made[name].dtype == "int8"
    assert outputs_noise(graph, made, samples(graph)).sqnr > LEAST_DECIBELS["convolutions"]


def quantized_mixed(graph: Graph) -> Graph:
    """The int8 input's codes are the samples."""
    given = [as_inputs(sample, graph) for sample in samples(float_graphs.convolutions())]
    return quantize(graph, given).graph


def test_bias_correction_removes_the_mean_error() -> None:
    net = Net(7, x=(1, 32))
    graph = net.graph(net.layer(FullyConnected, "y", (1, 4), "x", (4, 32)))
    shifted = [{"x": sample["x"] + 3} for sample in samples(graph, 64)]
    errors = []
    for correct in (False, True):
        made = quantize(graph, shifted, Options(correct_bias=correct)).graph
        difference = [reals(run(made, as_inputs(s, made))["y"], made["y"]) - run(graph, s)["y"] for s in shifted]
        errors.append(np.abs(np.mean(difference, axis=0)).max())
    assert errors[1] < errors[0] / 2


def test_equalization() -> None:
    """The float32 model computes the same; channels of a thousandth of the others' size get codes of their own."""
    net = Net(10, x=(1, 6, 6, 3))
    w = net.random.normal(size=(8, 1, 1, 3)) * np.logspace(0, -3, 8).reshape(-1, 1, 1, 1)
    a = net.add(
        Conv2D, "a", (1, 6, 6, 8), "x", net.constant("a_w", w), net.constant("a_b", np.zeros(8)),
        activation=Activation.RELU,
    )  # fmt: skip
    loud = net.constant("y_w", net.random.normal(size=(1, 3, 3, 8)) / np.logspace(0, -3, 8))
    graph = net.graph(
        net.add(DepthwiseConv2D, "y", (1, 6, 6, 8), a, loud, net.bias("y_b", 8), padding=((1, 1), (1, 1)))
    )
    even = equalize(graph, samples(graph, 4))
    for sample in samples(graph, 4):
        assert np.allclose(run(even, sample)["y"], run(graph, sample)["y"], rtol=1e-5, atol=1e-6)
    largest = [np.abs(run(even, s)["a"]).max(axis=(0, 1, 2)) for s in samples(graph, 4)]
    assert np.max(largest) < 64 * np.max(largest, axis=0).min()
    near, far = (
        outputs_noise(graph, quantized(graph, Options(equalize=e)).graph, samples(graph)).sqnr for e in (True, False)
    )
    assert near > far + 6
    assert quantized(graph).graph["a_w"].data is not None


def test_tensors_that_never_change() -> None:
    """Ranges of nothing: a layer that is never active, an input that is always 0, constants of zeros."""
    net = Net(8, x=(1, 4))
    dead = net.add(
        FullyConnected, "dead", (1, 4), "x", net.constant("w", np.zeros((4, 4))), net.constant("b", -np.ones(4)),
        activation=Activation.RELU,
    )  # fmt: skip
    graph = net.graph(net.layer(FullyConnected, "y", (1, 3), dead, (3, 4)))
    made = quantize(graph, [{"x": np.zeros((1, 4), np.float32)}] * 2)
    assert any("%dead is 0 for every sample" in warning for warning in made.warnings)
    expected = run(graph, {"x": np.zeros((1, 4), np.float32)})["y"]
    value = reals(run(made.graph, {"x": np.zeros((1, 4), np.int8)})["y"], made.graph["y"])
    assert np.allclose(value, expected, atol=made.graph["y"].scale)


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (np.full((1, 8, 8, 3), np.nan, np.float32), "not finite"),
        (np.full((1, 8, 8, 3), np.inf, np.float32), "not finite"),
        (np.full((1, 8, 8, 3), 1e38, np.float32), "not finite"),
        (np.zeros((1, 8, 8, 3), np.uint8), "takes float32, not uint8"),
        (np.zeros((8, 8), np.float32), "has shape"),
        ({"other": np.zeros(3), "image": np.zeros((1, 8, 8, 3))}, "no inputs: other"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_samples(sample: object, message: str) -> None:
    graph = float_graphs.convolutions()
    with pytest.raises(AotError, match=message):
        quantize(graph, given_samples([sample], graph))  # type: ignore[list-item] # on purpose


@pytest.mark.parametrize("name", ["a_w", "a_b", "scores_w"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_constants_that_are_not_finite(name: str, value: float) -> None:
    """The model is at fault, not the samples, even where a clipped activation hides it."""
    graph = float_graphs.convolutions()
    data = np.array(graph[name].data)
    data.flat[1] = value
    with pytest.raises(AotError, match=f"the constant %{name} of net has values that are not finite: 1 of"):
        quantized(graph.with_tensors(replace(graph[name], data=data)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(range="max"), "no range estimator 'max'"),
        (Options(io="int16"), "no type of inputs and outputs 'int16'"),  # type: ignore[arg-type] # on purpose
        (Options(dtype="float"), "no type of activations 'float'"),  # type: ignore[arg-type] # on purpose
        (Options(int16=["e"], float=["e"]), "e cannot be int16 and float32"),
    ],
)
def test_options_that_cannot_be(options: Options, message: str) -> None:
    with pytest.raises(AotError, match=message):
        quantized(float_graphs.convolutions(), options)


def test_no_samples() -> None:
    with pytest.raises(AotError, match="no samples"):
        quantize(float_graphs.convolutions(), iter([]))


def test_python_interface() -> None:
    graph = float_graphs.convolutions()
    arrays = (sample["image"].astype(np.float64) for sample in samples(graph))
    made = aot.quantize(graph, arrays, aot.QuantizeOptions(io="float"))
    assert made.calibration.samples == 24 and made.graph["y"].dtype == "float32"
    assert parse(made.tflite(), "net").inputs == ("image",)


def test_samples_as_python_has_them() -> None:
    """An array of all, a dict of such arrays, lists of samples with and without their batch, generators: the same."""
    graph = float_graphs.convolutions()
    every = np.concatenate([sample["image"] for sample in samples(graph)])
    wanted = quantized(graph).tflite()
    ways = (every, {"image": every}, list(every), [every[:4], every[4:]], ({"image": one} for one in every))
    assert all(aot.quantize(graph, way).tflite() == wanted for way in ways)


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
            again = parse(made.tflite(), made.graph.name)
        except AotError as error:
            assert any(reason in str(error) for reason in _REFUSED), name
            continue
        assert str(again) == str(made.graph), name
        expected, found = run(graph, given[0]), run(made.graph, as_inputs(given[0], made.graph))
        for old, new in zip(graph.outputs, made.graph.outputs, strict=True):
            assert found[new].shape == expected[old].shape, name


# int16


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


# The report


def test_report() -> None:
    graph = float_graphs.convolutions()
    made = quantize(graph, samples(graph, 8))
    report = analyse(made, DEFAULT)
    assert [layer.name for layer in report.layers] == [op.name for op in graph.ops]
    assert {layer.name for layer in report.ranked} == {"a", "b", "e", "mean", "scores", "y"}
    assert report.sqnr == outputs_noise(graph, made.graph, made.calibration.kept).sqnr
    assert all(layer.alone is None or layer.alone > report.sqnr - 3 for layer in report.layers)  # errors may cancel
    softmax = report.layers[-1]
    assert softmax.sqnr == report.sqnr and softmax.scale == 1 / 256 and 0 < (softmax.unused or 0) < 1
    for layer in report.layers:
        assert sum(layer.bars) == 8 * graph[layer.name].elements and layer.clipped < 0.01
    for suggestion in report.suggestions:
        types = {
            "int16": frozenset[str](),
            "float32": frozenset[str](),
            suggestion.dtype: frozenset({suggestion.layer}),
        }
        other = assemble(made.source, made.calibration, Options(int16=types["int16"], float=types["float32"]))
        assert outputs_noise(graph, other.graph, made.calibration.kept).sqnr - report.sqnr == pytest.approx(
            suggestion.gain
        )


def test_what_costs_most_is_ranked_first() -> None:
    """A layer whose one enormous weight leaves nothing of the others in a single scale."""
    net = Net(9, x=(1, 16))
    before = net.layer(FullyConnected, "before", (1, 16), "x", (16, 16))
    w = net.random.normal(size=(16, 16))
    w[3, 3] = 500
    bad = net.add(FullyConnected, "bad", (1, 16), before, net.constant("bad_w", w), net.bias("bad_b", 16))
    small = net.weights("y_w", 4, 16)
    data = net.tensors[small].data
    assert data is not None
    data[:, 3] = 0  # what the enormous weight makes is not looked at
    graph = net.graph(net.add(FullyConnected, "y", (1, 4), bad, small, net.bias("y_b", 4)))
    options = Options(per_channel=False)
    report = analyse(quantized(graph, options), options)
    assert report.ranked[0].name == "bad"
    assert report.suggestions[0].layer in ("bad", "y") and report.suggestions[0].gain > 3
