"""A plugin in the cache that was cut off or overwritten made every `aot profile` fail until it was deleted by hand."""

from pathlib import Path

import pytest
from command import aot
from paths import SINE

from aot.profiling.plugin import plugin_path


@pytest.mark.parametrize("damage", [b"", b"not a library", None])
def test_a_damaged_plugin_is_compiled_again(
    damage: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = plugin_path()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert plugin_path().read_bytes() == whole
    assert aot("profile", SINE, "--board", "mps2-an386", "--json").code == 0
