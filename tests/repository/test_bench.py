"""The examples, and the reference models where they are at hand, have not grown beyond tests/tools/bench.json."""

import os
from pathlib import Path

import bench
import pytest

_MODELS = os.environ.get("AOT_MODELS")


def test_examples_have_not_grown() -> None:
    rows = bench.examples()
    assert bench.growth(rows) == []
    rows["sine"]["instructions"] *= 2
    assert len(bench.growth(rows)) == 1


@pytest.mark.skipif(not _MODELS, reason="AOT_MODELS names no folder of models")
@pytest.mark.parametrize(("name", "file"), bench.MODELS)
def test_reference_models_have_not_grown(name: str, file: str) -> None:
    assert bench.growth({name: bench.measure(Path(str(_MODELS)) / file)}) == []
