"""Keras files written by hand: what no Keras would write, and what old ones wrote."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import h5py
import numpy as np
from mutate_keras import archive_of

from aot.graph.ir import Array

Layer = dict[str, Any]
INPUT: Layer = {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 4], "name": "x"}}


def layer(kind: str, name: str, module: str = "keras.layers", **config: Any) -> Layer:
    """A layer as a file has it."""
    return {"module": module, "class_name": kind, "config": {"name": name, **config}}


def sequential(*layers: Layer) -> dict[str, Any]:
    """A model of an input of four numbers, and layers."""
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "model", "layers": [INPUT, *layers]}}


def hdf5(fill: Callable[[h5py.File], None]) -> bytes:
    """The bytes of an HDF5 file."""
    made = io.BytesIO()
    with h5py.File(made, "w") as file:
        fill(file)
    return made.getvalue()


def keras_file(model: Any, weights: bytes | Mapping[str, Array] | None = None) -> bytes:
    """A .keras file; its weights by their paths, or as a file."""
    if not isinstance(weights, bytes):
        arrays = weights or {}
        weights = hdf5(lambda file: [file.create_dataset(path, data=data) for path, data in arrays.items()] and None)
    members = {"metadata.json": b"{}", "config.json": json.dumps(model).encode(), "model.weights.h5": weights}
    return archive_of(members)


def dense(name: str, units: int = 3) -> Layer:
    """A dense layer."""
    return layer("Dense", name, units=units)


def weights_of_dense(units: int = 3) -> dict[str, Array]:
    """The weights of a first dense layer."""
    rng = np.random.default_rng(2)
    return {
        "layers/dense/vars/0": rng.normal(size=(4, units)).astype(np.float32),
        "layers/dense/vars/1": rng.normal(size=units).astype(np.float32),
    }


def h5_file(model: Any, layers: Mapping[str, Mapping[str, Array]], order: Sequence[str] = ()) -> bytes:
    """A whole .h5 file: the weights of each layer by their names."""

    def fill(file: h5py.File) -> None:
        file.attrs["model_config"] = json.dumps(model)
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [name.encode() for name in order or layers]
        for name, arrays in layers.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = [key.encode() for key in arrays]
            for key, data in arrays.items():
                group.create_dataset(key, data=data)

    return hdf5(fill)
