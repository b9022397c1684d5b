"""Real models, which the folder that AOT_MODELS names holds, and inputs for them.

AOT_SAMPLES sets how many random and how many real samples each model gets on each board; `make conformance` asks for 16
random and all real ones.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from aot.graph.ir import Graph
from aot.oracle.samples import Sample, random_samples

FOLDER = os.environ.get("AOT_MODELS", "")
needed = pytest.mark.skipif(not FOLDER, reason="AOT_MODELS names no folder of models")
RANDOM = int(os.environ.get("AOT_SAMPLES", "1"))
REAL = None if RANDOM >= 16 else RANDOM
MODELS = {
    "mlperf_tiny/ad01_fp32.tflite": None,
    "mlperf_tiny/kws_ref_model_float32.tflite": None,
    "mlperf_tiny/pretrainedResnet.tflite": None,
    "mlperf_tiny/vww_96_float.tflite": None,
    "mlperf_tiny/ad01_int8.tflite": "ad_float.npz",
    "mlperf_tiny/kws_ref_model.tflite": None,
    "mlperf_tiny/pretrainedResnet_quant.tflite": None,
    "mlperf_tiny/str_ww_ref_model.tflite": "sww_float.npz",
    "mlperf_tiny/vww_96_int8.tflite": None,
    "tflm/hello_world_float.tflite": None,
    "tflm/hello_world_int8.tflite": None,
    "tflm/micro_speech_quantized.tflite": None,
    "tflm/person_detect.tflite": "person_float.npz",
}


def samples_of(model: str, source: Graph) -> list[Sample]:
    real = MODELS[model]
    samples = list(random_samples(source, RANDOM, seed=1))
    if real is not None:
        path = Path(FOLDER) / "samples" / real
        samples += _real(path, source)[:REAL]
    return samples


def _real(path: Path, graph: Graph) -> list[Sample]:
    """The samples in `x`; other arrays of the file are labels."""
    (name,) = graph.inputs
    tensor = graph[name]
    with np.load(path) as file:
        codes = np.clip(np.rint(file["x"] / tensor.scale) + tensor.zero_point, -128, 127).astype(np.int8)
    return [{name: one.reshape(tensor.shape)} for one in codes]


def is_float(model: str) -> bool:
    return any(part in model for part in ("float", "fp32", "pretrainedResnet.tflite"))
