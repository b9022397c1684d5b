"""Trains a small network on scikit-learn's 8x8 digits, quantizes it to int8 and writes the files of this folder.

python examples/digits/make_model.py      makes digits.tflite, samples.npz and labels.npy, always with the same content

    image 8x8x1 -> conv 3x3, 8 -> depth-wise 3x3 / 2 -> conv 1x1, 16 -> average pool 2x2 -> dense 10 -> softmax
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import aot
from aot.frontends.tflite import writer as tflite_writer
from aot.graph.ir import Graph, Tensor
from aot.ops.common import Activation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.pool2d import AveragePool2D
from aot.ops.reshape import Reshape
from aot.ops.softmax import Softmax

FOLDER = Path(__file__).resolve().parent
EPOCHS, BATCH, RATE, HELD_OUT, SAMPLES = 60, 32, 0.05, 360, 64
SAME_8, SAME_8_BY_2 = ((1, 1), (1, 1)), ((0, 1), (0, 1))


# The network in floating point, forwards and backwards. Images are [N, height, width, channels].


def patches(x, pads, stride):
    """The 3x3 neighbourhoods of `x`: [N, out height, out width, 9, channels]."""
    x = np.pad(x, ((0, 0), *pads, (0, 0)))
    last = [size - 2 for size in x.shape[1:3]]
    return np.stack([x[:, i : i + last[0] : stride, j : j + last[1] : stride] for i in range(3) for j in range(3)], 3)


def unpatches(d, shape, pads, stride):
    """The gradient of `patches`: adds each neighbourhood back to where it came from."""
    (top, bottom), (left, right) = pads
    x = np.zeros((shape[0], shape[1] + top + bottom, shape[2] + left + right, shape[3]))
    last = [size - 2 for size in x.shape[1:3]]
    for k in range(9):
        x[:, k // 3 : k // 3 + last[0] : stride, k % 3 : k % 3 + last[1] : stride] += d[:, :, :, k]
    return x[:, top : top + shape[1], left : left + shape[2]]


def forward(p, x):
    """The value after each layer, by name."""
    v = {"image": x}
    v["edges"] = np.maximum(patches(x, SAME_8, 1)[..., 0] @ p["edges_w"] + p["edges_b"], 0)
    v["shapes"] = np.maximum((patches(v["edges"], SAME_8_BY_2, 2) * p["shapes_w"]).sum(3) + p["shapes_b"], 0)
    v["parts"] = np.maximum(v["shapes"] @ p["parts_w"] + p["parts_b"], 0)
    v["pooled"] = v["parts"].reshape(-1, 2, 2, 2, 2, 16).mean((2, 4))
    v["scores"] = v["pooled"].reshape(-1, 64) @ p["scores_w"] + p["scores_b"]
    return v


def gradients(p, x, labels):
    """How the cross-entropy loss changes with each parameter."""
    v, g = forward(p, x), {}
    e = np.exp(v["scores"] - v["scores"].max(1, keepdims=True))
    d = (e / e.sum(1, keepdims=True) - np.eye(10)[labels]) / len(x)
    g["scores_w"], g["scores_b"] = v["pooled"].reshape(-1, 64).T @ d, d.sum(0)
    d = (d @ p["scores_w"].T).reshape(-1, 2, 1, 2, 1, 16) / 4
    d = np.broadcast_to(d, (len(x), 2, 2, 2, 2, 16)).reshape(v["parts"].shape) * (v["parts"] > 0)
    g["parts_w"], g["parts_b"] = v["shapes"].reshape(-1, 8).T @ d.reshape(-1, 16), d.sum((0, 1, 2))
    d = (d @ p["parts_w"].T) * (v["shapes"] > 0)
    g["shapes_w"] = (patches(v["edges"], SAME_8_BY_2, 2) * d[:, :, :, None]).sum((0, 1, 2))
    g["shapes_b"] = d.sum((0, 1, 2))
    d = unpatches(d[:, :, :, None] * p["shapes_w"], v["edges"].shape, SAME_8_BY_2, 2) * (v["edges"] > 0)
    g["edges_w"] = patches(x, SAME_8, 1).reshape(-1, 9).T @ d.reshape(-1, 8)
    g["edges_b"] = d.sum((0, 1, 2))
    return g


def train(x, labels):
    """Parameters after EPOCHS of gradient descent with momentum."""
    random = np.random.RandomState(1)  # this generator's numbers never change between versions of numpy
    shapes = {"edges": (9, 8), "shapes": (9, 8), "parts": (8, 16), "scores": (64, 10)}
    p = {f"{name}_w": random.randn(*s) * np.sqrt(2 / s[0]) for name, s in shapes.items()}
    p |= {f"{name}_b": np.zeros(s[1]) for name, s in shapes.items()}
    speed = {name: np.zeros_like(value) for name, value in p.items()}
    for epoch in range(EPOCHS):
        rate = RATE * (1 - epoch / EPOCHS)
        order = random.permutation(len(x))
        for batch in np.split(order, range(BATCH, len(x), BATCH)):
            shifted = np.roll(x[batch], random.randint(-1, 2), 2)  # people do not write on the same spot
            for name, g in gradients(p, shifted, labels[batch]).items():
                # Processors differ in the last bits of a sum. Dropped at every step, the differences never grow.
                speed[name] = np.round((0.9 * speed[name] - rate * g) * 2.0**30) / 2.0**30
                p[name] = p[name] + speed[name]
    return p


# From floating point to int8.


def float_graph(p):
    """The network as aot reads it from a file: weights as TensorFlow Lite lays them out, all in float32."""
    shapes = {name: (1, *value.shape[1:]) for name, value in forward(p, np.zeros((1, 8, 8, 1))).items()}
    shapes |= {"flat": (1, 64), "digit": (1, 10)}
    t = {name: Tensor(name, shape, "float32") for name, shape in shapes.items()}
    constants = {
        "edges_w": p["edges_w"].T.reshape(8, 3, 3, 1),
        "shapes_w": p["shapes_w"].reshape(1, 3, 3, 8),
        "parts_w": p["parts_w"].T.reshape(16, 1, 1, 8),
        "scores_w": p["scores_w"].T,
        **{name: value for name, value in p.items() if name.endswith("_b")},
    }
    for name, data in constants.items():
        t[name] = Tensor(name, data.shape, "float32", data=data.astype(np.float32))

    def layer(kind, x, y, **attributes):
        inputs = (x, f"{y}_w", f"{y}_b") if f"{y}_w" in t else (x,)
        return kind(name=y, inputs=inputs, outputs=(y,), **attributes)

    relu = Activation.RELU
    ops = (
        layer(Conv2D, "image", "edges", padding=SAME_8, activation=relu),
        layer(DepthwiseConv2D, "edges", "shapes", stride=(2, 2), padding=SAME_8_BY_2, activation=relu),
        layer(Conv2D, "shapes", "parts", activation=relu),
        layer(AveragePool2D, "parts", "pooled", kernel=(2, 2), stride=(2, 2)),
        layer(Reshape, "pooled", "flat"),
        layer(FullyConnected, "flat", "scores"),
        layer(Softmax, "scores", "digit"),
    )
    return Graph("digits", t, ops, ("image",), ("digit",))


def evaluate(graph, images):
    """The int8 graph's answers for int8 `images`."""
    values = {name: t.data for name, t in graph.tensors.items() if t.data is not None}
    answers = []
    for image in images:
        values["image"] = image[None]
        for op in graph.ops:
            values[op.outputs[0]] = op.evaluate(graph, values, "double")[0]
        answers.append(int(values["digit"].argmax()))
    return np.array(answers)


def main(folder=FOLDER):
    """Write the model, and some of the images that training did not see."""
    digits = load_digits()
    order = np.random.RandomState(0).permutation(len(digits.images))
    x, labels = digits.images[order, :, :, None] / 16, digits.target[order]
    p = train(x[HELD_OUT:], labels[HELD_OUT:])
    real = float_graph(p)
    seen = x[HELD_OUT:].astype(np.float32)
    options = aot.QuantizeOptions(range="min-max", equalize=False)  # of all, those with most held-out images right
    graph = aot.quantize(real, seen[:, None], options).graph
    quant = graph["image"].quant
    images = np.clip(np.round(x[:HELD_OUT] / quant.scale[0]) + quant.zero_point[0], -128, 127).astype(np.int8)

    correct = forward(p, x[:HELD_OUT])["scores"].argmax(1) == labels[:HELD_OUT]
    correct_int8 = evaluate(graph, images) == labels[:HELD_OUT]
    print(f"held-out images: {HELD_OUT}; right in float: {correct.mean():.1%}, in int8: {correct_int8.mean():.1%}")
    (folder / "digits.tflite").write_bytes(tflite_writer.write(graph))
    np.savez_compressed(folder / "samples.npz", image=images[:SAMPLES])
    np.save(folder / "labels.npy", labels[:SAMPLES].astype(np.int8))


if __name__ == "__main__":
    main()
