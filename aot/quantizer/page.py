"""The report as one HTML page that needs nothing else: the plots are SVG, drawn here as numbers."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

from aot.base.files import complete_file
from aot.base.templating import render
from aot.quantizer.analysis import Layer, Report

_WIDTH, _HEIGHT = 192, 36  # of a histogram, in pixels
_LONGEST = 320  # of a ranking's bars


@dataclass(frozen=True)
class _Row:
    """A layer as the template prints it: text, and the rectangles of its histogram as (x, y, width, height)."""

    name: str
    kind: str
    dtype: str
    range: str
    scale: str
    sqnr: str
    alone: str
    clipped: str
    unused: str
    bars: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class _Ranked:
    """A layer in the ranking: the longer its bar, the larger the error it causes."""

    name: str
    length: int
    text: str


def page(report: Report) -> str:
    """The text of the page."""
    return render(
        "quantize_report.html.j2",
        model=escape(report.model),
        sqnr=f"{report.sqnr:.1f}",
        samples=report.samples,
        rows=[_row(layer) for layer in report.layers],
        ranking=_ranking(report),
        suggestions=[escape(str(each)) for each in report.suggestions],
        width=_WIDTH,
        height=_HEIGHT,
    )


def write_page(path: Path, report: Report) -> None:
    """Write the page. Raises AotError where that cannot be."""
    with complete_file(path) as made:
        made.write_text(page(report), encoding="utf-8", newline="\n")


def _row(layer: Layer) -> _Row:
    return _Row(
        name=escape(layer.name),
        kind=layer.kind,
        dtype=layer.dtype,
        range=f"{layer.low:.4g} … {layer.high:.4g}",
        scale="" if layer.scale is None else f"{layer.scale:.4g}, {layer.zero_point}",
        sqnr=f"{layer.sqnr:.1f}",
        alone="" if layer.alone is None else f"{layer.alone:.1f}",
        clipped=f"{layer.clipped:.3%}",
        unused="" if layer.unused is None else f"{layer.unused:.0%}",
        bars=tuple(_bars(layer.bars)),
    )


def _bars(counts: tuple[int, ...]) -> list[tuple[str, str, str, str]]:
    """Heights grow with the square root of the counts: the tails are what matters, and they are thin."""
    top, step = max(max(counts), 1) ** 0.5, _WIDTH / len(counts)
    heights = [_HEIGHT * count**0.5 / top for count in counts]
    return [(f"{i * step:g}", f"{_HEIGHT - h:.1f}", f"{step - 0.5:g}", f"{h:.1f}") for i, h in enumerate(heights) if h]


def _ranking(report: Report) -> list[_Ranked]:
    """The power of the error is what adds up: 6 dB more are half a bar."""
    ranked = report.ranked
    worst = min((layer.alone or 0.0 for layer in ranked), default=0.0)
    return [
        _Ranked(escape(x.name), round(_LONGEST * 10 ** ((worst - (x.alone or 0.0)) / 20)), f"{x.alone or 0.0:.1f} dB")
        for x in ranked
    ]
