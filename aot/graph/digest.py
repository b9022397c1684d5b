"""What tells one graph from another where there is no file."""

import hashlib

from aot.graph.ir import Graph


def digest(graph: Graph) -> str:
    """A SHA-256 over operators, types, and the bytes of constants."""
    found = hashlib.sha256(str(graph).encode())
    for name in sorted(graph.tensors):
        data = graph.tensors[name].data
        if data is not None:
            found.update(f"{name} {data.dtype} {data.shape}".encode())
            found.update(data.astype(data.dtype.newbyteorder("<")).tobytes())
    return found.hexdigest()
