"""How ONNX writes each operator down; a family of operators is a module. READERS lists them all by ONNX's names."""

from aot.frontends.onnx.operators import (
    convolution,
    dense,
    elementwise,
    movement,
    normalization,
    on_integers,
    pooling,
    quantization,
    reduction,
)
from aot.frontends.onnx.records import Reader

READERS: dict[str, Reader] = {
    **convolution.READERS,
    **dense.READERS,
    **elementwise.READERS,
    **movement.READERS,
    **normalization.READERS,
    **on_integers.READERS,
    **pooling.READERS,
    **quantization.READERS,
    **reduction.READERS,
}
