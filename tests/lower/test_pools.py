"""Several memories: what goes where, what is proved of it, and the C for it, which computes the same."""

from dataclasses import replace
from pathlib import Path

import cases
import native
import numpy as np
import pytest
from command import aot
from graphs_control import BUILDERS as CONTROL
from graphs_recurrent import BUILDERS as RECURRENT
from hypothesis import given
from hypothesis import strategies as st
from merge import merged
from paths import DIGITS
from plan_problems import many, problems
from topologies import TOPOLOGIES

from aot import api
from aot.base.choices import CompileOptions
from aot.base.errors import AotError
from aot.compile.pipeline import compile_file
from aot.compile.printing import print_model, print_project
from aot.graph.ir import Graph
from aot.lower.memories import heat_of, pools_of
from aot.oracle import interpreter
from aot.oracle.samples import Sample, random_samples
from aot.plan import Buffer, Plan, Pool, Problem, Step, split
from aot.plan.lifetimes import problem_of
from aot.plan.views import find_views
from aot.targets import load_board


@many
@given(problems(), st.integers(0, 6000), st.integers(0, 6000))
def test_every_buffer_lies_in_one_memory(drawn: tuple[Graph, list[Step]], fast: int, slow: int) -> None:
    graph, steps = drawn
    problem = problem_of(graph, steps, find_views(graph).of)
    heat = {b.block: float(len(b.name)) for b in problem.buffers}
    found = split(problem, heat, (Pool("fast", fast), Pool("slow", slow)))
    found.plan.check()
    assert sorted(b.name for plan in found.plan.arenas for b in plan.buffers) == sorted(b.name for b in problem.buffers)
    assert found.plan.size_in("fast") <= fast
    assert found.missing == max(0, found.plan.size_in("slow") - slow)


def _buffers(*sizes: int) -> Problem:
    return Problem(tuple(Buffer(f"b{i}", size, 0, 1) for i, size in enumerate(sizes)), {})


def test_the_hottest_go_first_and_what_does_not_fit_goes_on() -> None:
    heat = {"b0": 1.0, "b1": 9.0, "b2": 5.0, "b3": 3.0}
    found = split(_buffers(40, 80, 60, 20), heat, (Pool("tcm", 100), Pool("sram", 60), Pool("psram", 1000)))
    assert [(plan.pool, [b.name for b in plan.buffers]) for plan in found.plan.arenas] == [
        ("tcm", ["b1", "b3"]),
        ("sram", ["b2"]),
        ("psram", ["b0"]),
    ]
    assert found.missing == 0


def test_the_largest_go_first_where_the_hottest_leave_no_room() -> None:
    found = split(_buffers(60, 60, 100), {"b0": 9.0, "b1": 8.0, "b2": 1.0}, (Pool("a", 120), Pool("b", 100)))
    assert found.missing == 0
    found = split(_buffers(60, 60, 100), {"b0": 9.0, "b1": 8.0, "b2": 1.0}, (Pool("a", 120), Pool("b", 90)))
    assert found.missing == 10


@pytest.mark.parametrize("wrong", ["outside", "twice", "overlap"])
def test_check_sees_each_arena(wrong: str) -> None:
    good = split(_buffers(40, 40, 40), dict.fromkeys(("b0", "b1", "b2"), 1.0), (Pool("a", 40), Pool("b", 80))).plan
    (other,) = good.spilled
    bad: dict[str, Plan] = {
        "outside": replace(other, offsets=(0, 44)),
        "twice": replace(other, problem=_buffers(40, 40)),
        "overlap": replace(other, offsets=(0, 20)),
    }
    with pytest.raises(AssertionError):
        replace(good, spilled=(bad[wrong],)).check()


def test_the_heat_of_a_buffer_is_cycles_per_byte() -> None:
    compiled = compile_file(DIGITS, load_board("mps3-an547"))
    heat = heat_of(compiled.block)
    softmax = compiled.calls[-1]
    assert heat["digit"] == 1 + softmax.cost / (10 + 10)  # it touches scores and digit, and nothing else uses digit
    assert heat["scores"] > heat["digit"]


@pytest.mark.parametrize(
    ("board", "pools", "message"),
    [
        ("mps3-an547", ["DTCM"], "'DTCM' names no memory"),
        ("mps3-an547", ["dtcm:64K"], "'dtcm:64K' names no memory"),
        ("mps3-an547", ["register:64"], "'register:64' names no memory"),
        ("mps3-an547", ["tcm"], "mps3-an547 has no memory called tcm"),
        ("mps3-an547", ["flash"], "mps3-an547 has no memory called flash"),
        ("mps3-an547", ["dtcm:524289"], "has 524,288 bytes of dtcm for an arena, not 524,289"),
        ("mps3-an547", ["ram", "ram:8"], "the memory ram is named twice"),
        (
            "mps3-an547",
            ["dtcm:64", "ram:128"],
            r"of 2,832 bytes needs [\d,]+ more than there are: 64 of dtcm and 128 of ram",
        ),
        ("mps3-an547", ["dtcm:64"], "of 2,832 bytes needs 2,768 more than there are: 64 of dtcm"),
        ("host", ["fast"], "the size of fast is not known on host"),
    ],
)
def test_memories_that_cannot_be(board: str, pools: list[str], message: str) -> None:
    with pytest.raises(AotError, match=message):
        compile_file(DIGITS, load_board(board), CompileOptions(pool=pools))


def test_the_fastest_is_first_and_the_firmware_takes_its_part_of_ram() -> None:
    board = load_board("mps3-an547")
    assert pools_of(board, 100) == (Pool("dtcm", 512 * 1024), Pool("ram", 4096 * 1024 - 100))
    assert [pool.name for pool in pools_of(board, 0, ["dtcm@0", "ram:64"])] == ["ram", "dtcm"]


def test_one_memory_is_one_arena_whichever_it_is() -> None:
    """The same files of C where everything fits in one memory; the firmware alone knows which."""
    plain, chosen = (
        compile_file(DIGITS, load_board("mps3-an547"), CompileOptions(pool=pool)) for pool in (["ram"], None)
    )
    assert list(print_model(plain).values()) == list(print_model(chosen).values())
    assert "section" not in print_project(plain)["firmware/deployment.c"]
    assert 'section(".arena.dtcm")' in print_project(chosen)["firmware/deployment.c"]


def _state_and_control() -> tuple[Graph, list[Sample]]:
    """Branches, loops, and what remembers, in one graph."""
    names = [sorted(CONTROL)[0], sorted(CONTROL)[-1], *sorted(RECURRENT)[:2]]
    model, sample = merged([cases.case(name, 1) for name in names])
    return model, [sample, *random_samples(model, 2)]


def test_all_of_c_in_several_arenas(tmp_path: Path) -> None:
    """Each arena is as long as it must be: a sanitizer watches what is beyond."""
    model, samples = _state_and_control()
    whole = native.compiled(model).plan.size
    compiled = native.compiled(model, pool=[f"fast:{whole // 3}@3", f"middle:{whole // 4}@2", "slow:1000000"])
    assert len(compiled.plan.arenas) == 3
    flags = (*native.SANITIZE, "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic", "-Werror")
    outputs = native.run(native.program(compiled, tmp_path, *flags), model, samples)
    for values, actual in zip(interpreter.run_all(model, samples), outputs, strict=True):
        for name in model.outputs:
            assert actual[name].tobytes() == np.asarray(values[name]).tobytes(), name


@pytest.mark.parametrize("name", sorted(TOPOLOGIES))
def test_any_topology_splits(name: str) -> None:
    model = TOPOLOGIES[name]
    native.compiled(model, pool=["fast:24@2", "slow:100000"]).plan.check()


@pytest.mark.parametrize(
    ("board", "pools"),
    [("mps3-an547", ["dtcm:256", "ram"]), ("mps2-an386", ["psram", "ram:256"])],
)
def test_exact_in_the_memories_of_a_board(board: str, pools: list[str]) -> None:
    ran = api.run(DIGITS, board, samples=2, pool=pools)
    assert ran.verdict.exact and len(ran.compiled.plan.arenas) == 2


def test_what_the_commands_say(tmp_path: Path) -> None:
    options = ("-b", "mps3-an547", "--pool", "dtcm:256", "--pool", "ram")
    built = aot("build", DIGITS, *options, "--no-compile", "-o", tmp_path / "c", "--project", "sources", "--json")
    assert built.json["pools"] == {"dtcm": 256, "ram": 2832} and built.json["arena_bytes"] == 3088
    shown = aot("inspect", DIGITS, *options, "--memory").out
    assert "2,832 bytes in ram" in shown and "dtcm  shapes" in shown
    refused = aot("build", DIGITS, *options, "--no-compile", "-o", tmp_path / "z", "--project", "zephyr")
    assert refused.code == 1 and "a zephyr project has one arena" in refused.err
