"""One rounding of reals to codes: the operator QUANTIZE, samples, and the helper in the generated header."""

import subprocess
from pathlib import Path

import graphs
import native
import numpy as np
import pytest

from aot.base.files import write_files
from aot.compile.printing import print_model
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Quant, Tensor
from aot.ops.quantize import Quantize
from aot.ops.reshape import Reshape
from aot.oracle import interpreter
from aot.oracle.samples import samples_of

pytestmark = pytest.mark.operator("QUANTIZE")

_TYPES = ("int8", "uint8", "int16")
_DRIVER = """\
#include <stdio.h>
#include "net.h"
int main(void)
{
    float real;
    while (fread(&real, sizeof real, 1, stdin) == 1) {
        const TYPE code = net_quantize_input(real);
        fwrite(&code, sizeof code, 1, stdout);
    }
    return 0;
}
"""


def _quant(dtype: str, scale: float) -> Quant:
    return Quant((float(np.float32(scale)),), ({"int8": -3, "uint8": 125, "int16": 7}[dtype],))


def _reals(scale: float, dtype: str) -> Array:
    """Ties, what is just beside them, and what has no code."""
    ties = (np.arange(-700, 700) / 2 * np.float32(scale)).astype(np.float32)
    special = [np.nan, np.inf, -np.inf, 3e38, -3e38, -0.0, 1e-45, 2.0**31, -(2.0**31), 2.0**32 + 7]
    far = (np.random.default_rng(1).uniform(-1.1, 1.1, 200) * scale * np.iinfo(dtype).max).astype(np.float32)
    return np.concatenate([ties, np.nextafter(ties, 1e9), np.nextafter(ties, -1e9), far, np.float32(special)])


def _operator(dtype: str, quant: Quant, reals: Array) -> tuple[Graph, Array]:
    graph = graphs.graph_of(Quantize, [Tensor("x", reals.shape, "float32")], Tensor("y", reals.shape, dtype, quant))
    return graph, interpreter.run(graph, {"x": reals})["y"]


@pytest.mark.parametrize("dtype", _TYPES)
def test_the_header_rounds_as_the_operator(dtype: str, tmp_path: Path) -> None:
    for scale in (1.0, 0.1, 1 / 255, 0.003):
        quant = _quant(dtype, scale)
        x, y = (Tensor(name, (2,), dtype, quant) for name in "xy")
        model = native.compiled(graphs.graph_of(Reshape, [x], y))
        folder = tmp_path / str(scale)
        write_files(print_model(model), folder)
        (folder / "driver.c").write_text(_DRIVER.replace("TYPE", f"{dtype}_t"))
        flags = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror", *native.SANITIZE]
        subprocess.run(["gcc", *flags, "driver.c", "-o", "driver"], cwd=folder, check=True)
        reals = _reals(scale, dtype)
        done = subprocess.run([folder / "driver"], input=reals.tobytes(), capture_output=True, check=True)
        assert np.frombuffer(done.stdout, dtype).tolist() == _operator(dtype, quant, reals)[1].tolist()


@pytest.mark.parametrize("dtype", _TYPES)
def test_samples_round_as_the_operator(dtype: str) -> None:
    quant = _quant(dtype, 0.1)
    reals = _reals(0.1, dtype)
    reals = reals[~np.isnan(reals)]
    x, y = (Tensor(name, reals.shape, dtype, quant) for name in "xy")
    (sample,) = samples_of({"x": reals}, graphs.graph_of(Reshape, [x], y), quantize=True)
    assert sample["x"].tolist() == _operator(dtype, quant, reals)[1].tolist()


@pytest.mark.parametrize("dtype", _TYPES)
def test_the_kernel_takes_infinities_and_not_a_number(dtype: str, tmp_path: Path) -> None:
    reals = _reals(0.1, dtype)
    graph, expected = _operator(dtype, _quant(dtype, 0.1), reals)
    (actual,) = native.run(native.program(native.compiled(graph), tmp_path, *native.SANITIZE), graph, [{"x": reals}])
    assert actual["y"].tolist() == expected.tolist()
    assert expected[-10:].tolist()[0:3] == [np.iinfo(dtype).min, np.iinfo(dtype).max, np.iinfo(dtype).min]
