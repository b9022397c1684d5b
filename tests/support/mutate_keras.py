"""Damage to Keras files: to their bytes, to the bytes of the weights inside of them, to what their JSON says."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from mutate import mutation

Rng = np.random.Generator
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 7, 255, 2**20, 2**31, -(2**31), 2**70, 0.5, -1.0, 1e300, float("nan"), "", "x",
    "x" * 5000, "same", "causal", "channels_first", "relu", "../../etc/passwd", [], [1], [1, 2], [3, -1], [None, 4],
    [[1, 2], [3, 4]], {}, {"class_name": "Lambda", "config": {}}, {"class_name": "__numpy__", "config": {"value": "x"}},
    {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}},
)  # fmt: skip
_KINDS = (
    "Dense",
    "Conv2D",
    "LSTM",
    "Lambda",
    "Sequential",
    "Functional",
    "Reshape",
    "Add",
    "TimeDistributed",
    "Nothing",
)


def _places(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to all parts of a structure."""
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from _places(inner, (*path, key))


def _at(part: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        part = part[key]
    return part


def changed(rng: Rng, config: Any) -> Any:
    """What a file says, with one to three parts set, taken out, doubled, or exchanged for others."""
    config = json.loads(json.dumps(config))
    for _ in range(int(rng.integers(1, 4))):
        places = list(_places(config))
        path = places[int(rng.integers(len(places)))]
        _change(rng, _at(config, path[:-1]), path[-1], _at(config, places[int(rng.integers(len(places)))]))
    return config


def _change(rng: Rng, parent: Any, key: Any, other: Any) -> None:
    kind = int(rng.integers(6))
    old = parent[key]
    if kind == 0:
        del parent[key]
    elif kind == 1:
        parent[key] = json.loads(json.dumps(other))
    elif kind == 2 and key in ("class_name", "name"):
        parent[key] = _KINDS[int(rng.integers(len(_KINDS)))]
    elif kind == 3 and isinstance(old, int) and not isinstance(old, bool):
        parent[key] = int(rng.choice([old + 1, old - 1, -old, old * 2]))
    elif kind == 4 and isinstance(parent, list):
        parent.insert(key, json.loads(json.dumps(old)))
    else:
        parent[key] = _VALUES[int(rng.integers(len(_VALUES)))]


def archive_of(members: dict[str, bytes]) -> bytes:
    """A zip archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def members_of(content: bytes) -> dict[str, bytes]:
    """The members of one."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _bytes(content: bytes, seed: int) -> bytes:
    return mutation(content, np.arange(len(content)), seed)


def _weights(content: bytes, seed: int) -> bytes:
    members = members_of(content)
    return archive_of({**members, "model.weights.h5": _bytes(members["model.weights.h5"], seed)})


def _said(content: bytes, seed: int) -> bytes:
    members = members_of(content)
    config = changed(np.random.default_rng(seed), json.loads(members["config.json"]))
    return archive_of({**members, "config.json": json.dumps(config).encode()})


_ARCHIVE: tuple[Callable[[bytes, int], bytes], ...] = (_said, _said, _said, _weights, _weights, _bytes)


def keras_mutation(content: bytes, seed: int) -> bytes:
    """Mutation `seed` of a .keras or .h5 file."""
    if not content.startswith(b"PK"):
        return _bytes(content, seed)
    return _ARCHIVE[seed % len(_ARCHIVE)](content, seed)
