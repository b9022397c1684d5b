"""What cannot be took long to be refused: arenas that no stripes reach, and loops without an end."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import reading
from command import refused
from graphs import BUILDERS
from graphs_control import replaced
from paths import DIGITS

from aot.base.errors import AotError
from aot.device.protocol import Device
from aot.frontends.tflite.writer import write
from aot.graph.ir import Graph, Op, Tensor
from aot.kernels import Call, Target, fitting
from aot.lower import stripes
from aot.lower.alike import KnownSteps
from aot.lower.lowering import calls_of, lower, steps_of
from aot.lower.stripes import lower_within
from aot.ops.control import While
from aot.oracle import interpreter
from aot.oracle.samples import random_samples
from aot.passes import run_passes
from aot.passes.stripes import in_stripes
from aot.plan import Plan, Step, Views, find_views, plan

SPEED = Target(frozenset({"dsp"}))
RNG = np.random.default_rng(1)


def _digits() -> Graph:
    return run_passes(reading.load(DIGITS))


@pytest.mark.parametrize("target", [Target(), SPEED, replace(SPEED, optimize="size")], ids=lambda t: t.optimize)
def test_known_steps_are_those_of_the_calls(target: Target) -> None:
    """Of operators that are alike one is chosen a kernel for; the planner learns the same of all."""
    known, graph = KnownSteps(target), _digits()
    for count, keep in ((2, True), (3, False), (4, True)):
        split = in_stripes(graph, 0, 3, count, keep)
        assert split is not None
        steps, expected = known.of(split, find_views(split)), steps_of(calls_of(split, target))
        assert [repr(step) for step in steps] == [repr(step) for step in expected]
        assert plan(split, steps, quick=True).offsets == plan(split, expected, quick=True).offsets


def test_a_kernel_is_chosen_once_for_equal_stripes(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[Op] = []

    def counted(op: Op, graph: Graph, target: Target) -> list[Call]:
        chosen.append(op)
        return fitting(op, graph, target)

    monkeypatch.setattr("aot.lower.alike.fitting", counted)
    split = in_stripes(_digits(), 0, 3, 4)
    assert split is not None
    known, views = KnownSteps(SPEED), find_views(split)
    steps = known.of(split, views)
    assert len(chosen) < len(steps)
    assert known.of(split, views) == steps and len(chosen) < len(steps)


def test_splits_that_cannot_be_smaller_are_not_placed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal names the least of all that would be looked at, and looks at fewer."""
    placed: list[Plan] = []

    def counted(graph: Graph, steps: Sequence[Step], views: Views, quick: bool = False) -> Plan:
        placed.append(plan(graph, steps, views, quick))
        return placed[-1]

    graph = _digits()
    whole = lower(graph, SPEED)
    candidates = stripes._last(stripes._candidates(whole))
    sizes = [plan(one.graph, steps_of(calls_of(one.graph, SPEED)), quick=True).size for one in candidates]
    monkeypatch.setattr(stripes, "plan", counted)
    with pytest.raises(AotError, match=f"{min(whole.plan.size, *sizes)} is the least that was"):
        lower_within(graph, SPEED, 1)
    assert len(placed) < len(sizes)


def _endless(counter: bool) -> Graph:
    """A loop whose condition is true: of values that come back, or also of one that grows."""
    model = BUILDERS["While"](RNG)
    (op,) = model.ops
    assert isinstance(op, While)
    true = Tensor("true", (1,), "bool", data=np.ones(1, bool))
    always = replace(op.condition.with_tensors(true), ops=(), outputs=("true",))
    body = op.body if counter else replace(op.body, ops=(), outputs=op.body.inputs)
    return replaced(model, condition=always, body=body)


@pytest.mark.parametrize("counter", [False, True])
def test_a_loop_that_never_ends_is_refused_at_once(counter: bool) -> None:
    model = _endless(counter)
    (sample,) = random_samples(model, 1)
    begun = time.process_time()
    with pytest.raises(AotError, match="more than 100,000 steps: they would never end"):
        interpreter.run(model, sample)
    assert time.process_time() - begun < 0.5  # 100,000 steps take seconds


def test_a_device_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(write(_endless(counter=True)))
    monkeypatch.setattr(Device, "infer", lambda *_: pytest.fail("the device was asked"))
    assert "never end" in refused("verify", tmp_path / "model.tflite", "--board", "host")
