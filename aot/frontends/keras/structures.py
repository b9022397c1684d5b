"""How a file writes down what layers are called with: tensors by the call that they come from, slices, arrays."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from aot.frontends.keras.description import whole
from aot.graph.ir import Array, Unsupported

Reference = tuple[str, int, int]  # a layer, which call of it, which of its outputs
_MOST = 1 << 20  # elements of an array in an argument
_DEEPEST = 16


def is_reference(part: Any) -> bool:
    """Whether it is one that is written as a list."""
    if not isinstance(part, list | tuple) or len(part) not in (3, 4):
        return False
    return isinstance(part[0], str) and all(isinstance(v, int) and not isinstance(v, bool) for v in part[1:3])


def references(structure: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, Reference]]:
    """The tensors in lists and dictionaries, each with its key where a dictionary has one."""
    if is_reference(structure):
        yield key, (structure[0], structure[1], structure[2])
    elif isinstance(structure, Mapping) and depth < _DEEPEST:
        for name in sorted(structure, key=str):
            yield from references(structure[name], str(name), depth + 1)
    elif isinstance(structure, list | tuple) and depth < _DEEPEST:
        for part in structure:
            yield from references(part, key, depth + 1)


Resolve = Callable[[Reference], Any]


def arguments(node: Any, resolve: Resolve) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call, its tensors replaced by what `resolve` gives for them."""
    if isinstance(node, Mapping):
        args, kwargs = node.get("args", ()), node.get("kwargs", {})
        if not isinstance(args, list | tuple) or not isinstance(kwargs, Mapping):
            raise Unsupported("its arguments are damaged")
        return [_decoded(a, resolve, 0) for a in args], {str(k): _decoded(v, resolve, 0) for k, v in kwargs.items()}
    return _of_keras_2(node, resolve)


def _of_keras_2(node: Any, resolve: Resolve) -> tuple[list[Any], dict[str, Any]]:
    """A list of tensors, each with the keywords of the call behind it."""
    parts = [node] if is_reference(node) else list(node or ())
    if not all(is_reference(part) for part in parts):
        raise Unsupported("its arguments are damaged")
    tensors = [resolve((part[0], part[1], part[2])) for part in parts]
    given = parts[-1][3] if parts and len(parts[-1]) == 4 else {}
    if isinstance(given, Mapping) and given.get("training"):
        raise Unsupported("it is called with training=True")
    kwargs = {str(k): _keyword(v, resolve) for k, v in given.items()} if isinstance(given, Mapping) else {}
    return [tensors if len(tensors) > 1 else tensors[0]] if tensors else [], kwargs


def _keyword(value: Any, resolve: Resolve) -> Any:
    found = [resolve(reference) for _, reference in references(value)]
    if not found:
        return value
    return found[0] if is_reference(value) else found


def _decoded(part: Any, resolve: Resolve, depth: int) -> Any:
    if depth > _DEEPEST:
        raise Unsupported("its arguments are too deep")
    if isinstance(part, list | tuple):
        return [_decoded(p, resolve, depth + 1) for p in part]
    if not isinstance(part, Mapping):
        return part
    kind, config = part.get("class_name"), part.get("config")
    if not isinstance(kind, str):
        return {str(key): _decoded(p, resolve, depth + 1) for key, p in part.items()}
    return _special(kind, config if isinstance(config, Mapping) else {}, resolve)


def _special(kind: str, config: Mapping[str, Any], resolve: Resolve) -> Any:
    if kind == "__keras_tensor__" and is_reference(config.get("keras_history")):
        name, node, index = config["keras_history"]
        return resolve((name, node, index))
    if kind == "__slice__":
        parts = (config.get("start"), config.get("stop"), config.get("step"))
        return slice(*(None if p is None else whole(p, "a slice") for p in parts))
    if kind == "__ellipsis__":
        return Ellipsis
    if kind in ("__numpy__", "__tensor__"):
        return _array(config)
    if kind in ("DTypePolicy", "__bytes__"):
        return config.get("name", config.get("value"))
    raise Unsupported(f"an argument that is a {kind[:80]}")


def _array(config: Mapping[str, Any]) -> Array:
    try:
        data = np.array(config.get("value"), str(config.get("dtype", "float32")))
    except (ValueError, TypeError, OverflowError):
        raise Unsupported("an array that is damaged") from None
    if data.size > _MOST or data.dtype.kind not in "fiub":
        raise Unsupported("an array that is too large, or of no numbers")
    return data
