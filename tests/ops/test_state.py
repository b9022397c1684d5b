"""Models that remember: several runs in a row, against LiteRT, in C, and from anew after a reset."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cases
import graphs_recurrent
import litert
import merge
import native
import numpy as np
import pytest
import tflm
from command import refused, tampered
from counts import INTERPRETER, count
from graphs_recurrent import BUILDERS, UNKNOWN_TO_LITERT
from reading import parse

from aot.base.errors import AotError
from aot.compile.printing import make
from aot.device.verify import connect, input_bytes
from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Quant, State, Tensor, Unsupported
from aot.ops.add import Add
from aot.ops.binary import Maximum
from aot.oracle import interpreter

_RUNS = 5
_ALL = {**BUILDERS, **UNKNOWN_TO_LITERT}


def _case(name: str, seed: int) -> tuple[Graph, list[dict[str, Array]]]:
    graph, first = cases.case(name, seed)
    others = [cases.inputs_of(graph, [seed, run]) for run in range(1, _RUNS)]
    return graph, [first, *others]


def _expected(name: str, content: bytes, inputs: list[list[Array]]) -> list[Array]:
    """LiteRT's outputs of several runs, or TensorFlow Lite Micro's where it alone knows the type."""
    if name in UNKNOWN_TO_LITERT:
        return [outputs[0] for outputs in tflm.sequence(content, inputs)]
    return [outputs[0] for outputs in litert.sequence(content, inputs, litert.Resolver.REFERENCE)]


def _has_an_oracle(graph: Graph) -> bool:
    """TensorFlow Lite Micro stops in SVDF without a bias, and wraps new codes of an int8 state with a zero point."""
    (op,) = graph.ops
    return op.inputs[3] is not None and graph["state"].zero_point == 0


@pytest.mark.parametrize("name", _ALL)
def test_several_runs_equal_their_oracle(name: str) -> None:
    few = name == "Svdf with an int8 state"
    for seed in range((80 if few else 20) * cases.TIMES):
        graph, samples = _case(name, seed)
        if few and not _has_an_oracle(graph):
            continue
        inputs = [[sample[name] for name in graph.inputs] for sample in samples]
        expected = _expected(name, write(graph), inputs)
        for i, (values, wanted) in enumerate(zip(interpreter.run_all(graph, samples), expected, strict=True)):
            actual = values[graph.outputs[0]]
            message = f"seed {seed}, run {i}\n{graph}\n{actual}\n{wanted}"
            if actual.dtype == np.float32:
                close = graphs_recurrent.FLOAT_TOLERANCE * max(1.0, float(np.abs(wanted).max()))
                assert np.abs(actual - wanted).max() <= close, message
            else:
                assert actual.tolist() == wanted.tolist(), message
        if name in UNKNOWN_TO_LITERT:  # others are counted where single runs are compared
            count(INTERPRETER, graph)


def _resources() -> Graph:
    """Variables that are read and assigned: a running maximum, and a delay of two runs."""
    x, best, old, older, seen, y = (Tensor(n, (2, 3), "int32") for n in "x best old older seen y".split())
    ops = (
        Maximum(name="seen", inputs=("x", "best"), outputs=("seen",)),
        Add(name="y", inputs=("seen", "older"), outputs=("y",)),
    )
    initial = np.arange(6, dtype=np.int32).reshape(2, 3)
    states = (
        State("best", "seen", initial),
        State("old", "x", np.zeros((2, 3), np.int32)),
        State("older", "old", -initial),
    )
    tensors = {t.name: t for t in (x, best, old, older, seen, y)}
    graph = Graph("net", tensors, ops, ("x",), ("y", "older"), states)
    graph.check()
    return graph


def test_resources_equal_litert_and_c(tmp_path: Path) -> None:
    graph = _resources()
    content = write(graph)
    read = parse(content, "net")
    assert str(read) == str(graph) and write(read) == content
    rng = np.random.default_rng(0)
    samples = [{"x": rng.integers(-9, 9, (2, 3)).astype(np.int32)} for _ in range(_RUNS)]
    wanted = litert.sequence(content, [[sample["x"]] for sample in samples], litert.Resolver.REFERENCE)
    actual = native.run(native.program(native.compiled(read), tmp_path, *native.SANITIZE), read, samples)
    for values, expected, outputs in zip(interpreter.run_all(read, samples), wanted, actual, strict=True):
        for name, array in zip(read.outputs, expected, strict=True):
            assert values[name].tolist() == array.tolist() == outputs[name].tolist()


@pytest.mark.parametrize(
    ("table", "fields", "complaint"),
    [
        ("CallOnceOptions", {"InitSubgraphIndex": 9}, "CALL_ONCE ( -> %statement): there is no subgraph 9"),
        ("CallOnceOptions", {"InitSubgraphIndex": 0}, "subgraph 0 runs itself"),
        ("OperatorCode", {"BuiltinCode": 127, "DeprecatedBuiltinCode": 127}, "aot does not implement this operator"),
    ],
)
def test_resources_that_cannot_be(
    table: str, fields: dict[str, int], complaint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "m.tflite").write_bytes(tampered(_resources(), monkeypatch, table, 0, **fields))
    assert complaint in refused("build", tmp_path / "m.tflite", "-b", "host", "-o", tmp_path / "out", "--no-compile")


def test_handles_do_not_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an output of the graph: every tensor in turn."""
    handles = 0
    for number in range(20):
        content = tampered(_resources(), monkeypatch, "SubGraph", 0, Outputs=_vector(number))
        try:
            parse(content, "net")
        except AotError as error:
            handles += "may only be read and assigned" in error.what
    assert handles == 3


def _vector(number: int) -> Callable[[Any], Any]:
    return lambda builder: builder.CreateNumpyVector(np.array([number], np.int32))


@pytest.mark.parametrize("name", _ALL)
def test_several_runs_in_c(name: str, tmp_path: Path) -> None:
    graph, samples = _case(name, 3)
    outputs = native.run(native.program(native.compiled(graph), tmp_path, *native.SANITIZE), graph, samples)
    for values, actual in zip(interpreter.run_all(graph, samples), outputs, strict=True):
        assert actual[graph.outputs[0]].tobytes() == values[graph.outputs[0]].tobytes()


@pytest.mark.parametrize("board", ["mps2-an386", "mps2-an385"])
def test_several_runs_and_a_reset_on_a_board(board: str, tmp_path: Path) -> None:
    """Every operator that remembers, in one firmware; after a reset, the same again."""
    models = [_case(name, 5) for name in _ALL]
    merged = [merge.merged([(graph, samples[run]) for graph, samples in models]) for run in range(_RUNS)]
    graph, samples = merged[0][0], [sample for _, sample in merged]
    model = native.compiled(graph, board=board)
    with connect(model, make(model, tmp_path), None) as device:
        first = [device.infer(input_bytes(graph, sample)) for sample in samples]
        device.reset()
        second = [device.infer(input_bytes(graph, sample)) for sample in samples]
    expected = [[v[name].tobytes() for name in graph.outputs] for v in interpreter.run_all(graph, samples)]
    assert first == second == expected
    assert first[0] != first[-1]


def test_int8_peepholes_that_litert_mistakes_are_refused() -> None:
    """It takes the number of outputs for that of cells, which reads beyond the weights or mixes samples."""
    models = (_case("Lstm of int8", seed)[0] for seed in range(99))
    projecting = (g for g in models if (i := g.ops[0].inputs)[16] and not i[10] and not i[1])
    graph = next(g for g in projecting if g["h"].shape[1] != g["c"].shape[1] and g["c"].shape[0] > 1)
    (op,) = graph.ops
    (batches, cells), units = graph["c"].shape, graph["h"].shape[1]
    peepholes = {
        i: Tensor(f"p{i}", (cells,), "int16", Quant((1e-4,), (0,)), np.ones(cells, np.int16)) for i in (10, 11)
    }
    changed = replace(op, inputs=tuple(peepholes[i].name if i in peepholes else n for i, n in enumerate(op.inputs)))
    with pytest.raises(Unsupported, match=f"peepholes with {units} outputs, {cells} cells and {batches} samples"):
        changed.check(graph.with_tensors(*peepholes.values()))


def _with_sums_alike(graph: Graph) -> Graph:
    """Filters that differ little from cell to cell, the largest weights of normalization: products beyond 32 bits."""
    (op,) = graph.ops
    x, changed = graph["x"], [replace(graph["x"], quant=Quant(graph["x"].quant.scale, (0,)))]
    for gate in range(4):
        weights, norm = graph.operand(op, 1 + gate), graph.operand(op, 20 + gate)
        if weights is None or norm is None:
            continue
        data = np.full_like(weights.data, 100)
        data[:, 0] -= np.arange(len(data), dtype=np.int8) % 3
        scale = 32000 / (100 * 127 * weights.shape[1] * x.scale) * op.gate_scales[gate]
        changed.append(replace(weights, data=data, quant=Quant((float(np.float32(scale)),), (0,))))
        ends = np.where(norm.data < 0, -32767, 32767).astype(np.int16)
        changed.append(replace(norm, data=ends, quant=Quant((float(np.float32(3e-5)),), (0,))))
    return graph.with_tensors(*changed)


def test_normalization_of_sums_that_are_almost_alike(tmp_path: Path) -> None:
    drawn = (_case("Lstm of int8", seed)[0] for seed in range(60))
    graphs = [_with_sums_alike(g) for g in drawn if g.ops[0].inputs[21] and g["c"].shape[1] >= 3]
    assert len(graphs) >= 5
    for graph in graphs:
        sample = {"x": np.full(graph["x"].shape, 127, np.int8)}
        ((expected,),) = litert.sequence(write(graph), [[sample["x"]]], litert.Resolver.REFERENCE)
        assert next(interpreter.run_all(graph, [sample]))["y"].tolist() == expected.tolist(), graph
    (actual,) = native.run(native.program(native.compiled(graph), tmp_path, *native.SANITIZE), graph, [sample])
    assert actual["y"].tolist() == expected.tolist()


def test_int8_normalization_needs_the_scales_of_its_sums() -> None:
    models = (_case("Lstm of int8", seed)[0] for seed in range(99))
    graph = next(g for g in models if g.ops[0].inputs[21])
    with pytest.raises(Unsupported, match="intermediate tensors 0 to 3"):
        replace(graph.ops[0], gate_scales=()).check(graph)
