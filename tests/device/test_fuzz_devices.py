"""Some sessions with hostile devices; tests/tools/fuzz_devices.py has more."""

from fuzzing import fuzz


def test_hostile_devices() -> None:
    fuzz("fuzz_devices.py", "--count", 30)
