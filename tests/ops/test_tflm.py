"""The interpreter's `double` rounding against TensorFlow Lite Micro itself, byte for byte: real models, and operators.

Two tables say what it does not run, and where it answers otherwise and why; both fail as soon as they are out of date.
"""

from pathlib import Path

import cases
import graphs
import numpy as np
import pytest
import tflm
from reading import load
from real_models import FOLDER, MODELS, RANDOM, is_float, samples_of

from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Unsupported
from aot.ops.gather import GatherNd
from aot.ops.slice import StridedSlice
from aot.ops.svdf import Svdf
from aot.oracle.interpreter import initial_state, run
from aot.oracle.samples import random_samples

_CODES = {"int8", "int16"}
_DRAWS, _RARE_DRAWS = 40, 200  # of a builder until it gives what is looked for

# Operators that it lacks, or lacks for these types.
ABSENT = {
    *(
        "BatchToSpace int16",
        "Div int16",
        "EmbeddingLookup int16",
        "Equal int16",
        "Exp int16",
        "Exp int8",
        "FloorDiv int16",
    ),
    *("FloorDiv int8", "FloorMod int16", "FloorMod int8", "Gather int16", "GatherNd int16", "Gelu int16", "Gelu int8"),
    *("GreaterEqual int16", "Less int16", "LessEqual int16", "Log int16", "Log int8", "MirrorPad int16", "Neg int16"),
    *("Neg int8", "NotEqual int16", "OneHot int8", "ReduceMax int16", "ReduceMin int16", "ReduceProd int16"),
    *("ReduceProd int8", "Relu0To1 int8", "ReluN1To1 int8", "ResizeBilinear int16", "ReverseSequence int16"),
    *("Select int16", "Select int8", "SpaceToBatch int16", "Sqrt int16", "Sqrt int8", "Tile int16", "Tile int8"),
    *("TopK int16", "TopK int8"),
}
# It takes as many numbers as there are dimensions: few cases, if any.
RARE = {"StridedSlice int16", "StridedSlice int8"}
_RATIO = "the ratio of two scales is a float32 in LiteRT and here, a double there: another code beside a tie"
DIFFERENT = {
    "Abs int16": _RATIO,
    "Abs int8": _RATIO,
    "Add shifted": "sums of int16 whose scales are powers of two are scaled like others",
    "AddN int8": "the zero point of the inputs is taken off once too often",
    "Div int8": "a divisor of 0, and quotients below a half, give other codes",
    "Elu int8": "exp(x) - 1 in float32, which has few bits left at tiny scales",
    "Greater int16": "the answer is false, always",
    "LeakyRelu int16": _RATIO,
    "LeakyRelu int8": _RATIO,
    "Logistic": "computed in fixed point, not as a table of float32: another code beside a tie, or at scales above 100",
    "Lstm of int8": "gates come from a table of the sigmoid, as those of int16 do",
    "Mul int16": _RATIO,
    "Mul int8": _RATIO,
    "Relu": _RATIO,
    "Relu int16": _RATIO,
    "Relu6": "codes are limited, but not brought to the output's scale",
    "Relu6 int16": "codes are limited, but not brought to the output's scale",
    "Rsqrt int16": "the largest code at 0, where LiteRT interpolates towards infinity",
    "Softmax int16 int16": "its tables are computed in float32",
    "SpaceToBatch int8": "padding is the code 0, not that of the real 0",
    "Sub shifted": "sums of int16 whose scales are powers of two are scaled like others",
    "Tanh int8": "the output's scale is taken for 1/128, its zero point for 0",
}


def _names() -> list[str]:
    """Builders of graphs that compute with int8 or int16 alone, beside indices and truths."""
    found = []
    for name, build in graphs.BUILDERS.items():
        graph = build(np.random.default_rng([0, 0]))
        types = [graph[tensor].dtype for tensor in (*graph.inputs, *graph.outputs)]
        if _CODES & set(types) and set(types) <= {*_CODES, "bool", "int32", "int64"}:
            found.append(name)
    return found


def _drawn(name: str, seed: int) -> tuple[Graph, dict[str, Array]] | None:
    """A supported graph and its inputs, if there is nothing in them that it does not look at."""
    rng = np.random.default_rng([seed])
    graph: Graph = graphs.BUILDERS[name](rng)
    try:
        graph.ops[0].check(graph)
    except Unsupported:
        return None
    inputs = {n: graphs.values(rng, graph[n]) for n in graph.inputs}
    return None if _unseen(graph, inputs) else (graph, inputs)


def _unseen(graph: Graph, inputs: dict[str, Array]) -> bool:
    """A missing bias of SVDF, an ellipsis, an index out of range of its dimension: it trusts that there is none."""
    (op,) = graph.ops
    if isinstance(op, Svdf):
        return op.inputs[3] is None
    if isinstance(op, StridedSlice):
        return op.ellipsis_mask != 0
    if isinstance(op, GatherNd):
        x, indices, _ = op.operands(graph)
        at = inputs.get(indices.name, indices.data)
        return bool(np.any((at < 0) | (at >= np.array(x.shape[: indices.shape[-1]]))))
    return False


def _micro(graph: Graph, inputs: dict[str, Array]) -> list[Array] | None:
    """Its outputs, or None where it does not run the graph."""
    try:
        return tflm.outputs(write(graph), [inputs[name] for name in graph.inputs], len(graph.outputs))
    except RuntimeError:
        return None


def _differs(graph: Graph, inputs: dict[str, Array], expected: list[Array]) -> bool:
    values = run(graph, {**inputs, **initial_state(graph)})
    pairs = zip(graph.outputs, expected, strict=True)
    return any(values[name].tobytes() != array.tobytes() for name, array in pairs)


@pytest.mark.parametrize("name", _names())
def test_operators_equal_tflm(name: str) -> None:
    """Cases that it does not run are drawn again: of more than five dimensions, or with indices of another type."""
    left = 2 * cases.TIMES
    for seed in range(_RARE_DRAWS if name in DIFFERENT else _DRAWS * cases.TIMES):
        drawn = _drawn(name, seed)
        expected = None if drawn is None else _micro(*drawn)
        if drawn is None or expected is None:
            continue
        assert name not in ABSENT, f"{name} is there now"
        if name in DIFFERENT:
            if _differs(*drawn, expected):
                return
            continue
        assert not _differs(*drawn, expected), f"seed {seed}\n{drawn[0]}"
        left -= 1
        if left == 0:
            return
    assert name in ABSENT | RARE, f"{name}: no case that shows what the table says"


def _models() -> list[Path]:
    """Real int8 models, where there is a folder of them, and the example's."""
    real = [Path(FOLDER, model) for model in MODELS if not is_float(model)] if FOLDER else []
    return [*real, *sorted(Path("examples").glob("*/*.tflite"))]


@pytest.mark.parametrize("path", _models(), ids=lambda path: path.stem)
def test_models_equal_tflm(path: Path) -> None:
    graph, content = load(path), path.read_bytes()
    model = str(path.relative_to(FOLDER)) if FOLDER and path.is_relative_to(FOLDER) else ""
    samples = samples_of(model, graph) if model else list(random_samples(graph, RANDOM, seed=1))
    for sample in samples if RANDOM > 2 else samples[::2]:
        expected = tflm.outputs(content, [sample[name] for name in graph.inputs], len(graph.outputs))
        assert not _differs(graph, sample, expected)
