"""What a user decides: how a model becomes C, and where the firmware runs. What is not said is as it stands here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from numpy.typing import ArrayLike

WEIGHTS = ("internal", "external", "int16", "int16:LAYER")
INT16 = "int16"


class PortKeywords(TypedDict, total=False):
    """What is said of a model's ports, as keyword arguments.

    `input_shapes` are the shapes of inputs, by name, where the file leaves them free, or should have others;
    `constants` are the values of inputs that the C shall not have; `io_layout`, one text or several, says which ports
    of images have their channels last although the model has them first: "nhwc", or "NAME=nhwc" for one.
    """

    input_shapes: Mapping[str, Sequence[int]] | None
    constants: Mapping[str, ArrayLike] | None
    io_layout: str | Sequence[str] | None


class CompileKeywords(PortKeywords, total=False):
    """The fields of `CompileOptions`, as keyword arguments."""

    rounding: str | None
    optimize: str
    name: str | None
    calibration: Path | str | None
    max_ram: int | None
    weights: str | Sequence[str]
    pool: Sequence[str] | None
    weights_in_ram: Sequence[str] | None
    weights_section: str | None
    mlperf: bool


@dataclass(frozen=True)
class CompileOptions:
    """How a model becomes C.

    `rounding` says how accumulators become int8: one of `aot.graph.fixedpoint.ROUNDINGS`; without it, "onnx" for
    quantized ONNX models where the core has an FPU, "double" for all else. `optimize` says what
    kernels are chosen for, and how they are compiled: "speed", "size", or "balanced". `name` is the prefix of all C
    names, the file's name otherwise. With `calibration`, samples as `aot.quantize` takes them from files, what of the
    model is float32 is quantized first. With `max_ram`, part of the model runs in stripes where the arena would be
    larger than so many bytes. `weights` is one of `WEIGHTS`, or several: the constants are part of the C, or a
    file that firmware maps; with "int16", weights of convolutions and dense layers take twice the flash and fewer
    instructions, all of them or those of a layer. `pool` names memories for the arena, as `NAME[:BYTES][@SPEED]`: what
    is used most goes to the fastest. Without it, the arena lies in the fastest memory of the board that holds all.
    The constants of the layers in `weights_in_ram`, or of `all`, are copied to RAM at start-up; all others go to the
    linker's section `weights_section`, where one is named. With `mlperf`, the runner of MLPerf Tiny can drive the
    firmware. `input_shapes`, `constants` and `io_layout` are those of `PortKeywords`.
    """

    rounding: str | None = None
    optimize: str = "speed"
    name: str | None = None
    calibration: Path | str | None = None
    max_ram: int | None = None
    weights: str | Sequence[str] = ()
    pool: Sequence[str] | None = None
    weights_in_ram: Sequence[str] | None = None
    weights_section: str | None = None
    mlperf: bool = False
    input_shapes: Mapping[str, Sequence[int]] | None = None
    constants: Mapping[str, ArrayLike] | None = None
    io_layout: str | Sequence[str] | None = None

    @property
    def ports(self) -> PortKeywords:
        """What is said of the ports."""
        return {"input_shapes": self.input_shapes, "constants": self.constants, "io_layout": self.io_layout}

    @property
    def weights_choices(self) -> tuple[str, ...]:
        """`weights`, be it one or several."""
        return (self.weights,) if isinstance(self.weights, str) else tuple(self.weights)

    @property
    def shown(self) -> str:
        """What the code depends on, as the command line has it."""
        given: dict[str, Sequence[object]] = {
            "rounding": [self.rounding],
            "optimize": [self.optimize],
            "weights": self.weights_choices,
            "weights-section": [self.weights_section],
            "weights-in-ram": self.weights_in_ram or (),
            "pool": self.pool if self.pool and len(self.pool) > 1 else (),  # whichever it is, one is one arena
            "max-ram": [self.max_ram],
            "input-shape": [f"{name}={','.join(map(str, dims))}" for name, dims in (self.input_shapes or {}).items()],
            "constant": [f"{name}={value!r}" for name, value in (self.constants or {}).items()],
            "io-layout": [self.io_layout] if isinstance(self.io_layout, str) else self.io_layout or (),
        }
        return " ".join(f"--{name} {value}" for name, values in given.items() for value in values if value is not None)


class RunKeywords(CompileKeywords, total=False):
    """The fields of `RunOptions`, as keyword arguments."""

    port: str | None
    baud: int | None
    flash: bool
    runner: str | None


@dataclass(frozen=True)
class RunOptions(CompileOptions):
    """How a model becomes C, and where the firmware runs.

    On the real board at the serial port or pyserial URL `port`, which must hold the firmware, unless `flash` loads it;
    otherwise in `runner`: one of the board's, its first if none is named. `baud` is the rate of the UART, the board's
    own otherwise.
    """

    port: str | None = None
    baud: int | None = None
    flash: bool = False
    runner: str | None = None
