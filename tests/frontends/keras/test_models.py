"""Every layer of Keras that aot reads, against what Keras itself answered: the interpreter, and the C on the host."""

from pathlib import Path

import keras_models
import numpy as np
import pytest
from keras_models import FILES
from merge import merged, prefixed
from native import compiled, program
from native import run as run_program

from aot.frontends.keras.description import Layer
from aot.frontends.keras.layers import READERS
from aot.frontends.keras.layers.movement import TRAINING_ONLY
from aot.frontends.keras.models import is_model, layers_of
from aot.frontends.keras.operations import OPERATIONS
from aot.frontends.keras.reader import _opened
from aot.graph.ir import Array, Graph
from aot.passes import normalize, run_passes
from aot.passes.check_operators import check_operators

_TOLERANCE = 1e-5
_PARTS = 16  # programs: the time to plan one grows with the square of its size


def _compiled_graph(name: str) -> Graph:
    graph = run_passes(normalize(keras_models.graph_of(name)))
    check_operators(graph)
    return graph


def _compare(name: str, results: list[list[Array]]) -> None:
    answers = keras_models.answers_of(name)
    assert len(answers) == len(results[0])
    for i, outputs in enumerate(results):
        for wanted, found in zip(answers, outputs, strict=True):
            assert found.shape == wanted[i].shape
            np.testing.assert_allclose(found, wanted[i], rtol=0, atol=_TOLERANCE)


@pytest.mark.parametrize("name", FILES)
def test_the_interpreter_answers_as_keras(name: str) -> None:
    graph = _compiled_graph(name)
    _compare(name, keras_models.run(graph, keras_models.samples_of(name, graph)))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(_PARTS))
def test_the_c_answers_as_keras(part: int, tmp_path: Path) -> None:
    """Several models are one program; what it remembers goes on from sample to sample."""
    graphs = {name: _compiled_graph(name) for name in list(FILES)[part::_PARTS]}
    samples = {name: keras_models.samples_of(name, graph) for name, graph in graphs.items()}
    rounds = [[(graph, samples[name][i]) for name, graph in graphs.items()] for i in range(3)]
    whole = [merged(cases) for cases in rounds]
    model = compiled(whole[0][0])
    results = run_program(program(model, tmp_path, "-O0"), whole[0][0], [values for _, values in whole])
    for number, (name, graph) in enumerate(graphs.items()):
        _compare(name, [[one[prefixed(number, port)] for port in graph.outputs] for one in results])


def _kinds(model: Layer) -> set[str]:
    """The classes of all layers, also of those inside layers."""
    found = set()
    for layer in layers_of(model):
        inside = [layer.config[key] for key in ("layer", "cell") if isinstance(layer.config.get(key), dict)]
        found |= {layer.kind, *(one["class_name"] for one in inside)} | (_kinds(layer) if is_model(layer) else set())
    return found


def test_every_layer_is_in_some_model() -> None:
    kinds = set().union(*(_kinds(_opened(path.read_bytes(), path.name)[0]) for path in FILES.values()))
    assert set(READERS) - kinds - set(TRAINING_ONLY) == set(), "in no model of tests/tools/make_keras_models.py"
    assert len(kinds & set(OPERATIONS)) >= 40


def test_recurrent_layers_are_loops() -> None:
    """One operator each, whatever the number of steps."""
    counts = {name: [op.kind for op in _compiled_graph(name).ops] for name in ("lstm", "gru", "simple_rnn")}
    assert counts["lstm"].count("Lstm") == 3
    assert counts["gru"].count("Gru") == 4 + 1
    assert counts["simple_rnn"].count("Rnn") == 3


def test_batch_normalization_is_part_of_the_layer_before() -> None:
    kinds = [op.kind for op in _compiled_graph("residual").ops]
    assert kinds.count("Add") == 1  # the residual one
    assert "Sub" not in kinds


def test_nothing_stands_between_the_layers_of_images() -> None:
    kinds = {op.kind for name in ("residual", "unet", "nested") for op in _compiled_graph(name).ops}
    assert not kinds & {"Reshape", "Transpose"}


def test_weights_of_a_shared_layer_are_there_once() -> None:
    graph = _compiled_graph("shared")
    weights = {op.inputs[1] for op in graph.ops if op.kind == "FullyConnected"}
    assert len([op for op in graph.ops if op.kind == "FullyConnected"]) == 4
    assert len(weights) == 2


def test_tensors_are_called_after_layers() -> None:
    labels = {t.label for t in _compiled_graph("nested").tensors.values()}
    assert any(label.startswith("middle/sequential/conv2d") for label in labels), labels


def test_ports_are_called_as_keras_calls_them() -> None:
    graph = keras_models.graph_of("shared")
    assert graph.inputs == ("left", "right")
    assert graph.outputs == ("both", "near")
