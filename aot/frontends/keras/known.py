"""Layers that no reader can be for, and why."""

from collections.abc import Collection, Mapping
from typing import Any

from aot.frontends.keras.description import Layer

_CODE = "holds Python code, which aot never runs"
_REASONS = {
    "Lambda": f"{_CODE}; write it with keras.ops or keras.layers, which are saved by name",
    "TFOpLambda": "an operation of TensorFlow; write it with keras.layers, or with keras.ops in Keras 3",
    "SlicingOpLambda": "an operation of TensorFlow; write it with keras.layers, or with keras.ops in Keras 3",
    "TFSMLayer": "a SavedModel inside; give the Keras model that it was exported from",
    "TextVectorization": "works on texts; prepare them before the model",
    "StringLookup": "works on texts; prepare them before the model",
}


def problem_of(layer: Layer, readers: Collection[str]) -> str | None:
    """Why a layer cannot be read whatever it is called with; None where it may be."""
    if layer.kind in _REASONS:
        return _REASONS[layer.kind]
    if not _of_keras(layer):
        return f"a class of {layer.module}: {_CODE}; write it with keras.layers"
    if layer.kind not in readers and layer.kind != "InputLayer":
        return "aot does not have this operation" if layer.operation else "aot does not have this layer"
    return _quantized(layer.config.get("dtype"))


def _of_keras(layer: Layer) -> bool:
    return layer.module.split(".")[0] == "keras" or layer.module.startswith(("tensorflow.keras", "tf_keras"))


def _quantized(policy: Any) -> str | None:
    if isinstance(policy, Mapping) and "Quantized" in str(policy.get("class_name")):
        return "was quantized by Keras; save the model before model.quantize(...), and use aot quantize"
    return None
