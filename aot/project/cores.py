"""Which cores a project can be for, by its kind: what is refused, what is told, and what library managers read."""

from aot.base.errors import AotError
from aot.targets import Board

FAMILIES = ("arm", "riscv", "xtensa", "host")  # C for `host` is for any core

_MEANT = {
    ("arm",): "Arm cores",
    ("arm", "host"): "an STM32, whose core is Arm's",
    ("riscv", "xtensa", "host"): "an ESP32, whose core is Xtensa's or RISC-V",
}
_TRIES = {
    "arm": "a board with a Cortex-M: `aot boards` lists them",
    "riscv": "the RISC-V ones alone: --board riscv-virt",
    "xtensa": "C proved on an Xtensa core: --board xtensa-sim",
    "host": "C for any core: --board host",
}

# What Arduino calls an architecture, and PlatformIO a platform. Assembly is for the first of each. The 8-bit ones are
# missing, whose int has 16 bits; Teensy boards call themselves `avr`, too: the IDE warns of them, and compiles.
_ARDUINO = (
    "apollo3,mbed,mbed_edge,mbed_giga,mbed_nano,mbed_nicla,mbed_opta,mbed_portenta,mbed_rp2040,nRF5,nrf52,"
    "renesas_portenta,renesas_uno,rp2040,sam,samd,silabs,stm32,STM32F1,STM32F4,zephyr",
    "arc32,ch32v,esp32,esp8266,pic32,riscv",
)
_PLATFORMIO = (
    "atmelsam,freescalekinetis,infineonxmc,maxim32,native,nordicnrf51,nordicnrf52,nxpimxrt,nxplpc,raspberrypi,renesas-ra,"
    "siliconlabsefm32,ststm32,teensy,titiva,wiznet7500",
    "ch32v,chipsalliance,espressif32,espressif8266,gd32v,intel_arc32,kendryte210,linux_arm,linux_i686,linux_x86_64,"
    "microchippic32,riscv_gap,shakti,sifive",
)


def check_core(kind: str, families: tuple[str, ...], board: Board) -> None:
    """Raise AotError where a project of `kind`, which is for cores of `families`, cannot be for the board."""
    if board.core.family not in families:
        article = "an" if kind[0] in "aeiou" else "a"
        core = f"{board.name} has the core {board.core.name}"
        raise AotError(f"{article} {kind} project is for {_MEANT[families]}; {core}",
                       *(_TRIES[family] for family in reversed(families)), "another --project")  # fmt: skip


def has_assembly(board: Board) -> bool:
    """Whether kernels for the board may be assembly of its core; on other cores C computes the same, slower."""
    return "dsp" in board.core.features


def core_warnings(kind: str, families: tuple[str, ...], board: Board) -> tuple[str, ...]:
    """What the user should know who has a project of `kind` for the board: it works, but another board may be meant.

    Of a board that QEMU emulates, assembly was hardly meant for itself.
    """
    if board.core.family == "host" and "riscv" not in families:
        return (f"kernels for any core; those for your part's are faster: a board with it instead of {board.name}",)
    if kind in ("arduino", "platformio") and has_assembly(board) and board.qemu_machine:
        return (f"kernels for {board.core.name}, in assembly; on other cores, such as an ESP32's, they are slower C: "
                "--board host is for any core",)  # fmt: skip
    return ()


def arduino_architectures(board: Board) -> list[str]:
    """Those that a library with kernels for the board is for."""
    return _those_for(board, _ARDUINO)


def platformio_platforms(board: Board) -> list[str]:
    """Those that a library with kernels for the board is for."""
    return _those_for(board, _PLATFORMIO)


def _those_for(board: Board, names: tuple[str, str]) -> list[str]:
    arm, others = names
    return sorted((arm if has_assembly(board) else f"{arm},{others}").split(","), key=str.lower)


def measured_there(firmware: bool, board: Board) -> bool:
    """Whether what the compiler tells of the board holds where the project will run.

    It does for its own firmware; what else is compiled for `host` runs on other cores.
    """
    return firmware or board.core.family != "host"
