"""Compares the quantizer with TensorFlow's converter; not a test: it needs TensorFlow (`pip install tensorflow-cpu`).

python tests/tools/tensorflow_quantizer.py MODELS      prints the numbers of docs/quantizer.md; MODELS as in AOT_MODELS

A converter of TensorFlow starts from TensorFlow, so each float32 graph is rebuilt from its operators first.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from reading import load, parse

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op
from aot.oracle.interpreter import run
from aot.quantizer import Options, quantize
from aot.quantizer.convert import quantized_codes
from aot.quantizer.quality import Noise, reals
from aot.quantizer.quantizer import assemble
from aot.quantizer.ranges import ESTIMATORS

SAMPLES = 200
Values = dict[str, object]


def smooth(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """A sum of six cosines of random direction, phase and size, at most three waves along a side, from 0 to 1."""
    places = np.meshgrid(*(np.arange(extent) / extent for extent in shape), indexing="ij")
    total = np.zeros(shape)
    for _ in range(6):
        argument = random.uniform(0, 2 * np.pi)
        for place, extent in zip(places, shape, strict=True):
            argument = argument + 2 * np.pi * random.uniform(0, 3 if extent > 4 else 0.6) * place
        total += random.normal() * np.cos(argument)
    return (total - total.min()) / max(float(np.ptp(total)), 1e-6)


def images(low: float, high: float) -> Callable[[Path, tuple[int, ...]], Array]:
    """Smooth random inputs that span `low` to `high`."""

    def made(_: Path, shape: tuple[int, ...]) -> Array:
        random = np.random.default_rng(0)
        return np.stack([smooth(random, shape[1:]) * (high - low) + low for _ in range(SAMPLES)])

    return made


def real_windows(models: Path, _: tuple[int, ...]) -> Array:
    """The recorded windows of ad01."""
    return np.load(models / "samples" / "ad_float.npz")["x"]


def angles(_: Path, shape: tuple[int, ...]) -> Array:
    """Uniform over one period."""
    return np.random.default_rng(0).uniform(0, 2 * np.pi, (SAMPLES, *shape[1:]))


MODELS = {  # and what goes into each
    "mlperf_tiny/vww_96_float": images(0, 1),
    "mlperf_tiny/pretrainedResnet": images(0, 255),
    "mlperf_tiny/ad01_fp32": real_windows,
    "mlperf_tiny/kws_ref_model_float32": images(-110, 50),
    "tflm/hello_world_float": angles,
}
ACTIVATIONS = {"NONE": lambda y: y, "RELU": tf.nn.relu, "RELU6": tf.nn.relu6}


def layer(op: Op, values: Values) -> object:
    """A convolution or dense layer of TensorFlow."""
    x, w, b = (values[name] for name in op.inputs)
    strides = [1, *getattr(op, "stride", ()), 1]
    padding = "SAME" if any(map(any, getattr(op, "padding", ()))) else "VALID"
    if op.kind == "Conv2D":
        y = tf.nn.conv2d(x, np.transpose(w, (1, 2, 3, 0)), strides, padding)
    elif op.kind == "DepthwiseConv2D":
        y = tf.nn.depthwise_conv2d(x, w.reshape(*w.shape[1:3], x.shape[3], -1), strides, padding)
    else:
        y = tf.matmul(x, w.T)
    return ACTIVATIONS[op.activation.name](tf.nn.bias_add(y, b))


def step(graph: Graph, op: Op, values: Values) -> object:
    """One operator of TensorFlow."""
    x = values[op.inputs[0]]
    if op.kind == "Add":
        return ACTIVATIONS[op.activation.name](x + values[op.inputs[1]])
    if op.kind == "AveragePool2D":
        return tf.nn.avg_pool2d(x, op.kernel, op.stride, "VALID")
    if op.kind == "Reshape":
        return tf.reshape(x, graph[op.outputs[0]].shape)
    return tf.nn.softmax(x) if op.kind == "Softmax" else layer(op, values)


def by_tensorflow(graph: Graph, inputs: Array) -> Graph:
    """The model that TensorFlow's converter makes of `graph`: full-integer, int8 inputs and outputs."""

    @tf.function(input_signature=[tf.TensorSpec(graph[graph.inputs[0]].shape, tf.float32)])
    def function(x: object) -> object:
        values: Values = {name: t.data for name, t in graph.tensors.items() if t.data is not None}
        values[graph.inputs[0]] = x
        for op in graph.ops:
            values[op.outputs[0]] = step(graph, op, values)
        return values[graph.outputs[0]]

    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([one] for one in inputs)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return parse(converter.convert(), "converted")


def decibels(graph: Graph, inputs: Array, wanted: list[Array]) -> float:
    """The output's signal to quantization noise."""
    x, y, noise = graph[graph.inputs[0]], graph[graph.outputs[0]], Noise()
    for value, expected in zip(inputs, wanted, strict=True):
        codes = quantized_codes(value, x.quant, x.dtype)
        noise.add(expected, reals(run(graph, {x.name: codes})[y.name], y))
    return noise.sqnr


def ways() -> dict[str, Options]:
    """The default, each estimator, and what the default and min-max lose without each of the corrections."""
    found = {"aot": Options(), **{name: Options(range=name) for name in ESTIMATORS if name != Options().range}}
    for name in (Options().range, "min-max"):
        found |= {
            f"{name}, biases corrected only": Options(range=name, equalize=False),
            f"{name}, equalized only": Options(range=name, correct_bias=False),
            f"{name}, neither": Options(range=name, correct_bias=False, equalize=False),
        }
    return found


def compare(models: Path, name: str) -> list[float]:
    """TensorFlow, then all `ways`."""
    graph = load(models / f"{name}.tflite")
    x = graph.inputs[0]
    inputs = MODELS[name](models, graph[x].shape).astype(np.float32).reshape(-1, *graph[x].shape)
    wanted = [run(graph, {x: value})[graph.outputs[0]].astype(np.float64) for value in inputs]
    seen = {e: quantize(graph, [{x: value} for value in inputs], Options(equalize=e)) for e in (False, True)}
    graphs = [by_tensorflow(graph, inputs)]
    for options in ways().values():
        source = seen[options.equalize]
        graphs.append(assemble(source.source, source.calibration, options).graph)
    return [decibels(each, inputs, wanted) for each in graphs]


if __name__ == "__main__":
    titles = ["TensorFlow", *ways()]
    print(f"| model | {' | '.join(titles)} |\n|---|{'--:|' * len(titles)}", flush=True)
    rows = []
    for model in MODELS:
        rows.append(compare(Path(sys.argv[1]), model))
        print(f"| {Path(model).name} | {' | '.join(f'{value:.2f}' for value in rows[-1])} |", flush=True)
    print(f"| mean | {' | '.join(f'{value:.2f}' for value in np.mean(rows, axis=0))} |")
