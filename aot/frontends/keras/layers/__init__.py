"""How Keras writes each layer down; a family of layers is a module. READERS lists them all by the names of classes."""

from aot.frontends.keras.layers import (
    activation,
    attention,
    convolution,
    dense,
    images,
    merging,
    movement,
    normalization,
    pooling,
    recurrent,
)
from aot.frontends.keras.records import Reader

READERS: dict[str, Reader] = {
    **activation.READERS,
    **attention.READERS,
    **convolution.READERS,
    **dense.READERS,
    **images.READERS,
    **merging.READERS,
    **movement.READERS,
    **normalization.READERS,
    **pooling.READERS,
    **recurrent.READERS,
}
