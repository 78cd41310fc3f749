"""CASME II as its owners ship it: selected raw frames, nested twice, and the 2014 sheet."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from openpyxl import Workbook

from merflow.clip import ClipKey
from merflow.synthetic.clip import DemoClip, Difficulty
from merflow.synthetic.clip_files import Job, write_jobs
from merflow.synthetic.expressions import objective_class
from merflow.synthetic.plan import Draft, Frames, drafts, seed_of
from merflow.synthetic.sheets import save_workbook, single

FILM = Frames(fps=200, size=(640, 480), unit=45.0, length=(30, 45))
SHEET = "CASME2-coding-20140508.xlsx"
WORDS = {
    "negative": ("disgust", "repression"),
    "positive": ("happiness",),
    "surprise": ("surprise",),
    "other": ("others",),
}
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


def plan(
    subjects: int = 3,
    clips: int = 6,
    seed: int = 1,
    difficulty: Difficulty | None = None,
    small: bool = False,
) -> list[DemoClip]:
    """Return the clips of a demo CASME II: `clips` a subject, one 'others' more for some."""
    hard = difficulty or Difficulty()
    film = FILM.smaller() if small else FILM
    return [
        clip
        for number in range(1, subjects + 1)
        for clip in _subject(number, clips, seed, hard, film)
    ]


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


def _subject(
    number: int, clips: int, seed: int, hard: Difficulty, film: Frames
) -> Iterator[DemoClip]:
    who = ("casme2", number, seed)
    rng = np.random.default_rng(seed_of("names", *who))
    person = seed_of("person", *who)
    made = drafts(who, clips, WORDS, film, hard, other=number % 3 != 0)
    for draft, name in zip(made, _names(number, rng), strict=False):
        # Numbers start anywhere in a recording and cross from two digits to three.
        onset = int(rng.integers(21, 190))
        yield _clip(number, name, draft, onset, person, hard, film)


def _clip(
    number: int,
    name: str,
    draft: Draft,
    onset: int,
    person: int,
    hard: Difficulty,
    film: Frames,
) -> DemoClip:
    return DemoClip(
        dataset="casme2",
        subject=f"{number:02d}",
        clip=name,
        key=ClipKey("casme2", f"sub{number:02d}", name),
        emotion=draft.emotion,
        expression=draft.expression,
        units=draft.units,
        action_units=draft.action_units,
        objective=objective_class(draft.emotion),
        onset=onset,
        apex=onset + draft.apex,
        offset=onset + draft.frames - 1,
        fps=film.fps,
        size=film.size,
        unit=film.unit,
        amplitude_px=draft.amplitude_px,
        person=person,
        seed=draft.seed,
        difficulty=hard,
    )


def jobs(root: Path, clips: list[DemoClip]) -> list[Job]:
    """Return where each clip's frames go: names without padding."""
    top = "CASME2_RAW_selected/CASME2_RAW_selected"
    return [
        Job(
            root,
            clip,
            f"{top}/sub{clip.subject}/{clip.clip}",
            tuple(f"img{number}.jpg" for number in clip.numbers),
        )
        for clip in clips
    ]


def sheets(root: Path, clips: list[DemoClip]) -> list[Path]:
    """Write the 2014 sheet: subjects as text, two blank header cells, two empty sheets."""
    book = Workbook()
    page = book.active
    page.title = "Sheet1"
    page.append(HEADER)
    for clip in clips:
        numbers = (clip.onset, clip.apex, clip.offset)
        labels = (single(clip.action_units), clip.emotion)
        page.append((clip.subject, clip.clip, None, *numbers, None, *labels))
    book.create_sheet("Sheet2")
    book.create_sheet("Sheet3")
    save_workbook(root / SHEET, book)
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
