"""Masks say which steps of a sequence do not count. aot has none: they may be where nobody looks at them."""

from aot.frontends.building import Value
from aot.frontends.keras.records import Call
from aot.graph.ir import Unsupported

# Layers whose outputs have the mask of their inputs, and those that do something else with the steps that do not count.
_KEEPERS = frozenset(
    """Activation ActivityRegularization Add AlphaDropout Average BatchNormalization Concatenate Dense Dropout ELU
    GaussianDropout GaussianNoise GroupNormalization Identity LayerNormalization LeakyReLU Maximum Minimum Multiply
    Normalization PReLU ReLU Rescaling SpatialDropout1D Subtract TimeDistributed UnitNormalization""".split()
)
_USERS = frozenset(
    """AdditiveAttention Attention Bidirectional Dot GRU GlobalAveragePooling1D GroupQueryAttention LSTM
    MultiHeadAttention RNN SimpleRNN Softmax""".split()
)


class Masks:
    """The values that have a mask in Keras."""

    def __init__(self) -> None:
        self._masked: set[Value] = set()

    def check(self, call: Call) -> None:
        """Raise Unsupported for a layer that would compute something else without the mask."""
        if call.layer.kind in _USERS and self._masked.intersection(call.inputs):
            raise Unsupported(
                "its input has a mask (of Masking, or of an Embedding with mask_zero), which aot has not; "
                "make the model without it, and train it so"
            )

    def note(self, call: Call, outputs: list[Value]) -> None:
        """Remember what has a mask now."""
        layer = call.layer
        made = layer.kind == "Masking" or (layer.kind == "Embedding" and layer.flag("mask_zero"))
        kept = layer.kind in _KEEPERS and not layer.operation
        if made or (kept and self._masked.intersection(call.inputs)):
            self._masked.update(outputs)
