"""KTFE as re-hosted: a visible and a thermal still of each instant, without subject ids."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from merflow.clip import ClipKey
from merflow.datasets.registry import NO_SUBJECT
from merflow.synthetic.clip import DemoClip, Difficulty
from merflow.synthetic.clip_files import Job
from merflow.synthetic.further._drafted import drawn
from merflow.synthetic.further._stills import APEX, FRAMES, stills_written, thermal, write_stills
from merflow.synthetic.plan import Frames, drafts, seed_of

FILM = Frames(fps=1, size=(320, 240), unit=22.0, length=(FRAMES, FRAMES))
NAMES = {
    "anger": "Angry",
    "disgust": "Disgust",
    "fear": "Fear",
    "happiness": "Happy",
    "sadness": "Sad",
    "surprise": "Surprised",
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
    """Return the stills of a demo KTFE: `subjects` people whom no name tells apart."""
    hard = difficulty or Difficulty(amplitude_px=(3.0, 7.0))
    film = replace(FILM.smaller() if small else FILM, length=(FRAMES, FRAMES))
    taken = dict.fromkeys(NAMES, 0)
    made = []
    for person in range(1, subjects + 1):
        who = ("ktfe", person, seed)
        for draft in drafts(who, clips, WORDS, film, hard):
            taken[draft.emotion] += 1
            name = f"R_{NAMES[draft.emotion]}_{taken[draft.emotion]}_KTFE"
            key = ClipKey("ktfe", NO_SUBJECT, name)
            seeded = replace(draft, apex=APEX)
            clip = drawn(
                key, ("", name), draft.emotion, seeded, 0, film, seed_of("person", *who), hard
            )
            made.append(replace(clip, objective=0, action_units=""))
    return made


def jobs(root: Path, clips: list[DemoClip]) -> list[Job]:
    """Return where each pair goes: names relative to the root."""
    return [
        Job(root, clip, "", (f"RGB/{clip.clip}.jpg", f"Thermal/T{clip.clip[1:]}.jpg"))
        for clip in clips
    ]


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
    return write_stills(jobs(root, clips), {"Thermal": thermal}, pictures, done)
