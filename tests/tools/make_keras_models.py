"""Make the Keras models that the tests read, with samples and the answers of Keras itself: small ones, every layer.

    python -m venv build/keras && build/keras/bin/pip install keras==3.15.1 jax
    build/keras/bin/python tests/tools/make_keras_models.py [NAME...]

Writes tests/frontends/keras/models/NAME.keras (of some models NAME.h5) and NAME.npz, in which `in_PORT` has a sample a
row, and `out_PORT` what Keras answers. Samples follow each other: stateful layers go on.
"""

import io
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import layers as L
from keras_layers import MODELS
from keras_networks import H5

FOLDER = Path(__file__).parents[1] / "frontends" / "keras" / "models"
SAMPLES = 3


def randomized(built: Any, rng: np.random.Generator) -> None:
    """Other weights than those that a layer begins with: zeros and ones hide faults."""
    for w in built.weights:
        if "float" not in str(w.dtype) or "seed" in w.path:
            continue
        shape = tuple(w.shape)
        spread = 1 / np.sqrt(max(np.prod(shape[:-1]), 1)) if len(shape) > 1 else 0.3
        value = rng.normal(size=shape) * spread
        if "variance" in w.path or "gamma" in w.path:
            value = rng.uniform(0.5, 1.5, shape)
        w.assign(value.astype("float32"))


def finalized(built: Any) -> None:
    """Normalizations look at their weights only when they are told to."""
    for layer in built.layers:
        if isinstance(layer, L.Normalization) and layer.input_mean is None:
            layer.finalize_state()


def sample(port: Any, rng: np.random.Generator) -> Any:
    """Samples for an input."""
    shape = (SAMPLES, *(7 if e is None else e for e in port.shape[1:]))
    if "int" in str(port.dtype):
        return rng.integers(0, 20 if port.dtype == "int32" else 256, shape).astype(port.dtype)
    return (rng.normal(size=shape) * (60 if port.name == "image" else 1)).astype("float32")


def answers(built: Any, given: dict[str, Any]) -> dict[str, Any]:
    """What Keras answers, sample by sample."""
    results: list[list[Any]] = []
    for i in range(SAMPLES):
        one = {name: value[i : i + 1] for name, value in given.items()}
        structure = (
            one if isinstance(getattr(built, "_inputs_struct", None), dict) else [one[p.name] for p in built.inputs]
        )
        y = built(structure if len(one) > 1 or isinstance(structure, dict) else structure[0], training=False)
        parts = [y[key] for key in sorted(y)] if isinstance(y, dict) else keras.tree.flatten(y)
        results.append([np.asarray(part) for part in parts])
    return {f"out_{k}": np.stack([r[k] for r in results]) for k in range(len(results[0]))}


def squeezed(path: Path) -> None:
    """The same archive, compressed, and without the time in it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in sorted(archive.namelist())}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, 9)
    path.write_bytes(made.getvalue())


def main(names: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or MODELS:
        keras.backend.clear_session()
        rng = np.random.default_rng(len(name))
        built = MODELS[name]()
        randomized(built, rng)
        finalized(built)
        path = FOLDER / f"{name}.{'h5' if name in H5 else 'keras'}"
        built.save(path)
        if name not in H5:
            squeezed(path)
        given = {port.name: sample(port, rng) for port in built.inputs}
        np.savez_compressed(FOLDER / f"{name}.npz", **{f"in_{k}": v for k, v in given.items()}, **answers(built, given))
        print(name, path.stat().st_size, (FOLDER / f"{name}.npz").stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1:])
