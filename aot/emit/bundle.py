"""The common header of several models in one firmware."""

from collections.abc import Iterator, Sequence

from aot.base.templating import render
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


def _rows(bundle: Bundle, sizes: Sequence[tuple[int, int]]) -> Iterator[str]:
    """What each model needs, and all of them."""
    names = [*(model.name for model in bundle.models), "Together"]
    whole = bundle.arena_bytes, sum(weights for _, weights in sizes)
    width = max(map(len, names))
    for name, (arena, weights) in zip(names, [*sizes, whole], strict=True):
        yield f"{name:{width}}  {arena} bytes of RAM, {weights} bytes of weights"
