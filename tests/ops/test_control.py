"""Control flow: every output against LiteRT; subgraphs that no compiler can accept; memory."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cases
import graphs_control
import litert
import native
import numpy as np
import pytest
from command import aot, refused, tampered
from graphs_control import BUILDERS, graph

from aot.base.errors import AotError
from aot.compile.printing import print_model
from aot.frontends.tflite.writer import write
from aot.graph.ir import Graph, Tensor
from aot.ops.add import Add, Sub
from aot.ops.comparison import Less
from aot.ops.control import While
from aot.oracle import interpreter

pytestmark = pytest.mark.operator("IF", "WHILE")


@pytest.mark.parametrize("name", BUILDERS)
def test_every_output_equals_litert(name: str) -> None:
    for seed in range(20 * cases.TIMES):
        model, sample = cases.case(name, seed)
        inputs = [sample[n] for n in model.inputs]
        values = interpreter.run(model, sample)
        for output, wanted in zip(
            model.outputs, litert.outputs(write(model), inputs, litert.Resolver.REFERENCE), strict=True
        ):
            assert values[output].tobytes() == wanted.tobytes(), f"seed {seed} %{output}\n{model}"


def _loop() -> Graph:
    return graphs_control.loop(np.random.default_rng(1))


@pytest.mark.parametrize("board", ["mps2-an386", "mps2-an385"])
def test_run_counts_one_inference(board: str, tmp_path: Path) -> None:
    """Loops take as long as their inputs say: the counted inference runs on a sample, not on what the last run left."""
    (tmp_path / "loop.tflite").write_bytes(write(_loop()))
    done = aot("run", tmp_path / "loop.tflite", "-b", board, "--json")
    assert done.code == 0 and done.json["exact"] and 50 < done.json["instructions"] < 1_000_000


def test_inspect_shows_the_graphs_inside(tmp_path: Path) -> None:
    (tmp_path / "loop.tflite").write_bytes(write(_loop()))
    shown = aot("inspect", tmp_path / "loop.tflite").out
    assert "condition:" in shown and "body:" in shown and "%body_j = Add(%body_p, %body_one)" in shown


def _with_table() -> Graph:
    """A loop that carries a table of constants as it is, and adds it at each step; beside it, the same table again."""
    table = np.arange(100, dtype=np.int32)
    x, y = Tensor("x", (100,), "int32"), Tensor("y", (100,), "int32")
    n, m, t, u, z = (replace(x, name=name, shape=(100,) if name in "tuz" else (1,)) for name in "nmtuz")
    t, again = replace(t, data=table), replace(t, name="again", data=table)
    i, j, one = (replace(n, name=name) for name in ("i", "j", "one"))
    a, b, c = (replace(x, name=name) for name in "abc")
    one = replace(one, data=np.ones(1, np.int32))
    ops = [Sub(name="j", inputs=("i", "one"), outputs=("j",)), Add(name="b", inputs=("a", "c"), outputs=("b",))]
    body = graph("body", [i, j, a, b, c, one], ops, ["i", "a", "c"], ["j", "b", "c"])
    k, d, e = replace(n, name="k"), replace(x, name="d"), replace(x, name="e")
    zero, more = replace(n, name="zero", data=np.zeros(1, np.int32)), Tensor("more", (1,), "bool")
    less = Less(name="more", inputs=("zero", "k"), outputs=("more",))
    condition = graph("condition", [k, d, e, zero, more], [less], ["k", "d", "e"], ["more"])
    loop = While(name="m", inputs=("n", "x", "t"), outputs=("m", "y", "u"), condition=condition, body=body)
    add = Add(name="z", inputs=("u", "again"), outputs=("z",))
    last = Add(name="w", inputs=("y", "z"), outputs=("w",))
    tensors = [n, x, t, again, m, y, u, z, replace(x, name="w")]
    return graph("net", tensors, [loop, add, last], ["n", "x"], ["w"])


def test_constants_that_a_loop_hands_on_stay_in_flash(tmp_path: Path) -> None:
    model = _with_table()
    compiled = native.compiled(model)
    loop = next(op for op in compiled.graph.ops if isinstance(op, While))
    assert loop.inputs == ("n", "x") and loop.outputs == ("m", "y") and len(loop.body.inputs) == 2
    text = print_model(compiled)["net_weights.c"]
    assert text.count("[100] = {") == 2  # the table, for all that read it, and its double
    sample = {"n": np.array([3], np.int32), "x": np.arange(100, dtype=np.int32)}
    (actual,) = native.run(native.program(compiled, tmp_path, *native.SANITIZE), model, [sample])
    assert actual["w"].tolist() == interpreter.run(model, sample)["w"].tolist() == [6 * i for i in range(100)]


Change = Callable[[Graph, pytest.MonkeyPatch], bytes]


def _options(**fields: Any) -> Change:
    return lambda model, monkeypatch: tampered(model, monkeypatch, "WhileOptions", **fields)


def _with_body(change: Callable[[Graph], Graph]) -> Change:
    def changed(model: Graph, monkeypatch: pytest.MonkeyPatch) -> bytes:
        (op,) = model.ops
        assert isinstance(op, While)
        return write(graphs_control.replaced(model, body=change(op.body)))

    return changed


def _grown(body: Graph) -> Graph:
    """A body that gives another shape than it takes."""
    x = body[body.inputs[2]]
    wide = Tensor("wide", (*x.shape, 2), x.dtype, x.quant, np.zeros((*x.shape, 2), np.int8))
    counter, limit, _, last = body.outputs
    return graphs_control.with_outputs(body.with_tensors(wide), counter, limit, "wide", last)


def _shorter(body: Graph) -> Graph:
    return graphs_control.with_outputs(body, *body.outputs[:3])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (_options(BodySubgraphIndex=9), "there is no subgraph 9"),
        (_options(BodySubgraphIndex=-1), "there is no subgraph -1"),
        (_options(BodySubgraphIndex=0), "subgraph 0 runs itself"),
        (_options(CondSubgraphIndex=2), "its condition gives 4 values"),
        (_with_body(_grown), "but the graph inside gives %wide as int8"),
        (_with_body(_shorter), "a graph gives 3 values instead of 4"),
    ],
)
def test_loops_that_cannot_be(change: Change, complaint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "loop.tflite").write_bytes(change(_loop(), monkeypatch))
    error = refused("build", tmp_path / "loop.tflite", "-b", "host", "-o", tmp_path / "out", "--no-compile")
    assert complaint in error and "-> %i, %n_out" in error, error


def test_an_endless_loop_ends() -> None:
    true = Tensor("true", (1,), "bool", data=np.ones(1, bool))
    x, y, a, b = (Tensor(name, (1,), "int32") for name in "xyab")
    op = While(name="y", inputs=("x",), outputs=("y",), condition=graph("c", [a, true], [], ["a"], ["true"]),
               body=graph("b", [b], [], ["b"], ["b"]))  # fmt: skip
    with pytest.raises(AotError, match="more than 100,000 steps"):
        interpreter.run(graph("net", [x, y], [op], ["x"], ["y"]), {"x": np.zeros(1, np.int32)})


def test_an_unknown_operator_inside_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = tampered(_loop(), monkeypatch, "OperatorCode", 1, BuiltinCode=127, DeprecatedBuiltinCode=127)
    (tmp_path / "loop.tflite").write_bytes(content)
    assert "aot does not implement this operator" in aot("inspect", tmp_path / "loop.tflite").out
