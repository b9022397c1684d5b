"""What CONTRIBUTING.md quotes is in the code."""

import re

from paths import ROOT

_STEP = re.compile(r"^\d\. (.*?)```\n(.*?)```", re.MULTILINE | re.DOTALL)


def test_quoted_code_is_in_a_file_named_beside_it() -> None:
    steps = _STEP.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert len(steps) == 4
    for prose, quoted in steps:
        texts = [_flat((ROOT / name).read_text(encoding="utf-8")) for name in re.findall(r"`([\w/]+\.py)`", prose)]
        assert any(_flat(quoted) in text for text in texts), quoted


def _flat(text: str) -> str:
    """`text` without its indentation."""
    return "\n".join(line.strip() for line in text.strip().splitlines())
