"""What templates say that they need and define is what they print, and none of them is printed for nobody."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product

import cases
import roomy

from aot.base.data import TEMPLATES
from aot.base.templating import Fragment, names_in
from aot.emit.helpers import UNALIGNED, pieces
from aot.emit.layers import functions_of, key_of
from aot.graph.fixedpoint import ROUNDINGS
from aot.graph.ir import Op
from aot.kernels import KERNELS, candidates
from aot.kernels.call import Call, Target
from aot.ops.control import If, While
from aot.passes import run_passes

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CALLED = re.compile(r"\b(\w+)\(")
_DEFINED = re.compile(
    r"^(?:struct (\w+) \{|typedef char (\w+)\[|(?!extern|struct|typedef)\w[^=(\[;\n]*?(\w+)(?:\(|\[| =)(?!.*;$))",
    re.MULTILINE,
)
_FROM_STRING = frozenset({"memcpy", "memmove", "memset"})
_FROM_MATH = frozenset(
    "acosf acoshf asinf asinhf atan2f atanf atanhf ceilf copysignf cosf coshf erfcf erff exp2f expf expm1f fabsf "
    "floor floorf fmaxf fminf fmodf isfinite isinf isnan ldexpf log1pf log2f logf lrintf nearbyintf powf rintf "
    "roundf sinf sinhf sqrtf tanf tanhf truncf".split()
)
_VECTORS = re.compile(r'^ +"v.*\bq\d', re.MULTILINE)  # MVE's instructions, in assembly code
_FEATURES = tuple(map(frozenset[str], ((), ("dsp", "fpu"), ("dsp", "mve", "fpu"), ("rv32", "rvv"))))
_SEEDS = range(min(3, cases.TIMES))


def _template(helper: str) -> str | None:
    family = f"{helper.split('_')[0]}_family"
    return next((name for name in (helper, family) if name in names_in("helpers")), None)


@cache
def _owners() -> dict[str, str]:
    """The helper that declares each struct which helpers share."""
    texts = {name: (TEMPLATES / "helpers" / f"{name}.c.j2").read_text() for name in names_in("helpers")}
    return {
        struct: name for name, text in texts.items() for struct in re.findall(r'(?m)^struct (?:{{ ")?(\w+).* \{$', text)
    }


def _printed(text: str) -> set[str]:
    """What C text mentions outside of comments: helpers and their structs, headers, and the core's instructions."""
    plain = _COMMENT.sub("", text)
    called = set(_CALLED.findall(plain)) | {_owners().get(struct, "") for struct in re.findall(r"struct (\w+)", plain)}
    marks = {"math.h": called & _FROM_MATH, "string.h": called & _FROM_STRING, "mve": bool(_VECTORS.search(text))}
    marks["rvv"] = "zve32x" in text
    marks["dsp"] = "__asm__" in text and not marks["rvv"]
    return {name for name in called if _template(name)} | {need for need, shown in marks.items() if shown}


def _layouts(op: Op, features: frozenset[str]) -> list[Sequence[str]]:
    """All images by pixels, the first operand by planes, the last one, both."""
    operands = [name for name in (*op.inputs[:1], *op.outputs[:1]) if name]
    return [(), operands[:1], operands[-1:], operands] if features else [()]


def _calls() -> Iterator[tuple[Target, Call]]:
    """Each kernel that fits the operators of the cases, with what it may know of the core."""
    drawn = (cases.case(name, seed) for name, seed in product(cases.builders(), _SEEDS))
    for graph in (run_passes(graph) for graph, _ in (*drawn, *map(roomy.case, range(4)))):
        for op, features in product((op for op in graph.ops if not isinstance(op, If | While)), _FEATURES):
            for rounding, layout in product(ROUNDINGS, _layouts(op, features)):
                target = Target(features, rounding).with_room_for(*op.outputs)
                yield from ((target, call) for call in candidates(op, graph.by_planes(layout), target)[0])


@cache
def _fragments() -> dict[tuple[str, str], Fragment]:
    """Every function that kernels and their helpers print, by its name and text; control flow aside."""
    distinct = {(key_of(call), target.rounding, target.features): (target, call) for target, call in _calls()}
    found = {}
    for target, call in distinct.values():
        for one in functions_of([call], target.rounding).values():
            parts = {one.name: Fragment(one.text, one.needs, one.defines), **pieces(one.needs, target)}
            found |= {(name, part.text): part for name, part in parts.items()}
    return found


def test_what_is_needed_is_what_is_printed() -> None:
    for (name, text), one in _fragments().items():
        assert set(one.needs) - {UNALIGNED} == _printed(text) - {name}, f"{name}: {text}"


def test_what_is_defined_is_what_is_printed() -> None:
    for (name, text), one in _fragments().items():
        found = {"".join(names) for names in _DEFINED.findall(text)}
        assert set(one.defines) == {each for each in found if not each.startswith("__")}, f"{name}: {text}"


def test_each_helper_is_needed() -> None:
    """By a kernel, or by another helper; some only in rare cases, but then their whole name is in the template."""
    named = {name for path in TEMPLATES.rglob("*.j2") for name in re.findall(r'"(\w+)"', path.read_text())}
    assert names_in("helpers") <= named | {_template(name) for name, _ in _fragments()}


def test_each_macro_is_used() -> None:
    texts = {path: path.read_text() for path in TEMPLATES.rglob("*.j2")}
    calls = Counter(name for text in texts.values() for name in _CALLED.findall(text))
    macros = [name for text in texts.values() for name in re.findall(r"^%% macro (\w+)\(", text, re.MULTILINE)]
    assert macros and not [name for name in macros if calls[name] <= macros.count(name)]


def test_each_template_of_a_kernel_is_listed() -> None:
    folder = TEMPLATES / "kernels"
    templates = {path.relative_to(folder).as_posix().removesuffix(".c.j2") for path in folder.rglob("*.j2")}
    assert templates == {kernel.template for kernel in KERNELS} | {"control/block"}
