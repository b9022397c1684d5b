"""TensorFlow Lite: flatbuffers of tensors, operators and subgraphs."""

from aot.frontends.tflite.free import NO_SHAPES, Shapes
from aot.frontends.tflite.reader import parse, recognizes
from aot.frontends.tflite.writer import write

__all__ = ["NO_SHAPES", "Shapes", "parse", "recognizes", "write"]
