"""SMIC as its owners ship it, HS camera: no sheet, the label is in the folder and the name."""

from collections.abc import Callable, Iterator
from pathlib import Path

from merflow.clip import ClipKey
from merflow.synthetic.clip import NEUTRAL, DemoClip, Difficulty
from merflow.synthetic.clip_files import Job, write_jobs
from merflow.synthetic.plan import Draft, Frames, drafts, seed_of

FILM = Frames(fps=100, size=(640, 480), unit=40.0, length=(16, 32))
SUBJECTS = (1, 3, 20, 4, 8, 11, 12, 14, 18, 13, 15, 2, 5, 6, 9, 19)
"""The published subjects; the first three differ most in how their names and numbers look."""
TOKENS = {"negative": "ne", "positive": "po", "surprise": "sur"}
WORDS = {
    "negative": ("disgust", "anger", "sadness", "repression"),
    "positive": ("happiness",),
    "surprise": ("surprise",),
}


def plan(
    subjects: int = 3,
    clips: int = 6,
    seed: int = 1,
    difficulty: Difficulty | None = None,
    small: bool = False,
) -> list[DemoClip]:
    """Return the clips of a demo SMIC: per subject `clips` expressions and one neutral clip."""
    hard = difficulty or Difficulty()
    film = FILM.smaller() if small else FILM
    known = (*SUBJECTS, *range(21, 21 + subjects))
    return [clip for n in known[:subjects] for clip in _subject(n, clips, seed, hard, film)]


def _subject(
    number: int, clips: int, seed: int, hard: Difficulty, film: Frames
) -> Iterator[DemoClip]:
    who = ("smic", number, seed)
    # The recordings' frame counters run on: six digits in most, eight in subject 20.
    counter = 17_581_039 if number == 20 else 34_208 + 27_000 * number
    person, count = seed_of("person", *who), dict.fromkeys(TOKENS, 0)
    made = list(drafts(who, clips, WORDS, film, hard))
    still = Draft(NEUTRAL, "", "", (), 0.0, 4, 1, seed_of("still", *who))
    for draft in [*made, still]:
        if draft.expression == NEUTRAL:
            # Neutral clips are numbered with one digit or with two.
            token = "n1" if number != 3 else "n01"
        else:
            count[draft.expression] += 1
            token = f"{TOKENS[draft.expression]}_{count[draft.expression]:02d}"
        yield _clip(number, token, draft, counter, person, hard, film)
        counter += draft.frames + 1187


def _clip(
    number: int,
    token: str,
    draft: Draft,
    onset: int,
    person: int,
    hard: Difficulty,
    film: Frames,
) -> DemoClip:
    return DemoClip(
        dataset="smic",
        subject=f"s{number}",
        clip=f"s{number}_{token}",
        key=ClipKey("smic", f"s{number:02d}", f"s{number:02d}_{token}"),
        emotion="" if draft.expression == NEUTRAL else draft.expression,
        expression=draft.expression,
        units=draft.units,
        action_units="",
        objective=0,
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
    """Return where each clip's frames go: names padded to six digits, longer as they come."""
    out = []
    for clip in clips:
        kind = f"micro/{clip.emotion}" if clip.emotion else "non_micro"
        folder = f"SMIC_all_raw/HS/{clip.subject}/{kind}/{clip.clip}"
        names = tuple(f"image{number:06d}.bmp" for number in clip.numbers)
        out.append(Job(root, clip, folder, names))
    return out


def sheets(root: Path, clips: list[DemoClip]) -> list[Path]:
    """Write the annotation sheets: this release has none."""
    return []


def write(
    root: Path,
    clips: list[DemoClip],
    pictures: bool = True,
    done: Callable[[Job], None] | None = None,
) -> list[Job]:
    """Write the dataset below `root`; return the clips that had to be written."""
    return write_jobs(jobs(root, clips), pictures, done)
