"""The way of one clip from raw frames to what a network sees, as the stages of the workflow go."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from merflow.clip import ClipArrays
from merflow.config.fingerprints import factor_value
from merflow.config.settings import Align, Preparation
from merflow.stages.align import align_clip
from merflow.stages.crop import crop_clip
from merflow.stages.flow import flow_image
from merflow.stages.interpolate import interpolate_clip
from merflow.stages.magnify import magnify_clip
from merflow.stages.network_input import prepare_clip

if TYPE_CHECKING:
    from merflow.stages.faces import Finder

DONE = "interpolated"
"""Clips that enter here have had every stage."""


@dataclass(frozen=True)
class Chain:
    """The settings of every stage from raw frames on: one preparation, one factor or several.

    factors: `x1`, `x10`; several when a run pools them.
    """

    align: Align
    preparation: Preparation
    factors: tuple[str, ...]


def whole_chain(
    clip: ClipArrays, chain: Chain, finder: "Finder", *, still: bool = False
) -> list[np.ndarray]:
    """Return what a network sees of a raw clip, an array for each of the chain's factors.

    Each (T, H, W, C) uint8, or (H, W, 3) float16 for flow. still: a clip of one frame by nature.
    Raises SkipClip with the reason when the clip cannot go on.
    """
    ready = cropped(clip, chain, finder, still=still)
    return [seen(ready, chain.preparation, factor) for factor in chain.factors]


def cropped(clip: ClipArrays, chain: Chain, finder: "Finder", *, still: bool = False) -> ClipArrays:
    """Return the clip aligned and cropped: the part that all factors share."""
    align = chain.align.model_copy(update={"min_frames": 1}) if still else chain.align
    aligned = align_clip(clip, align, finder)
    return aligned if aligned.enters_at == DONE else crop_clip(aligned, chain.preparation.crop)


def seen(clip: ClipArrays, preparation: Preparation, factor: str) -> np.ndarray:
    """Return what a network sees of a cropped clip at one factor; shapes as `whole_chain`."""
    if clip.enters_at == DONE:
        return clip.frames
    value = factor_value(factor)
    if value != 1:
        clip = magnify_clip(clip, preparation.magnify, value)
    if preparation.kind == "flow":
        return flow_image(clip, preparation.flow)
    return prepare_clip(clip, preparation, interpolate_clip).frames
