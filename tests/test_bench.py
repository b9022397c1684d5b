"""The examples are no larger and no slower than tests/bench.json says."""

import bench


def test_examples_have_not_grown() -> None:
    rows = bench.examples()
    assert bench.growth(rows) == []
    rows["sine"]["instructions"] *= 2
    assert len(bench.growth(rows)) == 1
