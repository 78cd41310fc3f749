"""A spotting run on made recordings: stores of windows in place of faces."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from merflow.clip import Clip, ClipArrays, ClipKey, Interval
from merflow.config.loading import validate
from merflow.config.settings import Settings
from merflow.io import records
from merflow.io.clip_store import write_store
from merflow.workflow.plan import Plan
from merflow.workflow.split_folds import write_split
from merflow.workflow.spotting_plan import store

FRAMES, FPS = 120, 30.0
LENGTHS = {"s15": 6, "s16": 6, "s19": 16}
"""Offset minus onset of every interval of a subject: without s19 k is 3, with it more."""


def settings(tmp: Path, **entry: Any) -> Settings:
    """Return settings with one spotting method, `spotter`."""
    chosen = {"method": "motion_energy", "preparation": "faces", "collection": "all", **entry}
    return validate(
        {
            "datasets": {"casme_sq": {"root": str(tmp), "variant": "spotting"}},
            "collections": {"all": ["casme_sq"]},
            "preparations": {"faces": {}},
            "spotting": {"spotter": chosen},
            "bootstrap": 100,
        }
    )


def recordings() -> list[Clip]:
    """Return two recordings of each subject, with two intervals in the first and none after."""
    return [
        Clip(
            key=ClipKey("casme_sq", subject, f"r{number}"),
            folder="/nowhere",
            files=tuple(f"img{n:03d}.jpg" for n in range(1, FRAMES + 1)),
            numbers=tuple(range(1, FRAMES + 1)),
            fps=FPS,
            emotion="",
            intervals=tuple(
                Interval(on, on + length // 2, on + length, "micro", emotion)
                for on, emotion in ((30, "positive"), (80, "negative"))
                if number == 0
            ),
        )
        for subject, length in LENGTHS.items()
        for number in range(2)
    ]


def write_windows(window: str, late: int = 0, subjects: Iterable[str] = tuple(LENGTHS)) -> None:
    """Write the stores of windows of subjects, in the working folder.

    Movement is 6 times the rest in intervals; windows show a bright spot where they overlap one.
    late: frames from the annotated places to the drawn ones.
    """
    for subject in subjects:
        clips = [_arrays(clip, window, late) for clip in recordings()]
        own = [clip for clip in clips if clip.key.subject == subject]
        path = Path(store("faces", window, "casme_sq", subject))
        recipe = {"windows": {"window": window}}
        with records.job("windows", path) as job:
            write_store(path, "windows", own, recipe, {})
            job.done({"recipe": recipe, "frames": f"{subject} {late}"}, [path])


def _arrays(clip: Clip, window: str, late: int) -> ClipArrays:
    rng = np.random.default_rng([len(clip.key.subject), int(clip.key.clip[1:])])
    numbers = np.arange(1, FRAMES + 1)
    k = int(window[1:]) if window != "movement" else 1
    moved = np.zeros(FRAMES, bool)
    for one in clip.intervals or ():
        moved |= (numbers + k - 1 >= one.onset + late) & (numbers <= one.offset + late)
    if window == "movement":
        values = np.where(moved, 0.06, 0.01) + rng.normal(0, 2e-4, FRAMES)
        frames, kept = values.astype(np.float32).reshape(-1, 1, 1, 1), numbers
    else:
        kept = numbers[:-k]
        frames = rng.uniform(0, 0.002, (len(kept), 42, 42, 3)).astype(np.float16)
        frames[moved[:-k], 25:35, 10:30] += np.float16(0.02)
    facts = {"recording": [1, FRAMES]}
    return ClipArrays(clip.key, frames, FPS, kept, 0, None, len(frames) - 1, facts=facts)


def planned(made: Settings) -> Plan:
    """Return the plan of made recordings, with its fold files in results/."""
    plan = Plan(made, {"casme_sq": recordings()})
    write_split(plan, "spotter")
    return plan
