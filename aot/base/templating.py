"""The Jinja environment: the only importer of jinja2. Python computes, a template only prints."""

import re
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

import jinja2
import jinja2.ext
import jinja2.meta
from jinja2 import nodes

from aot.base.data import BOARD_SUPPORT, TEMPLATES
from aot.base.folding import folded

_BLANK_AFTER_STATEMENT = re.compile(r"(?m)^([ \t]*%[%#][^\n]*\n)\n")


@dataclass(frozen=True)
class Fragment:
    """C text, and what its templates say that it needs and that it defines, in order.

    It needs functions among the helpers, headers of the C library ("string.h"), and of the core its features ("dsp")
    and that it loads and stores words at any address ("unaligned").
    """

    text: str
    needs: tuple[str, ...]
    defines: tuple[str, ...] = ()


_needs: ContextVar[list[str]] = ContextVar("_needs")
_defines: ContextVar[list[str]] = ContextVar("_defines")


def _declare(*names: str) -> None:
    """What a template calls as `needs`."""
    _needs.get().extend(names)


@jinja2.pass_context  # of a literal, Jinja would otherwise ask only once
def _noted(_: object, name: str) -> str:
    """The filter `needed`: a helper's name where it is put together, noted as one that is needed."""
    _declare(name)
    return name


@jinja2.pass_context
def _defined(_: object, name: str) -> str:
    """The filter `defined`: a name where C text defines it."""
    _defines.get().append(name)
    return name


class _KeepBlankLines(jinja2.ext.Extension):
    """Jinja 3 swallows the empty lines that follow a line statement; generated C wants them."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _BLANK_AFTER_STATEMENT.sub(r'\1{{ "" }}\n', source)


_LOADER = jinja2.ChoiceLoader([jinja2.FileSystemLoader(str(TEMPLATES)), jinja2.FileSystemLoader(str(BOARD_SUPPORT))])
_ENVIRONMENT = jinja2.Environment(
    loader=_LOADER,
    extensions=[_KeepBlankLines, "jinja2.ext.do"],
    undefined=jinja2.StrictUndefined,
    line_statement_prefix="%%",
    line_comment_prefix="%#",
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,
)
_ENVIRONMENT.globals["needs"] = _declare
_ENVIRONMENT.filters["needed"] = _noted
_ENVIRONMENT.filters["defined"] = _defined


@cache
def names_in(folder: str) -> frozenset[str]:
    """The names of the templates of C functions in `folder`, a path below `templates/`."""
    return frozenset(path.name.removesuffix(".c.j2") for path in (TEMPLATES / folder).glob("*.c.j2"))


def fragment(template: str, **values: object) -> Fragment:
    """Render a template of C functions; what it needs, it says by `%% do needs("clamp", "string.h")`.

    That stands at its top, or in the macro that prints the calls: the top of a file of macros runs only once. Where a
    name is put together, the filter `needed` says the same: `{{ ("gather_" ~ suffix) | needed }}(...)`. Where a name is
    defined, the filter `defined` says so: `static int32_t {{ (name ~ "_log") | defined }}(...)`.
    """
    needs, defines = _needs.set([]), _defines.set([])
    try:
        text = render(template, **values)
        return Fragment(text, tuple(dict.fromkeys(_needs.get())), tuple(_defines.get()))
    finally:
        _needs.reset(needs)
        _defines.reset(defines)


@cache
def imported_by(template: str) -> tuple[str, ...]:
    """The templates that `template` imports or includes, and those that these do."""
    named = [name for name in jinja2.meta.find_referenced_templates(_parsed(template)) if name]
    return tuple(dict.fromkeys(each for name in named for each in (name, *imported_by(name))))


@cache
def declared_in(template: str) -> tuple[str, ...]:
    """What `template` says that it needs, whatever it is rendered with.

    Where a name is put together, {x} is what is given, [x] may be left out, and (x|y) is one or the other.
    """
    tree = _parsed(template)
    calls = (call for call in tree.find_all(nodes.Call) if call.node == nodes.Name("needs", "load"))
    filtered = (each.node for each in tree.find_all(nodes.Filter) if each.name == "needed")
    return tuple(dict.fromkeys(map(_pattern, (*(name for call in calls for name in call.args), *filtered))))


def _parsed(template: str) -> nodes.Template:
    source, _, _ = _LOADER.get_source(_ENVIRONMENT, template)
    return _ENVIRONMENT.parse(source)


def _pattern(expression: nodes.Node | None) -> str:
    match expression:
        case nodes.Const():
            return str(expression.value)
        case nodes.Concat():
            return "".join(map(_pattern, expression.nodes))
        case nodes.Mod():  # as in "stride%d" % stride
            return _pattern(expression.left).replace("%d", _pattern(expression.right))
        case nodes.CondExpr():
            parts = [part for part in map(_pattern, (expression.expr1, expression.expr2)) if part]
            return f"({'|'.join(parts)})" if len(parts) > 1 else f"[{parts[0]}]"
        case nodes.Name():
            return f"{{{expression.name}}}"
        case nodes.Getattr():
            return f"{{{expression.attr}}}"
        case _:
            return "{}"


def render(template: str, **values: object) -> str:
    """Render `template`, a path below `templates/` or `board_support/`; its leading comment leaves no empty line."""
    text = _ENVIRONMENT.get_template(template).render(**values).lstrip("\n")
    return folded(text) if template.endswith((".c.j2", ".h.j2")) else text
