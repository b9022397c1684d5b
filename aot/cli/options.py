"""The arguments and options of the commands; those that go together are records, which `grouped` spells out."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, cast

import typer

from aot.base.choices import CompileKeywords, CompileOptions, PortKeywords, RunKeywords, RunOptions
from aot.base.errors import AotError
from aot.targets import Board, load_board


class RoundingOption(StrEnum):
    """How accumulators are rounded."""

    double = "double"
    single = "single"
    float = "float"
    onnx = "onnx"


class OptimizeOption(StrEnum):
    """What kernels are chosen for."""

    speed = "speed"
    balanced = "balanced"
    size = "size"


class ProjectKind(StrEnum):
    """What `aot build` writes."""

    make = "make"
    sources = "sources"
    cmake = "cmake"
    zephyr = "zephyr"
    arduino = "arduino"
    platformio = "platformio"
    esp_idf = "esp-idf"
    cmsis_pack = "cmsis-pack"
    stm32cubeide = "stm32cubeide"
    freertos = "freertos"


Model = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="A .tflite or .onnx file, or a C array of the first.", show_default=False),
]
Models = Annotated[list[Path], typer.Argument(metavar="MODEL...", help=".tflite and .onnx files.", show_default=False)]
Concurrent = Annotated[
    bool, typer.Option("--concurrent", help="Give each of several models memory of its own: they may run at once.")
]
BoardName = Annotated[str, typer.Option("--board", "-b", metavar="BOARD", help="A board; `aot boards` lists them.")]
BoardDir = Annotated[
    Path | None,
    typer.Option("--board-dir", metavar="DIR", help="A folder with further boards.", show_default=False),
]
NewBoard = Annotated[
    str | None, typer.Option("--new", metavar="NAME", help="Start a board in --board-dir, or in ./boards.")
]
FromBoard = Annotated[str | None, typer.Option("--from", metavar="BOARD", help="What --new is a copy of.")]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write the C project to.")]
Project = Annotated[ProjectKind, typer.Option("--project", help="What to write around the model's files.")]
Rounding = Annotated[
    RoundingOption | None,
    typer.Option(
        "--rounding",
        help="How accumulators are rounded: double; for quantized ONNX models onnx, where there is an FPU.",
        show_default=False,
    ),
]
Optimize = Annotated[OptimizeOption, typer.Option("--optimize", help="What kernels and compiler optimize for.")]
Name = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="NAME",
        help="The prefix of all C names; the file's name otherwise. Of several models, one each: A,B.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
InputsOfEach = Annotated[
    list[Path] | None,
    typer.Option(
        "--inputs", metavar="F.npz", help="Samples, once for each model; random ones otherwise.", show_default=False
    ),
]
OutputsOfEach = Annotated[
    list[Path] | None,
    typer.Option("--outputs", metavar="F.npz", help="Write the outputs here, once for each model.", show_default=False),
]
Layers = Annotated[bool, typer.Option("--layers", help="Compare the output of every layer.")]
QuantizeInputs = Annotated[bool, typer.Option("--quantize-inputs", help="Let real samples become codes.")]
Samples = Annotated[int, typer.Option("--samples", min=1, help="How many random samples, without --inputs.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The seed of the random samples.")]
Port = Annotated[str | None, typer.Option("--port", metavar="URL", help="A real board's port, pyserial URL, or auto.")]
Baud = Annotated[int | None, typer.Option("--baud", min=1, help="The rate of the UART; the board's own otherwise.")]
Flash = Annotated[bool, typer.Option("--flash", help="First load the firmware into the board at --port.")]
Runner = Annotated[
    str | None, typer.Option("--runner", metavar="RUNNER", help="host, qemu or renode; the board's first otherwise.")
]
NoCompile = Annotated[bool, typer.Option("--no-compile", help="Write the C; run no compiler.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files in the folder.")]
ForceFile = Annotated[bool, typer.Option("--force", help="Replace OUT.tflite where it exists.")]
Trace = Annotated[bool, typer.Option("--trace", help="Make firmware that can send every layer's output.")]
MaxRam = Annotated[
    int | None,
    typer.Option("--max-ram", min=1, metavar="BYTES", help="Run part of the model in stripes if its arena is larger."),
]
Pools = Annotated[
    list[str] | None,
    typer.Option("--pool", metavar="NAME[:BYTES][@SPEED]", help="A memory for the arena; again for a further one."),
]
WeightsInRam = Annotated[
    list[str] | None,
    typer.Option(
        "--weights-in-ram", metavar="LAYER|all", help="Copy this layer's constants to RAM; again for another."
    ),
]
WeightsSection = Annotated[
    str | None, typer.Option("--weights-section", metavar="NAME", help="The linker section for the constants.")
]
Weights = Annotated[
    list[str] | None,
    typer.Option(
        "--weights",
        metavar="CHOICE",
        help="external: a file that firmware maps; int16: larger and faster; int16:LAYER: in that layer.",
        show_default=False,
    ),
]
InputShapes = Annotated[
    list[str] | None,
    typer.Option(
        "--input-shape",
        metavar="NAME=1,76,32,1",
        help="The shape of an input that the model leaves free, or another one; again for another input.",
        show_default=False,
    ),
]
Constants = Annotated[
    list[str] | None,
    typer.Option(
        "--constant",
        metavar="NAME=NUMBERS",
        help="The value of an input that is none in the C; again for another.",
        show_default=False,
    ),
]
IoLayouts = Annotated[
    list[str] | None,
    typer.Option(
        "--io-layout",
        metavar="[NAME=]nhwc",
        help="Ports of images have their channels last, or the port NAME has.",
        show_default=False,
    ),
]
Mlperf = Annotated[bool, typer.Option("--mlperf", help="Make firmware for the runner of MLPerf Tiny.")]
InspectedModel = Annotated[
    Path | None, typer.Argument(metavar="MODEL", help="The model; none is needed with --kernel.", show_default=False)
]
OneKernel = Annotated[
    str | None, typer.Option("--kernel", metavar="NAME", help="Show what this kernel is made of, instead of a model.")
]
StopAfter = Annotated[
    str | None, typer.Option("--stop-after", metavar="PASS", help="Show the graph as it is after this pass.")
]
Memory = Annotated[bool, typer.Option("--memory", help="Show what lies in the arena, call by call; needs --board.")]
MemoryBoard = Annotated[
    str | None, typer.Option("--board", "-b", metavar="BOARD", help="For --memory: a board.", show_default=False)
]
Picture = Annotated[
    Path | None,
    typer.Option("--picture", metavar="F.svg", help="Draw the arena over time into this file.", show_default=False),
]
Against = Annotated[
    Path | None,
    typer.Option("--against", metavar="OLD.json", help="Compare with an earlier run's --json.", show_default=False),
]
Version = Annotated[bool, typer.Option("--version", help="Print the version and exit.")]

BuildCalibration = Annotated[
    Path | None,
    typer.Option(
        "--calibration",
        metavar="SAMPLES",
        help="Quantize a float32 model with these inputs; `aot quantize` has more options.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class OnBoard:
    """A board, and how a model becomes C for it: all commands that compile have these options."""

    board: BoardName
    board_dir: BoardDir = None
    rounding: Rounding = None
    optimize: Optimize = OptimizeOption.speed
    name: Name = None
    calibration: BuildCalibration = None
    max_ram: MaxRam = None
    weights: Weights = None
    pool: Pools = None
    weights_in_ram: WeightsInRam = None
    input_shape: InputShapes = None
    constant: Constants = None
    io_layout: IoLayouts = None

    def loaded(self) -> Board:
        """The board's description. AotError where there is none."""
        return load_board(self.board, self.board_dir)

    def choices(self) -> CompileKeywords:
        """The fields of `aot.CompileOptions`."""
        return cast(CompileKeywords, _fields_of(self, CompileOptions))


@dataclass(frozen=True)
class BuiltForBoard(OnBoard):
    """The same, and what only a project that is kept can want."""

    mlperf: Mlperf = False
    weights_section: WeightsSection = None


@dataclass(frozen=True)
class RunsOnBoard(OnBoard):
    """The same, and where the firmware runs."""

    port: Port = None
    baud: Baud = None
    flash: Flash = False
    runner: Runner = None

    def choices(self) -> RunKeywords:
        """The fields of `aot.RunOptions`."""
        return cast(RunKeywords, _fields_of(self, RunOptions))


def _fields_of(source: OnBoard, record: type) -> dict[str, object]:
    values = {each.name: getattr(source, each.name, None) for each in fields(record)}
    values |= port_choices(source.input_shape, source.constant, source.io_layout)
    return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Ports:
    """What is said of a model's ports, for commands that compile for no board."""

    input_shape: InputShapes = None
    constant: Constants = None
    io_layout: IoLayouts = None

    def choices(self) -> PortKeywords:
        """The arguments of `aot.load`."""
        return port_choices(self.input_shape, self.constant, self.io_layout)


def port_choices(shapes: list[str] | None, constants: list[str] | None, layouts: list[str] | None) -> PortKeywords:
    """What --input-shape, --constant and --io-layout say. AotError for what says nothing."""
    return {
        "input_shapes": None if shapes is None else dict(map(_input_shape, shapes)),
        "constants": None if constants is None else dict(map(_constant, constants)),
        "io_layout": layouts,
    }


def _input_shape(text: str) -> tuple[str, tuple[int, ...]]:
    name, _, dims = text.rpartition("=")
    parts = [part.strip() for part in dims.split(",")]
    if not name or not all(part.isdecimal() for part in parts):
        raise AotError(f"--input-shape {text!r} is no name with a shape", "NAME=1,76,32,1")
    return name, tuple(map(int, parts))


def _constant(text: str) -> tuple[str, list[float]]:
    name, _, numbers = text.rpartition("=")
    try:
        values = [float(part) for part in numbers.split(",")]
    except ValueError:
        values = []
    if not name or not values:
        raise AotError(f"--constant {text!r} is no name with numbers", "NAME=16000, or NAME=1,2,3")
    return name, values


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """`command`, with the fields of its parameters that are records as options of their own."""
    own = inspect.signature(command).parameters.values()
    records = {one.name: one.annotation for one in own if _is_record(one.annotation)}

    @wraps(command)
    def spelled_out(**values: object) -> None:
        for name, record in records.items():
            values[name] = record(**{each.name: values.pop(each.name) for each in fields(record)})
        command(**values)

    parameters = [part for one in own for part in _parts(one)]
    spelled_out.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # what typer reads
    return spelled_out


def _parts(parameter: inspect.Parameter) -> list[inspect.Parameter]:
    """The fields of a record; what is none stays one parameter. By keyword alone, so that any order will do."""
    kind = parameter.annotation
    parts = inspect.signature(kind).parameters.values() if _is_record(kind) else [parameter]
    return [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parts]


def _is_record(kind: object) -> bool:
    return is_dataclass(kind)
