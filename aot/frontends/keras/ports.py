"""Inputs and outputs of a model: what they are called, and what they hold."""

from collections.abc import Iterable, Mapping
from typing import Any

from aot.base.errors import AotError
from aot.frontends.keras.description import Layer
from aot.frontends.keras.models import SEQUENTIAL, is_model, layers_of, ports
from aot.frontends.ports import input_shape
from aot.frontends.settings import Shapes

_TYPES = {
    **dict.fromkeys(("float16", "bfloat16", "float32", "float64"), "float32"),
    **{name: name for name in ("int8", "uint8", "int16", "int32", "int64", "bool")},
}


def inputs_of(model: Layer, source: str) -> list[tuple[str, Layer]]:
    """What the inputs of the outermost model are called, and the layers that describe them."""
    layers = layers_of(model)
    if model.kind in SEQUENTIAL:
        first = _first(model, layers, source)
        return [(first.name, first)]
    by_name = {layer.name: layer for layer in layers}
    found = ports(model, "input_layers")
    lost = [name for _, (name, _, _) in found if name not in by_name]
    if lost or not found:
        raise AotError(f"the inputs of {source} are not among its layers", "save the model again")
    return [(key or name, by_name[name]) for key, (name, _, _) in found]


def _first(model: Layer, layers: list[Layer], source: str) -> Layer:
    """What says the shape of a sequential model's input."""
    if layers and any(key in layers[0].config for key in ("batch_shape", "batch_input_shape")):
        return layers[0]
    if model.has("build_input_shape"):
        return Layer("InputLayer", "keras", "input", {"batch_shape": model.config["build_input_shape"]})
    raise AotError(
        f"{source} does not say the shape of its input: the model was saved before it was built",
        "call it once, or begin it with keras.Input(shape), and save it again",
    )


def port(layer: Layer, label: str, shapes: Shapes, source: str) -> tuple[tuple[int, ...], str]:
    """Shape and type of an input, with the `shapes` that are given; a free batch is 1."""
    dims = layer.config.get("batch_shape", layer.config.get("batch_input_shape"))
    if not isinstance(dims, list) or not all(d is None or (isinstance(d, int) and 0 < d < 2**31) for d in dims):
        raise AotError(f"the input {label!r} of {source} has no valid shape: {dims}"[:200], "save the model again")
    if layer.config.get("sparse") or layer.config.get("ragged"):
        raise AotError(f"the input {label!r} of {source} is sparse or ragged, which aot does not support")
    letters = ["N", *(f"D{i}" for i in range(1, len(dims)))]
    return input_shape(label, [d or 0 for d in dims], letters, shapes, source), _type(layer, label)


def _type(layer: Layer, label: str) -> str:
    written: Any = layer.config.get("dtype") or "float32"
    if isinstance(written, Mapping):
        config = written.get("config")
        written = config.get("name") if isinstance(config, Mapping) else None
    name = str(written).removeprefix("mixed_")
    if name not in _TYPES:
        raise AotError(f"the input {label!r} holds {name[:80]}, which aot does not support", "give numbers instead")
    return _TYPES[name]


def channels_first(model: Layer) -> bool:
    """Whether a layer, in the model or inside of one in it, has images with their channels before rows and columns."""
    layers = layers_of(model)
    return any(
        channels_first(layer) if is_model(layer) else layer.config.get("data_format") == "channels_first"
        for layer in layers
    )


def distinct(labels: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Labels that differ from each other, and from those that are taken."""
    known, found = set(taken), []
    for label in labels:
        name, count = label, 1
        while name in known:
            name, count = f"{label}_{count}", count + 1
        known.add(name)
        found.append(name)
    return found
