"""Post-training quantization: a float32 graph and samples become an int8 graph by TensorFlow Lite's specification."""

from aot.quantize.images import DEFAULT_IMAGES, ImageOptions
from aot.quantize.options import DEFAULT, Options
from aot.quantize.quantizer import Quantized, quantize
from aot.quantize.sources import GivenSamples, Source, given_samples, open_samples

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
