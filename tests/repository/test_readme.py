"""README shows what aot prints today."""

import re

import pytest
import readme


def _comparable(name: str, text: str) -> str:
    """Sizes and counts of the demo differ between versions of the compiler; what else it prints does not."""
    return re.sub(r"[\d,]+(?= (?:bytes|with|of weights|of code|for one))", "N", text) if name == "demo" else text


@pytest.mark.parametrize("name", readme.BLOCKS)
def test_is_fresh(name: str) -> None:
    """`make readme` writes it anew."""
    shown = readme.shown(name, readme.README.read_text(encoding="utf-8"))
    assert _comparable(name, shown) == _comparable(name, readme.BLOCKS[name]())
