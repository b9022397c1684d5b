"""Variables that graphs inside control flow read and assign: several runs, against LiteRT and in C."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cases
import graphs_control
import graphs_recurrent
import litert
import native
import numpy as np
import pytest
import tflm
from command import refused
from merge import Sample
from reading import parse

from aot.frontends.tflite.parts import Line, Part, Record, parts_of
from aot.frontends.tflite.variables import HANDLE
from aot.frontends.tflite.writer import write_parts
from aot.graph.ir import Graph, Tensor
from aot.oracle import interpreter

_RUNS = 5
_BUILDERS = [name for name in graphs_control.BUILDERS if "variables" in name]
_READ, _ASSIGN = Record(1, "ReadVariableOptions"), Record(1, "AssignVariableOptions")


def _handle(name: str, key: str) -> Line:
    return Line("VAR_HANDLE", Record(1, "VarHandleOptions", {"SharedName": key}), (), (name,))


def _read(handle: str, value: str) -> Line:
    return Line("READ_VARIABLE", _READ, (handle,), (value,))


def _assign(handle: str, value: str) -> Line:
    return Line("ASSIGN_VARIABLE", _ASSIGN, (handle, value), ())


def _inside(part: Part, keys: list[str], passed: bool) -> Part:
    """A graph that takes and gives the values of `keys` last, as one that reads and assigns them itself.

    Their handles are its own or, where they are `passed`, its inputs.
    """
    count, handles = len(keys), [f"{part.name}_{key}_handle" for key in keys]
    inputs, firsts = part.inputs[:-count], part.inputs[-count:]
    gives = len(part.outputs) > 1  # a condition gives no values
    outputs, lasts = (part.outputs[:-count], part.outputs[-count:]) if gives else (part.outputs, firsts)
    reads = [Line("READ_VARIABLE", _READ, (h,), (t,)) for h, t in zip(handles, firsts, strict=True)]
    changed = [(h, t) for h, t, first in zip(handles, lasts, firsts, strict=True) if t != first]
    assigns = [Line("ASSIGN_VARIABLE", _ASSIGN, pair, ()) for pair in changed]
    own = [] if passed else [_handle(h, key) for h, key in zip(handles, keys, strict=True)]
    return replace(
        part,
        tensors=(*part.tensors, *(Tensor(h, (), HANDLE) for h in handles)),
        lines=(*own, *reads, *part.lines, *assigns),
        inputs=(*inputs, *handles) if passed else inputs,
        outputs=(*outputs, *handles) if passed and part.name == "body" else outputs,
    )


def _file(graph: Graph, passed: bool) -> bytes:
    """`graph`, whose only operator takes and gives its states, as a file in which the graphs inside speak of them."""
    keys = [state.current for state in graph.state]
    main, *inner, initial = parts_of(graph)
    tensors = {t.name: t for t in main.tensors}
    once = next(line for line in main.lines if line.builtin == "CALL_ONCE")
    handles = [line for line in main.lines if line.builtin == "VAR_HANDLE"]
    (line,) = (line for line in main.lines if line.builtin in ("IF", "WHILE"))
    inputs, outputs = line.inputs[: -len(keys)], line.outputs[: -len(keys)]
    names = [h.outputs[0] for h in handles]
    if passed:
        again = [f"{name}_out" for name in names]
        tensors |= {name: Tensor(name, (), HANDLE) for name in again}
        inputs, outputs = (*inputs, *names), (*outputs, *(again if line.builtin == "WHILE" else ()))
        names = again if line.builtin == "WHILE" else names
    reads = [Line("READ_VARIABLE", _READ, (h,), (f"{key}_next",)) for h, key in zip(names, keys, strict=True)]
    lines = (once, *handles, replace(line, inputs=inputs, outputs=outputs), *reads)
    shown = tuple(f"{key}_next" for key in keys)
    main = replace(main, tensors=tuple(tensors.values()), lines=lines, outputs=(*main.outputs, *shown))
    return write_parts([main, *(_inside(part, keys, passed) for part in inner), initial])


def _samples(graph: Graph, first: Sample) -> list[Sample]:
    return [first, *(cases.inputs_of(graph, [7, run]) for run in range(1, _RUNS))]


@pytest.mark.parametrize("passed", [False, True], ids=["named", "passed"])
@pytest.mark.parametrize("name", _BUILDERS)
def test_several_runs_equal_litert(name: str, passed: bool) -> None:
    for seed in range(8 * cases.TIMES):
        graph, first = cases.case(name, seed)
        samples, content = _samples(graph, first), _file(graph, passed)
        read = parse(content, "net")
        given = [[sample[n] for n in graph.inputs] for sample in samples]
        wanted = litert.sequence(content, given, litert.Resolver.REFERENCE)
        for run, (values, expected) in enumerate(zip(interpreter.run_all(read, samples), wanted, strict=True)):
            for output, array in zip(read.outputs, expected, strict=True):
                assert values[output].tobytes() == array.tobytes(), f"seed {seed}, run {run} %{output}\n{read}"


@pytest.mark.parametrize("name", _BUILDERS)
def test_several_runs_in_c(name: str, tmp_path: Path) -> None:
    graph, first = cases.case(name, 4)
    samples, read = _samples(graph, first), parse(_file(graph, False), "net")
    outputs = native.run(native.program(native.compiled(read), tmp_path, *native.SANITIZE), read, samples)
    for values, actual in zip(interpreter.run_all(read, samples), outputs, strict=True):
        for output in read.outputs:
            assert actual[output].tobytes() == values[output].tobytes(), output


def _remembering(seed: int) -> tuple[Graph, Part]:
    """An SVDF whose input has its output's shape: as a graph, and as a subgraph whose state is a tensor of its own."""
    for attempt in range(1000):
        graph = graphs_recurrent.BUILDERS["Svdf"](np.random.default_rng([seed, attempt]))
        if graph["x"].shape == graph["y"].shape and graph.ops[0].inputs[3]:
            return graph, parts_of(graph)[0]
    raise AssertionError("no such graph")


def _in_branches(seed: int) -> bytes:
    """Two IF, each with the same SVDF in one branch, and a copy in the other."""
    graph, then = _remembering(seed)
    a, b = (replace(graph[name], name=f"other_{name}") for name in "xy")
    copy = Line("QUANTIZE", Record(1, "QuantizeOptions"), (a.name,), (b.name,))
    other = Part("other", (a, b), (copy,), (a.name,), (b.name,))
    c, x = Tensor("c", (1,), "bool"), replace(graph["x"], name="main_x")
    first, second = (replace(graph["y"], name=name) for name in ("first", "second"))
    numbers = {"ThenSubgraphIndex": 1, "ElseSubgraphIndex": 2}
    lines = [Line("IF", Record(1, "IfOptions"), ("c", x.name), (y.name,), numbers) for y in (first, second)]
    main = Part("main", (c, x, first, second), tuple(lines), ("c", x.name), ("first", "second"))
    return write_parts([main, then, other])


def _in_a_loop(seed: int) -> bytes:
    """As many steps of an SVDF, of its own result, as the first input says."""
    graph, body = _remembering(seed)

    def count(name: str) -> Tensor:
        return Tensor(name, (1,), "int32")

    one, zero = (replace(count(name), data=np.array([v], np.int32)) for name, v in (("one", 1), ("zero", 0)))
    less = Line("SUB", Record(1, "SubOptions"), ("n", "one"), ("less",))
    tensors, lines = (*body.tensors, count("n"), one, count("less")), (*body.lines, less)
    body = replace(body, tensors=tensors, lines=lines, inputs=("n", *body.inputs), outputs=("less", *body.outputs))
    x, y, seen = (replace(graph[old], name=name) for old, name in (("x", "main_x"), ("y", "main_y"), ("x", "seen")))
    more = Line("GREATER", Record(1, "GreaterOptions"), ("left", "zero"), ("more",))
    tensors = (count("left"), seen, zero, Tensor("more", (1,), "bool"))
    condition = Part("condition", tensors, (more,), ("left", "seen"), ("more",))
    numbers = {"CondSubgraphIndex": 1, "BodySubgraphIndex": 2}
    loop = Line("WHILE", Record(1, "WhileOptions"), ("c", "main_x"), ("rest", "main_y"), numbers)
    main = Part("main", (count("c"), x, count("rest"), y), (loop,), ("c", "main_x"), ("rest", "main_y"))
    return write_parts([main, condition, body])


@pytest.mark.parametrize(("build", "choices"), [(_in_branches, (True, True, False, True)), (_in_a_loop, (1, 3, 0, 2))])
def test_variable_tensors_inside_equal_tflm_and_c(
    build: Callable[[int], bytes], choices: tuple[int, ...], tmp_path: Path
) -> None:
    """TensorFlow Lite Micro keeps them from run to run; LiteRT forgets those of a branch whenever it is taken."""
    rng, changed = np.random.default_rng(0), 0
    for seed in range(6 * cases.TIMES):
        content = build(seed)
        read = parse(content, "net")
        c, x = (read[name] for name in read.inputs)
        samples = [
            {c.name: np.array([choice], c.dtype), x.name: rng.integers(-128, 128, x.shape).astype(np.int8)}
            for choice in choices
        ]
        wanted = tflm.sequence(content, [[sample[n] for n in read.inputs] for sample in samples], 2)
        for values, expected in zip(interpreter.run_all(read, samples), wanted, strict=True):
            assert all(values[n].tobytes() == e.tobytes() for n, e in zip(read.outputs, expected, strict=True)), seed
        again = next(interpreter.run_all(read, samples[-1:]))
        changed += again[read.outputs[1]].tobytes() != wanted[-1][1].tobytes()
    assert changed
    outputs = native.run(native.program(native.compiled(read), tmp_path, *native.SANITIZE), read, samples)
    for expected, actual in zip(wanted, outputs, strict=True):
        assert all(actual[n].tobytes() == e.tobytes() for n, e in zip(read.outputs, expected, strict=True))


def _branch(lines: tuple[Line, ...], *tensors: Tensor) -> bytes:
    """A model that assigns its input to a variable v in one branch, does `lines` in the other, and shows v."""
    x, v = Tensor("x", (2,), "int32"), Tensor("v", (2,), "int32")
    handle, c = Tensor("handle", (), HANDLE), Tensor("c", (1,), "bool")
    say, read = _handle("handle", "v"), Line("READ_VARIABLE", _READ, ("handle",), ("v",))
    choose = Line("IF", Record(1, "IfOptions"), ("c", "x"), (), {"ThenSubgraphIndex": 1, "ElseSubgraphIndex": 2})
    main = Part("main", (c, x, handle, v), (choose, say, read), ("c", "x"), ("v",))
    a, b = (replace(x, name=name) for name in "ab")
    then_handle, other_handle = (replace(handle, name=f"{name}_handle") for name in ("then", "other"))
    assign = Line("ASSIGN_VARIABLE", _ASSIGN, ("then_handle", "a"), ())
    then = Part("then", (a, then_handle), (_handle("then_handle", "v"), assign), ("a",), ())
    other = Part("other", (b, other_handle, *tensors), (_handle("other_handle", "v"), *lines), ("b",), ())
    return write_parts([main, then, other])


def test_a_branch_that_gives_nothing_but_assigns() -> None:
    read = parse(_branch(()), "net")
    x = np.arange(2, dtype=np.int32)
    samples = [{"c": np.array([c]), "x": x + i} for i, c in enumerate((True, False, True))]
    assert [v[read.outputs[0]].tolist() for v in interpreter.run_all(read, samples)] == [[0, 1], [0, 1], [2, 3]]


def _assigned(t: Tensor) -> bytes:
    return _branch((Line("ASSIGN_VARIABLE", _ASSIGN, ("other_handle", t.name), ()),), t)


def _condition_that_assigns(verdicts: str = "more") -> bytes:
    """While v, which the condition makes larger by c, is below x: x loses v."""

    def count(name: str, value: int | None = None) -> Tensor:
        return Tensor(name, (1,), "int32", data=None if value is None else np.array([value], np.int32))

    def binary(kind: str, y: str, *inputs: str) -> Line:
        return Line(kind.upper(), Record(1, f"{kind.capitalize()}Options"), inputs, (y,))

    def part(name: str, names: str, lines: list[Line], inputs: str, outputs: str, *others: Tensor) -> Part:
        tensors = (Tensor(f"{name}_v", (), HANDLE), *map(count, names.split()), *others)
        own = (_handle(f"{name}_v", "v"), *lines)
        return Part(name, tensors, own, tuple(inputs.split()), tuple(outputs.split()))

    more = [_read("ask_v", "before"), binary("add", "after", "before", "by"), _assign("ask_v", "after")]
    more.append(binary("less", "more", "after", "left"))
    ask = part("ask", "left by before after", more, "left by", verdicts, Tensor("more", (1,), "bool"))
    less = [_read("do_v", "now"), binary("sub", "less", "all", "now")]
    do = part("do", "all step now less", less, "all step", "less step")
    start = part("start", "", [_assign("start_v", "low")], "", "", count("low", -3))
    loop = Line(
        "WHILE", Record(1, "WhileOptions"), ("x", "c"), ("y", "d"), {"CondSubgraphIndex": 1, "BodySubgraphIndex": 2}
    )
    once = Line("CALL_ONCE", Record(1, "CallOnceOptions", {"InitSubgraphIndex": 3}), (), ())
    shown = [once, loop, _read("main_v", "v"), binary("add", "z", "v", "zero")]
    return write_parts([part("main", "x c y d v z", shown, "x c", "y z", count("zero", 0)), ask, do, start])


def test_a_condition_that_assigns(tmp_path: Path) -> None:
    content = _condition_that_assigns()
    read = parse(content, "net")
    numbers = [(60, 7), (200, 11), (5, 9), (500, 30), (500, 20)]
    samples = [{"x": np.array([x], np.int32), "c": np.array([c], np.int32)} for x, c in numbers]
    given = [list(sample.values()) for sample in samples]
    wanted = [[a.tolist() for a in run] for run in litert.sequence(content, given, litert.Resolver.REFERENCE)]
    assert wanted == [[a.tolist() for a in run] for run in tflm.sequence(content, given, 2)]
    assert wanted == [[v[n].tolist() for n in read.outputs] for v in interpreter.run_all(read, samples)]
    outputs = native.run(native.program(native.compiled(read), tmp_path, *native.SANITIZE), read, samples)
    assert wanted == [[v[n].tolist() for n in read.outputs] for v in outputs]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (_assigned(Tensor("d", (3,), "int32", data=np.zeros(3, np.int32))), "but the variable 'v' holds int32[2]"),
        (_assigned(Tensor("d", (2,), "int16", data=np.zeros(2, np.int16))), "is int16[2], but the variable 'v'"),
        (_branch((Line("CALL_ONCE", Record(1, "CallOnceOptions", {"InitSubgraphIndex": 1}), (), ()),)),
         "initializes inside control flow; supported in the main graph only"),
        (_condition_that_assigns(""), "its condition gives 0 values; supported: 1"),
        (_condition_that_assigns("more left"), "its condition gives 2 values; supported: 1"),
        (_condition_that_assigns("left"), "is int32[1]; supported: one bool"),
    ],
)  # fmt: skip
def test_variables_that_cannot_be(content: bytes, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(content)
    assert complaint in refused("build", tmp_path / "m.tflite", "-b", "host", "-o", tmp_path / "out", "--no-compile")
