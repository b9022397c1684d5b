"""How ONNX writes each operator down; a family of operators is a module. READERS lists them all by ONNX's names."""

from aot.frontends.onnx.operators import (
    control,
    convolution,
    dense,
    elementwise,
    indexing,
    movement,
    normalization,
    on_integers,
    pooling,
    quantization,
    recurrent,
    reduction,
    resizing,
)
from aot.frontends.onnx.records import Reader

READERS: dict[str, Reader] = {
    **control.READERS,
    **convolution.READERS,
    **dense.READERS,
    **elementwise.READERS,
    **indexing.READERS,
    **movement.READERS,
    **normalization.READERS,
    **on_integers.READERS,
    **pooling.READERS,
    **quantization.READERS,
    **recurrent.READERS,
    **reduction.READERS,
    **resizing.READERS,
}
