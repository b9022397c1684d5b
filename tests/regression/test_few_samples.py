"""A model that was calibrated with a handful of samples was written without a word."""

from pathlib import Path

import float_graphs
import numpy as np
import pytest
from command import aot
from float_graphs import samples

from aot.frontends.tflite.writer import write

FLOAT = float_graphs.convolutions()


@pytest.mark.parametrize(("count", "warned"), [(1, True), (19, True), (20, False)])
def test_few_samples_are_told(count: int, warned: bool, tmp_path: Path) -> None:
    (tmp_path / "float.tflite").write_bytes(write(FLOAT))
    np.savez(tmp_path / "x.npz", image=np.concatenate([sample["image"] for sample in samples(FLOAT, count)]))
    paths = (tmp_path / "float.tflite", "--calibration", tmp_path / "x.npz", "-o", tmp_path / "out.tflite")
    done = aot("quantize", *paths)
    assert done.code == 0 and (f"only {count} samples to calibrate with" in done.err) == warned
    assert "these it was calibrated with" in done.out
