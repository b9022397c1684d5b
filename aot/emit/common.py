"""What the models of one firmware have in common: kernels, helpers and structs that are equal in several stand once."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aot.base.templating import Fragment
from aot.emit.helpers import needed, needs_of, texts_of
from aot.emit.layers import everything, functions_of, key_of
from aot.kernels.call import Block, Call, Target

Model = tuple[Block, Target]
_ASSEMBLY = re.compile(r"^NAKED$", re.MULTILINE)  # before a function that no compiler inlines
_STRUCT_END = "\n};\n\n"


@dataclass(frozen=True)
class Common:
    """What two or more models need, by name: kernels, helpers, structs and headers.

    `calls` are those of all models, among which kernels are named; `prefix` begins the names of files and functions.
    """

    prefix: str
    calls: tuple[Call, ...]
    names: frozenset[str]

    @property
    def file(self) -> str:
        """The name of the header and of the C file, without their ends."""
        return f"{self.prefix}_kernels"


@dataclass(frozen=True)
class Part:
    """A kernel, helper or struct: what the header holds of it, the function in the C file, or nothing; its names."""

    declaration: str
    definition: str
    defines: tuple[str, ...]


@dataclass(frozen=True)
class _Pieces:
    """Kernels and all that they need, by name; `apart` are those that compilers do not make a part of their callers."""

    texts: Mapping[str, Fragment]
    apart: frozenset[str]


def common_of(prefix: str, models: Sequence[Model]) -> Common | None:
    """What stands once for `models`; None where nothing does.

    That is no kernel with a single call: where it is the model's own, compilers put the numbers of that call into it.
    A function that is called as a struct goes with it, also where one model alone has it: one macro renames both.
    """
    calls = tuple(call for block, _ in models for call in block.calls)
    each = [_pieces(model, calls) for model in models]
    alike = _alike([pieces.texts for pieces in each])
    equal = {name: piece for name, piece in alike.items() if sum(name in pieces.texts for pieces in each) > 1}
    apart = {name for name in equal if all(name in pieces.apart for pieces in each if name in pieces.texts)}
    everywhere = {name for pieces in each for name in pieces.texts}
    complete = ({*_closure(name, equal)} for name in apart if _complete(name, equal))
    names = frozenset(name for needs in complete for name in _with_namesakes(needs, alike, everywhere))
    return Common(prefix, calls, names) if names else None


def parted(common: Common, models: Sequence[Model]) -> Iterator[Part]:
    """What `common` names, each after what it needs."""
    found = {name: piece for model in models for name, piece in _pieces(model, common.calls).texts.items()}
    for name, text in texts_of({name: piece for name, piece in found.items() if name in common.names}).items():
        yield _part(name, text, found[name].defines)


def _pieces(model: Model, together: Sequence[Call]) -> _Pieces:
    block, target = model
    functions = functions_of(block.calls, target.rounding, together)
    helpers = needed(functions.values(), target)
    kernels = {one.name: Fragment(one.text, needs_of(one), one.defines) for one in functions.values()}
    counts = Counter(functions[key_of(call)].name for call in everything(block.calls) if not call.blocks)
    apart = {name for name in kernels if counts[name] > 1 or target.optimize == "size"}
    apart |= {name for name, helper in helpers.items() if _ASSEMBLY.search(helper.text)}
    return _Pieces(helpers | kernels, frozenset(apart))


def _alike(each: Sequence[Mapping[str, Fragment]]) -> dict[str, Fragment]:
    """The pieces that are the same wherever they are."""
    found: dict[str, list[Fragment]] = {}
    for pieces in each:
        for name, piece in pieces.items():
            found.setdefault(name, []).append(piece)
    return {name: same[0] for name, same in found.items() if all(one == same[0] for one in same)}


def _with_namesakes(needs: set[str], alike: Mapping[str, Fragment], everywhere: set[str]) -> set[str]:
    """`needs`, and the functions that are called as structs among them; nothing where these differ between models."""
    structs = {need.removeprefix("struct ") for need in needs if need.startswith("struct ")}
    functions = structs & everywhere
    if not all(_complete(name, alike) for name in functions):
        return set()
    return needs.union(*(_closure(name, alike) for name in functions))


def _complete(name: str, pieces: Mapping[str, Fragment]) -> bool:
    """Whether `pieces` hold a piece and all that it needs, be it through others."""
    return name in pieces and all(_complete(need, pieces) for need in pieces[name].needs)


def _closure(name: str, pieces: Mapping[str, Fragment]) -> Iterator[str]:
    """A piece, and all that it needs."""
    yield name
    for need in pieces[name].needs:
        yield from _closure(need, pieces)


def _part(name: str, text: str, defines: tuple[str, ...]) -> Part:
    """A function that is not inline leaves its file: its text without `static`, and what declares it."""
    function = re.search(rf"^static (?!inline)([^;={{}}]*?\b{name}\([^{{}}]*?\))\n\{{", text, re.MULTILINE)
    if function is None:
        return Part(text, "", defines)
    external = text[: function.start()] + text[function.start(1) :]
    is_kernel = text.startswith(f"struct {name} {{")
    struct, end, definition = external.partition(_STRUCT_END) if is_kernel else ("", "", external)
    return Part(f"{struct}{end}{function[1]};", definition, defines)
