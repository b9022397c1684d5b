"""Small Keras models for tests: how layers and models may be put together; operations, and whole .h5 files."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers as L
from keras import ops
from keras_layers import cnn, model

PAGE = Path(__file__).parents[2] / "docs" / "from-keras.md"
H5 = ("h5_cnn", "h5_nested", "h5_recurrent")


@model
def shared() -> Any:
    """A layer and a model that are called twice."""
    a, b = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    inner_in = keras.Input((6,))
    inner = keras.Model(inner_in, L.BatchNormalization()(L.Dense(5, activation="relu")(inner_in)), name="tower")
    last = L.Dense(3, name="head")
    p, q = last(inner(a)), last(inner(b))
    return keras.Model({"left": a, "right": b}, {"near": L.Subtract()([p, q]), "both": L.Concatenate()([p, q])})


@model
def nested() -> Any:
    """Models in models in models, with layers of the same class everywhere."""
    block = keras.Sequential([keras.Input((8, 8, 4)), L.Conv2D(4, 3, padding="same"), L.BatchNormalization(), L.ReLU()])
    x = keras.Input((8, 8, 4))
    middle = keras.Model(x, L.Add()([x, block(x)]), name="middle")
    return keras.Sequential(
        [keras.Input((8, 8, 3), name="x"), L.Conv2D(4, 1), middle, L.GlobalMaxPooling2D(), L.Dense(2)]
    )


@model
def residual() -> Any:
    x = keras.Input((8, 8, 3), name="x")
    y = L.Conv2D(8, 3, padding="same", use_bias=False)(x)
    y = L.Activation("relu")(L.BatchNormalization()(y))
    z = L.DepthwiseConv2D(3, padding="same", use_bias=False)(y)
    z = L.Conv2D(8, 1)(L.ReLU(6.0)(L.BatchNormalization()(z)))
    y = L.Add()([y, z])
    gate = L.GlobalAveragePooling2D(keepdims=True)(y)
    gate = L.Conv2D(8, 1, activation="sigmoid")(L.Conv2D(2, 1, activation="relu")(gate))
    y = L.Multiply()([y, gate])
    return keras.Model(x, L.Dense(5, activation="softmax")(L.GlobalAveragePooling2D()(y)))


@model
def read_twice() -> Any:
    """What goes into a batch normalization also goes elsewhere: around it, through layers that do nothing, out."""
    x = keras.Input((4, 4, 3), name="x")
    y = L.Conv2D(3, 1)(x)
    y = L.Add()([L.BatchNormalization()(y), y])
    z = L.Conv2D(3, 1)(y)
    z = L.Add()([L.BatchNormalization()(L.Dropout(0.1)(z)), L.Dropout(0.1)(z)])
    inner = keras.Sequential([keras.Input((4, 4, 3)), L.BatchNormalization()])
    w = L.Conv2D(3, 1, name="out")(z)
    v = L.Conv2D(3, 1)(w)
    u = keras.Sequential([keras.Input((4, 4, 3)), L.Conv2D(3, 1)])(v)
    return keras.Model(x, [w, inner(w), L.Subtract()([inner(v), v]), L.BatchNormalization()(u)])


@model
def unet() -> Any:
    x = keras.Input((8, 8, 2), name="x")
    a = L.Conv2D(4, 3, padding="same", activation="relu")(x)
    b = L.Conv2D(6, 3, padding="same", activation="relu")(L.MaxPooling2D()(a))
    up = L.Conv2DTranspose(4, 2, strides=2, padding="same")(b)
    y = L.Conv2D(4, 3, padding="same", activation="relu")(L.Concatenate()([a, up]))
    return keras.Model(x, L.Conv2D(1, 1, activation="sigmoid", name="mask")(y))


@model
def operations() -> Any:
    """keras.ops and the signs of Python between tensors."""
    a, b = keras.Input((4, 6), name="a"), keras.Input((4, 6), name="b")
    y = (a + b) * 2.0 - a / 3.0
    y = ops.maximum(y, b) + ops.minimum(a, 0.5)
    parts = ops.split(y, 2, axis=-1)
    mean = ops.mean(y, axis=-1, keepdims=True)
    picked = ops.stack([y[:, 0], y[:, -1, ...]], axis=1)
    return keras.Model([a, b], {
        "concat": ops.concatenate([parts[1], parts[0]], axis=2), "centred": y - mean,
        "reshaped": ops.reshape(y, (-1, 8, 3)), "transposed": ops.transpose(y, (0, 2, 1)),
        "matmul": ops.matmul(a, ops.transpose(b, (0, 2, 1))), "picked": picked, "sliced": y[:, 1:4:2, ::-1],
        "sigmoid": ops.sigmoid(y), "relu": ops.relu(y), "softmax": ops.softmax(y, axis=1), "exp": ops.exp(-ops.abs(y)),
        "root": ops.sqrt(ops.square(a) + 1.0), "power": ops.power(ops.abs(a) + 0.1, 1.5), "max": ops.max(y, axis=1),
        "min": ops.min(y), "sum": ops.sum(y, axis=(1, 2)), "var": ops.var(a, axis=-1), "std": ops.std(a, axis=1),
        "argmax": ops.argmax(y, axis=-1), "clip": ops.clip(y, -0.5, 0.7), "where": ops.where(a > b, a, b * 0.1),
        "squeezed": ops.squeeze(ops.expand_dims(y, 1), 1), "swapped": ops.swapaxes(y, 1, 2),
        "tile": ops.tile(a, (1, 2, 1)),
        "moved": ops.moveaxis(y, 1, 2), "repeat": ops.repeat(a, 2, axis=1), "pad": ops.pad(a, ((0, 0), (1, 0), (0, 2))),
        "take": ops.take(a, [3, 0, -1], axis=2), "flip": ops.flip(a, axis=1), "cumsum": ops.cumsum(a, axis=2),
        "rsqrt": ops.rsqrt(ops.abs(a) + 1.0), "gelu": ops.gelu(y), "silu": ops.silu(y),
        "log": ops.log(ops.abs(a) + 1.0),
        "trigonometry": ops.sin(a) * ops.cos(b), "erf": ops.erf(a), "unit": ops.normalize(a, axis=-1),
        "leaky": ops.leaky_relu(y, negative_slope=0.1), "constant": a * np.arange(6, dtype="float32"),
    })  # fmt: skip


@model
def more_operations() -> Any:
    """Norms, logarithms of sums, elements that go round."""
    x = keras.Input((4, 6), name="x")
    return keras.Model(x, {
        "log_sum": ops.logsumexp(x * 100.0, axis=1), "log_sums": ops.logsumexp(x, axis=(1, 2), keepdims=True),
        "length": ops.norm(x, axis=2), "sum": ops.norm(x, ord=1, axis=1, keepdims=True),
        "largest": ops.norm(x, ord=np.inf, axis=-1), "log": ops.log1p(ops.abs(x)), "exp": ops.expm1(x),
        "rolled": ops.roll(x, 2, axis=1), "both": ops.roll(x, (1, -4), axis=(1, 2)), "row": ops.roll(x, 5),
    })  # fmt: skip


@model
def bytes_in() -> Any:
    """An image of bytes comes in."""
    x = keras.Input((6, 6, 1), dtype="uint8", name="pixels")
    return keras.Model(x, L.Dense(3)(L.Flatten()(L.Rescaling(1 / 255.0)(x))))


@model
def free() -> Any:
    """The number of steps is not said."""
    x = keras.Input((None, 4), name="x")
    return keras.Model(x, L.GlobalMaxPooling1D()(L.Conv1D(5, 3)(x)))


@model
def h5_cnn() -> Any:
    return cnn()


@model
def h5_nested() -> Any:
    inner = keras.Sequential(
        [keras.Input((6,)), L.Dense(6), L.BatchNormalization(), L.Dense(6), L.BatchNormalization()]
    )
    frozen = keras.Sequential([keras.Input((6,)), L.Dense(6, trainable=False), L.BatchNormalization(), L.Dense(6)])
    x = keras.Input((6,), name="x")
    return keras.Model(x, L.Dense(2)(frozen(inner(x))))


@model
def h5_recurrent() -> Any:
    x = keras.Input((5, 4), name="x")
    y = L.Bidirectional(L.LSTM(3, return_sequences=True))(x)
    y = L.TimeDistributed(L.Dense(4))(L.MultiHeadAttention(2, 2)(y, y))
    return keras.Model(x, L.GRU(3)(y))


@model
def page() -> Any:
    """The model of docs/from-keras.md."""
    text = PAGE.read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(text.split("```py\n")[1].split("model.save")[0], names)  # what a reader of the page would type
    return names["model"]
