"""Compiles damaged models: each must give C or an AotError, in time and in memory. Each fault found is one JSON line.

    python tests/fuzz.py MODEL [--first N] [--count N] [--rounding R] [--native-every N]

With `--native-every N`, the C of each N-th mutation that compiles also runs here, with sanitizers, against the
interpreter.
"""

import argparse
import faulthandler
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import numpy as np
from mutate import mutation, structure

from aot import interpreter
from aot.boards import load_board
from aot.errors import AotError
from aot.frontends import tflite
from aot.inspect import inspect
from aot.pipeline import Compiled, compile, write
from aot.samples import random_samples

MEMORY_BYTES = 1 << 30
SECONDS = 20
_MAX_MACS = 20_000_000
_FLAGS = "-std=c99 -O1 -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror".split()
_SANITIZERS = "-fsanitize=address,undefined -fno-sanitize-recover=all -g".split()
_MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "{name}.h"
int main(void)
{{
    void *arena = aligned_alloc(16, {size});
    if (arena == 0) return 2;
    for (size_t i = 0; i < {size}; i++) ((unsigned char *)arena)[i] = 0xa5;
{reads}
    {name}_run(arena);
{writes}
    free(arena);
    return 0;
}}
"""


def _main(compiled: Compiled) -> str:
    """A program that reads the inputs' bytes from its standard input and writes those of the outputs."""
    face = compiled.interface
    reads = (f"    if (fread({p.accessor}(arena), 1, {p.bytes}, stdin) != {p.bytes}) return 3;" for p in face.inputs)
    writes = (f"    fwrite({p.accessor}(arena), 1, {p.bytes}, stdout);" for p in face.outputs)
    size = -(-compiled.plan.size // 16) * 16
    return _MAIN.format(name=face.name, size=max(size, 16), reads="\n".join(reads), writes="\n".join(writes))


def _unlimited() -> None:
    """AddressSanitizer reserves more address space than our own limit."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def native(compiled: Compiled, seed: int, sanitize: bool = True) -> None:
    """Run the C here on one random sample; AssertionError where it differs from the interpreter."""
    (sample,) = random_samples(compiled.source, 1, seed)
    values = interpreter.run(compiled.source, sample, compiled.rounding)
    with tempfile.TemporaryDirectory() as folder:
        write({name: compiled.files[name] for name in compiled.sources} | {"main.c": _main(compiled)}, Path(folder))
        sources = [name for name in compiled.sources if name.endswith(".c")]
        flags = [*_FLAGS, *(_SANITIZERS if sanitize else [])]
        subprocess.run(["gcc", *flags, *sources, "-c"], cwd=folder, check=True, preexec_fn=_unlimited)
        program = ["gcc", *flags[len(_FLAGS) :], "main.c", *(f"{Path(s).stem}.o" for s in sources), "-lm", "-o", "run"]
        subprocess.run(program, cwd=folder, check=True, preexec_fn=_unlimited)
        data = b"".join(sample[p.name].tobytes() for p in compiled.interface.inputs)
        done = subprocess.run(["./run"], cwd=folder, input=data, capture_output=True, timeout=SECONDS, check=False,
                              preexec_fn=_unlimited)  # fmt: skip
    assert done.returncode == 0, done.stderr.decode(errors="replace")[:2000]
    expected = b"".join(np.ascontiguousarray(values[name]).tobytes() for name in compiled.source.outputs)
    assert done.stdout == expected, "the C differs from the interpreter"


def attempt(content: bytes, rounding: str) -> Compiled | None:
    """Compile one file, and run it in the interpreter where that is cheap; None for a clean refusal."""
    try:
        graph = tflite.parse(content, "model")
        inspection = inspect(graph)
        str(graph)
        compiled = compile(graph, load_board("host"), rounding, "0" * 64)
    except AotError as error:
        assert str(error) and len(error.what) < 1000 and "\n" not in error.what, f"a poor message: {error}"
        return None
    if inspection.macs < _MAX_MACS:
        (sample,) = random_samples(graph, 1)
        source = interpreter.run(graph, sample, rounding)
        lean = interpreter.run(compiled.graph, sample, rounding)
        for name in graph.outputs:
            assert source[name].tobytes() == lean[name].tobytes(), f"a pass changed %{name}"
    return compiled


def main() -> int:
    """Try mutations `first` ... `first + count - 1`; the number of faults is the exit code, at most 100."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounding", default="double")
    parser.add_argument("--native-every", type=int, default=0)
    args = parser.parse_args()
    content = args.model.read_bytes()
    positions = structure(content)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    seen: Counter[str] = Counter()
    slowest = 0.0
    for seed in range(args.first, args.first + args.count):
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        started = time.process_time()
        try:
            compiled = attempt(mutation(content, positions, seed), args.rounding)
            seen["compiled" if compiled else "refused"] += 1
            if compiled and args.native_every and seen["compiled"] % args.native_every == 0:
                faulthandler.cancel_dump_traceback_later()
                native(compiled, seed)
                seen["native"] += 1
        except Exception as error:
            seen["faults"] += 1
            where = traceback.format_exc(limit=-3).splitlines()
            print(json.dumps({"seed": seed, "error": repr(error)[:2500], "where": where}), flush=True)
        slowest = max(slowest, time.process_time() - started)
    faulthandler.cancel_dump_traceback_later()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({**seen, "slowest_seconds": round(slowest, 2), "peak_mib": peak, "pid": os.getpid()}))
    return min(seen["faults"], 100)


if __name__ == "__main__":
    sys.exit(main())
