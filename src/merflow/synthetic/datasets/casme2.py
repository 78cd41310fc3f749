"""CASME II as its owners ship it: selected raw frames, nested twice, and the 2014 sheet."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from merflow.clip import ClipKey
from merflow.synthetic.clip import DemoClip
from merflow.synthetic.dataset import DemoDataset
from merflow.synthetic.plan import Camera, Subject
from merflow.synthetic.sheets import Book, Rows, single, write_book

CAMERA = Camera(fps=200, size=(640, 480), unit=45.0, length=(30, 45))
SHEET = "CASME2-coding-20140508.xlsx"
NEGATIVE = ("disgust", "repression")
HEADER = (
    "Subject",
    "Filename",
    None,
    "OnsetFrame",
    "ApexFrame",
    "OffsetFrame",
    None,
    "Action Units",
    "Estimated Emotion",
)


def clips(subjects: Iterable[Subject]) -> Iterator[DemoClip]:
    """Yield each subject's clips; two of three subjects have an extra clip of 'others'."""
    for subject in subjects:
        rng = subject.rng("names")
        drafts = subject.drafts(NEGATIVE, other=subject.id % 3 != 0)
        for draft, name in zip(drafts, _names(subject.id, rng), strict=False):
            # Numbers start anywhere in a recording and cross from two digits to three.
            onset = int(rng.integers(21, 190))
            key = ClipKey("casme2", f"sub{subject.id:02d}", name)
            yield subject.clip(draft, key, (f"{subject.id:02d}", name), onset)


def _names(number: int, rng: np.random.Generator) -> Iterator[str]:
    """Yield a subject's clip names; the first is the same in all, and some lack a digit."""
    yield "EP02_01f"
    if number == 3:
        yield "EP01_2"
    if number == 7:
        yield from ("EP06_02_01", "EP06_02_02")
    video, take = 2, 1
    while True:
        step = int(rng.integers(0, 3))
        video, take = (video + step, 1) if step else (video, take + 1)
        yield f"EP{video:02d}_{take:02d}{'f' if rng.random() < 0.3 else ''}"


def files(clip: DemoClip) -> tuple[str, tuple[str, ...]]:
    """Return the folder of a clip and its frames' names, numbered without padding."""
    top = "CASME2_RAW_selected/CASME2_RAW_selected"
    return f"{top}/sub{clip.subject}/{clip.clip}", tuple(f"img{n}.jpg" for n in clip.numbers)


def sheets(root: Path, clips: list[DemoClip]) -> list[Path]:
    """Write the 2014 sheet: subjects as text, two blank header cells, two empty sheets."""
    rows: Rows = [HEADER]
    for clip in clips:
        numbers = (clip.onset, clip.apex, clip.offset)
        labels = (single(clip.action_units), clip.emotion)
        rows.append((clip.subject, clip.clip, None, *numbers, None, *labels))
    return [write_book(root, Book(SHEET, (("Sheet1", rows), ("Sheet2", []), ("Sheet3", []))))]


DATASET = DemoDataset("casme2", CAMERA, range(1, 10**6), clips, files, sheets)
