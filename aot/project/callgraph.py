"""Worst-case stack of a function: GCC's call graph of each object, and the disassembly for library code."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^"]*)"')
_EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
_FRAME = re.compile(r"(\d+) bytes \(([^)]*)\)")

_FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
_INSTRUCTION = re.compile(r"^\s*[0-9a-f]+:\t\S+(?:\s\S+)*\s*\t(\S+)(?:\t([^;@]*))?")
_TARGET = re.compile(r"<([^>+]+)>")
_FRAME_ADDED = re.compile(r"(?:sp,sp|a1, a1),\s?-(\d+)$")  # on RISC-V and on Xtensa
_WIDE_REGISTER = re.compile(r"\bd\d+")


@dataclass
class Function:
    """A function's own frame in bytes, whom it calls, and why its stack cannot be known, if so."""

    frame: int
    calls: set[str] = field(default_factory=set)
    unknown: str = ""


@dataclass(frozen=True)
class Stack:
    """Worst case in bytes, and, if it is only a lower bound, the reasons why."""

    bytes: int
    unknown: tuple[str, ...]


def read_callgraph(texts: Iterable[str]) -> dict[str, Function]:
    """The functions that GCC's `-fcallgraph-info=su` describes in `texts`; those it only names are left out."""
    functions: dict[str, Function] = {}
    edges: list[tuple[str, str]] = []
    for text in texts:
        for title, label in _NODE.findall(text):
            frame = _FRAME.search(label)
            if frame:
                dynamic = frame[2].startswith("dynamic") and "bounded" not in frame[2]
                functions[title] = Function(int(frame[1]), unknown="a frame of variable size" if dynamic else "")
        edges += _EDGE.findall(text)
    for caller, callee in edges:
        functions[caller].calls.add(callee)
    return functions


def _registers(operands: str) -> int:
    """How many 32-bit words a register list such as `{r4, r6-r8, lr}` or `{d8-d9}` means."""
    words = 0
    for item in operands[operands.index("{") + 1 : operands.index("}")].split(","):
        first, _, last = item.strip().partition("-")
        count = int(last[1:]) - int(first[1:]) + 1 if last else 1
        words += count * (2 if _WIDE_REGISTER.match(first) else 1)
    return words


def _pushed_bytes(mnemonic: str, operands: str) -> int:
    """How far one instruction lowers the stack pointer."""
    if mnemonic in ("push", "push.w", "stmdb", "stmdb.w", "vpush", "vstmdb"):
        lowers = mnemonic.startswith(("push", "vpush")) or operands.startswith("sp!")
        return 4 * _registers(operands) if lowers else 0
    if mnemonic.startswith("sub") and operands.startswith("sp,"):
        return int(operands.rsplit("#", 1)[1].split()[0], 0) if "#" in operands else 0
    if mnemonic in ("add", "addi", "addmi") and (lowered := _FRAME_ADDED.match(operands)):
        return int(lowered[1])
    pre_decrement = re.search(r"\[sp, #-(\d+)\]!", operands)
    return int(pre_decrement[1]) if pre_decrement else 0


def read_disassembly(text: str) -> dict[str, Function]:
    """The functions in `objdump -d` of a program for Arm, RISC-V or Xtensa.

    A frame is the sum of all pushes: an upper bound.
    """
    functions: dict[str, Function] = {}
    name = ""
    for line in text.splitlines():
        start = _FUNCTION.match(line)
        if start:
            name = start[1]
            functions[name] = Function(0)
            continue
        instruction = _INSTRUCTION.match(line)
        if instruction and name:
            _add_instruction(functions[name], name, instruction[1], (instruction[2] or "").strip())
    return functions


def _add_instruction(function: Function, name: str, mnemonic: str, operands: str) -> None:
    function.frame += _pushed_bytes(mnemonic, operands)
    if mnemonic.startswith("sub") and operands.startswith(("sp,", "a1, a1,")) and "#" not in operands:
        function.unknown = "a frame of variable size"
    target = _TARGET.search(operands.partition("#")[0])
    if mnemonic in ("blx", "jalr", "jr", "callx0", "jx") and not target:
        function.unknown = "a call through a pointer"
    if target and mnemonic.startswith(("b", "call", "cb", "j")) and target[1] != name:
        function.calls.add(target[1])


def with_aliases(functions: Mapping[str, Function], symbols: str) -> dict[str, Function]:
    """`functions` under every name that `symbols`, the output of nm, has for their addresses.

    A disassembly shows one name of each; libgcc calls the division of an Armv6-M both __udivsi3 and __aeabi_uidiv.
    """
    names: dict[str, list[str]] = {}
    for line in symbols.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] in "tTwW":
            names.setdefault(fields[0], []).append(fields[2])
    aliased = dict(functions)
    for group in names.values():
        known = next((name for name in group if name in functions), None)
        if known:
            aliased.update((name, functions[known]) for name in group)
    return aliased


def _function(name: str, compiled: Mapping[str, Function], library: Mapping[str, Function]) -> Function | None:
    """GCC knows nothing of the frame of a naked function: its pushes are counted in the disassembly.

    GCC puts the file in front of the name of a static function, the disassembly does not.
    """
    known, seen = compiled.get(name), library.get(name.rpartition(":")[2])
    if known and known.frame == 0 and seen and seen.frame > 0:
        return seen
    return known or seen


def worst_stack(name: str, compiled: Mapping[str, Function], library: Mapping[str, Function]) -> Stack:
    """The deepest stack of `name`: `compiled` is asked first, then `library`; unknown and recursive calls count 0."""
    depths: dict[str, int] = {}
    unknown: set[str] = set()

    def depth(function_name: str, callers: tuple[str, ...]) -> int:
        if function_name in callers:
            unknown.add(f"recursion of {function_name}")
            return 0
        if function_name in depths:
            return depths[function_name]
        function = _function(function_name, compiled, library)
        if function is None:
            is_pointer = function_name == "__indirect_call"
            unknown.add(f"a call through a pointer in {callers[-1]}" if is_pointer else f"the stack of {function_name}")
            return 0
        if function.unknown:
            unknown.add(f"{function.unknown} in {function_name}")
        below = max((depth(callee, (*callers, function_name)) for callee in sorted(function.calls)), default=0)
        depths[function_name] = function.frame + below
        return depths[function_name]

    deepest = depth(name, ())
    return Stack(deepest, tuple(sorted(unknown)))


def read_callgraph_files(paths: Iterable[Path]) -> dict[str, Function]:
    """`read_callgraph` of files."""
    return read_callgraph(path.read_text(encoding="utf-8", errors="replace") for path in paths)
