"""The options of `aot quantize` and `aot evaluate`."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aot.base.errors import AotError
from aot.quantizer import DEFAULT_IMAGES, ImageOptions, Options
from aot.quantizer.holdout import HOLDOUT_HINT


class EstimatorOption(StrEnum):
    """How the range of a tensor is estimated."""

    min_max = "min-max"
    moving_average = "moving-average"
    percentile = "percentile"
    mse = "mse"
    entropy = "entropy"


class IoOption(StrEnum):
    """The type of a quantized model's inputs and outputs."""

    float = "float"
    int8 = "int8"


class ResizeOption(StrEnum):
    """How an image gets the size of the input."""

    stretch = "stretch"
    crop = "crop"


Calibration = Annotated[
    Path,
    typer.Option(
        "--calibration",
        metavar="SAMPLES",
        help="Typical inputs: an .npz, .npy or .csv file, or a folder of .npy files or of images.",
        show_default=False,
    ),
]
Holdout = Annotated[
    str | None,
    typer.Option(
        "--holdout",
        metavar="SHARE|COUNT",
        help="Keep this part of the samples out of calibration, and measure on it.",
        show_default=False,
    ),
]
Converted = Annotated[Path, typer.Option("--output", "-o", metavar="OUT.tflite", help="The file to write.")]
Quantized = Annotated[Path, typer.Option("--output", "-o", metavar="OUT.tflite", help="The int8 model to write.")]
RangeOfTensors = Annotated[EstimatorOption, typer.Option("--range", help="How ranges are estimated from samples.")]
InputsAndOutputs = Annotated[
    IoOption, typer.Option("--io", help="Inputs and outputs in float32, or in the type of the layers beside them.")
]
Int16All = Annotated[bool, typer.Option("--int16-all", help="int16 activations in all layers, with int8 weights.")]
Int16 = Annotated[
    list[str] | None,
    typer.Option("--int16", metavar="LAYER", help="int16 in this layer; may be given again.", show_default=False),
]
Float = Annotated[
    list[str] | None,
    typer.Option("--float", metavar="LAYER", help="float32 in this layer; may be given again.", show_default=False),
]
PerTensor = Annotated[bool, typer.Option("--dense-per-tensor", help="One scale for all weights of a dense layer.")]
NoBiasCorrection = Annotated[
    bool, typer.Option("--no-bias-correction", help="Do not make up for the mean error of rounded weights.")
]
NoEqualization = Annotated[
    bool, typer.Option("--no-equalization", help="Leave the channels around depth-wise layers as they are.")
]
Report = Annotated[bool, typer.Option("--report", help="Show every layer's range, codes and error, and what to do.")]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="F.html", help="Write the report as a page.", show_default=False)
]
Labels = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        metavar="LABELS",
        help="Classes or the wanted outputs: .npz, .npy, .csv, .txt or .json.",
        show_default=False,
    ),
]
EvaluatedInputs = Annotated[
    Path,
    typer.Option(
        "--inputs",
        metavar="SAMPLES",
        help="An .npz file of reals or the model's codes, an .npy or .csv file, a folder of .npy files or of images.",
        show_default=False,
    ),
]
FloatModel = Annotated[
    Path | None,
    typer.Option("--reference", metavar="FLOAT.tflite", help="The float32 model to compare with.", show_default=False),
]
Interpret = Annotated[bool, typer.Option("--interpreter", help="Run the interpreter instead of the C.")]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse operators that would have to stay in float32.")]
ImageScale = Annotated[float, typer.Option("--image-scale", help="Pixels of 0 to 255 become (pixel - mean) * scale.")]
ImageMean = Annotated[float, typer.Option("--image-mean", help="See --image-scale.")]
ImageResize = Annotated[ResizeOption, typer.Option("--image-resize", help="How images get the input's size.")]


def part_of(text: str | None) -> float | None:
    """What --holdout says: a share, or a number. AotError for anything else."""
    try:
        return None if text is None else int(text) if text.isdecimal() else float(text)
    except ValueError:
        raise AotError(f"--holdout {text} is neither a share nor a number", HOLDOUT_HINT) from None


@dataclass(frozen=True)
class Images:
    """How images become inputs."""

    image_scale: ImageScale = DEFAULT_IMAGES.scale
    image_mean: ImageMean = DEFAULT_IMAGES.mean
    image_resize: ImageResize = ResizeOption.stretch

    def chosen(self) -> ImageOptions:
        """The same, as `aot.ImageOptions`."""
        return ImageOptions(self.image_scale, self.image_mean, self.image_resize.value)


@dataclass(frozen=True)
class Choices:
    """How a model is quantized."""

    io: InputsAndOutputs = IoOption.int8
    range: RangeOfTensors = EstimatorOption.mse
    int16: Int16 = None
    int16_all: Int16All = False
    keep_float: Float = None
    dense_per_tensor: PerTensor = False
    no_bias_correction: NoBiasCorrection = False
    no_equalization: NoEqualization = False
    strict: Strict = False

    def chosen(self) -> Options:
        """The same, as `aot.QuantizeOptions`."""
        return Options(
            range=self.range.value,
            io=self.io.value,
            dtype="int16" if self.int16_all else "int8",
            int16=frozenset(self.int16 or ()),
            float=frozenset(self.keep_float or ()),
            per_channel=not self.dense_per_tensor,
            correct_bias=not self.no_bias_correction,
            equalize=not self.no_equalization,
            strict=self.strict,
        )
