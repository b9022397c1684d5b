"""C text of values: literals, arrays, structs and their initializers."""

import math
import textwrap
from collections.abc import Callable, Iterator
from typing import Any
from weakref import finalize

import numpy as np

from aot.graph.ir import Array
from aot.kernels.call import Constant, Params

_WIDTH = 112
_LARGE = 1 << 14  # elements of an array that is slow to print
_BODIES: dict[int, str] = {}


def in_comment(text: str) -> str:
    """What a file or a user says, fit for a comment: one line that neither ends it nor begins another."""
    line = "".join(c if c.isprintable() else "?" for c in text)
    return line.replace("\\", "/").replace("*/", "* /").replace("/*", "/ *")


def float_literal(value: float) -> str:
    """A float constant that reads back as the same float32; what is not finite has names in <math.h>."""
    if not math.isfinite(value):
        return "NAN" if math.isnan(value) else "INFINITY" if value > 0 else "-INFINITY"
    text = repr(np.float32(value).item()) if value == int(value) else str(np.float32(value))
    return f"{text}f" if any(c in text for c in ".e") else f"{text}.0f"


def _literal(value: int | float) -> str:
    if isinstance(value, float):
        return float_literal(value)
    lowest = {-(2**31): "INT32_MIN", -(2**63): "INT64_MIN"}  # in C, their digits alone are too large for the type
    return lowest.get(value, str(value))


_LITERALS: dict[str, Callable[[Any], str]] = {"float32": float_literal, "float64": repr, "bool": lambda v: str(int(v))}


def array_body(data: Array) -> str:
    """The elements of an array, wrapped and indented, without braces.

    A large one is written once as long as it lives: a model is printed for its hash, and again for its files.
    """
    if data.size < _LARGE:
        return _body(data)
    key = id(data)
    if key not in _BODIES:
        _BODIES[key] = _body(data)
        finalize(data, _BODIES.pop, key, None)
    return _BODIES[key]


def _body(data: Array) -> str:
    flat = data.ravel().tolist()
    literal = _LITERALS.get(data.dtype.name, _literal)
    words = [literal(v) for v in flat]
    per_line = max(1, _WIDTH // (max(map(len, words)) + 2))
    lines = (", ".join(words[i : i + per_line]) for i in range(0, len(words), per_line))
    return ",\n".join(f"    {line}" for line in lines) + ","


def struct_declaration(name: str, params: Params) -> str:
    """`struct <name> { ... };` with a member for each field of `params`."""
    members = (f"    {_declaration(key, value)};" for key, value in params.members())
    return "\n".join([f"struct {name} {{", *members, "};"])


def _declaration(name: str, value: object) -> str:
    match value:
        case Constant():
            return f"const {value.c_type} *{name}"
        case Params():
            return f"struct {value.c_name} {name}"
        case tuple():
            return f"int32_t {name}[{len(value)}]"
        case float():
            return f"float {name}"
        case _:
            return f"int32_t {name}"


def initializer(params: Params, prefix: str) -> str:
    """`{.member = value, ...}` over several lines; constants are named `<prefix><constant>`."""
    return "{\n" + "\n".join(_members(params, prefix, "    ")) + "\n}"


def _members(params: Params, prefix: str, indent: str) -> Iterator[str]:
    """Numbers share lines; a pointer or a nested struct has lines of its own."""
    plain: list[str] = []
    for key, value in params.members():
        if not isinstance(value, Constant | Params):
            plain.append(f".{key} = {_value(value)}")
            continue
        yield from _wrapped(plain, indent)
        plain = []
        if isinstance(value, Constant):
            yield f"{indent}.{key} = {prefix}{value.name},"
        else:
            yield from (f"{indent}.{key} = {{", *_members(value, prefix, indent + "    "), f"{indent}}},")
    yield from _wrapped(plain, indent)


def _wrapped(members: list[str], indent: str) -> list[str]:
    text = "".join(f"{member}, " for member in members).rstrip()
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _value(value: object) -> str:
    match value:
        case tuple():
            return "{" + ", ".join(map(str, value)) + "}"
        case int() | float():
            return _literal(value)
        case _:
            raise TypeError(f"{value!r} has no C text")


def structs_in(params: Params) -> Iterator[Params]:
    """Every struct nested in `params`, what is nested in it before it."""
    for _, value in params.members():
        if isinstance(value, Params):
            yield from structs_in(value)
            yield value
