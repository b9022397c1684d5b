"""POW, with broadcasting: float32 and int32."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Scheme
from aot.ops.binary import Binary


@dataclass(frozen=True, kw_only=True)
class Pow(Binary):
    """y = a to the power of b. Integers wrap; their exponents below 0, at which TensorFlow Lite stops, count as 0."""

    scheme: ClassVar[Scheme] = Scheme("float")
    types: ClassVar[tuple[str, ...]] = ("float32", "int32")

    def ulps(self, graph: Graph) -> int:
        return 2 if graph[self.outputs[0]].dtype == "float32" else 0

    def combine(self, a: Array, b: Array) -> Array:
        if a.dtype != np.float32:
            return np.power(a, np.maximum(b, 0))
        return np.asarray(np.power(a.astype(np.float64), b.astype(np.float64)).astype(np.float32))
