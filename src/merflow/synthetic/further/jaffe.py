"""JAFFE as its owners ship it: grey TIFF stills in one folder, one of them with three channels."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.synthetic.clip import DemoClip, Difficulty
from merflow.synthetic.clip_files import Job
from merflow.synthetic.further._drafted import drawn
from merflow.synthetic.further._stills import APEX, FRAMES, stills_written, write_stills
from merflow.synthetic.plan import Frames, drafts, seed_of
from merflow.synthetic.published.jaffe import MODELS

FILM = Frames(fps=1, size=(256, 256), unit=26.0, length=(FRAMES, FRAMES), grey=True)
CODES = {
    "anger": "AN",
    "disgust": "DI",
    "fear": "FE",
    "happiness": "HA",
    "sadness": "SA",
    "surprise": "SU",
}
WORDS = {
    "negative": ("anger", "disgust", "fear", "sadness"),
    "positive": ("happiness",),
    "surprise": ("surprise",),
}
is_written = stills_written


def plan(
    subjects: int = 3,
    clips: int = 6,
    seed: int = 1,
    difficulty: Difficulty | None = None,
    small: bool = False,
) -> list[DemoClip]:
    """Return the stills of a demo JAFFE; posed faces move ten times as far as micro ones."""
    if subjects > len(MODELS):
        raise MerflowError("jaffe", f"{subjects} subjects", f"at most {len(MODELS)}")
    hard = difficulty or Difficulty(amplitude_px=(4.0, 9.0))
    film = FILM.smaller() if small else FILM
    film = replace(film, length=(FRAMES, FRAMES))
    numbered: Iterator[int] = iter(range(1, 10**6))
    return [c for m in MODELS[:subjects] for c in _subject(m, clips, seed, hard, film, numbered)]


def _subject(
    model: str, clips: int, seed: int, hard: Difficulty, film: Frames, numbers: Iterator[int]
) -> Iterator[DemoClip]:
    who = ("jaffe", model, seed)
    person, taken = seed_of("person", *who), dict.fromkeys(CODES, 0)
    for draft in drafts(who, clips, WORDS, film, hard):
        taken[draft.emotion] += 1
        number = next(numbers)
        name = f"{model}.{CODES[draft.emotion]}{taken[draft.emotion]}.{number}"
        key = ClipKey("jaffe", model, name)
        made = drawn(
            key, (model, name), draft.emotion, replace(draft, apex=APEX), 0, film, person, hard
        )
        # One published picture has three channels.
        yield replace(made, grey=number != 2, objective=0, action_units="")


def jobs(root: Path, clips: list[DemoClip]) -> list[Job]:
    """Return where each still goes."""
    return [Job(root, clip, "jaffe", (f"{clip.clip}.tiff",)) for clip in clips]


def sheets(root: Path, clips: list[DemoClip]) -> list[Path]:
    """Write the annotation sheets: the names are all there is."""
    return []


def write(
    root: Path,
    clips: list[DemoClip],
    pictures: bool = True,
    done: Callable[[Job], None] | None = None,
) -> list[Job]:
    """Write the dataset below `root`; return all of it."""
    return write_stills(jobs(root, clips), {}, pictures, done)
