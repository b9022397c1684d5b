"""`make bench`: flash, RAM, stack and instructions of each reference model on mps2-an386, as a table for README.md.

Fails where instructions, flash or RAM of a model are more than 1 % above bench.json; `--update` writes that table.
`--write` puts the table into README.md. Other figures are those of performance.py.
The models are looked for in the folder that AOT_MODELS names. Instructions are those of one inference under QEMU's
`-icount shift=0`.
"""

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from aot.base.choices import CompileOptions
from aot.compile.pipeline import DEFAULT, compile_file
from aot.compile.printing import make
from aot.compile.records import Compiled
from aot.device.verify import run
from aot.oracle.samples import random_samples
from aot.targets import load_board

BOARD = "mps2-an386"
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
EXAMPLES = (("digits", "digits/digits.tflite"), ("sine", "sine/sine.tflite"))
COLUMNS = ("code", "weights", "flash", "arena", "stack", "instructions")
CHECKED = ("flash", "arena", "instructions")
TABLE = Path(__file__).with_name("bench.json")
README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


def measure(path: Path, options: CompileOptions = DEFAULT) -> dict[str, int]:
    """One row of the table."""
    return measured(compile_file(path, load_board(BOARD), options))


def measured(compiled: Compiled) -> dict[str, int]:
    """The row of a model, which must be bit-exact on two random samples."""
    with TemporaryDirectory() as folder:
        firmware = make(compiled, Path(folder))
        verdict = run(compiled, firmware, random_samples(compiled.source, 2), None, lambda _: None)
    if not verdict.exact or verdict.instructions is None:
        sys.exit(f"error: {compiled.interface.name} is not bit-exact on {BOARD}: {verdict.first_difference}")
    flash = firmware.flash
    numbers = (flash.code, flash.weights, flash.total, compiled.plan.size, firmware.stack.bytes, verdict.instructions)
    return dict(zip(COLUMNS, numbers, strict=True))


def growth(rows: dict[str, dict[str, int]]) -> list[str]:
    """What is more than 1 % above bench.json; a model that is not in it is all growth."""
    known = json.loads(TABLE.read_text(encoding="utf-8"))
    limits = {name: known.get(name, dict.fromkeys(CHECKED, 0)) for name in rows}
    return [
        f"{name}: {row[column]:,} of {column}, {limits[name][column]:,} before"
        for name, row in rows.items()
        for column in CHECKED
        if row[column] * 100 > limits[name][column] * 101
    ]


def examples() -> dict[str, dict[str, int]]:
    """The rows of the models in this repository."""
    return {name: measure(README.parent / "examples" / file) for name, file in EXAMPLES}


def table(rows: dict[str, dict[str, int]]) -> str:
    """The rows as Markdown."""
    columns = list(next(iter(rows.values())))
    head = f"| model | {' | '.join(columns)} |\n|---|{'--:|' * len(columns)}\n"
    return head + "".join(
        f"| {name} | {' | '.join(f'{row[column]:,}' for column in columns)} |\n" for name, row in rows.items()
    )


def main() -> None:
    """Measure all models, show them, and check them against bench.json."""
    folder = os.environ.get("AOT_MODELS")
    if not folder:
        sys.exit("error: set AOT_MODELS to the folder that holds mlperf_tiny/ and tflm/")
    rows = {name: measure(Path(folder) / file) for name, file in MODELS}
    show(rows)
    measured = rows | examples()
    if "--update" in sys.argv:
        TABLE.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    elif grown := growth(measured):
        sys.exit("error: more than 1 % above tests/tools/bench.json (--update accepts it)\n  - " + "\n  - ".join(grown))


def show(rows: dict[str, dict[str, int]]) -> None:
    """Print the table, or with `--json` an object; with `--write`, put it between the marks of README, too."""
    print(json.dumps(rows, indent=2) if "--json" in sys.argv else table(rows))
    if "--write" in sys.argv:
        before, rest = README.read_text(encoding="utf-8").split(BEGIN)
        README.write_text(f"{before}{BEGIN}\n{table(rows)}{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
