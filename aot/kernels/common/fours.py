"""Four bytes in a word: what kernels that add or compare them together need."""

from aot.graph.ir import Tensor
from aot.kernels.call import fit

HALFWORD_TAPS = 256  # so many int8 values fit a sum of 16 bits


def fit_fours(x: Tensor) -> None:
    """Raise DoesNotFit unless `x` is int8 and its last dimension whole words."""
    fit(x.dtype == "int8", f"%{x.name} is {x.dtype}")
    fit(x.shape[-1] % 4 == 0, f"%{x.name} has {x.shape[-1]} channels, no multiple of 4")
