"""The examples have not grown beyond tests/tools/bench.json; tests/compile/test_models.py looks at real models so."""

import bench


def test_examples_have_not_grown() -> None:
    rows = bench.examples()
    assert bench.growth(rows) == []
    rows["sine"]["instructions"] *= 2
    assert len(bench.growth(rows)) == 1
    assert len(bench.growth({"new": rows["sine"]})) == len(bench.CHECKED)
