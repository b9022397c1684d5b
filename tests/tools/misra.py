"""`python tests/tools/misra.py`: what cppcheck finds against MISRA C:2012 in generated C: the table of docs/misra.md.

A sixth of the operators' cases and the examples, for the host and for a Cortex-M4, without assembly code. A rule that
the table has no reason for is printed, and the script exits with 1.
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import cases
import merge
import native
from paths import DIGITS, ROOT, SINE

from aot.base.files import write_files
from aot.compile.pipeline import compile_file
from aot.compile.printing import print_model
from aot.compile.records import Compiled
from aot.targets import load_board

DOCUMENT = ROOT / "docs" / "misra.md"
BOARDS = ("host", "mps2-an386")
_DEFINED = "-DINT_MAX=2147483647 -DAOT_NO_ASSEMBLY"  # or no configuration gets past what the headers refuse
CPPCHECK = f"cppcheck --enable=all --std=c99 --platform=unix32 --suppress=missingIncludeSystem -q {_DEFINED}".split()
RULE = re.compile(r"\[misra-c2012-([\d.]+)\]$", re.MULTILINE)
_ROW = re.compile(r"^\| ([\d.]+) \| (\w+) \| [\d,]+ \| (.*) \|$", re.MULTILINE)
_HEAD = "| rule | category | count | why |\n|---|---|--:|---|\n"


def models() -> Iterator[Compiled]:
    """Cases and examples, for each board."""
    for board in BOARDS:
        for i, part in enumerate(_parts()):
            yield native.compiled(merge.merged(part, f"merged{i}")[0], board=board)
        yield from (compile_file(path, load_board(board)) for path in (DIGITS, SINE))


def _parts() -> Iterator[list[merge.Case]]:
    """As many cases at once as cppcheck takes in its stride."""
    some = cases.each()[::6]
    yield from (some[i : i + 10] for i in range(0, len(some), 10))


def findings(model: Compiled, *options: str) -> str:
    """What cppcheck says of the model's code and header."""
    with tempfile.TemporaryDirectory() as folder:
        write_files(print_model(model), Path(folder))
        command = [*CPPCHECK, *options, f"{model.interface.name}.c"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stderr


def reasons(document: str) -> dict[str, tuple[str, str]]:
    """Category and reason by rule, as the table has them."""
    return {rule: (category, why) for rule, category, why in _ROW.findall(document)}


def main() -> int:
    counts = Counter(rule for model in models() for rule in RULE.findall(findings(model, "--addon=misra")))
    text = DOCUMENT.read_text()
    known = reasons(text)
    rows = [f"| {rule} | {category} | {counts[rule]:,} | {why} |\n" for rule, (category, why) in known.items()]
    DOCUMENT.write_text(text[: text.index(_HEAD)] + _HEAD + "".join(rows))
    if unknown := {rule: count for rule, count in counts.items() if rule not in known}:
        print(f"rules without a reason: {unknown}")
    return int(bool(unknown))


if __name__ == "__main__":
    sys.exit(main())
