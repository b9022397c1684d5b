"""How images lie in memory: by pixels, [row, column, channel], or by planes, [channel, row, column].

Depth-wise layers then copy rows by words, and layers of tiles store four pixels of a channel at once.
"""

from dataclasses import dataclass

from aot.graph.ir import Tensor
from aot.kernels.call import fit
from aot.kernels.common.packing import COLUMNS


@dataclass(frozen=True)
class Planes:
    """Whether the input `x` and the output `y` of a kernel lie by planes."""

    x: bool = False
    y: bool = False

    def check(self, *tensors: Tensor) -> None:
        """Raise DoesNotFit for several images, and for images that are smaller than a tile."""
        for t in tensors if self.x or self.y else ():
            fit(t.shape[0] == 1, f"%{t.name} is {t.shape[0]} images")
            fit(t.shape[1] * t.shape[2] >= COLUMNS, f"%{t.name} has {t.shape[1]}x{t.shape[2]} pixels")

    def variant(self) -> dict[str, bool]:
        """What a template prints by."""
        return {"in_planes": self.x, "out_planes": self.y}

    def unit(self, unit: str, planes: bool) -> str:
        """The unit of work on a tensor that may lie by planes."""
        return f"planes_{unit}" if planes else unit

    def last_tile(self, y: Tensor) -> int:
        """Bytes of scratch for a tile that is not full, from which its outputs go to their planes."""
        whole = not (self.x or self.y) or y.shape[1] * y.shape[2] % COLUMNS == 0
        return 0 if whole else COLUMNS * y.shape[3]


def planes_of(x: Tensor, y: Tensor) -> Planes:
    """How `x` and `y` lie."""
    return Planes(x.planes, y.planes)
