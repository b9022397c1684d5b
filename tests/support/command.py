"""Runs the command line inside this process, and makes the models that tests of it need."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import pytest

from aot.cli.main import main
from aot.frontends.tflite import writer as tflite_writer
from aot.graph.ir import Graph


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote where."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def aot(*arguments: object) -> Done:
    """Run `aot` with these arguments. Any exception but SystemExit is a fault, and passes through."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    code = end.value.code
    assert code is None or isinstance(code, int)
    return Done(code or 0, out.getvalue(), err.getvalue())


def refused(*arguments: object) -> str:
    """The one error that a command ends with: exit code 1, nothing on standard output, one line and things to try."""
    done = aot(*arguments)
    assert (done.code, done.out) == (1, ""), done
    first, *others = done.err.splitlines()
    assert first.startswith("error: ") and all(line.startswith("  - ") for line in others), done.err
    assert "Traceback" not in done.err
    return done.err


def tampered(graph: Graph, monkeypatch: pytest.MonkeyPatch, kind: str, only: int | None = None, **fields: Any) -> bytes:
    """A model file of `graph` in which every table of `kind` (or number `only`) has other `fields`.

    A field may be a function of the flatbuffer's builder, for what must be built before the table.
    """
    write_table, count = tflite_writer._table, 0

    def table(builder: Any, table_kind: str, **values: Any) -> int:
        nonlocal count
        if table_kind == kind:
            if only is None or only == count:
                values |= {key: value(builder) if callable(value) else value for key, value in fields.items()}
            count += 1
        return write_table(builder, table_kind, **values)

    monkeypatch.setattr(tflite_writer, "_table", table)
    content = tflite_writer.write(graph)
    monkeypatch.setattr(tflite_writer, "_table", write_table)
    return content
