"""C text of values: literals, structs and their initializers."""

import math
import textwrap
from collections.abc import Iterator

import numpy as np

from aot.kernels.call import Constant, Params

_WIDTH = 112


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


def int_literal(value: int) -> str:
    """An integer constant, or a truth value as 0 and 1."""
    lowest = {-(2**31): "INT32_MIN", -(2**63): "INT64_MIN"}  # in C, their digits alone are too large for the type
    return lowest.get(value, str(int(value)))


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
        case int():
            return int_literal(value)
        case float():
            return float_literal(value)
        case _:
            raise TypeError(f"{value!r} has no C text")


def structs_in(params: Params) -> Iterator[Params]:
    """Every struct nested in `params`, what is nested in it before it."""
    for _, value in params.members():
        if isinstance(value, Params):
            yield from structs_in(value)
            yield value
