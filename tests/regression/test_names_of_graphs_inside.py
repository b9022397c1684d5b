"""The function of a graph inside control flow could be called like that which runs a loop inside it."""

from dataclasses import replace

import graphs_control
import native
import numpy as np
import pytest

from aot.compile.printing import print_model

pytestmark = pytest.mark.operator("IF", "WHILE")


def test_names_inside_that_could_meet_do_not() -> None:
    """A loop inside a branch is named like the branch."""
    model = graphs_control.loop_in_a_branch(np.random.default_rng(1))
    (branch,), (loop,) = model.ops, model.ops[0].graphs["then"].ops
    inner, name = branch.graphs["then"], f"{branch.name}_then"
    names = (name, *loop.outputs[1:])
    tensors = {**inner.tensors, name: replace(inner[loop.name], name=name)}
    named = replace(inner, ops=(replace(loop, name=name, outputs=names),), tensors=tensors, outputs=names)
    assert f"run_{name}(" in print_model(native.compiled(graphs_control.replaced(model, then=named)))["net.c"]
