"""`aot evaluate --labels` took .npz files alone, and refused the examples' own labels.npy."""

import json
from pathlib import Path

import numpy as np
import pytest
from command import aot, refused
from paths import DIGITS

_EXAMPLE = DIGITS.parent
_CLASSES = np.load(_EXAMPLE / "labels.npy").tolist()


def _score(labels: Path) -> float:
    done = aot("evaluate", DIGITS, "--inputs", _EXAMPLE / "samples.npz", "--labels", labels, "--json")
    assert done.code == 0, done.err
    return float(done.json["score"]["accuracy"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lines.txt", "\n".join(map(str, _CLASSES))),
        ("blanks.txt", " ".join(map(str, _CLASSES))),
        ("lines.csv", "label\r\n" + "\r\n".join(map(str, _CLASSES)) + "\r\n"),
        ("one_line.csv", ", ".join(map(str, _CLASSES))),
        ("marked.csv", "\ufeff" + ";\n".join(map(str, _CLASSES))),
        ("list.json", json.dumps(_CLASSES)),
        ("columns.json", json.dumps([[each] for each in _CLASSES])),
    ],
)
def test_labels_as_text(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert _score(tmp_path / name) == _score(_EXAMPLE / "labels.npy") > 0.8


@pytest.mark.parametrize("name", ["wide.csv", "wide.json", "wide.npy"])
def test_wanted_outputs(name: str, tmp_path: Path) -> None:
    wanted = np.eye(10)[_CLASSES] + 0.25
    if name.endswith("npy"):
        np.save(tmp_path / name, wanted)
    else:
        lines = "\n".join(",".join(map(str, row)) for row in wanted)
        (tmp_path / name).write_text(json.dumps(wanted.tolist()) if name.endswith("json") else lines)
    inputs = ("--inputs", _EXAMPLE / "samples.npz", "--labels", tmp_path / name, "--json")
    assert aot("evaluate", DIGITS, *inputs).json["score"]["rmse"] > 0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"1\n2,3\n", "lines of different lengths"),
        ("a.csv", b"1\ncat\n", "line 2, holds something that is not a number"),
        ("a.csv", b"", "0 labels for"),
        ("a.txt", b"\xff\xfe\x00", "it is not text"),
        ("a.json", b"{", "not a list of numbers in JSON"),
        ("a.json", b"[" * 100_000, "not a list of numbers in JSON"),
        ("a.json", b'{"a": 1}', "not a list of numbers in JSON"),
        ("a.npy", b"\x93NUMPY", "not an .npy file, or a damaged one"),
        ("a.xls", b"", ".xls is not a kind aot knows"),
        ("a", b"", "a file without a suffix is not a kind"),
    ],
)
def test_what_is_none(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert said in refused("evaluate", DIGITS, "--inputs", _EXAMPLE / "samples.npz", "--labels", tmp_path / name)


def test_labels_that_are_not_there(tmp_path: Path) -> None:
    for kind in ("npz", "npy", "csv", "json"):
        missing = tmp_path / f"missing.{kind}"
        assert "No such file" in refused("evaluate", DIGITS, "--inputs", _EXAMPLE / "samples.npz", "--labels", missing)
