"""A variable that is read but never set counted as zeros: a model whose weights are lost was built in silence."""

from pathlib import Path

import numpy as np
import pytest
from command import refused

from aot.frontends.tflite.parts import Line, Part, Record
from aot.frontends.tflite.variables import HANDLE
from aot.frontends.tflite.writer import write_parts
from aot.graph.ir import Tensor

_X, _Y, _W = (Tensor(name, shape, "float32") for name, shape in (("x", (1, 3)), ("y", (1, 2)), ("w", (2, 3))))
_DENSE = Line("FULLY_CONNECTED", Record(1, "FullyConnectedOptions"), ("x", "w"), ("y",))
_AGAIN = Line("ASSIGN_VARIABLE", Record(1, "AssignVariableOptions"), ("handle", "w"), ())


def _reading(*lines: Line) -> tuple[tuple[Tensor, ...], tuple[Line, ...]]:
    """The tensors and lines of a dense layer whose weights are the variable `weights`."""
    say = Line("VAR_HANDLE", Record(1, "VarHandleOptions", {"SharedName": "weights"}), (), ("handle",))
    read = Line("READ_VARIABLE", Record(1, "ReadVariableOptions"), ("handle",), ("w",))
    return (_X, Tensor("handle", (), HANDLE), _W, _Y), (say, read, *lines, _DENSE)


def _plain(*lines: Line) -> bytes:
    return write_parts([Part("main", *_reading(*lines), ("x",), ("y",))])


def _in_a_branch() -> bytes:
    choose = Line("IF", Record(1, "IfOptions"), ("c", "x"), ("y",), {"ThenSubgraphIndex": 1, "ElseSubgraphIndex": 2})
    main = Part("main", (Tensor("c", (1,), "bool"), _X, _Y), (choose,), ("c", "x"), ("y",))
    constant = Tensor("zeros", (1, 2), "float32", data=np.zeros((1, 2), np.float32))
    return write_parts(
        [main, Part("then", *_reading(), ("x",), ("y",)), Part("other", (_X, constant), (), ("x",), ("zeros",))]
    )


_FILES = {"main graph": _plain(), "given to itself": _plain(_AGAIN), "branch": _in_a_branch()}


@pytest.mark.parametrize("command", ["inspect", "build"])
@pytest.mark.parametrize("name", _FILES)
def test_a_variable_that_nothing_sets_is_refused(name: str, command: str, tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(_FILES[name])
    more = ("--board", "host", "-o", tmp_path / "out") if command == "build" else ()
    message = refused(command, path, *more)
    assert "reads the variable 'weights', but nothing in it sets it: its weights are lost" in message
    assert "from_keras_model(model)" in message
    assert not (tmp_path / "out").exists()
