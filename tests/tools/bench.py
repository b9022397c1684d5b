"""`make bench`: flash, RAM, stack and instructions of each reference model on a board of each core that is emulated.

Fails where instructions, flash or RAM of a model are more than 1 % above bench.json; `--update` writes that table.
`--write` puts the main board's table into README.md, and all boards' instructions into docs/performance.md.
`--board NAME`, which may be repeated, takes only some. Other figures are those of performance.py.
The models are looked for in the folder that AOT_MODELS names; what does not fit a board is left out there.
Instructions are those of one inference under QEMU's `-icount shift=0`.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from aot.base.choices import CompileOptions
from aot.base.errors import AotError
from aot.compile.pipeline import DEFAULT, compile_file
from aot.compile.printing import make
from aot.compile.records import Compiled
from aot.device.verify import run
from aot.oracle.samples import random_samples
from aot.targets import load_board

BOARD = "mps2-an386"
BOARDS = {
    BOARD: "Cortex-M4",
    "mps3-an547": "Cortex-M55",
    "mps2-an385": "Cortex-M3",
    "microbit": "Cortex-M0",
    "riscv-virt": "RV32IMAC",
    "riscv-virt-v": "RV32IMAC, vectors of 128 bits",
    "xtensa-sim": "Xtensa LX106",
}
MODELS = (
    ("ad01", "mlperf_tiny/ad01_int8.tflite"),
    ("kws", "mlperf_tiny/kws_ref_model.tflite"),
    ("ic (resnet)", "mlperf_tiny/pretrainedResnet_quant.tflite"),
    ("vww", "mlperf_tiny/vww_96_int8.tflite"),
    ("str_ww", "mlperf_tiny/str_ww_ref_model.tflite"),
    ("hello_world", "tflm/hello_world_int8.tflite"),
    ("micro_speech", "tflm/micro_speech_quantized.tflite"),
    ("person_detect", "tflm/person_detect.tflite"),
)
FLOATS = (
    ("ad01, float32", "mlperf_tiny/ad01_fp32.tflite"),
    ("kws, float32", "mlperf_tiny/kws_ref_model_float32.tflite"),
    ("ic (resnet), float32", "mlperf_tiny/pretrainedResnet.tflite"),
    ("vww, float32", "mlperf_tiny/vww_96_float.tflite"),
)
EXAMPLES = (("digits", "digits/digits.tflite"), ("sine", "sine/sine.tflite"))
COLUMNS = ("code", "weights", "flash", "arena", "stack", "instructions")
CHECKED = ("flash", "arena", "instructions")
TABLE = Path(__file__).with_name("bench.json")
_ROOT = Path(__file__).parents[2]
README, PAGE = _ROOT / "README.md", _ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"

Row = dict[str, int]
Rows = dict[str, Row]


def known() -> dict[str, Rows]:
    """What was measured last, for each board."""
    found: dict[str, Rows] = json.loads(TABLE.read_text(encoding="utf-8"))
    return found


def measure(path: Path, options: CompileOptions = DEFAULT, board: str = BOARD) -> Row:
    """One row of the table."""
    return measured(compile_file(path, load_board(board), options))


def measured(compiled: Compiled) -> Row:
    """The row of a model, which must be bit-exact on two random samples."""
    with TemporaryDirectory() as folder:
        firmware = make(compiled, Path(folder))
        verdict = run(compiled, firmware, random_samples(compiled.source, 2), None, lambda _: None)
    if not verdict.exact or verdict.instructions is None:
        where = f"{compiled.interface.name} is not bit-exact on {compiled.board.name}"
        sys.exit(f"error: {where}: {verdict.first_difference}")
    flash = firmware.flash
    numbers = (flash.code, flash.weights, flash.total, compiled.plan.size, firmware.stack.bytes, verdict.instructions)
    return dict(zip(COLUMNS, numbers, strict=True))


def growth(rows: Rows, board: str = BOARD) -> list[str]:
    """What is more than 1 % above bench.json; a model that is not in it is all growth. Rows may lack instructions."""
    limits = known().get(board, {})
    return [
        f"{name} on {board}: {row[column]:,} of {column}, {limits.get(name, {}).get(column, 0):,} before"
        for name, row in rows.items()
        for column in CHECKED
        if row.get(column, 0) * 100 > limits.get(name, {}).get(column, 0) * 101
    ]


def examples(board: str = BOARD) -> Rows:
    """The rows of the models in this repository."""
    return {name: measure(_ROOT / "examples" / file, board=board) for name, file in EXAMPLES}


def _all(board: str, folder: Path) -> Rows:
    """Of all models that fit the board; float32 ones where it has an FPU and is the main one."""
    rows: Rows = {}
    for name, file in (*MODELS, *(FLOATS if board == BOARD else ())):
        try:
            rows[name] = measure(folder / file, board=board)
        except AotError as error:
            if "does not fit" not in str(error):
                raise
    return rows | examples(board)


def table(rows: Rows) -> str:
    """The rows as Markdown."""
    head = f"| model | {' | '.join(COLUMNS)} |\n|---|{'--:|' * len(COLUMNS)}\n"
    return head + "".join(
        f"| {name} | {' | '.join(f'{row[column]:,}' for column in COLUMNS)} |\n" for name, row in rows.items()
    )


def by_core(column: str = "instructions") -> str:
    """One column of all boards as Markdown."""
    boards = known()
    titles = " | ".join(f"{core}, `{board}`" for board, core in BOARDS.items())
    head = f"| model | {titles} |\n|---|{'--:|' * len(BOARDS)}\n"
    names = [name for name, _ in (*MODELS, *EXAMPLES)]
    return head + "".join(f"| {name} | {' | '.join(_cells(boards, name, column))} |\n" for name in names)


def _cells(boards: dict[str, Rows], name: str, column: str) -> Iterable[str]:
    return (f"{boards[board][name][column]:,}" if name in boards[board] else "-" for board in BOARDS)


def main() -> None:
    """Measure all models, show them, and check them against bench.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", action="append", choices=BOARDS, help="this one only (may be repeated)")
    parser.add_argument("--update", action="store_true", help="write bench.json anew")
    parser.add_argument("--write", action="store_true", help="write the tables of README.md and docs/performance.md")
    parser.add_argument("--json", action="store_true", help="print an object, not tables")
    given = parser.parse_args()
    folder = os.environ.get("AOT_MODELS")
    if not folder:
        sys.exit("error: set AOT_MODELS to the folder that holds mlperf_tiny/ and tflm/")
    found = {board: _all(board, Path(folder)) for board in given.board or BOARDS}
    print(json.dumps(found, indent=2) if given.json else "\n".join(_titled(board, found[board]) for board in found))
    grown = [line for board, rows in found.items() for line in growth(rows, board)]
    if given.update:
        TABLE.write_text(json.dumps(known() | found, indent=2) + "\n", encoding="utf-8")
    elif grown:
        sys.exit("error: more than 1 % above tests/tools/bench.json (--update accepts it)\n  - " + "\n  - ".join(grown))
    if given.write:
        _write()


def _titled(board: str, rows: Rows) -> str:
    return f"{BOARDS[board]}, {board}\n{table(rows)}"


def _write() -> None:
    """Put the tables between their marks."""
    rows = known()[BOARD]
    texts = {README: table({name: rows[name] for name, _ in MODELS}), PAGE: by_core()}
    for page, text in texts.items():
        before, rest = page.read_text(encoding="utf-8").split(BEGIN)
        page.write_text(f"{before}{BEGIN}\n{text}{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
