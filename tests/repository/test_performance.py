"""The figures of README and docs/performance.md are those that were measured last."""

import json
from pathlib import Path

import bench
import performance
import pytest
from real_models import needed

FIGURES = json.loads(performance.FIGURES.read_text(encoding="utf-8"))
PAGE = performance.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("section", performance.SECTIONS)
def test_tables_hold_the_figures(section: str) -> None:
    """`python tests/tools/performance.py SECTION --write` measures them anew."""
    assert performance.shown(section, PAGE) == performance.table(section, FIGURES[section])


def test_no_table_is_without_marks() -> None:
    tables = PAGE.count("\n|---")
    assert tables - 1 == len(performance.SECTIONS) == len(FIGURES), "and the one of bench"


def test_pages_hold_those_of_bench() -> None:
    """`python tests/tools/bench.py --update --write` measures them anew."""
    known = bench.known()[bench.BOARD]
    assert _between_marks(bench.README) == bench.table({name: known[name] for name, _ in bench.MODELS}).strip()
    assert _between_marks(bench.PAGE) == bench.by_core().strip()


def _between_marks(page: Path) -> str:
    return page.read_text(encoding="utf-8").split(bench.BEGIN)[1].split(bench.END)[0].strip()


@pytest.mark.parametrize(
    ("section", "column", "known"),
    [("int16 weights", "instructions", "instructions"), ("layouts", "instructions, as chosen", "instructions"),
     ("less RAM", "instructions", "instructions"), ("less RAM", "flash, whole firmware", "flash")],
)  # fmt: skip
def test_what_bench_measures_too_is_the_same(section: str, column: str, known: str) -> None:
    """Both are of one compiler; a profile counts single instructions, the firmware's own clock dozens of them."""
    table = bench.known()[bench.BOARD]
    rows = {name: row for name, row in FIGURES[section].items() if name in table}
    assert rows
    for name, row in rows.items():
        assert row[column] == pytest.approx(table[name][known], rel=0.001)


@needed
def test_the_first_table_is_of_today() -> None:
    """In 1 %, as other versions of the compiler differ."""
    for name, row in performance.int16_weights().items():
        for column, value in row.items():
            assert value == pytest.approx(FIGURES["int16 weights"][name][column], rel=0.01), (name, column)
