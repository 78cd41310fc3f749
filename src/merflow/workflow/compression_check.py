"""What `merflow check` finds of video compression, on a sample of a dataset's clips."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from merflow.clip import Clip
from merflow.datasets.spec import Problem, Reading
from merflow.io.images import is_video
from merflow.io.sampled_frames import consecutive_frames
from merflow.io.video_clip import video_coding
from merflow.stages.magnification.compression import frame_coding
from merflow.stages.magnification.credibility import compressed
from merflow.text import plural

CLIPS, FRAMES = 8, 12
"""Number of clips that are looked at, and consecutive frames of each: a dataset of any size costs
about a second."""


def compression_problems(reading: Reading, sound: Sequence[Clip]) -> list[Problem]:
    """Return a warning if video compression may have removed motion of 0.2 px.

    sound: the dataset's clips whose files can be read.
    """
    places = np.unique(np.linspace(0, len(sound) - 1, CLIPS).round().astype(int)) if sound else []
    codings = [coding for k in places if (coding := clip_coding(sound[k]))]
    lossy = [coding for coding in codings if compressed(coding)]
    if not lossy:
        return []
    found = (
        f"{len(lossy)} of {plural(len(codings), 'clip')} looked at "
        f"{'is' if len(lossy) == 1 else 'are'} compressed so far that motion of 0.2 px may be "
        f"lost ({_measures(lossy)})"
    )
    return [
        Problem(
            "warning",
            reading.name,
            found,
            "frames as the camera recorded them, or each compressed by itself (JPEG, MJPEG)",
            "use the original frames; magnification of these clips is marked as not credible",
        )
    ]


def clip_coding(clip: Clip) -> dict[str, Any]:
    """Return how a clip's frames are compressed; see `credibility.compressed`."""
    frames = consecutive_frames(clip, FRAMES)
    measures: dict[str, Any] = {} if frames is None else frame_coding(frames)
    if is_video(clip):
        measures |= video_coding(os.path.join(clip.folder, clip.files[0]))
    return measures


def _measures(codings: Sequence[dict[str, Any]]) -> str:
    """Return the medians of clips' measures as text."""
    texts = {
        "repeated": "{:.0%} of blocks repeat the last frame exactly",
        "independent": "{:.2f} of the change between frames is independent, 1 for a camera",
        "bits_per_pixel": "{:.3f} bits per pixel and frame",
    }
    values = {key: [c[key] for c in codings if key in c] for key in texts}
    return "; ".join(
        text.format(np.median(values[key])) for key, text in texts.items() if values[key]
    )
