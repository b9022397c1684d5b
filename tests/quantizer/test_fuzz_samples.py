"""Some damaged images and archives; tests/tools/fuzz_samples.py has more."""

import pytest
from fuzzing import fuzz


@pytest.mark.parametrize("what", ["images", "archives"])
def test_damaged_samples(what: str) -> None:
    fuzz("fuzz_samples.py", what, "--count", 60)
