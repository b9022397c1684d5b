"""What aot knows of a board and its core."""

from dataclasses import dataclass, replace
from pathlib import Path

from aot.base.data import BOARD_SUPPORT

_LEVELS = {"speed": "-O3", "balanced": "-O2", "size": "-Os"}
_READ_ONLY = ("flash", "vectors")
_FAMILIES = {"arm-none-eabi-": "arm", "riscv64-unknown-elf-": "riscv", "xtensa-lx106-elf-": "xtensa"}
_EMULATORS = {
    "arm": ("qemu-system-arm",),
    "riscv": ("qemu-system-riscv32", "-bios", "none"),
    "xtensa": ("qemu-system-xtensa", "-semihosting"),
}


def file_of(folder: Path, name: str) -> Path:
    """The file `name` of a board in `folder`: its own, or that of all boards."""
    own = folder / name
    return own if own.is_file() else BOARD_SUPPORT / "common" / name


@dataclass(frozen=True)
class Core:
    """How to compile for a processor core, and what its kernels may use (`dsp`, `mve`, `fpu`, `fpu64`).

    `flags` are all of the compiler's; `machine` those among them that name the core and its calling convention.
    """

    name: str
    prefix: str
    machine: tuple[str, ...]
    flags: tuple[str, ...]
    features: tuple[str, ...]

    @property
    def optimization(self) -> str:
        """The flag that says what the compiler optimizes for."""
        return next((flag for flag in self.flags if flag.startswith("-O")), "")

    @property
    def family(self) -> str:
        """Which start-up code, compiler and emulator serve it: `arm`, `riscv`, `xtensa` or `host`."""
        return _FAMILIES.get(self.prefix, "host")

    @property
    def emulator(self) -> str:
        """QEMU's program for the core."""
        return _EMULATORS.get(self.family, ("",))[0]


@dataclass(frozen=True)
class Memory:
    """One memory of a board: `flash` (code and weights), `ram` (stack, data, arena), `vectors`, or a further RAM.

    Sizes are in bytes. Of two RAMs, the one with the higher `speed` is the faster; the numbers mean nothing else.
    """

    name: str
    origin: int
    size: int
    speed: int = 1


@dataclass(frozen=True)
class Uart:
    """The UART the firmware speaks over: its driver `uart_<driver>.c`, registers and line rate.

    The register of the rate holds `clock_hz * fraction / baud` in the drivers that ask for `fraction`.
    """

    driver: str
    base: int = 0
    clock_hz: int = 0
    baud: int = 115_200
    fraction: int = 1
    tx_pin: int = 0
    rx_pin: int = 0


@dataclass(frozen=True)
class Renode:
    """Renode's description of the board, a path that Renode knows, and the name of the UART in it.

    `changes` are further lines of a description, for what Renode's differs in from the board.
    """

    platform: str
    uart: str
    changes: str = ""


@dataclass(frozen=True)
class Programmer:
    """How to load a program: pyOCD's target, OpenOCD's configuration file, or the family of a UF2 boot loader."""

    pyocd: str = ""
    openocd: str = ""
    uf2_family: int = 0


@dataclass(frozen=True)
class Board:
    """A board is data. `memories` is empty for `host`, whose operating system decides.

    `folder` holds its files; a file there comes before one of the same name in `board_support/common`. `usb` are the
    ids, as `vendor:product` in hexadecimal, under which its serial port appears.
    """

    name: str
    description: str
    core: Core
    clock_hz: int
    timer: str
    runners: tuple[str, ...]
    uart: Uart
    folder: Path
    memories: tuple[Memory, ...] = ()
    stack_bytes: int = 0
    qemu_machine: str = ""
    qemu_cpu: str = ""
    setup: bool = False
    timer_vector: int = 15
    usb: tuple[str, ...] = ()
    renode: Renode | None = None
    programmer: Programmer = Programmer()

    def memory(self, name: str) -> Memory | None:
        """The memory called `name`, or None where the board has none of that name."""
        return next((memory for memory in self.memories if memory.name == name), None)

    @property
    def rams(self) -> tuple[Memory, ...]:
        """The memories that may hold an arena, the fastest first."""
        rams = (memory for memory in self.memories if memory.name not in _READ_ONLY)
        return tuple(sorted(rams, key=lambda memory: -memory.speed))

    def file(self, name: str) -> Path:
        """The file `name` of the board: its own, or that of all boards."""
        return file_of(self.folder, name)

    @property
    def emulator_command(self) -> tuple[str, ...]:
        """QEMU's program, and the options that make it this board; nothing is said of the program to run."""
        cpu = ("-cpu", self.qemu_cpu) if self.qemu_cpu else ()
        return (*_EMULATORS[self.core.family], "-M", self.qemu_machine, *cpu)

    @property
    def counts_instructions(self) -> bool:
        """Whether a runner of this board can count instructions."""
        return "qemu" in self.runners

    @property
    def tier(self) -> str:
        """How well it is tested: `CI` runs it, `Renode` can run it, or it only `compiles`."""
        if {"host", "qemu"} & set(self.runners):
            return "CI"
        return "Renode" if self.renode else "compiles"


def optimized(board: Board, optimize: str) -> Board:
    """The board, its firmware compiled for "speed", as the description says, "balanced", or "size"."""
    core = board.core
    flags = tuple(_LEVELS[optimize] if flag == _LEVELS["speed"] else flag for flag in core.flags)
    return replace(board, core=replace(core, flags=flags))
