"""Compiles damaged models: each must give C or an AotError, in time and in memory. Each fault found is one JSON line.

    python tests/tools/fuzz.py MODEL... [--first N] [--count N] [--rounding R] [--native-every N] [--objects]

The bytes of the file are damaged or, with `--objects`, what it says. With `--native-every N`, the C of each N-th
mutation that compiles also runs here, with sanitizers, against the interpreter.
"""

import faulthandler
import resource
import sys
import tempfile
from pathlib import Path

import campaign
import native
import reading
from mutate import mutation, structure
from mutate_objects import object_mutation

from aot.base.choices import CompileOptions
from aot.base.errors import AotError
from aot.cli.inspect import inspect
from aot.compile.pipeline import compile
from aot.compile.records import Compiled
from aot.ops import control
from aot.oracle import interpreter
from aot.oracle.samples import random_samples
from aot.targets import load_board

MEMORY_BYTES = 1 << 30
SECONDS = 20
control._MOST_STEPS = 100  # of damaged loops
_MAX_MACS = 20_000_000
_WARNINGS = "-Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror".split()


def check_native(compiled: Compiled, seed: int) -> None:
    """Run the C here on random samples; AssertionError where it differs from the interpreter."""
    samples = random_samples(compiled.source, 2, seed)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limits[1], limits[1]))  # AddressSanitizer reserves more than our limit
    try:
        with tempfile.TemporaryDirectory() as folder:
            binary = native.program(compiled, Path(folder), *native.SANITIZE, *_WARNINGS)
            outputs = native.run(binary, compiled.graph, samples)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    runs = interpreter.run_all(compiled.source, samples, compiled.rounding)
    for values, actual in zip(runs, outputs, strict=True):
        for name in compiled.source.outputs:
            assert actual[name].tobytes() == values[name].tobytes(), f"the C differs from the interpreter in %{name}"


def attempt(content: bytes, rounding: str) -> Compiled | None:
    """Compile one file, and run it in the interpreter where that is cheap; None for a clean refusal."""
    try:
        graph = reading.parse(content, "model")
        inspection = inspect(graph)
        str(graph)
        compiled = compile(graph, load_board("host"), "0" * 64, CompileOptions(rounding=rounding))
    except AotError as error:
        lines = (error.what, *error.things_to_try)
        assert all(line.isprintable() and len(line) < 1000 for line in lines), f"a poor message: {error}"
        return None
    if inspection.macs < _MAX_MACS:
        (sample,) = random_samples(graph, 1)
        try:
            source = interpreter.run(graph, sample, rounding)
        except AotError as error:
            assert "steps" in error.what, error  # a loop that does not end
            return None
        lean = interpreter.run(compiled.graph, sample, rounding)
        for name in graph.outputs:
            assert source[name].tobytes() == lean[name].tobytes(), f"a pass changed %{name}"
    return compiled


def main() -> int:
    """Try mutations `first` ... `first + count - 1`, of each model in its turn. The exit code counts faults."""
    parser = campaign.parser(__doc__)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--rounding", default="double")
    parser.add_argument("--native-every", type=int, default=0)
    parser.add_argument("--objects", action="store_true")
    args = parser.parse_args()
    contents = [model.read_bytes() for model in args.models]
    positions = [structure(content) for content in contents]
    compiles = 0

    def one(seed: int) -> str:
        nonlocal compiles
        content, places = contents[seed % len(contents)], positions[seed % len(contents)]
        compiled = attempt(
            object_mutation(content, seed) if args.objects else mutation(content, places, seed), args.rounding
        )
        if compiled is None:
            return "refused"
        compiles += 1
        if args.native_every and compiles % args.native_every == 0:
            faulthandler.cancel_dump_traceback_later()
            check_native(compiled, seed)
            return "native"
        return "compiled"

    return campaign.run(args, one, SECONDS, MEMORY_BYTES)


if __name__ == "__main__":
    sys.exit(main())
