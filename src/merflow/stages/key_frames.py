"""Key frames: onset, apex and offset reach a clip at the first stage that uses them.

Aligned and cropped clips hold none, so a corrected apex leaves them as they are.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from merflow.clip import Clip, ClipArrays, positions

if TYPE_CHECKING:
    from merflow.config.settings import Preparation

ALL = ("onset", "apex", "offset")


def used_by(stage: str, preparation: "Preparation") -> tuple[str, ...]:
    """Return the key frames that a stage's output depends on."""
    if stage == "magnify":
        return ("onset",)
    if stage == "flow":
        return ALL
    if stage != "interpolate":
        return ()
    if preparation.select.frames != "all":
        return ALL
    return ("onset",) if preparation.difference == "onset" else ()


def without_key_frames(clip: ClipArrays) -> ClipArrays:
    """Return a clip from its first to its last frame, its apex unknown."""
    return replace(clip, onset=0, apex=None, offset=len(clip.frames) - 1)


def with_key_frames(clip: ClipArrays, annotated: Clip, names: tuple[str, ...] = ALL) -> ClipArrays:
    """Return a clip with the annotated key frames at their positions; others as unknown."""
    onset, apex, offset = positions(annotated, clip.numbers)
    bare = without_key_frames(clip)
    found = {"onset": onset, "apex": apex, "offset": offset}
    return replace(bare, **{name: found[name] for name in names})
