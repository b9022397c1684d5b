"""Trains a tiny network to compute sin(x), x from 0 to 2 pi; quantizes it to int8 and writes the files of this folder.

python examples/sine/make_model.py      makes sine.tflite, samples.npz and sines.npy, always with the same content

    x -> dense 16, relu -> dense 16, relu -> dense 1 -> y
"""

from pathlib import Path

import numpy as np

from aot.frontends.tflite import writer as tflite_writer
from aot.graph.ir import Graph, Quant, Tensor
from aot.ops.common import Activation
from aot.ops.fully_connected import FullyConnected

FOLDER = Path(__file__).resolve().parent
LAYERS = (("rise", "x", 1, 16), ("bend", "rise", 16, 16), ("y", "bend", 16, 1))  # name, input, fan in, fan out
STEPS, BATCH, RATE, SAMPLES = 20000, 64, 0.003, 32


def forward(p, x):
    """The value after each layer, by name."""
    v = {"x": x}
    for name, source, _, _ in LAYERS:
        v[name] = v[source] @ p[f"{name}_w"] + p[f"{name}_b"]
        if name != "y":
            v[name] = np.maximum(v[name], 0)
    return v


def gradients(p, x, y):
    """How the squared error changes with each parameter."""
    v, g = forward(p, x), {}
    d = (v["y"] - y) / len(x)
    for name, source, _, _ in reversed(LAYERS):
        g[f"{name}_w"], g[f"{name}_b"] = v[source].T @ d, d.sum(0)
        d = (d @ p[f"{name}_w"].T) * (v[source] > 0)
    return g


def train():
    """Parameters after STEPS of gradient descent with momentum."""
    random = np.random.RandomState(1)  # this generator's numbers never change between versions of numpy
    p = {f"{name}_w": random.randn(n, m) * np.sqrt(2 / n) for name, _, n, m in LAYERS}
    p |= {f"{name}_b": np.zeros(m) for name, _, _, m in LAYERS}
    p["rise_b"] = -p["rise_w"][0] * random.uniform(0, 2 * np.pi, 16)  # each unit bends somewhere else
    speed = {name: np.zeros_like(value) for name, value in p.items()}
    for step in range(STEPS):
        rate = RATE * (1 - step / STEPS)
        x = random.uniform(0, 2 * np.pi, (BATCH, 1))
        for name, g in gradients(p, x, np.sin(x)).items():
            # Processors differ in the last bits of a sum. Dropped at every step, the differences never grow.
            speed[name] = np.round((0.9 * speed[name] - rate * g) * 2.0**30) / 2.0**30
            p[name] = p[name] + speed[name]
    return p


def activation_quant(values):
    """One scale and zero point so that int8 covers the range of `values` and holds 0.0 exactly."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = float(np.float32((high - low) / 255))
    return Quant((scale,), (int(np.clip(round(-128 - low / scale), -128, 127)),))


def quantize(p, x):
    """The int8 graph, by TensorFlow Lite's rules; the ranges of its tensors are those that the inputs `x` show."""
    t = {name: Tensor(name, (1, v.shape[1]), "int8", activation_quant(v)) for name, v in forward(p, x).items()}
    ops = []
    for name, source, _, units in LAYERS:
        w, b = p[f"{name}_w"].T, p[f"{name}_b"]
        scale = float(np.float32(np.abs(w).max() / 127))
        bias_scale = scale * t[source].scale
        t[f"{name}_w"] = Tensor(
            f"{name}_w", w.shape, "int8", Quant((scale,), (0,)), np.round(w / scale).astype(np.int8)
        )
        t[f"{name}_b"] = Tensor(
            f"{name}_b", (units,), "int32", Quant((bias_scale,), (0,)), np.round(b / bias_scale).astype(np.int32)
        )
        ops.append(
            FullyConnected(
                name=name,
                inputs=(source, f"{name}_w", f"{name}_b"),
                outputs=(name,),
                activation=Activation.NONE if name == "y" else Activation.RELU,
            )
        )
    return Graph("sine", t, tuple(ops), ("x",), ("y",))


def evaluate(graph, inputs):
    """The int8 graph's answers for int8 `inputs`."""
    values = {name: t.data for name, t in graph.tensors.items() if t.data is not None}
    answers = []
    for x in inputs:
        values["x"] = x[None]
        for op in graph.ops:
            values[op.outputs[0]] = op.evaluate(graph, values, "double")[0]
        answers.append(int(values["y"][0, 0]))
    return np.array(answers)


def main(folder=FOLDER):
    """Write the model, and inputs with their sines."""
    p = train()
    x = np.linspace(0, 2 * np.pi, 1000)[:, None]
    graph = quantize(p, x)
    t = graph.tensors
    codes = np.arange(-128, 128)[:, None].astype(np.int8)  # every input there is
    sines = np.sin((codes[:, 0].astype(float) - t["x"].zero_point) * t["x"].scale)
    error = (evaluate(graph, codes) - t["y"].zero_point) * t["y"].scale - sines
    error_float = (forward(p, x)["y"] - np.sin(x))[:, 0]
    print(f"largest error in float: {np.abs(error_float).max():.3f}, in int8: {np.abs(error).max():.3f}")
    (folder / "sine.tflite").write_bytes(tflite_writer.write(graph))
    some = slice(0, 256, 256 // SAMPLES)
    np.savez_compressed(folder / "samples.npz", x=codes[some])
    np.save(folder / "sines.npy", sines[some].astype(np.float32))


if __name__ == "__main__":
    main()
