"""The Jinja environment: the only importer of jinja2. Python computes, a template only prints."""

import re
from functools import cache

import jinja2
import jinja2.ext

from aot.base.data import BOARD_SUPPORT, TEMPLATES

_BLANK_AFTER_STATEMENT = re.compile(r"(?m)^([ \t]*%[%#][^\n]*\n)\n")


class _KeepBlankLines(jinja2.ext.Extension):
    """Jinja 3 swallows the empty lines that follow a line statement; generated C wants them."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _BLANK_AFTER_STATEMENT.sub(r'\1{{ "" }}\n', source)


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.ChoiceLoader([jinja2.FileSystemLoader(str(TEMPLATES)), jinja2.FileSystemLoader(str(BOARD_SUPPORT))]),
    extensions=[_KeepBlankLines],
    undefined=jinja2.StrictUndefined,
    line_statement_prefix="%%",
    line_comment_prefix="%#",
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,
)


@cache
def names_in(folder: str) -> frozenset[str]:
    """The names of the templates of C functions in `folder`, a path below `templates/`."""
    return frozenset(path.name.removesuffix(".c.j2") for path in (TEMPLATES / folder).glob("*.c.j2"))


def render(template: str, **values: object) -> str:
    """Render `template`, a path below `templates/` or `board_support/`; its leading comment leaves no empty line."""
    return _ENVIRONMENT.get_template(template).render(**values).lstrip("\n")
