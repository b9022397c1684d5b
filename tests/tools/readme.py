"""What README.md shows of aot's own output, made again: `python tests/tools/readme.py` writes it (`make readme`)."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from aot.compile.pipeline import compile_file
from aot.compile.printing import print_model
from aot.targets import load_board

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DIGITS = ROOT / "examples" / "digits"
MODELS = os.environ.get("AOT_MODELS", "")
VWW = "mlperf_tiny/vww_96_int8.tflite"


def _output(*arguments: object, stream: str = "stdout", code: int = 0) -> str:
    """What a Python program of the project prints."""
    done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == code, done.stdout + done.stderr
    return str(getattr(done, stream))


def demo() -> str:
    """What `make demo` prints."""
    with TemporaryDirectory() as folder:
        answers = Path(folder) / "demo.npz"
        options = ["--board", "mps2-an386", "--inputs", DIGITS / "samples.npz", "--outputs", answers]
        run = _output("-m", "aot.cli", "run", DIGITS / "digits.tflite", *options)
        return f"```\n{run}{_output(DIGITS / 'show.py', answers)}```\n"


def code() -> str:
    """`digits_run` as it is generated."""
    text = print_model(compile_file(DIGITS / "digits.tflite", load_board("mps2-an386")))["digits.c"]
    function = text[text.index("void digits_run") :]
    return f"```c\n{function[: function.index('}') + 1]}\n```\n"


def error() -> str:
    """The refusal of a model that a board cannot hold; needs the real models."""
    with TemporaryDirectory() as folder:
        model = Path(folder) / Path(VWW).name
        model.write_bytes((Path(MODELS) / VWW).read_bytes())
        options = ["--board", "microbit", "-o", Path(folder) / "vww"]
        said = _output("-m", "aot.cli", "build", model, *options, stream="stderr", code=1)
    return f"```\n$ aot build {model.name} --board microbit -o vww\n{said}```\n"


BLOCKS: dict[str, Callable[[], str]] = {"demo": demo, "code": code, **({"error": error} if MODELS else {})}


def shown(name: str, text: str) -> str:
    """What stands between the markers of block `name` in README's `text`."""
    (found,) = re.findall(rf"<!-- {name}: [^\n]*-->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    return str(found)


def main() -> None:
    """Write every block anew."""
    text = README.read_text(encoding="utf-8")
    for name, made in BLOCKS.items():
        text = text.replace(shown(name, text), made())
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
