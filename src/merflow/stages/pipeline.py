"""All stages on one clip in memory, from raw frames to the input of a network."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from merflow import stage_table
from merflow.clip import ClipArrays
from merflow.config.fingerprints import factor_value
from merflow.config.settings import Align, Preparation
from merflow.stages.align import align_clip
from merflow.stages.interpolate import interpolate_clip
from merflow.stages.magnify import magnify_clip
from merflow.stages.network_input import prepare_clip

if TYPE_CHECKING:
    from merflow.stages.faces import Finder


@dataclass(frozen=True)
class Pipeline:
    """The settings of every stage from raw frames on: one preparation, one factor or several.

    factors: `x1`, `x10`; several when a run pools them.
    """

    align: Align
    preparation: Preparation
    factors: tuple[str, ...]


def network_inputs(
    clip: ClipArrays, pipeline: Pipeline, finder: "Finder", *, still: bool = False
) -> list[np.ndarray]:
    """Return the inputs that a network gets of a raw clip, one array per factor of the pipeline.

    Each (T, H, W, C) uint8, or (H, W, 3) float16 for flow. still: a clip of one frame by nature.
    Raises SkipClip with the reason when the clip cannot go on.
    """
    ready = cropped(clip, pipeline, finder, still=still)
    return [network_input(ready, pipeline.preparation, factor) for factor in pipeline.factors]


def cropped(
    clip: ClipArrays, pipeline: Pipeline, finder: "Finder", *, still: bool = False
) -> ClipArrays:
    """Return the clip aligned and cropped: the part that all factors share."""
    aligned = align_clip(clip, pipeline.align, finder, still=still)
    return stage_function("crop", pipeline.preparation)(aligned)


def network_input(clip: ClipArrays, preparation: Preparation, factor: str) -> np.ndarray:
    """Return the input of a network from a cropped clip at one factor; shapes as above."""
    factor = "x1" if factor_value(factor) == 1 else factor
    stages = [s.name for s in stage_table.pipeline(preparation.kind, factor) if s.folder]
    for name in stages[stages.index("crop") + 1 : -1]:  # The last is pack.
        clip = stage_function(name, preparation, factor)(clip)
    return clip.frames


def stage_function(
    stage: str, preparation: Preparation, factor: str = "x1"
) -> Callable[[ClipArrays], ClipArrays]:
    """Return a stage after align as a function of one clip.

    A stage is `<name>_clip(clip, its settings)` in `stages/<name>.py`; magnify takes the factor as
    well, interpolate the whole preparation.
    """
    if stage == "magnify":
        return lambda clip: magnify_clip(clip, preparation.magnify, factor_value(factor))
    if stage == "interpolate":
        return lambda clip: prepare_clip(clip, preparation, interpolate_clip)
    function = getattr(import_module(f"merflow.stages.{stage}"), f"{stage}_clip")
    return lambda clip: function(clip, getattr(preparation, stage))
