"""Decide whether the measured gain of a magnification can be trusted. Imports no array library."""

from collections.abc import Mapping
from typing import Any

CREDIBLE = 25.0
"""Displacement (px at 256 px) above which no method's result is credible."""
INDEPENDENT, REPEATED = 0.97, 0.10
"""Frames were predicted from each other if both measures of `compression.frame_coding` are beyond
these values (benchmarks/delivered_truth.py; docs/magnification.md)."""
FEWEST_BITS = 0.1
"""Bits per pixel and frame of a video file below which small motion is lost, also where a moving
head hides it from `compression.frame_coding`."""
LARGE, COMPRESSED = "large", "compressed"
"""Reasons for doubt: more displacement than CREDIBLE; frames that a video codec predicted."""
MEANINGS = {
    LARGE: f"above {CREDIBLE:g} px no method is reliable",
    COMPRESSED: "video compression may have removed small motion, which no measurement can show",
}


def credibility(asked_px: float, coding: Mapping[str, Any]) -> dict[str, Any]:
    """Return whether the measured gain can be trusted, and why not; JSON-able.

    asked_px: requested displacement, px at 256 px; coding: see `compressed`.

    Keys: those of `coding`; credible; doubt, LARGE, COMPRESSED or empty. The gain compares the
    result with motion measured on the same frames, so it cannot show what compression removed.
    """
    doubt = LARGE if asked_px > CREDIBLE else ""
    if compressed(coding):
        doubt = COMPRESSED
    return {**coding, "credible": not doubt, "doubt": doubt}


def compressed(coding: Mapping[str, Any]) -> bool:
    """Return whether a video codec predicted the frames, so that motion of 0.2 px may be lost.

    coding: independent and repeated, of `compression.frame_coding`; bits_per_pixel, of a video
    file. Measures that are missing decide nothing.
    """
    predicted = coding.get("independent", 1) < INDEPENDENT and coding.get("repeated", 0) > REPEATED
    return bool(predicted or coding.get("bits_per_pixel", FEWEST_BITS) < FEWEST_BITS)
