"""The figures of docs/performance.md: `python tests/tools/performance.py [SECTION ...] --write` measures them anew.

They are kept in performance.json; what `make bench` measures, too, is taken from bench.json. Without `--write` they
are only shown, and without sections all are measured. AOT_MODELS names the folder of the models.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import bench

from aot import api
from aot.base.choices import CompileOptions
from aot.compile import bundle
from aot.compile.pipeline import DEFAULT, compile_file
from aot.compile.printing import make
from aot.compile.records import CompiledBundle
from aot.device.verify import numbers_of, run
from aot.lower import lowering
from aot.oracle.samples import random_samples
from aot.targets import load_board

Row = dict[str, int | str | list[int]]
Rows = dict[str, Row]

PAGE = bench.PAGE
FIGURES = Path(__file__).with_name("performance.json")
FOLDER = os.environ.get("AOT_MODELS", "")
_FILES = dict(bench.MODELS)


def int16_weights() -> Rows:
    """What int16 weights cost and save."""
    rows: Rows = {}
    for name in ("ad01", "kws"):
        for title, weights in ((name, ()), (f"{name}, int16", "int16")):
            found = api.profile(_path(name), bench.BOARD, weights=weights)
            counted = {"instructions": found.profile.instructions, "estimated cycles": found.profile.cycles or 0}
            rows[title] = {**counted, "weights": found.firmware.flash.weights}
    return rows


def roundings() -> Rows:
    """Instructions in the roundings that are not the default, and with int16 weights."""
    return {name: _variants(name) for name in _FILES}


def _variants(name: str) -> Row:
    rows = {rounding: bench.measure(_path(name), CompileOptions(rounding=rounding)) for rounding in ("single", "float")}
    wide = bench.measure(_path(name), CompileOptions(weights="int16"))
    instructions = {title: row["instructions"] for title, row in rows.items()}
    return {**instructions, "int16 weights": wide["instructions"], "flash, int16 weights": wide["flash"]}


def several_models() -> Rows:
    """Two models in one firmware, with kernels of their own and with common ones."""
    size = CompileOptions(optimize="size")
    return {
        "kws, vww": _together(["kws", "vww"]),
        "person_detect, vww": _together(["person_detect", "vww"]),
        "kws, vww, `mps2-an385`": _together(["kws", "vww"], "mps2-an385"),
        "kws, vww, `--optimize size`": _together(["kws", "vww"], options=size),
    }


def _together(names: Sequence[str], board: str = bench.BOARD, options: CompileOptions = DEFAULT) -> Row:
    models = [compile_file(_path(name), load_board(board), replace(options, pool=("ram",))) for name in names]
    with patch.object(bundle, "common_of", return_value=None):
        flash, instructions = _flash_and_instructions(bundle.bundled(models))
    shared_flash, shared_instructions = _flash_and_instructions(bundle.bundled(models))
    return {
        "flash, a copy for each": flash,
        "flash, as it is": shared_flash,
        "instructions, a copy for each": instructions,
        "instructions, as it is": shared_instructions,
    }


def _flash_and_instructions(whole: CompiledBundle) -> tuple[int, list[int]]:
    with TemporaryDirectory() as folder:
        firmware = make(whole, Path(folder))
        verdicts = [
            run(model, firmware, random_samples(model.source, 2), number=number)
            for number, model in zip(numbers_of(whole.models), whole.models, strict=True)
        ]
    counted = [verdict.instructions for verdict in verdicts if verdict.exact and verdict.instructions]
    assert len(counted) == len(verdicts)
    return firmware.flash.total, counted


def less_ram() -> Rows:
    """Stripes of several heights."""
    wanted = {"ic (resnet)": (None, 21_000, 17_500), "vww": (None, 31_000, 30_000)}
    return {
        f"{name}, `--max-ram {limit}`" if limit else name: _within(name, limit)
        for name, limits in wanted.items()
        for limit in limits
    }


def _within(name: str, limit: int | None) -> Row:
    compiled = compile_file(_path(name), load_board(bench.BOARD), CompileOptions(max_ram=limit))
    row = bench.measured(compiled)
    return {
        "arena": row["arena"],
        "live at once": sum(plan.lower_bound for plan in compiled.plan.arenas),
        "instructions": row["instructions"],
        "flash, whole firmware": row["flash"],
        "calls": len(compiled.calls),
    }


def layouts() -> Rows:
    """All tensors by pixels, and as they are chosen."""
    rows: Rows = {}
    for name in ("kws", "vww", "person_detect"):
        with patch.object(lowering, "tensors_by_planes", return_value=frozenset()):
            pixels = api.profile(_path(name), bench.BOARD)
        chosen = api.profile(_path(name), bench.BOARD)
        rows[name] = {
            "by planes": f"{len(chosen.compiled.planes)} of {len(chosen.compiled.calls)}",
            "instructions, by pixels": pixels.profile.instructions,
            "instructions, as chosen": chosen.profile.instructions,
            "estimated cycles, by pixels": pixels.profile.cycles or 0,
            "estimated cycles, as chosen": chosen.profile.cycles or 0,
        }
    return rows


SECTIONS: dict[str, Callable[[], Rows]] = {
    "int16 weights": int16_weights,
    "roundings": roundings,
    "several models": several_models,
    "less RAM": less_ram,
    "layouts": layouts,
}


def _path(name: str) -> Path:
    return Path(FOLDER) / _FILES[name]


def table(section: str, rows: Rows) -> str:
    """A section as Markdown; the roundings' default is in bench.json."""
    if section == "roundings":
        known = bench.known()[bench.BOARD]
        rows = {name: _with_default(row, known[name]) for name, row in rows.items()}
    columns = list(next(iter(rows.values())))
    head = f"| model | {' | '.join(columns)} |\n|---|{'--:|' * len(columns)}\n"
    cells = {name: " | ".join(_cell(row[column]) for column in columns) for name, row in rows.items()}
    return head + "".join(f"| {name} | {row} |\n" for name, row in cells.items())


def _with_default(row: Row, default: dict[str, int]) -> Row:
    last = "flash, int16 weights"
    front = {key: value for key, value in row.items() if key != last}
    return {"double": default["instructions"], **front, "flash, double": default["flash"], last: row[last]}


def _cell(value: int | str | list[int]) -> str:
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return value if isinstance(value, str) else f"{value:,}"


def marks(section: str) -> tuple[str, str]:
    """What stands before and behind the table of a section."""
    return f"<!-- {section} -->\n", f"<!-- /{section} -->"


def shown(section: str, page: str) -> str:
    """The table of a section, as it stands in the page."""
    begin, end = marks(section)
    return page.split(begin)[1].split(end)[0]


def main() -> None:
    """Measure the sections that are named, or all, and show them."""
    if not FOLDER:
        sys.exit("error: set AOT_MODELS to the folder that holds mlperf_tiny/ and tflm/")
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    for section in [name for name in sys.argv[1:] if name != "--write"] or SECTIONS:
        figures[section] = SECTIONS[section]()
        print(f"{section}\n{table(section, figures[section])}")
        if "--write" in sys.argv:
            FIGURES.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
            page = PAGE.read_text(encoding="utf-8")
            begin, end = marks(section)
            old = f"{begin}{shown(section, page)}{end}"
            PAGE.write_text(page.replace(old, f"{begin}{table(section, figures[section])}{end}"), encoding="utf-8")


if __name__ == "__main__":
    main()
