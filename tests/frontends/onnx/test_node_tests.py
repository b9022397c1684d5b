"""The node tests of the package onnx: what is in the list passes, in the interpreter; all of it in a longer run."""

import cases
import numpy as np
import pytest
from node_tests import PASSING, REFUSED, node_tests, passing, verdict

SAMPLE = 60


def _chosen() -> list[str]:
    names = passing()
    if cases.TIMES > 1:
        return names
    order = np.random.default_rng(cases.SEED).permutation(len(names))
    return [names[i] for i in order[:SAMPLE]]


@pytest.mark.slow
def test_what_is_listed_passes() -> None:
    tests = node_tests()
    verdicts = {name: verdict(tests[name]) for name in _chosen() if name in tests}  # onnx drops some now and then
    assert len(verdicts) >= SAMPLE // 2
    assert not {name: reason for name, reason in verdicts.items() if reason}


def test_lists_are_in_order_and_apart() -> None:
    refused = [line.split(":")[0] for line in REFUSED.read_text().splitlines()]
    assert passing() == sorted(set(passing())), PASSING
    assert refused == sorted(set(refused)), REFUSED
    assert not set(passing()) & set(refused)
