"""SAMM as its owners ship it: grey frames, and a sheet whose header is on row 14."""

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

FILM = Frames(fps=200, size=(960, 512), unit=44.0, length=(30, 45), grey=True)
SHEET = "SAMM_Micro_FACS_Codes_v2.xlsx"
SUBJECTS = (6, 7, *range(9, 27), 28, *range(30, 38))
WORDS = {
    "negative": ("anger", "disgust", "sadness", "contempt"),
    "positive": ("happiness",),
    "surprise": ("surprise",),
    "other": ("others",),
}
PREAMBLE = {
    1: "SAMM Dataset - Master FACS Codes",
    3: "A look-alike of the published sheet, made for generated faces",
    6: "Symbol Key:",
    7: '"/" = or',
    8: '"?" = unclear offset',
    10: "AU Help:",
    11: "L = left, R = right, A = action on both sides differs",
    12: "A-E = intensity",
}
HEADER_ROW = 14
HEADER = (
    "Subject",
    "Filename",
    "Inducement Code",
    "Onset Frame",
    "Apex Frame",
    "Offset Frame",
    "Duration",
    "Micro",
    "Action Units",
    "Estimated Emotion",
    "Objective Classes",
    "Notes",
)


def plan(
    subjects: int = 3,
    clips: int = 6,
    seed: int = 1,
    difficulty: Difficulty | None = None,
    small: bool = False,
) -> list[DemoClip]:
    """Return the clips of a demo SAMM: `clips` a subject, one 'Other' more for some."""
    hard = difficulty or Difficulty()
    film = FILM.smaller() if small else FILM
    known = (*SUBJECTS, *range(38, 38 + subjects))
    return [
        clip
        for place, number in enumerate(known[:subjects])
        for clip in _subject(number, clips, seed, hard, film, other=place % 3 != 1)
    ]


def _subject(
    number: int, clips: int, seed: int, hard: Difficulty, film: Frames, other: bool
) -> Iterator[DemoClip]:
    who = ("samm", number, seed)
    rng = np.random.default_rng(seed_of("names", *who))
    person = seed_of("person", *who)
    code, take, counter = 1, 1, int(rng.integers(300, 4000))
    # A session whose counter passed 9999 pads all of its frames to five digits.
    digits = 5 if rng.random() < 0.5 or number == 6 else 4
    for draft in drafts(who, clips, WORDS, film, hard, other=other):
        if take > 1 and rng.random() < 0.4 and code < 7:
            code, take, counter = code + 1, 1, int(rng.integers(300, 4000))
            digits = 9 - digits
        yield _clip(number, (code, take, digits), draft, counter, person, hard, film)
        take += int(rng.integers(1, 3))
        counter += draft.frames + int(rng.integers(150, 900))


def _clip(
    number: int,
    place: tuple[int, int, int],
    draft: Draft,
    onset: int,
    person: int,
    hard: Difficulty,
    film: Frames,
) -> DemoClip:
    code, take, digits = place
    name = f"{number:03d}_{code}_{take}"
    # This sheet's word for the rest has no plural, unlike CASME II's.
    word = "Other" if draft.emotion == "others" else draft.emotion.capitalize()
    return DemoClip(
        dataset="samm",
        subject=f"{number:03d}",
        clip=name,
        key=ClipKey("samm", f"{number:03d}", name),
        emotion=word,
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
        grey=film.grey,
        difficulty=hard,
        extra=(("code", str(code)), ("digits", str(digits))),
    )


def jobs(root: Path, clips: list[DemoClip]) -> list[Job]:
    """Return where each clip's frames go: names padded as their session is."""
    out = []
    for clip in clips:
        digits = int(dict(clip.extra)["digits"])
        names = tuple(f"{clip.subject}_{number:0{digits}d}.jpg" for number in clip.numbers)
        out.append(Job(root, clip, f"SAMM/{clip.subject}/{clip.clip}", names))
    return out


def sheets(root: Path, clips: list[DemoClip]) -> list[Path]:
    """Write the sheet into the folder of the subjects: preamble, header, rows, formulas."""
    book = Workbook()
    page = book.active
    page.title = "MICRO_ONLY"
    for row, text in PREAMBLE.items():
        page.cell(row, 1, text)
    for column, text in enumerate(HEADER, 1):
        page.cell(HEADER_ROW, column, text)
    durations: dict[str, float | str] = {}
    for row, clip in enumerate(clips, HEADER_ROW + 1):
        for column, value in enumerate(_row(clip, row), 1):
            page.cell(row, column, value)
        durations[f"G{row}"] = clip.frames
    page.auto_filter.ref = f"A{HEADER_ROW}:L{HEADER_ROW + len(clips)}"
    path = root / "SAMM" / SHEET
    save_workbook(path, book, durations)
    return [path]


def _row(clip: DemoClip, row: int) -> tuple[str | int | None, ...]:
    return (
        clip.subject,
        clip.clip,
        int(dict(clip.extra)["code"]),
        clip.onset,
        clip.apex,
        clip.offset,
        f"=SUM(F{row}-D{row})+1",
        "Micro - 1/2",
        single(clip.action_units),
        clip.emotion,
        clip.objective,
        None,
    )


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
