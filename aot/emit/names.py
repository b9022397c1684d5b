"""The names of kernel functions: the kernel's, and of several variants in one program also what tells them apart.

A variant is named by words for its properties: what the template prints it from, and the members of its struct. Only
properties by which the variants of one program differ have a word, and of these as few as it takes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass

from aot.kernels.call import Call

_WHOLE = " whole"  # behind the name of a property: its whole text
_LONGEST = 20  # of a word that C text makes; longer text is called as the operator is
_SIGNS = {"-": "minus_", "+": "plus_", "*": "times_", "<": "less", ">": "greater", "=": "equal", "!": "not_"}
_SIGNS |= {"?": "_then_", ":": "_else_", **dict.fromkeys(" (){}[];,.", "_")}
_UNSAID = re.compile(r"_output|_t$|_[sf]\d+$")  # of a value: what its property or the kernel's name says already

Words = dict[str, str]  # what each property of a variant is called, empty where nothing need be said


def names_of(variants: Sequence[tuple[Call, str]]) -> list[str]:
    """A C name for each variant: a call that stands for it, and the members of its struct."""
    described = [_words(call, members) for call, members in variants]
    by_kernel: dict[str, list[Words]] = {}
    for (call, _), words in zip(variants, described, strict=True):
        by_kernel.setdefault(call.kernel.name, []).append(words)
    telling = {kernel: _telling(all_words) for kernel, all_words in by_kernel.items()}
    names = [
        "_".join([call.kernel.name, *(words[key] for key in telling[call.kernel.name] if words.get(key))])
        for (call, _), words in zip(variants, described, strict=True)
    ]
    assert len({*names}) == len(names), f"two kernel functions would have one name: {names}"
    return names


def _telling(variants: Sequence[Words]) -> list[str]:
    """The properties that tell `variants` apart, in their order: each time the one that tells most of them apart."""
    keys = list(dict.fromkeys(key for words in variants for key in words))
    chosen: set[str] = set()
    for whole in (False, True):
        candidates = [key for key in keys if (_WHOLE in key) is whole]
        while candidates and _told(variants, {*chosen, *candidates}) > _told(variants, chosen):
            chosen.add(max(candidates, key=lambda key: _told(variants, {*chosen, key})))
    return [key for key in keys if key in chosen]


def _told(variants: Sequence[Words], keys: Set[str]) -> int:
    """Into how many groups `keys` part `variants`."""
    return len({tuple((key, words.get(key, "")) for key in sorted(keys)) for words in variants})


def _words(call: Call, members: str) -> Words:
    """Of each property a short word; and its whole text, for where these leave two variants alike."""
    properties = dict(_properties("", call.variant))
    if ".function" in properties:  # which says what the text computes
        properties = {key: value for key, value in properties.items() if key not in (".result", ".statements")}
    operator = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", type(call.op).__name__).lower()
    short = {key: _word(key.split(".")[-1], value, operator) for key, value in properties.items()}
    whole = {key + _WHOLE: _slug(str(value)) for key, value in properties.items()}
    return {**short, **whole, f"members{_WHOLE}": _slug(members)}


def _properties(prefix: str, value: object) -> Iterator[tuple[str, object]]:
    """The plain values that `value` holds, by their path."""
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if not isinstance(value, Mapping):
        yield prefix, value
        return
    for key, inner in value.items():
        yield from _properties(f"{prefix}.{key}", inner)


def _word(key: str, value: object, operator: str) -> str:
    """What a variant with this property is called: by the property's name where its value is a number or true."""
    if value is None or value is False:
        return ""
    if value is True:
        return key
    word = _slug(_UNSAID.sub("", str(value)))
    if len(word) > _LONGEST:
        return operator
    return f"{key}{word}" if word[:1].isdigit() else f"{key}_{word}" if word.startswith("minus") else word


def _slug(text: str) -> str:
    """`text` as a part of a C name."""
    named = re.sub(r"\W", lambda sign: _SIGNS.get(sign[0], f"_{ord(sign[0]):x}_"), text)
    return re.sub("_+", "_", named).strip("_")
