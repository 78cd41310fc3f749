"""What `merflow check` finds of leaks: altered copies, and properties that tell the class."""

import os
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from merflow.clip import Clip, ClipKey
from merflow.config.settings import Settings
from merflow.datasets import labels
from merflow.datasets.frame_checks import FileCheck
from merflow.datasets.spec import NO_SUBJECT, Problem, Reading
from merflow.evaluation.label_channels import binned, channel
from merflow.evaluation.near_duplicates import (
    CAMERA_SIDE,
    PREPARED_SIDE,
    Portraits,
    near_duplicates,
    picture_of,
)
from merflow.io.image_text import image_text
from merflow.io.sampled_frames import sampled_frames
from merflow.progress import track

CORNER = 1 / 12
"""Side of a picture's corner, as a share of the picture's."""
MIDDLE, SPREAD = (0.5,), (0.1, 0.3, 0.5, 0.7, 0.9)
"""Frames that are read of a clip: shares of its length. Several of a crop of the face."""
_WORDS = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Look:
    """What a clip looks like: its portrait, (S, S) float32, and facts of its corners.

    corners: mean and largest value (grey levels) of the four corners.
    """

    picture: np.ndarray
    corners: tuple[float, ...]


def look_at(clip: Clip) -> Look | None:
    """Return the look of a clip from one to five of its frames; None: none can be read."""
    raw = clip.enters_at == "raw"
    side, places = (CAMERA_SIDE, MIDDLE) if raw else (PREPARED_SIDE, SPREAD)
    frames = sampled_frames(clip, places, side)
    if not frames:
        return None
    pictures = [picture_of(frame, side) for frame in frames]
    return Look(np.mean(pictures, axis=0), _corners(frames[0]))


def _corners(frame: np.ndarray) -> tuple[float, ...]:
    height, width = (max(1, round(side * CORNER)) for side in frame.shape)
    parts = [frame[y][:, x] for y in (slice(height), slice(-height, None))
             for x in (slice(width), slice(-width, None))]  # fmt: skip
    return tuple(float(f(part)) for f in (np.mean, np.max) for part in parts)


def altered_copies(
    clips: Sequence[Clip], looks: Mapping[ClipKey, Look], known: set[frozenset[ClipKey]]
) -> list[Problem]:
    """Return a warning for each clip that shows the recording of another subject's clip.

    known: pairs that are reported already, because their files are equal.
    """
    found = []
    for raw in (True, False):
        shown = [c for c in clips if c.key in looks and (c.enters_at == "raw") == raw]
        if len(shown) < 2:
            continue
        # Of crops no motion is at hand: `clips` stays empty, but they count as prepared.
        seen = Portraits.of(np.stack([looks[c.key].picture for c in shown]), camera=raw)
        owner = np.unique([c.key.subject_key for c in shown], axis=0, return_inverse=True)[1]
        owner = owner.ravel()
        apart = np.tri(len(shown), k=-1, dtype=bool) & (owner[:, None] != owner)
        for pair in near_duplicates(seen, seen, apart):
            copy, first = shown[pair.first].key, shown[pair.second].key
            if frozenset((copy, first)) not in known:
                text = f"it shows the recording of {first} (correlation {pair.whole:.3f})"
                found.append(Problem("warning", str(copy), text, *_COPY))
    return found


_COPY = (
    "every recording once; an altered copy, mirrored or cropped for example, counts as the same",
    "look at both; delete one of the two: duplicates on both sides of a split are a leak",
)


def looks_of(clips: Sequence[Clip]) -> dict[ClipKey, Look]:
    """Return the looks of the clips that have frames."""
    found = {}
    for clip in track([c for c in clips if c.files and not c.missing], "looking for copies"):
        if (look := look_at(clip)) is not None:
            found[clip.key] = look
    return found


def label_leaks(
    reading: Reading,
    checks: Mapping[ClipKey, FileCheck],
    looks: Mapping[ClipKey, Look],
    settings: Settings | None,
) -> list[Problem]:
    """Return a warning for each property of the files that tells the class of unseen subjects."""
    clips, classes = _labelled(reading, settings)
    found = []
    for what, values, sees in _properties(reading, clips, checks, looks):
        kept = [k for k, value in enumerate(values) if value is not None]
        clue = channel(
            [values[k] for k in kept],
            [classes[k] for k in kept],
            [clips[k].key.subject for k in kept],
        )
        if clue.tells:
            text = (
                f"{what} tells the class of subjects that were left out "
                f"(UAR {clue.uar:.2f}; {clue.guess:.2f} by guessing)"
            )
            found.append(Problem("warning", reading.name, text, "a property unrelated to it", sees))
    return found


def _labelled(reading: Reading, settings: Settings | None) -> tuple[list[Clip], list[str]]:
    """Return the clips of known subjects with their class: of scheme `three`, or the emotion."""
    clips = [c for c in reading.clips if c.files and c.key.subject != NO_SUBJECT]
    outcomes = [labels.explain("three", clip, settings).label for clip in clips]
    if len(set(outcomes) - {None}) < 2:
        outcomes = [clip.emotion or None for clip in clips]
    pairs = [(c, label) for c, label in zip(clips, outcomes, strict=True) if label is not None]
    return [c for c, _ in pairs], [label for _, label in pairs]


_Values = list[Hashable]


def _properties(
    reading: Reading,
    clips: Sequence[Clip],
    checks: Mapping[ClipKey, FileCheck],
    looks: Mapping[ClipKey, Look],
) -> list[tuple[str, _Values, str]]:
    """Return name, values per clip (None: unknown), and where the property would be seen."""
    sizes: _Values = [checks[c.key].size if c.key in checks else None for c in clips]
    found: list[tuple[str, _Values, str]] = [
        ("the number of frames", list(binned([len(c.numbers) for c in clips])), _LENGTH),
        ("the size of the pictures", sizes, _SIZE),
        ("the text in the pictures' metadata", _shared(clips, _text_of), _TEXT),
    ]
    if reading.sheets and reading.spec.name == "manifest":
        # Published names are their owners', and without a sheet the names are the labels.
        found.append(("a word in the names of the files", _shared(clips, _name_of), _NAME))
    shown = [k for k, clip in enumerate(clips) if clip.key in looks]
    if shown:
        corners = np.array([looks[clips[k].key].corners for k in shown])
        best = [binned(column) for column in corners.T]
        place = ("top left", "top right", "bottom left", "bottom right")
        for number, codes in enumerate(best):
            values: _Values = [None] * len(clips)
            for k, code in zip(shown, codes, strict=True):
                values[k] = code
            kind = "brightest place of the" if number >= 4 else "brightness of the"
            found.append((f"the {kind} {place[number % 4]} corner", values, _CORNER))
    return found


_LENGTH = "compare the score with that of `control: length-only`"
_SIZE = "bring all clips to one size; a network sees a trace of it (`control: frozen` finds it)"
_TEXT = "no network sees it; remove it before you give the files to another program"
_NAME = "no network sees it, but `method: command` is given the clip ids: rename the clips"
_CORNER = "look at the corner; `control: masked` and `control: frozen` show if a network uses it"


def _shared(clips: Sequence[Clip], words_of: Callable[[Clip], set[str]]) -> _Values:
    """Return for each clip its words that clips of several subjects have."""
    words = [words_of(clip) for clip in clips]
    owners: dict[str, set[str]] = {}
    for clip, own in zip(clips, words, strict=True):
        for word in own:
            owners.setdefault(word, set()).add(clip.key.subject)
    return [frozenset(word for word in own if len(owners[word]) > 1) for own in words]


def _name_of(clip: Clip) -> set[str]:
    folder = os.path.basename(clip.folder)
    text = f"{clip.key.clip} {folder} {clip.files[0]} {clip.files[-1]}"
    return set(_WORDS.findall(text.lower()))


def _text_of(clip: Clip) -> set[str]:
    text = image_text(os.path.join(clip.folder, clip.files[0]))
    return {word for word in _WORDS.findall(text.lower()) if len(word) > 2}
