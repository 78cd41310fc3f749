"""CAS(ME)3 part A as its owners ship it: cut-out clips, depth beside them, text cells."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from merflow.clip import ClipKey
from merflow.io.files import atomic
from merflow.synthetic.clip import DemoClip, Difficulty
from merflow.synthetic.clip_files import Job, write_jobs
from merflow.synthetic.further._drafted import drawn
from merflow.synthetic.plan import Frames, drafts, seed_of
from merflow.synthetic.published._form import Book, write_book
from merflow.synthetic.published.casme3 import HEADER, SHEET, SUBJECTS

FILM = Frames(fps=30, size=(640, 360), unit=32.0, length=(12, 24))
WORDS = {
    "negative": ("disgust", "anger", "sadness", "fear"),
    "positive": ("happiness",),
    "surprise": ("surprise",),
    "other": ("others",),
}
SHEET_WORDS = {"happiness": "happy", "sadness": "sad"}
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII")
TOP = "Part_A_ME_clip/Part_A_ME_clip"


def plan(
    subjects: int = 3,
    clips: int = 6,
    seed: int = 1,
    difficulty: Difficulty | None = None,
    small: bool = False,
) -> list[DemoClip]:
    """Return the clips of a demo CAS(ME)3; two clips share a letter, as in the original."""
    hard = difficulty or Difficulty()
    film = FILM.smaller() if small else FILM
    known = (*SUBJECTS, *range(218, 218 + subjects))
    return [clip for n in known[:subjects] for clip in _subject(n, clips, seed, hard, film)]


def _subject(
    number: int, clips: int, seed: int, hard: Difficulty, film: Frames
) -> Iterator[DemoClip]:
    who = ("casme3", number, seed)
    rng = np.random.default_rng(seed_of("names", *who))
    person, onset = seed_of("person", *who), 7
    for place, draft in enumerate(drafts(who, clips, WORDS, film, hard, other=number % 3 != 0)):
        letter = "abcdefghijklm"[place // 2 % 13]
        onset = int(rng.integers(5, 60)) + (0 if place % 2 == 0 else onset + draft.frames)
        word = SHEET_WORDS.get(draft.emotion, draft.emotion)
        # The published sheet spells one label in two ways.
        word = "Others" if word == "others" and number % 2 else word
        name = f"spNo.{number}_{letter}_{onset}"
        key = ClipKey("casme3", f"spNO.{number:03d}", f"{letter}_{onset}")
        extra = (("letter", letter),)
        yield drawn(key, (f"spNO.{number}", name), word, draft, onset, film, person, hard, extra)


def jobs(root: Path, clips: list[DemoClip]) -> list[Job]:
    """Return where each clip's colour frames go: names without padding."""
    return [
        Job(root, c, f"{TOP}/frame/{c.clip}", tuple(f"{n}.jpg" for n in c.numbers)) for c in clips
    ]


def sheets(root: Path, clips: list[DemoClip]) -> list[Path]:
    """Write version 2 of the sheet: every cell is text, numbers too."""
    rows = []
    for c in clips:
        span = map(str, (c.onset, c.apex, c.offset))
        labels = (c.action_units, ROMAN[c.objective - 1], c.emotion)
        rows.append((c.subject, dict(c.extra)["letter"], *span, *labels))
    write_book(root, Book(SHEET, (("label", [HEADER, *rows]), ("Sheet1", []), ("Sheet3", []))))
    return [root / SHEET]


def write(
    root: Path,
    clips: list[DemoClip],
    pictures: bool = True,
    done: Callable[[Job], None] | None = None,
) -> list[Job]:
    """Write the dataset below `root`, a depth picture for each onset; return the clips drawn."""
    written = write_jobs(jobs(root, clips), pictures, done)
    for job in written if pictures else ():
        width, height = job.clip.size
        plane = np.linspace(600, 1400, height, dtype=np.uint16)[:, None].repeat(width, 1)
        with atomic(root / f"{TOP}/depth/{job.clip.clip}/{job.clip.onset}.png") as part:
            part.write_bytes(cv2.imencode(".png", plane)[1].tobytes())
    sheets(root, clips)
    return written
