"""What makes a kernel: `aot inspect --kernel NAME`."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from aot.base.errors import AotError
from aot.base.templating import declared_in, imported_by, names_in
from aot.cli.report import Json
from aot.kernels import KERNELS
from aot.kernels.costs import Prices, priced


@dataclass(frozen=True)
class KernelParts:
    """The fragments of a kernel: its Python functions, its template and what that imports; and its prices by part.

    `needs` are helpers, headers and features that templates declare, and what these helpers need themselves; of a name
    that is put together, the parts (`aot.base.templating.declared_in`).
    """

    kernel: str
    operators: tuple[str, ...]
    features: tuple[str, ...]
    functions: tuple[str, ...]
    templates: tuple[str, ...]
    needs: tuple[str, ...]
    prices: dict[str, Prices]


def kernel_parts(name: str) -> KernelParts:
    """Of the kernel of this name. AotError where there is none."""
    entries = [kernel for kernel in KERNELS if kernel.name == name]
    if not entries:
        names = sorted({kernel.name for kernel in KERNELS})
        raise AotError(f"there is no kernel called {name}", f"the kernels are {', '.join(names)}")
    template = f"kernels/{entries[0].template}.c.j2"
    templates = (template, *imported_by(template))
    return KernelParts(
        name,
        tuple(op.__name__ for entry in entries for op in entry.ops),
        tuple(sorted(entries[0].features)),
        tuple(f"{entry.lower.__module__}.{entry.lower.__qualname__}" for entry in entries),
        templates,
        tuple(_needs_of(templates, {})),
        priced(name),
    )


def _needs_of(templates: Iterable[str], found: dict[str, None]) -> dict[str, None]:
    """What these templates need, added to `found`, each before its own needs."""
    for need in (need for template in templates for need in declared_in(template)):
        if need not in found:
            found[need] = None
            _needs_of([part for name in _helpers(need) for part in (name, *imported_by(name))], found)
    return found


def _helpers(need: str) -> list[str]:
    """The templates of the helpers that may be meant; none where all of the name is given."""
    names = names_in("helpers")
    pattern = re.sub(r"\{\w*\}", ".*", need).replace("[", "(").replace("]", ")?")
    own = [name for name in sorted(names) if not need.startswith("{") and re.fullmatch(pattern, name)]
    family = f"{need.split('_')[0]}_family"
    return [f"helpers/{name}.c.j2" for name in own or [family] if name in names]


def kernel_json(parts: KernelParts) -> Json:
    """The keys of `aot inspect --kernel --json`."""
    return asdict(parts)


def kernel_lines(parts: KernelParts) -> Iterator[str]:
    """A line for each fragment."""
    yield f"kernel     {parts.kernel}"
    yield f"operators  {', '.join(parts.operators)}"
    yield f"features   {', '.join(parts.features) or 'none'}"
    yield from (f"function   {function}" for function in parts.functions)
    yield from (f"template   templates/{template}" for template in parts.templates)
    yield from (f"needs      {need}" for need in parts.needs)
    for part, prices in parts.prices.items():
        yield f"prices     {part}: {', '.join(f'{unit} {price:g}' for unit, price in prices.items())}"
