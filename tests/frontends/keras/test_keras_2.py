"""Files of Keras 2: calls as lists, `batch_input_shape`, names of weights that end in :0."""

import numpy as np
from keras_files import h5_file

from aot.frontends import parse
from aot.graph.ir import Array, Graph


def _functional(layers: list[dict[str, object]], sources: dict[str, tuple[str, ...]], last: str) -> dict[str, object]:
    for one in layers:
        inbound = sources.get(str(one["name"]), ())
        one["inbound_nodes"] = [[[source, 0, 0, {}] for source in inbound]] if inbound else []
    config = {"name": "m", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [[last, 0, 0]]}
    return {"class_name": "Functional", "config": config}


def _input(*shape: int) -> dict[str, object]:
    config = {"batch_input_shape": [None, *shape], "dtype": "float32", "name": "x"}
    return {"class_name": "InputLayer", "config": config, "name": "x"}


def _layer(kind: str, name: str, **config: object) -> dict[str, object]:
    return {"class_name": kind, "config": {"name": name, **config}, "name": name}


def _answer(graph: Graph, x: Array) -> Array:
    return graph.values({graph.inputs[0]: x}, "double")[graph.outputs[0]]


def test_calls_are_lists() -> None:
    rng = np.random.default_rng(5)
    kernels = {name: rng.normal(size=(4, 4)).astype(np.float32) for name in ("a", "b")}
    layers = [
        _input(4), _layer("Dense", "a", units=4, use_bias=False, activation="relu"),
        _layer("Dense", "b", units=4, use_bias=False), _layer("Add", "sum"),
    ]  # fmt: skip
    model = _functional(layers, {"a": ("x",), "b": ("x",), "sum": ("a", "b")}, "sum")
    content = h5_file(model, {name: {f"{name}/kernel:0": data} for name, data in kernels.items()})
    x = rng.normal(size=(1, 4)).astype(np.float32)
    found = _answer(parse(content, "model", "model.h5"), x)
    np.testing.assert_allclose(found, np.maximum(x @ kernels["a"], 0) + x @ kernels["b"], atol=1e-6)


def test_weights_of_depth_wise_layers_have_a_name_of_their_own() -> None:
    """In a model inside: all its weights are in one list, and layers of other kinds have kernels, too."""
    rng = np.random.default_rng(6)
    wide, deep = (rng.normal(size=shape).astype(np.float32) for shape in ((1, 1, 2, 2), (1, 1, 2, 1)))
    inner = [
        _input(3, 3, 2), _layer("DepthwiseConv2D", "deep", kernel_size=1, use_bias=False),
        _layer("Conv2D", "wide", kernel_size=1, filters=2, use_bias=False),
    ]  # fmt: skip
    block = {**_functional(inner, {"deep": ("x",), "wide": ("deep",)}, "wide"), "name": "block"}
    model = _functional([_input(3, 3, 2), block], {"block": ("x",)}, "block")
    names = {"wide/kernel:0": wide, "deep/depthwise_kernel:0": deep}
    x = rng.normal(size=(1, 3, 3, 2)).astype(np.float32)
    found = _answer(parse(h5_file(model, {"block": names}), "model", "model.h5"), x)
    np.testing.assert_allclose(found, (x * deep[0, 0, :, 0]) @ wide[0, 0], atol=1e-6)
