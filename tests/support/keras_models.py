"""The Keras models that tests/tools/make_keras_models.py made, and what Keras answers."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from aot.frontends import parse, settings_of
from aot.graph.ir import Array, Graph

FOLDER = Path(__file__).parents[1] / "frontends" / "keras" / "models"
FILES = {path.stem: path for path in sorted(FOLDER.iterdir()) if path.suffix in (".keras", ".h5")}
SHAPES: dict[str, dict[str, tuple[int, ...]]] = {"free": {"x": (1, 7, 4)}}


def graph_of(name: str) -> Graph:
    """The graph in the file of a model."""
    path = FILES[name]
    return parse(path.read_bytes(), name, path.name, settings_of(SHAPES.get(name)))


def samples_of(name: str, graph: Graph) -> list[dict[str, Array]]:
    """The samples of a model, by the names of the graph's inputs."""
    with np.load(FOLDER / f"{name}.npz") as data:
        given = {graph[port].label: port for port in graph.inputs}
        assert {key[3:] for key in data.files if key.startswith("in_")} == set(given)
        count = len(data[f"in_{next(iter(given))}"])
        return [{port: data[f"in_{label}"][i : i + 1] for label, port in given.items()} for i in range(count)]


def answers_of(name: str) -> list[Array]:
    """What Keras answers: of each output, all samples."""
    with np.load(FOLDER / f"{name}.npz") as data:
        return [data[f"out_{k}"] for k in range(len([key for key in data.files if key.startswith("out_")]))]


def run(graph: Graph, samples: list[dict[str, Array]]) -> list[list[Array]]:
    """What the interpreter answers, sample after sample; states go on."""
    state: Mapping[str, Array] = {s.current: s.initial for s in graph.state}
    results = []
    for sample in samples:
        values = graph.values({**sample, **state}, "double")
        state = {s.current: values[s.next] for s in graph.state}
        results.append([values[port] for port in graph.outputs])
    return results
