"""CAS(ME)2 as its owners ship it: recordings by stimulus, a sheet without a header."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.synthetic.clip import DemoClip, Difficulty
from merflow.synthetic.clip_files import Job, write_jobs
from merflow.synthetic.further._drafted import drawn
from merflow.synthetic.plan import Frames, drafts, seed_of
from merflow.synthetic.published._form import Book, write_book
from merflow.synthetic.published.casme_sq import SUBJECTS, VIDEOS
from merflow.synthetic.sheets import single

FILM = Frames(fps=30, size=(640, 480), unit=45.0, length=(12, 24))
SHEET = "CAS(ME)^2code_final.xlsx"
WORDS = {
    "negative": ("disgust", "anger"),
    "positive": ("happiness",),
    "surprise": ("surprise",),
    "other": ("others",),
}
KIND = "micro-expression"


def plan(
    subjects: int = 3,
    clips: int = 6,
    seed: int = 1,
    difficulty: Difficulty | None = None,
    small: bool = False,
) -> list[DemoClip]:
    """Return the clips of a demo CAS(ME)2: one expression a recording, so at most 8 a subject."""
    if subjects > len(SUBJECTS) or clips > len(VIDEOS) - 1:
        raise MerflowError(
            "casme_sq",
            f"{subjects} subjects with {clips} clips",
            f"at most {len(SUBJECTS)} subjects with {len(VIDEOS) - 1} clips",
        )
    hard = difficulty or Difficulty()
    film = FILM.smaller() if small else FILM
    return [
        clip
        for participant in range(1, subjects + 1)
        for clip in _subject(participant, clips, seed, hard, film)
    ]


def _subject(
    participant: int, clips: int, seed: int, hard: Difficulty, film: Frames
) -> Iterator[DemoClip]:
    who = ("casme_sq", participant, seed)
    rng = np.random.default_rng(seed_of("names", *who))
    person, subject = seed_of("person", *who), f"s{SUBJECTS[participant - 1]}"
    made = drafts(who, clips, WORDS, film, hard, other=participant % 2 == 1)
    for draft, video in zip(made, VIDEOS, strict=False):
        # Some recordings pass frame 999, where three digits become four.
        onset = int(rng.integers(20, 1400))
        word = "others" if draft.expression == "other" else draft.expression
        key = ClipKey("casme_sq", subject, f"{video}_1")
        extra = (("participant", str(participant)), ("video", video))
        name = (subject, f"{video}_1")
        yield drawn(key, name, word, draft, onset, film, person, hard, extra)


def jobs(root: Path, clips: list[DemoClip]) -> list[Job]:
    """Return where each clip's frames go: the part of its recording that is drawn."""
    out = []
    for clip in clips:
        recording = f"{clip.subject[1:]}_{VIDEOS[dict(clip.extra)['video']]}"
        names = tuple(f"img{n:03d}.jpg" for n in clip.numbers)
        out.append(Job(root, clip, f"rawpic/{clip.subject}/{recording}", names))
    return out


def sheets(root: Path, clips: list[DemoClip]) -> list[Path]:
    """Write the code table without a header, and the two sheets of naming rules."""
    rows = []
    for c in clips:
        felt = "happyiness" if c.emotion == "positive" else None
        labels = (single(c.action_units), c.emotion, KIND, felt)
        participant = int(dict(c.extra)["participant"])
        rows.append((participant, c.clip, c.onset, c.apex, c.offset, *labels))
    subjects = [(raw, f"s{raw}", place) for place, raw in enumerate(SUBJECTS, 1)]
    videos = [(folder[:4], video) for video, folder in VIDEOS.items()]
    pages = (("CASFEcode_final", rows), ("naming rule1", subjects), ("naming rule2", videos))
    write_book(root, Book(SHEET, pages))
    return [root / SHEET]


def write(
    root: Path,
    clips: list[DemoClip],
    pictures: bool = True,
    done: Callable[[Job], None] | None = None,
) -> list[Job]:
    """Write the dataset below `root`; return the clips that had to be written."""
    written = write_jobs(jobs(root, clips), pictures, done)
    sheets(root, clips)
    return written
