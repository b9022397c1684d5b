"""Post-training quantization: a float32 graph and samples become an int8 graph by TensorFlow Lite's specification."""

from aot.quantizer.images import DEFAULT_IMAGES, ImageOptions
from aot.quantizer.options import DEFAULT, Options
from aot.quantizer.quantizer import Quantized, quantize
from aot.quantizer.sources import GivenSamples, Source, given_samples, open_samples

__all__ = [
    "DEFAULT",
    "DEFAULT_IMAGES",
    "GivenSamples",
    "ImageOptions",
    "Options",
    "Quantized",
    "Source",
    "given_samples",
    "open_samples",
    "quantize",
]
