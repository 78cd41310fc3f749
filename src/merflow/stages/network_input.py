"""The last stage before packing: select frames, interpolate, subtract the onset frame."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from merflow.clip import ClipArrays
from merflow.errors import SkipClip
from merflow.stages.select import select_clip

if TYPE_CHECKING:
    from merflow.config.settings import Interpolate, Preparation


def prepare_clip(
    clip: ClipArrays,
    chosen: "Preparation",
    interpolate: Callable[[ClipArrays, "Interpolate"], ClipArrays],
) -> ClipArrays:
    """Return the network input of a clip: (length, size, size, C) uint8.

    With `difference: onset` the frames are differences from the onset frame plus 128, clipped.
    Halving the differences instead would lose the smallest movements, of about 1 grey level.
    """
    if len(clip.frames) == 0:
        raise SkipClip("no frames left")
    done = interpolate(select_clip(clip, chosen.select), chosen.interpolate)
    if chosen.difference == "onset":
        first = done.frames[done.onset].astype(np.int16)
        moved = done.frames.astype(np.int16) - first + 128
        return replace(done, frames=np.clip(moved, 0, 255).astype(np.uint8))
    return done
