"""The arguments and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class RoundingOption(StrEnum):
    """How accumulators are rounded."""

    double = "double"
    single = "single"
    float = "float"


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


Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A .tflite file.", show_default=False)]
BoardName = Annotated[str, typer.Option("--board", "-b", metavar="BOARD", help="A board; `aot boards` lists them.")]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write the C project to.")]
Project = Annotated[ProjectKind, typer.Option("--project", help="What to write around the model's files.")]
Rounding = Annotated[RoundingOption, typer.Option("--rounding", help="How accumulators are rounded.")]
Name = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="The prefix of all C names; the file's name otherwise."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Inputs = Annotated[
    Path | None, typer.Option("--inputs", metavar="F.npz", help="Samples; random ones otherwise.", show_default=False)
]
Outputs = Annotated[
    Path | None, typer.Option("--outputs", metavar="F.npz", help="Write the outputs here.", show_default=False)
]
Layers = Annotated[bool, typer.Option("--layers", help="Compare the output of every layer.")]
QuantizeInputs = Annotated[bool, typer.Option("--quantize-inputs", help="Let real samples become codes.")]
Samples = Annotated[int, typer.Option("--samples", min=1, help="How many random samples, without --inputs.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The seed of the random samples.")]
Port = Annotated[str | None, typer.Option("--port", metavar="URL", help="A real board's serial port or pyserial URL.")]
NoCompile = Annotated[bool, typer.Option("--no-compile", help="Write the C; run no compiler.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files in the folder.")]
Trace = Annotated[bool, typer.Option("--trace", help="Make firmware that can send every layer's output.")]
StopAfter = Annotated[
    str | None, typer.Option("--stop-after", metavar="PASS", help="Show the graph as it is after this pass.")
]
Against = Annotated[
    Path | None,
    typer.Option("--against", metavar="OLD.json", help="Compare with an earlier run's --json.", show_default=False),
]
Version = Annotated[bool, typer.Option("--version", help="Print the version and exit.")]
