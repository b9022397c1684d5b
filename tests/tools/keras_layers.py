"""Small Keras models for tests, which between them have every layer that aot reads: see make_keras_models.py."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers as L

MODELS: dict[str, Callable[[], Any]] = {}


def model(make: Callable[[], Any]) -> Callable[[], Any]:
    """Register a function that makes a model."""
    MODELS[make.__name__] = make
    return make


@model
def mlp() -> Any:
    return keras.Sequential([
        keras.Input((8,), name="x"), L.Dense(10, activation="relu"), L.Dropout(0.3),
        L.Dense(6, use_bias=False, activation="tanh"), L.Dense(4, activation="softmax"),
    ])  # fmt: skip


@model
def cnn() -> Any:
    return keras.Sequential([
        keras.Input((10, 12, 3), name="image"), L.Rescaling(1 / 127.5, offset=-1.0), L.ZeroPadding2D(((1, 0), (0, 2))),
        L.Conv2D(6, 3, strides=2, padding="same", activation="relu"), L.BatchNormalization(),
        L.DepthwiseConv2D(3, padding="same", depth_multiplier=2, use_bias=False), L.ReLU(max_value=6.0),
        L.SpatialDropout2D(0.1), L.SeparableConv2D(5, (3, 2), activation="elu"), L.MaxPooling2D((2, 1), padding="same"),
        L.Cropping2D(((0, 1), (1, 0))), L.Flatten(), L.Dense(4),
    ])  # fmt: skip


@model
def convolutions() -> Any:
    """Strides, dilations, groups and paddings in several combinations."""
    x = keras.Input((9, 8, 4), name="x")
    a = L.Conv2D(6, (3, 2), padding="valid", strides=(2, 1), name="a")(x)
    b = L.Conv2D(4, 3, padding="same", dilation_rate=2, name="b")(x)
    c = L.Conv2D(8, 3, padding="same", groups=2, name="c")(x)
    d = L.Conv2D(8, 3, padding="same", groups=4, use_bias=False, name="d")(x)
    e = L.DepthwiseConv2D((2, 3), strides=(2, 2), padding="same", activation="hard_sigmoid", name="e")(x)
    f = L.SeparableConv2D(3, 3, padding="same", depth_multiplier=2, dilation_rate=2, name="f")(x)
    return keras.Model(x, [a, b, c, d, e, f])


@model
def transposed() -> Any:
    x = keras.Input((4, 5, 3), name="x")
    outputs = [
        L.Conv2DTranspose(4, 3, strides=2, padding="same", name="same")(x),
        L.Conv2DTranspose(2, 2, strides=3, padding="valid", activation="relu", name="wide")(x),
        L.Conv2DTranspose(2, (3, 4), strides=(1, 2), padding="valid", use_bias=False, name="valid")(x),
        L.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=1, name="extra")(x),
        L.Conv2DTranspose(2, 3, strides=1, dilation_rate=2, padding="valid", name="dilated")(x),
    ]
    return keras.Model(x, outputs)


@model
def sequence() -> Any:
    """A network over steps of time."""
    x = keras.Input((20, 4), name="x")
    y = L.Conv1D(6, 3, padding="causal", dilation_rate=2, activation="relu")(x)
    y = L.SpatialDropout1D(0.1)(y)
    y = L.ZeroPadding1D((1, 2))(y)
    y = L.DepthwiseConv1D(3, strides=2)(y)
    y = L.SeparableConv1D(5, 3, padding="same", activation="silu")(y)
    z = L.MaxPooling1D(2)(y)
    y = L.AveragePooling1D(3, strides=2, padding="same")(y)
    y = L.Cropping1D((1, 0))(y)
    y = L.UpSampling1D(2)(y)
    y = L.Conv1DTranspose(3, 4, strides=2, padding="same")(y)
    return keras.Model(x, [L.GlobalAveragePooling1D()(y), L.GlobalMaxPooling1D()(y), L.Flatten(name="flat")(z)])


@model
def pools() -> Any:
    x = keras.Input((7, 8, 3), name="x")
    return keras.Model(x, [
        L.AveragePooling2D(2, padding="same", name="a")(x),
        L.AveragePooling2D((3, 2), strides=(2, 1), name="b")(x),
        L.MaxPooling2D(3, strides=2, padding="same", name="c")(x),
        L.GlobalAveragePooling2D(keepdims=True, name="d")(x),
        L.GlobalMaxPooling2D(name="e")(x),
        L.GlobalAveragePooling2D(name="f")(x),
    ])  # fmt: skip


@model
def first_channels() -> Any:
    """Images with their channels before rows and columns."""
    x = keras.Input((3, 8, 6), name="x")
    y = L.Conv2D(4, 3, padding="same", data_format="channels_first", activation="relu")(x)
    y = L.BatchNormalization(axis=1)(y)
    y = L.MaxPooling2D(2, data_format="channels_first")(y)
    z = L.GlobalAveragePooling2D(data_format="channels_first", name="mean")(y)
    y = L.UpSampling2D(2, data_format="channels_first")(y)
    return keras.Model(x, [L.Flatten(data_format="channels_first")(y), z])


@model
def normalizations() -> Any:
    x = keras.Input((4, 5, 6), name="x")
    given = L.Normalization(axis=-1, mean=[0.1, 0.2, 0.3, -0.1, 0.0, 0.5], variance=[1.0, 2.0, 0.5, 1.0, 3.0, 0.2])
    inverse = L.Normalization(axis=None, mean=0.3, variance=2.0, invert=True, name="inverse")
    return keras.Model(x, [
        L.LayerNormalization(name="last")(x),
        L.LayerNormalization(axis=[-2, -1], center=False, name="two")(x),
        L.LayerNormalization(scale=False, epsilon=1e-5, name="plain")(x),
        L.GroupNormalization(groups=3, name="groups")(x),
        L.GroupNormalization(groups=-1, name="instances")(x),
        L.UnitNormalization(name="unit")(x),
        L.RMSNormalization(name="rms")(x),
        L.BatchNormalization(axis=2, scale=False, name="rows")(x),
        L.Normalization(axis=(1, -1), name="adapted")(x),
        given(x),
        inverse(x),
    ])  # fmt: skip


@model
def activations() -> Any:
    """Every function of keras.activations."""
    x = keras.Input((12,), name="x")
    names = """celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu linear log_sigmoid
        log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid
        sparsemax squareplus tanh tanh_shrink""".split()
    return keras.Model(x, {name: L.Activation(name, name=f"do_{name}")(x) for name in names})


@model
def activation_layers() -> Any:
    x = keras.Input((4, 6), name="x")
    return keras.Model(x, [
        L.ReLU(name="plain")(x), L.ReLU(max_value=1.5, negative_slope=0.1, name="sloped")(x),
        L.ReLU(threshold=0.5, name="late")(x), L.ReLU(threshold=0.5, negative_slope=0.2, name="both")(x),
        L.LeakyReLU(negative_slope=0.15, name="leaky")(x), L.PReLU(name="own")(x),
        L.PReLU(shared_axes=[1], name="shared")(x),
        L.ELU(alpha=0.7, name="elu")(x), L.Softmax(name="last")(x), L.Softmax(axis=1, name="first")(x),
        L.Dense(3, activation=L.LeakyReLU(negative_slope=0.3), name="inside")(x),
    ])  # fmt: skip


@model
def merges() -> Any:
    a, b, c = (keras.Input((5, 4), name=name) for name in "abc")
    d = keras.Input((4,), name="d")
    return keras.Model([a, b, c, d], [
        L.Add()([a, b, c]), L.Subtract()([a, b]), L.Multiply()([a, b, d]), L.Average()([a, b, c]),
        L.Maximum()([a, b, c]),
        L.Minimum()([a, b]), L.Concatenate()([a, b, c]), L.Concatenate(axis=1, name="rows")([a, b]),
        L.Dot(axes=2, name="dot")([a, b]), L.Dot(axes=(1, 1), normalize=True, name="columns")([a, b]),
        L.Dot(axes=(2, 1), name="vector")([a, d]), L.Dot(axes=1, name="vectors")([d, d]),
    ])  # fmt: skip


@model
def movement() -> Any:
    x = keras.Input((4, 6), name="x")
    v = keras.Input((5,), name="v")
    return keras.Model([x, v], [
        L.Reshape((3, -1))(x), L.Permute((2, 1))(x), L.RepeatVector(3)(v), L.Flatten()(x), L.Identity()(x),
        L.ActivityRegularization(l2=0.1)(v), L.GaussianNoise(0.1)(v), L.GaussianDropout(0.1)(v), L.AlphaDropout(0.1)(v),
    ])  # fmt: skip


@model
def images() -> Any:
    x = keras.Input((4, 6, 2), name="x")
    y = L.RandomFlip()(L.RandomRotation(0.1)(L.RandomZoom(0.1)(L.RandomTranslation(0.1, 0.1)(x))))
    y = L.RandomContrast(0.1)(L.RandomBrightness(0.1)(y))
    return keras.Model(x, [
        L.UpSampling2D((2, 3), name="nearest")(y), L.UpSampling2D(2, interpolation="bilinear", name="bilinear")(y),
        L.Resizing(6, 9, name="larger")(y), L.Resizing(8, 3, interpolation="nearest", name="other")(y),
    ])  # fmt: skip


@model
def lstm() -> Any:
    x = keras.Input((7, 5), name="x")
    y = L.LSTM(6, return_sequences=True)(x)
    z, h, c = L.LSTM(4, return_state=True, use_bias=False, name="states")(y)
    return keras.Model(x, [z, h, c, L.LSTM(3, go_backwards=True, return_sequences=True, name="back")(y)])


@model
def gru() -> Any:
    x = keras.Input((7, 5), name="x")
    y = L.GRU(6, return_sequences=True)(x)
    return keras.Model(x, [
        L.GRU(4, reset_after=False, name="before")(y), L.GRU(3, go_backwards=True, name="back")(y),
        L.GRU(3, use_bias=False, name="bare")(y), L.RNN(L.GRUCell(2), name="cell")(y),
    ])  # fmt: skip


@model
def simple_rnn() -> Any:
    x = keras.Input((6, 4), name="x")
    y = L.SimpleRNN(5, return_sequences=True)(x)
    return keras.Model(x, [L.SimpleRNN(3, activation="relu", name="relu")(y), L.SimpleRNN(2, go_backwards=True)(y)])


@model
def bidirectional() -> Any:
    x = keras.Input((6, 4), name="x")
    modes = ["concat", "sum", "mul", "ave"]
    outputs = [L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode=m, name=f"lstm_{m}")(x) for m in modes]
    outputs += [L.Bidirectional(L.GRU(2), merge_mode=m, name=f"gru_{m}")(x) for m in modes]
    outputs += L.Bidirectional(L.SimpleRNN(3, return_sequences=True), merge_mode=None, name="apart")(x)
    back = L.GRU(4, go_backwards=True, return_sequences=True)
    outputs.append(L.Bidirectional(L.LSTM(3, return_sequences=True), backward_layer=back, name="mixed")(x))
    return keras.Model(x, outputs)


@model
def stateful() -> Any:
    x = keras.Input(batch_shape=(1, 3, 4), name="x")
    y = L.LSTM(5, stateful=True, return_sequences=True)(x)
    y = L.GRU(4, stateful=True, return_sequences=True)(y)
    return keras.Model(x, L.SimpleRNN(3, stateful=True)(y))


@model
def encoder_decoder() -> Any:
    """States of one layer are those that another one begins with."""
    a, b = keras.Input((5, 3), name="source"), keras.Input((4, 2), name="target")
    _, h, c = L.LSTM(6, return_state=True)(a)
    y = L.LSTM(6, return_sequences=True)(b, initial_state=[h, c])
    _, g = L.GRU(6, return_state=True)(a)
    return keras.Model([a, b], [L.Dense(3)(y), L.GRU(6, name="then")(b, initial_state=g)])


@model
def time_distributed() -> Any:
    x = keras.Input((3, 6, 5, 2), name="x")
    y = L.TimeDistributed(L.Conv2D(4, 3, activation="relu"))(x)
    y = L.TimeDistributed(L.BatchNormalization())(y)
    y = L.TimeDistributed(L.Flatten())(y)
    inner = keras.Sequential([keras.Input((48,)), L.Dense(5, activation="tanh"), L.Dense(4)], name="inner")
    return keras.Model(x, L.LSTM(3)(L.TimeDistributed(inner)(y)))


@model
def embedding() -> Any:
    x = keras.Input((6,), dtype="int32", name="words")
    y = L.Embedding(20, 5, mask_zero=True)(x)
    y = L.Dense(4)(y)
    z = L.Masking()(L.Conv1D(3, 2)(y))
    return keras.Model(x, L.Flatten()(z))


@model
def attention() -> Any:
    x, s = keras.Input((5, 6), name="x"), keras.Input((4, 6), name="s")
    y = L.MultiHeadAttention(2, 3)(x, x)
    y = L.LayerNormalization(epsilon=1e-6)(L.Add()([x, y]))
    z = L.MultiHeadAttention(3, 2, value_dim=4, output_shape=5, use_bias=False, dropout=0.1, name="cross")(y, s)
    w, scores = L.MultiHeadAttention(2, 2, name="scored")(y, s, key=s, return_attention_scores=True)
    c = L.MultiHeadAttention(2, 2, name="causal")(y, y, use_causal_mask=True)
    d = L.Attention(use_scale=True, name="single")([y, s])
    e = L.Attention(score_mode="concat", name="concat")([y, s, s])
    f = L.AdditiveAttention(name="additive")([y, s])
    g = L.EinsumDense("abc,cd->abd", output_shape=(None, 3), bias_axes="d", activation="relu", name="einsum")(y)
    return keras.Model([x, s], [y, z, w, scores, c, d, e, f, g])
