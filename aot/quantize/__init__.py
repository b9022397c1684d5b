"""Post-training quantization: a float32 graph and samples become an int8 graph by TensorFlow Lite's specification."""

from aot.quantize.quantizer import Options, Quantized, assemble, is_quantized, quantize

__all__ = ["Options", "Quantized", "assemble", "is_quantized", "quantize"]
