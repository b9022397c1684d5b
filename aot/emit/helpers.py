"""The helpers at the top of a model's .c file: what its kernels need, and what those need, and nothing else."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from aot.base.templating import Fragment, fragment, names_in
from aot.emit.ctext import struct_declaration, structs_in
from aot.emit.layers import Function
from aot.kernels.call import Params, Target

UNALIGNED = "unaligned"  # what code needs that loads or stores words at any address
# for each feature of a core: what stops a compiler that has it not
_GUARDS = {"dsp": "dsp_guard.h.j2", "mve": "mve_guard.h.j2", "rvv": "rvv_guard.h.j2"}


@dataclass(frozen=True)
class Prelude:
    """All that code needs, by name; of that, the headers of the C library, and the text of structs and helpers.

    <stddef.h> and <stdint.h> are there in any case. `defines` are the names that the text defines.
    """

    needs: tuple[str, ...]
    headers: tuple[str, ...]
    text: str
    defines: tuple[str, ...]


def prelude(
    functions: Iterable[Function], others: Sequence[Fragment], target: Target, elsewhere: Set[str] = frozenset()
) -> Prelude:
    """What kernels and `others` need: each piece once, after its own needs; the text of some may stand `elsewhere`."""
    found = needed(functions, target)
    for other in others:
        _add(other.needs, target, found)
    here = {name: piece for name, piece in found.items() if name not in elsewhere}
    defines = tuple(name for piece in here.values() for name in piece.defines)
    return Prelude(tuple(found), headers_in(found), "\n\n".join(texts_of(here).values()), defines)


def needed(functions: Iterable[Function], target: Target) -> dict[str, Fragment]:
    """The structs and helpers that kernels need, by name, each after its own needs; headers among them have no text."""
    found: dict[str, Fragment] = {}
    for function in functions:
        for struct in structs_in(function.params):
            found[_struct(struct)] = Fragment(struct_declaration(struct.c_name, struct), (), (struct.c_name,))
        _add(function.needs, target, found)
    return found


def needs_of(function: Function) -> tuple[str, ...]:
    """The names of what a kernel itself needs."""
    return (*map(_struct, structs_in(function.params)), *function.needs)


def headers_in(found: Iterable[str]) -> tuple[str, ...]:
    """The headers of the C library among what is needed."""
    return tuple(sorted(need for need in found if need.endswith(".h")))


def texts_of(found: Mapping[str, Fragment]) -> dict[str, str]:
    """What of `found` has a text, by name; what stops a wrong compiler comes before all else."""
    names = sorted(found, key=lambda need: need not in _GUARDS)
    texts = {name: found[name].text.strip() for name in names}
    return {name: text for name, text in texts.items() if text}


def _struct(struct: Params) -> str:
    return f"struct {struct.c_name}"


def pieces(needs: Sequence[str], target: Target) -> dict[str, Fragment]:
    """The text of `needs` and of what they need themselves, by name; some have none."""
    found: dict[str, Fragment] = {}
    _add(needs, target, found)
    return found


def _add(needs: Sequence[str], target: Target, found: dict[str, Fragment]) -> None:
    for need in needs:
        if need not in found:
            piece = _piece(need, target)
            _add(piece.needs, target, found)
            found[need] = piece


def _piece(need: str, target: Target) -> Fragment:
    if need.endswith(".h") or need == UNALIGNED:
        return Fragment("", ())
    if need in _GUARDS:
        return fragment(_GUARDS[need])
    core = {"dsp": "dsp" in target.features, "features": target.features}
    words = need.split("_")
    made = fragment(f"helpers/{_template(need)}.c.j2", name=need, words=words, rounding=target.rounding, **core)
    return replace(made, defines=(need, *made.defines))


def _template(helper: str) -> str:
    """What prints the function `helper`: a template of that name, or the one for all whose first word is the same."""
    return helper if helper in names_in("helpers") else f"{helper.split('_')[0]}_family"
