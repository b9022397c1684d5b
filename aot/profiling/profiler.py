"""Profiles a compiled model: what each layer costs on its board, an emulated or a real one."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from aot.base.errors import AotError
from aot.compile.printing import print_model
from aot.compile.records import Compiled
from aot.device.verify import connect, input_bytes, reached
from aot.kernels import Call, candidates
from aot.kernels.call import constants_of
from aot.oracle.samples import Sample
from aot.profiling.disassembly import Instruction, read_instructions
from aot.profiling.hooks import Hooks, counts_between, trace_hooks
from aot.profiling.layers import Counts, Program, addresses, count_layers, read_blocks, total
from aot.profiling.plugin import plugin_path, require_plugins
from aot.profiling.timing import TIMINGS
from aot.project.compile import Firmware, tool_output
from aot.runners import Connection, start

_WRITE_SECONDS = 10.0
_OLDEST_API = re.compile(r"minimum version of (\d+)")


@dataclass(frozen=True)
class LayerProfile:
    """One layer; instructions, loads and stores are None on a real board, loads and stores in Renode, cycles
    where the core has no model.

    `why` says what the kernel was chosen over, `refused` why others could not be; `planes` are the tensors that lie by
    planes; `functions` are the layer's instructions by C function.
    """

    name: str
    op: str
    kernel: str
    macs: int
    flash_bytes: int
    scratch_bytes: int
    why: str
    refused: tuple[str, ...]
    planes: tuple[str, ...]
    instructions: int | None = None
    cycles: int | None = None
    loads: int | None = None
    stores: int | None = None
    functions: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """All layers; the totals are their sums. `measured`: the cycles are a real board's, not the model's."""

    layers: tuple[LayerProfile, ...]
    measured: bool = False

    @property
    def instructions(self) -> int | None:
        return self._sum("instructions")

    @property
    def cycles(self) -> int | None:
        return self._sum("cycles")

    @property
    def functions(self) -> dict[str, int]:
        """The instructions of one inference by C function."""
        return total([Counts(functions=layer.functions) for layer in self.layers]).functions

    def _sum(self, what: str) -> int | None:
        values = [getattr(layer, what) for layer in self.layers]
        return None if None in values else sum(values)


def profile_emulated(
    compiled: Compiled, firmware: Firmware, sample: Sample, folder: Path, number: int | None = None
) -> Profile:
    """Count one inference of `sample` in QEMU, block by block. AotError where QEMU or a host compiler is missing.

    Where `firmware` holds several models, `number` is this one's.
    """
    require_plugins(compiled.board.core.emulator)
    instructions = read_instructions(tool_output(compiled.board, "objdump", ["-d", str(firmware.elf)], folder))
    out = folder / f"{compiled.interface.name}_counts.txt"

    def counted(api_version: int) -> str:
        return _run_plugin(compiled, firmware, sample, _plugin(compiled, instructions, out, api_version), out, number)

    counts = _of_any_version(counted)
    blocks = read_blocks(counts)
    lines = _source_lines(compiled, firmware, addresses(blocks, instructions), folder)
    run = f"{compiled.interface.name}_run"
    timing = TIMINGS.get(compiled.board.core.name)
    layers = count_layers(blocks, Program(instructions, lines), run, _first_lines(compiled), timing)
    return Profile(
        tuple(_emulated(compiled, *pair, timing is not None) for pair in zip(compiled.calls, layers, strict=True))
    )


def profile_real(
    compiled: Compiled, firmware: Firmware, sample: Sample, port: str, number: int | None = None
) -> Profile:
    """Read the cycle counter around each layer of a real board, which must hold firmware built with `--trace`."""
    with connect(compiled, firmware, port, number=number) as device:
        ticks_per_second = device.identify().ticks_per_second
        traced = iter(device.layers(input_bytes(compiled.graph, sample)))
    scale = compiled.board.clock_hz / ticks_per_second
    ticks = [sum(next(traced).ticks for _ in call.outputs) for call in compiled.calls]  # every output is traced
    layers = (
        replace(_described(compiled, call), cycles=round(spent * scale))
        for call, spent in zip(compiled.calls, ticks, strict=True)
    )
    return Profile(tuple(layers), measured=True)


def profile_renode(
    compiled: Compiled, firmware: Firmware, sample: Sample, folder: Path, number: int | None = None
) -> Profile:
    """Read Renode's count of executed instructions around each layer; `firmware` must be a tracing one."""
    instructions = read_instructions(tool_output(compiled.board, "objdump", ["-d", str(firmware.elf)], folder))
    hooks = trace_hooks(instructions, f"{compiled.interface.name}_run")
    with start(firmware.elf, compiled.board, plugin=hooks.commands()) as connection:
        reached(compiled, connection, number).layers(input_bytes(compiled.graph, sample))
        counts = iter(_logged(connection, hooks, len(compiled.held.layers)))
    layers = (
        replace(_described(compiled, call), instructions=sum(next(counts) for _ in call.outputs))
        for call in compiled.calls
    )
    return Profile(tuple(layers))


def _logged(connection: Connection, hooks: Hooks, outputs: int) -> list[int]:
    """The counts before each output, which Renode logs a little later than it meets them."""
    deadline = time.monotonic() + _WRITE_SECONDS
    while len(counts := counts_between(connection.said(), hooks)) != outputs:
        if time.monotonic() > deadline:
            raise AotError(f"Renode logged {len(counts)} of {outputs} instruction counts",
                           "version 1.15 or later: renode --version")  # fmt: skip
        time.sleep(0.01)
    return counts


def _emulated(compiled: Compiled, call: Call, counts: Counts, timed: bool) -> LayerProfile:
    cycles = counts.cycles if timed else None
    return replace(
        _described(compiled, call),
        instructions=counts.instructions,
        cycles=cycles,
        loads=counts.loads,
        stores=counts.stores,
        functions=counts.functions,
    )


def _described(compiled: Compiled, call: Call) -> LayerProfile:
    """What is known without running it."""
    op = next(op for op in compiled.graph.ops if call.outputs[0] in op.outputs)
    by_pixels = candidates(op, compiled.graph.by_planes(()), compiled.target)[0][:1] if call.planes else []
    fitting, reasons = candidates(op, compiled.graph, compiled.target)
    return LayerProfile(
        name=call.outputs[0],
        op=op.kind,
        kernel=call.kernel.name,
        macs=op.macs(compiled.graph),
        flash_bytes=sum(constant.data.nbytes for constant in constants_of(call.params)),
        scratch_bytes=call.scratch,
        why=_why(call, fitting, by_pixels),
        refused=tuple(reasons),
        planes=tuple(sorted(call.planes)),
    )


def _why(chosen: Call, fitting: Sequence[Call], by_pixels: Sequence[Call]) -> str:
    """The estimates that decided."""
    others = [f"{call.kernel.name} ~{call.cost:,.0f}" for call in fitting if call.kernel != chosen.kernel]
    others += [f"{call.kernel.name} by pixels ~{call.cost:,.0f}" for call in by_pixels]
    own = f"~{chosen.cost:,.0f}{_layout(chosen)}"
    return f"{own}, against {', '.join(others)}" if others else f"{own}: the only one that fits"


def _layout(call: Call) -> str:
    """Which of its tensors lie by planes."""
    sides = (("input", call.inputs), ("output", call.outputs))
    planar = [side for side, names in sides if call.planes.intersection(names)]
    return f" with {' and '.join(planar)} by planes" if planar else ""


def _of_any_version(counted: Callable[[int], str]) -> str:
    """What the plugin wrote; a QEMU that wants a later version of the interface says so, and gets it."""
    try:
        return counted(1)
    except AotError as error:
        if not (wanted := _OLDEST_API.search(str(error))):
            raise
        return counted(int(wanted[1]))


def _plugin(compiled: Compiled, instructions: Mapping[int, Instruction], out: Path, api_version: int) -> str:
    """QEMU's option; a comma in a value is doubled."""
    run = [i for i in instructions.values() if i.function == f"{compiled.interface.name}_run"]
    stop = min(i.address for i in instructions.values() if i.function == "board_timestamp")
    first, end = min(i.address for i in run), max(i.address + i.size for i in run)
    files = [str(path).replace(",", ",,") for path in (plugin_path(api_version), out)]
    return f"file={files[0]},run={first:#x},end={end:#x},stop={stop:#x},out={files[1]}"


def _run_plugin(
    compiled: Compiled, firmware: Firmware, sample: Sample, plugin: str, out: Path, number: int | None
) -> str:
    with connect(compiled, firmware, None, plugin=plugin, number=number) as device:
        device.load(input_bytes(compiled.graph, sample))
        device.time(1)
        deadline = time.monotonic() + _WRITE_SECONDS
        while not out.exists():
            if time.monotonic() > deadline:
                raise AotError("the instruction counter wrote nothing", "another version of QEMU")
            time.sleep(0.01)
    return out.read_text(encoding="ascii")


def _source_lines(
    compiled: Compiled, firmware: Firmware, wanted: Sequence[int], folder: Path
) -> dict[int, tuple[str, int]]:
    """File and line of the outermost function at each address."""
    arguments = folder / "addresses.txt"
    arguments.write_text("\n".join(f"{address:#x}" for address in wanted), encoding="ascii")
    text = tool_output(
        compiled.board, "addr2line", ["-a", "-i", "-e", str(firmware.elf), f"@{arguments.resolve()}"], folder
    )
    lines: dict[int, tuple[str, int]] = {}
    address = 0
    for line in text.splitlines():
        if line.startswith("0x"):
            address = int(line, 16)
            continue
        file, _, number = line.partition(" ")[0].rpartition(":")
        lines[address] = file, int(number) if number.isdigit() else 0
    return lines


def _first_lines(compiled: Compiled) -> list[int]:
    """The lines of the model's C file on which the calls stand."""
    lines = print_model(compiled)[f"{compiled.interface.name}.c"].splitlines()
    return [
        next(i for i, line in enumerate(lines, 1) if re.search(_call_pattern(call.outputs[0]), line))
        for call in compiled.calls
    ]


def _call_pattern(output: str) -> str:
    """What the call that computes `output` looks like, be it of a kernel or of control flow."""
    return rf"\(&params_{re.escape(output)}[,)]|^    run_{re.escape(output)}\(base\);"
