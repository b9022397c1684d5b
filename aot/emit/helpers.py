"""The helpers at the top of a model's .c file: what its kernels need, and what those need, and nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aot.base.templating import Fragment, fragment, names_in
from aot.emit.ctext import struct_declaration, structs_in
from aot.emit.layers import Function
from aot.kernels.call import Target

UNALIGNED = "unaligned"  # what code needs that loads or stores words at any address
_GUARDS = {"dsp": "dsp_guard.h.j2"}  # for each feature of a core: what stops a compiler that has it not


@dataclass(frozen=True)
class Prelude:
    """All that code needs, by name; of that, the headers of the C library, and the text of structs and helpers.

    <stddef.h> and <stdint.h> are there in any case.
    """

    needs: tuple[str, ...]
    headers: tuple[str, ...]
    text: str


def prelude(functions: Iterable[Function], others: Sequence[Fragment], target: Target) -> Prelude:
    """What kernels and `others` need: each piece once, after its own needs."""
    found: dict[str, Fragment] = {}
    for function in functions:
        for struct in structs_in(function.params):
            found[f"struct {struct.c_name}"] = Fragment(struct_declaration(struct.c_name, struct), ())
        _add(function.needs, target, found)
    for other in others:
        _add(other.needs, target, found)
    headers = tuple(sorted(need for need in found if need.endswith(".h")))
    names = sorted(found, key=lambda need: need not in _GUARDS)
    texts = [found[name].text.strip() for name in names]
    return Prelude(tuple(found), headers, "\n\n".join(text for text in texts if text))


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
    dsp = "dsp" in target.features
    return fragment(
        f"helpers/{_template(need)}.c.j2", name=need, words=need.split("_"), rounding=target.rounding, dsp=dsp
    )


def _template(helper: str) -> str:
    """What prints the function `helper`: a template of that name, or the one for all whose first word is the same."""
    return helper if helper in names_in("helpers") else f"{helper.split('_')[0]}_family"
