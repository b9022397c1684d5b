"""The helpers at the top of a model's .c file: what its kernels call, and what those call, and nothing else."""

import re
from collections.abc import Iterator, Mapping, Sequence

from aot.base.templating import names_in, render
from aot.kernels.call import Target

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CALLED = re.compile(r"\b(\w+)\(")
_STRUCT = re.compile(r"\bstruct (\w+)")
_ASSEMBLY = "__asm__"
_FROM_STRING = frozenset({"memcpy", "memmove", "memset"})
_FROM_MATH = frozenset(
    "acosf asinf atan2f atanf ceilf copysignf cosf erfcf erff exp2f expf expm1f fabsf floor floorf fmaxf fminf fmodf "
    "ldexpf log1pf log2f logf lrintf nearbyintf powf rintf roundf sinf sqrtf tanf tanhf truncf "
    "isnan isinf isfinite".split()
)


def prelude(texts: Sequence[str], structs: Mapping[str, str], target: Target) -> str:
    """C text of the helpers and of the `structs` (declarations by name) that `texts` mention, each after its needs."""
    found: dict[str, str] = {}
    for text in texts:
        _add_needs(text, structs, target, found)
    pieces = list(found.values())
    if any(_ASSEMBLY in text for text in (*pieces, *texts)):
        pieces.insert(0, render("dsp_guard.h.j2"))
    return "\n\n".join(piece.strip() for piece in pieces)


def headers(texts: Sequence[str]) -> list[str]:
    """The C library's headers that `texts` need beside <stddef.h> and <stdint.h>."""
    called = {name for text in texts for name in _CALLED.findall(_COMMENT.sub("", text))}
    return ["math.h"] * bool(called & _FROM_MATH) + ["string.h"] * bool(called & _FROM_STRING)


def _add_needs(text: str, structs: Mapping[str, str], target: Target, found: dict[str, str], own: str = "") -> None:
    """Add what `text`, itself called `own`, mentions to `found`: the needs of each before itself."""
    for key, piece in _mentioned(text, structs, target):
        if key != own and key not in found:
            _add_needs(piece, structs, target, found, key)
            found[key] = piece


def _mentioned(text: str, structs: Mapping[str, str], target: Target) -> Iterator[tuple[str, str]]:
    """Each struct and each helper that `text` names outside comments, with its own text."""
    code = _COMMENT.sub("", text)
    for name in dict.fromkeys(_STRUCT.findall(code)):
        if name in structs:
            yield f"struct {name}", structs[name]
    for name in dict.fromkeys(_CALLED.findall(code)):
        if template := _template(name):
            values = {"rounding": target.rounding, "dsp": "dsp" in target.features, "words": name.split("_")}
            yield name, render(f"helpers/{template}.c.j2", name=name, **values)


def _template(helper: str) -> str | None:
    """What prints the function `helper`: a template of that name, or the one for all whose first word is the same."""
    family = f"{helper.split('_')[0]}_family"
    return next((name for name in (helper, family) if name in names_in("helpers")), None)
