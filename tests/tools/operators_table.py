"""Writes docs/operators.md from the counts of a conformance run. Usage: operators_table.py FOLDER_OF_COUNTS"""

import sys
from collections import Counter
from pathlib import Path

import counts

_TARGET = Path(__file__).parents[2] / "docs" / "operators.md"
_COLUMNS = {
    counts.INTERPRETER: "interpreter",
    "host": "C, host",
    "mps2-an386": "C, Cortex-M4",
    "mps2-an385": "C, Cortex-M3",
}
_LEAST = 30  # cases behind each cell
_GRAPHS = "random graphs"
_HEAD = """\
# Operators

Written by `make conformance`; each number counts the random cases that were right, to the last byte (float32 functions
of the C library: within the units in the last place that each operator's `ulps` states).

- *interpreter*: aot's definition of the operator against LiteRT's kernel, or the oracle that
  `tests/support/oracles.py` names.
- *C*: the generated code against the interpreter, on the host, on the emulated Cortex-M4 (`mps2-an386`) and on the
  emulated Cortex-M3 (`mps2-an385`), with rounding `double`. Host and Cortex-M4 also run in `single` and `float`,
  Cortex-M0, M7, M33 and M55 in `double`: not counted here.

Names in capital letters are TensorFlow Lite's. The other operators are aot's own, for models of other formats, which
a .tflite file cannot hold; their oracles are second definitions in `tests/support/definitions.py`.

`-`: nothing of its own to run: a view, or int4 and uint8 models, which run as int8 where that is listed.
"""

_SHORT = """\
**This page is of a shorter run**: some cells have fewer than 30 cases, or `-` because that run had none there.
"""


def table(total: Counter[tuple[str, str, str]]) -> str:
    """The whole page."""
    rows = sorted({(what, types) for what, types, _ in total if what != _GRAPHS})
    ran = {where for _, _, where in total}
    short = [_SHORT] if not ran.issuperset(_COLUMNS) or any(n < _LEAST for n in total.values()) else []
    lines = [
        _HEAD,
        *short,
        f"| operator | types | {' | '.join(_COLUMNS.values())} |",
        "|---|---|" + "--:|" * len(_COLUMNS),
    ]
    lines += [_line(total, what, types) for what, types in rows]
    sums = [sum(n for (what, _, at), n in total.items() if at == where and what != _GRAPHS) for where in _COLUMNS]
    lines.append(f"| {len({what for what, _ in rows})} operators | {len(rows)} combinations | {_cells(sums)} |")
    lines.append("\nGraphs of 5 to 30 operators with branches and several outputs:\n")
    lines += [f"- {where}: {total[_GRAPHS, '', where]:,}" for where in _COLUMNS if total[_GRAPHS, "", where]]
    return "\n".join(lines) + "\n"


def _line(total: Counter[tuple[str, str, str]], what: str, types: str) -> str:
    return f"| {what} | {types} | {_cells([total[what, types, where] for where in _COLUMNS])} |"


def _cells(numbers: list[int]) -> str:
    return " | ".join(f"{n:,}" if n else "-" for n in numbers)


def main() -> int:
    """Writes the page; 1 if a cell has fewer cases than it should."""
    total = counts.read(Path(sys.argv[1]))
    _TARGET.write_text(table(total))
    few = sorted(key for key, n in total.items() if n < _LEAST)
    for what, types, where in few:
        print(f"only {total[what, types, where]} cases of {what} {types} on {where}", file=sys.stderr)
    return 1 if few else 0


if __name__ == "__main__":
    sys.exit(main())
