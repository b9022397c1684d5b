"""The commands, in the order in which `aot --help` lists them; a module for those that are about the same things."""

from collections.abc import Callable

from aot.cli.commands.boards import boards, ports
from aot.cli.commands.inspecting import inspect
from aot.cli.commands.models import build, profile, run, verify
from aot.cli.commands.quantizing import convert, evaluate, quantize

COMMANDS: tuple[Callable[..., None], ...] = (
    build, run, verify, profile, quantize, convert, evaluate, inspect, boards, ports,
)  # fmt: skip
