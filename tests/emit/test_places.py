"""The comment above each call says where its memory lies: the addresses that are passed."""

import re
from pathlib import Path

import pytest

from aot.base.choices import CompileOptions
from aot.compile.pipeline import compile_file
from aot.compile.printing import print_model
from aot.emit.places import memory_of
from aot.graph.ir import Graph
from aot.kernels.call import Call
from aot.targets import load_board

_DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits.tflite"
_CALL = re.compile(r"/\* (in .*) \*/\n +\w+\(&params_\w+, (.*)\);")
_EXTENT = re.compile(r"(?:\b(dtcm|ram) )?(\d+)\.\.(\d+)")


def _addresses(arguments: str) -> list[tuple[str, int]]:
    """Pool and offset of each argument that is in an arena."""
    found = re.findall(r"\bbase_?(\w*)(?: \+ (\d+))?", arguments)
    return [(pool, int(offset or 0)) for pool, offset in found]


@pytest.mark.parametrize("pool", [None, ("dtcm:300", "ram")])
def test_comments_are_the_addresses(pool: tuple[str, ...] | None) -> None:
    board = "mps3-an547" if pool else "mps2-an386"
    model = compile_file(_DIGITS, load_board(board), CompileOptions(pool=pool))
    calls = _CALL.findall(print_model(model)["digits.c"])
    assert len(calls) == len(model.calls)
    for comment, arguments in calls:
        extents = [(name, int(start)) for name, start, _ in _EXTENT.findall(comment)]
        assert sorted(extents) == sorted(_addresses(arguments))


def test_extents_have_the_size_of_their_tensors() -> None:
    model = compile_file(_DIGITS, load_board("mps2-an386"))
    for call in model.calls:
        sizes = [int(end) - int(start) for _, start, end in _EXTENT.findall(memory_of(model.block, call))]
        assert sizes == _sizes(model.graph, call)


def _sizes(graph: Graph, call: Call) -> list[int]:
    names = [name for name in (*call.inputs, *call.outputs) if not graph[name].constant]
    return [graph[name].bytes for name in names] + [call.scratch] * (call.scratch > 0)
