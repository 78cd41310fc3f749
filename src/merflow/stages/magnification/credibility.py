"""Decide whether the measured gain of a magnification can be trusted. Imports no array library."""

from collections.abc import Mapping
from typing import Any

CREDIBLE = 25.0
"""Displacement (px at 256 px) above which no method's result is credible."""
INDEPENDENT, REPEATED = 0.97, 0.10
"""Frames were predicted from each other if both measures of `compression.frame_coding` are beyond
these values (benchmarks/delivered_truth.py; docs/magnification.md)."""
LARGE, COMPRESSED = "large", "compressed"
"""Reasons for doubt: more displacement than CREDIBLE; frames that a video codec predicted."""
MEANINGS = {
    LARGE: f"above {CREDIBLE:g} px no method is reliable",
    COMPRESSED: "video compression may have removed small motion, which no measurement can show",
}


def credibility(asked_px: float, coding: Mapping[str, float]) -> dict[str, Any]:
    """Return whether the measured gain can be trusted, and why not; JSON-able.

    asked_px: requested displacement, px at 256 px; coding: of `compression.frame_coding`.

    Keys: those of `coding`; credible; doubt, LARGE, COMPRESSED or empty. The gain compares the
    result with motion measured on the same frames, so it cannot show what compression removed.
    """
    doubt = LARGE if asked_px > CREDIBLE else ""
    if inter_coded(coding):
        doubt = COMPRESSED
    return {**coding, "credible": not doubt, "doubt": doubt}


def inter_coded(coding: Mapping[str, float]) -> bool:
    """Return whether the measures of `compression.frame_coding` show frames predicted from others.

    False for clips too short to be measured.
    """
    return bool(coding and coding["independent"] < INDEPENDENT and coding["repeated"] > REPEATED)
