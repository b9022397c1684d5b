"""What a file calls its tensors stands in comments of the C; it could end them, or begin others."""

import subprocess
from pathlib import Path

import native
import pytest
from topologies import TOPOLOGIES

from aot.base.files import write_files
from aot.compile.printing import print_model
from aot.graph.tensor import Tensor


@pytest.mark.parametrize("label", ["x*\\y", "x/*y", "*/*", "*/ int evil; /*", "/\\*\\/"])
def test_any_label_compiles(label: str, tmp_path: Path) -> None:
    graph = TOPOLOGIES["branches"]
    x = graph["x"]
    model = native.compiled(graph.with_tensors(Tensor(x.name, x.shape, x.dtype, x.quant, label=label)))
    write_files(print_model(model), tmp_path)
    command = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "net.c"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
