"""What kernels of several families count alike. Reals are a unit of their own: some cores compute them in a library."""

from aot.graph.ir import Tensor


def per_element(dtype: str, count: float) -> dict[str, float]:
    """A loop over `count` elements."""
    return {"calls": 1, _unit(dtype): count}


def per_function(count: float) -> dict[str, float]:
    """A loop over `count` elements, each of which takes a function of the C library."""
    return {"calls": 1, "functions": count}


def per_row(dtype: str, rows: int, depth: int) -> dict[str, float]:
    """Loops over rows and over what is in them."""
    return {"rows": rows, _unit(dtype): rows * depth}


def copied(tensor: Tensor, runs: int) -> dict[str, float]:
    """`tensor` is written by so many calls of memcpy; where there are none, element by element."""
    return {"calls": 1, "words": tensor.bytes / 4, "runs": runs} if runs else {"calls": 1, "elements": tensor.elements}


def _unit(dtype: str) -> str:
    return "reals" if dtype == "float32" else "elements"
