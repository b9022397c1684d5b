"""Images as samples, read with Pillow, which is optional: `pip install aot-mcu[images]`."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from aot.base.errors import AotError
from aot.graph.ir import Array, Tensor

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class ImageOptions:
    """How pixels of 0 to 255 become reals, `(pixel - mean) * scale`, and how an image gets the size of the input.

    "stretch" changes its proportions; "crop" keeps them and cuts off what is too much, around the middle.
    """

    scale: float = 1 / 255
    mean: float = 0.0
    resize: Literal["stretch", "crop"] = "stretch"


DEFAULT_IMAGES = ImageOptions()


def require_pillow() -> None:
    """Raise AotError where Pillow is not installed."""
    try:
        import PIL.Image  # noqa: F401 # optional
    except ImportError:
        raise AotError(
            "images are read with Pillow, which is not installed",
            "pip install 'aot-mcu[images]'",
            "or give the samples as an .npz file",
        ) from None


def read_image(path: Path, tensor: Tensor, options: ImageOptions = DEFAULT_IMAGES) -> Array:
    """The image as a value of `tensor`: [1, height, width, channels] or [1, height, width], float32.

    Raises AotError where `tensor` is not one of images, and for a file that is none anything that Pillow does.
    """
    from PIL import Image, ImageOps  # optional

    height, width, channels = _size(tensor)
    with warnings.catch_warnings(action="ignore"), Image.open(path) as file:
        image = file.convert(_MODES[channels])
    resampling = Image.Resampling.BILINEAR
    crop = options.resize == "crop"
    fitted = ImageOps.fit(image, (width, height), resampling) if crop else image.resize((width, height), resampling)
    pixels = np.asarray(fitted, np.float32).reshape(tensor.shape)
    return (pixels - np.float32(options.mean)) * np.float32(options.scale)


def _size(tensor: Tensor) -> tuple[int, int, int]:
    shape = tensor.shape if len(tensor.shape) == 4 else (*tensor.shape, 1)
    if len(shape) != 4 or shape[0] != 1 or shape[3] not in _MODES or tensor.dtype != "float32":
        raise AotError(
            f"the input {tensor.name} is {tensor}, which is not an image",
            "images fit inputs of float32[1, height, width, 1, 3 or 4]",
        )
    return shape[1], shape[2], shape[3]
