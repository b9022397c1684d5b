"""A model of a few lines, written by hand: two inputs, one output, which is 2 * a + b + weights, in two layers."""

from pathlib import Path

from aot.graph.deployment import Deployment
from aot.graph.interface import Interface, Port
from aot.project.kinds import KINDS, project_files
from aot.targets import Board

SIZE = 10


def deployment(size: int = SIZE) -> Deployment:
    """The model with inputs of `size` bytes."""
    interface = Interface(
        name="dummy",
        macro="DUMMY",
        sha256="5a" * 32,
        version="0.1.0",
        inputs=(
            Port("a", "dummy_input_a", "", "int8_t", "int8", (1, size), size),
            Port("b", "dummy_input_b", "", "int8_t", "int8", (1, size), size),
        ),
        outputs=(Port("sum", "dummy_output", "", "int8_t", "int8", (1, size), size, scale=1 / 256, zero_point=-128),),
    )
    return Deployment(interface, layers=("double", "sum"), code="c0de" * 4)


DEPLOYMENT = deployment()

_HEADER = """
#include <stddef.h>
#include <stdint.h>
#define DUMMY_ARENA_SIZE {arena}
#define DUMMY_ARENA_ALIGN 8
#ifndef DUMMY_TRACE
#define DUMMY_TRACE(index, data, size)
#endif
void dummy_run(void *arena);
int8_t *dummy_input_a(void *arena);
int8_t *dummy_input_b(void *arena);
const int8_t *dummy_output(const void *arena);
"""

_SOURCE = """
#include "dummy.h"
#include <string.h>
extern const int8_t dummy_weights[{size}];
int8_t *dummy_input_a(void *arena) {{ return (int8_t *)arena; }}
int8_t *dummy_input_b(void *arena) {{ return (int8_t *)arena + {size}; }}
const int8_t *dummy_output(const void *arena) {{ return (const int8_t *)arena + 2 * {size}; }}
/* Overwrites its first input, as a real model may. */
void dummy_run(void *arena)
{{
    int8_t *a = dummy_input_a(arena), *b = dummy_input_b(arena);
    int8_t *sum = (int8_t *)arena + 2 * {size};
    for (int i = 0; i < {size}; i++) {{
        a[i] = (int8_t)(2 * a[i]);
    }}
    DUMMY_TRACE(0, a, {size});
    memcpy(sum, a, {size});
    for (int i = 0; i < {size}; i++) {{
        sum[i] = (int8_t)(sum[i] + b[i] + dummy_weights[i]);
    }}
    {extra}
    DUMMY_TRACE(1, sum, {size});
}}
"""

_WEIGHTS = """
#include "dummy.h"
extern const int8_t dummy_weights[{size}];
const int8_t dummy_weights[{size}] = {{{values}}};
"""


def write_project(folder: Path, board: Board, *, size: int = SIZE, arena: int = 64, extra: str = "") -> None:
    """Write the whole project into `folder`; `arena` is its least size, `extra` is C that runs in the model."""
    values = ", ".join(str(i % 100) for i in range(size))
    model = {
        "dummy.h": _HEADER.format(arena=max(arena, 3 * size)),
        "dummy.c": _SOURCE.format(size=size, extra=extra),
        "dummy_weights.c": _WEIGHTS.format(size=size, values=values),
    }
    files = project_files(KINDS["make"], deployment(size), board, model)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def layers(a: bytes, b: bytes) -> tuple[bytes, bytes]:
    """What each layer must give."""
    double = bytes(2 * x & 0xFF for x in a)
    return double, bytes((x + y + i % 100) & 0xFF for i, (x, y) in enumerate(zip(double, b, strict=True)))
