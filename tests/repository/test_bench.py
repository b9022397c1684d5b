"""The examples, and the reference models where they are at hand, have not grown beyond tests/tools/bench.json."""

from pathlib import Path

import bench
import pytest
from real_models import FOLDER, needed


def test_examples_have_not_grown() -> None:
    rows = bench.examples()
    assert bench.growth(rows) == []
    rows["sine"]["instructions"] *= 2
    assert len(bench.growth(rows)) == 1


@needed
@pytest.mark.parametrize(("name", "file"), bench.MODELS)
def test_reference_models_have_not_grown(name: str, file: str) -> None:
    assert bench.growth({name: bench.measure(Path(FOLDER) / file)}) == []
