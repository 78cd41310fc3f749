"""Settings of `method: video_features`: a frozen network given as a file, and what it takes."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from merflow.config.stage_settings import Tree
from merflow.config.values import Label, PathText

VIDEO = {"NTHWC": (0, 1, 2, 3), "NCTHW": (3, 0, 1, 2), "NTCHW": (0, 3, 1, 2)}
"""Layouts of a video network: order of the axes (T, H, W, C) of a clip behind the first axis."""
IMAGE = {"NHWC": (0, 1, 2), "NCHW": (2, 0, 1)}
"""Layouts of an image network: order of the axes (H, W, C) of a frame behind the first axis."""
Layout = Literal["NTHWC", "NCTHW", "NTCHW", "NHWC", "NCHW"]


def _positive(values: tuple[float, ...]) -> tuple[float, ...]:
    if min(values) <= 0:
        raise ValueError(f"found {list(values)}; numbers above 0")
    return values


class VideoFeatures(Tree):
    """The frozen network of `method: video_features` and its input, as its publication gives it."""

    file: PathText = ""
    """The network: an ONNX file (`.onnx`, with the package onnxruntime) or a Keras file
    (`.keras`). Nothing is downloaded. A file with other bytes trains again."""
    pretraining: Label = ""
    """The data it was trained on, as `VideoMAE, Kinetics-400`; notes under tables print it."""
    layout: Layout = "NTHWC"
    """Axes of its input: clips (N), frames (T), height, width, channels. Without T it is an image
    network: each frame is a picture, and their features are averaged."""
    frames: int = Field(16, ge=1)
    """Frames taken from a clip at equal distances; a shorter clip repeats some. An image network
    takes at most so many."""
    size: int = Field(224, ge=1)
    """Height and width of its input (px)."""
    channels: Literal["rgb", "bgr", "grey"] = "rgb"
    """Channels of its input. Grey clips are repeated in three channels."""
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Subtracted from pixels of 0..1, in the order red, green, blue. The first one for grey."""
    deviation: Annotated[tuple[float, float, float], AfterValidator(_positive)] = (1.0, 1.0, 1.0)
    """Divides the pixels after that, in the same order."""
    output: str = ""
    """Name of the output to take. Empty: the first."""
    feature_axis: Literal["last", "first"] = "last"
    """Axis of the features in an output with more than two axes, behind the axis of clips: `last`
    for tokens, `first` for maps of a network with channels first. The others are averaged."""
    c: float = Field(1.0, gt=0)
    """Penalty of the logistic regression on the standardised features. It is fixed: set it without
    a look at scores."""
