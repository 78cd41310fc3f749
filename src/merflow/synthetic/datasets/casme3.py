"""CAS(ME)3 part A as its owners ship it: cut-out clips, depth images, text cells."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from merflow.clip import ClipKey
from merflow.io.files import atomic
from merflow.synthetic.clip import DemoClip
from merflow.synthetic.clip_files import Job
from merflow.synthetic.dataset import DemoDataset
from merflow.synthetic.plan import Camera, Subject
from merflow.synthetic.sheets import Book, Rows, write_book

CAMERA = Camera(fps=30, size=(640, 360), unit=32.0, length=(12, 24))
HEADER = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
SHEET = "annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"
SUBJECTS = (
    *range(1, 16), *range(39, 43), 77, *range(138, 151), *range(152, 164), *range(165, 191),
    *range(192, 198), *range(201, 218),
)  # fmt: skip
"""94 subjects; the published numbers lie between 1 and 217 with gaps."""

NEGATIVE = ("disgust", "anger", "sadness", "fear")
SHEET_WORDS = {"happiness": "happy", "sadness": "sad"}
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII")
TOP = "Part_A_ME_clip/Part_A_ME_clip"


def clips(subjects: Iterable[Subject]) -> Iterator[DemoClip]:
    """Yield each subject's clips; two clips share a letter, as in the original."""
    for subject in subjects:
        number, rng, onset = subject.id, subject.rng("names"), 7
        for place, draft in enumerate(subject.drafts(NEGATIVE, other=number % 3 != 0)):
            letter = "abcdefghijklm"[place // 2 % 13]
            onset = int(rng.integers(5, 60)) + (0 if place % 2 == 0 else onset + draft.frames)
            label = SHEET_WORDS.get(draft.emotion, draft.emotion)
            # The published sheet spells one label in two ways.
            label = "Others" if label == "others" and number % 2 else label
            key = ClipKey("casme3", f"spNO.{number:03d}", f"{letter}_{onset}")
            name = (f"spNO.{number}", f"spNo.{number}_{letter}_{onset}")
            extra = (("letter", letter),)
            yield subject.clip(draft, key, name, onset, emotion=label, extra=extra)


def files(clip: DemoClip) -> tuple[str, tuple[str, ...]]:
    """Return the folder of a clip and its colour frames' names, numbered without padding."""
    return f"{TOP}/frame/{clip.clip}", tuple(f"{n}.jpg" for n in clip.numbers)


def sheets(root: Path, clips: list[DemoClip]) -> list[Path]:
    """Write version 2 of the sheet: every cell is text, numbers too."""
    rows: Rows = [HEADER]
    for c in clips:
        span = map(str, (c.onset, c.apex, c.offset))
        labels = (c.action_units, ROMAN[c.objective - 1], c.emotion)
        rows.append((c.subject, dict(c.extra)["letter"], *span, *labels))
    return [write_book(root, Book(SHEET, (("label", rows), ("Sheet1", []), ("Sheet3", []))))]


def write_depth(job: Job) -> None:
    """Write the depth image of a clip's onset frame."""
    width, height = job.clip.size
    plane = np.linspace(600, 1400, height, dtype=np.uint16)[:, None].repeat(width, 1)
    with atomic(job.root / f"{TOP}/depth/{job.clip.clip}/{job.clip.onset}.png") as part:
        part.write_bytes(cv2.imencode(".png", plane)[1].tobytes())


DATASET = DemoDataset(
    "casme3",
    CAMERA,
    (*SUBJECTS, *range(218, 10**6)),
    clips,
    files,
    sheets,
    after_clip=write_depth,
)
