"""`python tests/tools/hash_builds.py OUT.json`: the SHA-256 of everything that a few hundred builds generate, by name.

A refactoring changes none of them: `... NOW.json --against BEFORE.json` names those that differ and exits with 1.
Models of the folder that AOT_MODELS names and the examples, on boards of every kind of core, in every rounding, with
every option; and a case of every builder of a single operator. Versions of aot are left out.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cases

import aot
from aot.base.choices import CompileOptions
from aot.compile.pipeline import compile as compile_graph
from aot.compile.printing import print_project
from aot.graph.fixedpoint import ROUNDINGS

BOARDS = ("host", "microbit", "mps2-an385", "mps2-an386", "mps3-an547", "riscv-virt", "riscv-virt-v", "xtensa-sim")
MAIN_BOARD = "mps2-an386"
KINDS = "make cmake zephyr esp-idf arduino platformio cmsis-pack stm32cubeide freertos sources".split()
OPTIONS: dict[str, dict[str, object]] = {
    "size": {"optimize": "size"},
    "balanced": {"optimize": "balanced"},
    "int16 weights": {"weights": "int16"},
    "external": {"weights": "external"},
    "section": {"weights_section": ".qspi"},
    "in ram": {"weights_in_ram": ["all"]},
    "mlperf": {"mlperf": True},
    "pools": {"board": "mps3-an547", "pool": ["dtcm:6000", "ram"]},
    "named": {"name": "other"},
    "float, section": {"rounding": "float", "weights_section": ".qspi"},
    **{kind: {"project": kind} for kind in KINDS if kind != "esp-idf"},
    "esp-idf": {"project": "esp-idf", "board": "host"},
}
STRIPES = {"vww_96_int8": 31_000, "pretrainedResnet_quant": 22_000, "kws_ref_model": 7_500}
_Build = Callable[[], dict[str, bytes]]


def models() -> list[Path]:
    """The reference models, where they are, and the examples."""
    examples = sorted((Path(__file__).parents[2] / "examples").rglob("*.tflite"))
    folder = os.environ.get("AOT_MODELS")
    return [*examples, *(sorted(Path(folder).rglob("*.tflite")) if folder else [])]


def builds() -> Iterator[tuple[str, _Build]]:
    """Each build's name, and what makes its files."""
    for model in models():
        for board in BOARDS:
            for rounding in ROUNDINGS:
                yield f"{model.stem} {board} {rounding}", partial(project, model, board=board, rounding=rounding)
        if "float" not in model.stem and "fp32" not in model.stem:
            for name, options in OPTIONS.items():
                yield f"{model.stem} {name}", partial(project, model, **options)
        if model.stem in STRIPES:
            yield f"{model.stem} stripes", partial(project, model, max_ram=STRIPES[model.stem])
    yield from together_builds()
    for builder in cases.builders():
        for board in ("mps2-an386", "mps2-an385"):
            for rounding in ROUNDINGS:
                yield f"{builder} {board} {rounding}", partial(operator, builder, board, rounding)


def together_builds() -> Iterator[tuple[str, _Build]]:
    """Several models in one firmware."""
    together = [model for model in models() if model.stem in ("kws_ref_model", "digits", "sine", "ad01_int8")]
    for concurrent in (False, True):
        yield f"together {concurrent}", partial(project, together, concurrent=concurrent)


def project(model: Path | list[Path], board: str = MAIN_BOARD, **options: object) -> dict[str, bytes]:
    """The files of a project."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        aot.build(model, board, made, compile=False, **options)  # type: ignore[arg-type] # as a user writes them
        return {str(path.relative_to(made)): path.read_bytes() for path in made.rglob("*") if path.is_file()}


def operator(builder: str, board: str, rounding: str) -> dict[str, bytes]:
    """The C of a graph of one operator."""
    target = next(one for one in aot.boards() if one.name == board)
    graphs = [cases.case(builder, seed)[0] for seed in range(4)]
    compiled = [compile_graph(graph, target, "0" * 64, CompileOptions(rounding=rounding)) for graph in graphs]
    return {
        f"{i}/{path}": str(text).encode() for i, one in enumerate(compiled) for path, text in print_project(one).items()
    }


def hashed(files: dict[str, bytes]) -> dict[str, str]:
    """The hash of each file."""
    return {name: hashlib.sha256(content).hexdigest()[:16] for name, content in sorted(files.items())}


def one(name: str) -> tuple[str, dict[str, str]]:
    """The hashes of one build; of its error, where it is refused."""
    try:
        return name, hashed(dict(builds())[name]())
    except aot.AotError as error:
        return name, {"error": str(error)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--only", default="", help="builds whose name holds this")
    arguments = parser.parse_args()
    with ProcessPoolExecutor() as pool:
        found = dict(pool.map(one, [name for name, _ in builds() if arguments.only in name], chunksize=4))
    arguments.out.write_text(json.dumps(found, indent=1))
    print(f"{len(found)} builds, {sum(map(len, found.values()))} files")
    if arguments.against is None:
        return 0
    whole = json.loads(arguments.against.read_text())
    before = {name: files for name, files in whole.items() if arguments.only in name}
    differing = {name: [f for f in {*before.get(name, {}), *files} if before.get(name, {}).get(f) != files.get(f)]
                 for name, files in found.items() if before.get(name) != files}  # fmt: skip
    for name, files in differing.items():
        print(f"{name}: {', '.join(sorted(files)[:4])}")
    print(f"{len(differing)} builds differ, {len(before.keys() - found.keys())} are missing")
    return int(bool(differing or before.keys() - found.keys()))


if __name__ == "__main__":
    sys.exit(main())
