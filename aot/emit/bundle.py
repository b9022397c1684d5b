"""The files that several models in one firmware have in common: their header, and the kernels of two or more."""

from collections.abc import Iterator, Sequence

from aot.base.templating import render
from aot.emit.common import Common, Model, parted
from aot.emit.helpers import headers_in
from aot.emit.model import ARENA_ALIGN
from aot.graph.deployment import Bundle, listed


def bundle_header(bundle: Bundle, sizes: Sequence[tuple[int, int]]) -> str:
    """How large the arena is, and when each model may run; `sizes` are the bytes of each one's arena and weights."""
    states = [model for model in bundle.models if model.interface.states]
    return render(
        "models.h.j2",
        bundle=bundle,
        title=listed(bundle.models),
        rows=list(_rows(bundle, sizes)),
        remembering=listed(states) if states else "",
        remembering_names=[model.name for model in states],
        arena_align=ARENA_ALIGN,
    )


def common_files(common: Common, bundle: Bundle, models: Sequence[Model]) -> dict[str, str]:
    """Path -> text of the header and the code of the kernels in `common`."""
    parts = list(parted(common, models))
    values: dict[str, object] = {
        "common": common,
        "title": listed(bundle.models),
        "version": bundle.version,
        "headers": headers_in(common.names),
        "declarations": [part.declaration for part in parts],
        "definitions": [part.definition for part in parts if part.definition],
        "local_names": sorted({name for part in parts for name in part.defines}),
    }
    return {f"{common.file}{end}": render(f"kernels{end}.j2", **values) for end in (".h", ".c")}


def _rows(bundle: Bundle, sizes: Sequence[tuple[int, int]]) -> Iterator[str]:
    """What each model needs, and all of them."""
    names = [*(model.name for model in bundle.models), "Together"]
    whole = bundle.arena_bytes, sum(weights for _, weights in sizes)
    width = max(map(len, names))
    for name, (arena, weights) in zip(names, [*sizes, whole], strict=True):
        yield f"{name:{width}}  {arena} bytes of RAM, {weights} bytes of weights"
