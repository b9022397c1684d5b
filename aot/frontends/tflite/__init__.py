"""TensorFlow Lite: flatbuffers of tensors, operators and subgraphs."""

from aot.frontends.tflite.compositions import composed
from aot.frontends.tflite.reader import parse, recognizes
from aot.frontends.tflite.writer import write

__all__ = ["composed", "parse", "recognizes", "write"]
