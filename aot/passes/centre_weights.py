"""int8 weights of a dense layer that have a zero point lose it."""

from dataclasses import replace

import numpy as np

from aot.graph.ir import Graph, Quant, Tensor, prune_tensors
from aot.ops.fully_connected import FullyConnected


def centre_weights(graph: Graph) -> Graph:
    """Dense layers, the only ones that may have a zero point in int8 weights, with weights less that.

    They become int16 where a byte does not hold them.
    """
    for op in graph.ops:
        w = graph.operand(op, 1) if isinstance(op, FullyConnected) else None
        if w is None or w.data is None or w.dtype != "int8" or (scale := _scale_off_zero(w)) is None:
            continue
        codes = w.data.astype(np.int16) - w.zero_point
        data = codes.astype(np.int8) if codes.min() >= -128 and codes.max() < 128 else codes
        name = graph.unused(f"{w.name}_centred")
        centred = replace(w, name=name, dtype=data.dtype.name, quant=Quant(scale, (0,)), data=data)
        changed = replace(op, inputs=(op.inputs[0], name, *op.inputs[2:]))
        ops = tuple(changed if o is op else o for o in graph.ops)
        graph = prune_tensors(replace(graph.with_tensors(centred), ops=ops))
    return graph


def _scale_off_zero(w: Tensor) -> tuple[float, ...] | None:
    """The scale of a whole tensor that has a zero point; None of others."""
    known = w.quant is not None and not w.quant.per_channel and w.zero_point != 0
    return w.quant.scale if known and w.quant is not None else None
