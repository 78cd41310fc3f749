"""Videos of generated faces in folders SUBJECT/EMOTION, as people sort the clips of a study.

Motion JPEG: every frame is compressed by itself, so movements of 0.2 px survive.
"""

import contextlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from merflow.datasets.registry import GENERATED
from merflow.errors import MerflowError
from merflow.io.files import PARTIAL, digest, safe_join, write_json
from merflow.io.json_file import read_json
from merflow.io.video import write
from merflow.synthetic.clip import Difficulty
from merflow.synthetic.clip_files import Job, write_jobs
from merflow.synthetic.generate import demo_dataset
from merflow.synthetic.render import render_clip
from merflow.synthetic.truth import stamp

LIKE = "casme2"
"""The look-alike with the camera and the emotions of the videos."""


def plan_videos(
    root: Path, subjects: int, clips: int, seed: int, hard: Difficulty, small: bool
) -> list[Job]:
    """Return the videos below `root`: p01/happiness/take1.avi and so on.

    Numbers run on through a subject: the name of a file does not give its class away.
    """
    planned = demo_dataset(LIKE).plan(subjects, clips, seed, hard, small)
    count: Counter[str] = Counter()
    jobs = []
    for clip in planned:
        if clip.expression == "other":  # In no class of the scheme `three`.
            continue
        count[clip.subject] += 1
        name = f"take{count[clip.subject]}.avi"
        jobs.append(Job(root, clip, f"p{clip.subject}/{clip.emotion}", (name,)))
    return jobs


def write_videos(root: Path, jobs: list[Job]) -> str:
    """Write what differs from the plan; return one line that says what was done.

    Videos of an earlier plan are removed.
    """
    mark = digest([stamp(job.clip) for job in jobs])
    old = _marker(root)
    same = old.get("mark") == mark
    wanted = [job for job in jobs if not same or not (job.path / job.names[0]).is_file()]
    names = {f"{job.folder}/{job.names[0]}" for job in jobs}
    left = {*old.get("videos", [])} - names
    facts = {"mark": "", "clips": {}, "sheets": [], "videos": sorted(names | left)}
    write_json(root / GENERATED, facts)
    for name in left:
        _remove(root, name)

    def report(done: int) -> None:
        if done % 10 == 0:
            print(f"{done} of {len(wanted)} videos drawn", flush=True)

    write_jobs(wanted, write_one, report)
    write_json(root / GENERATED, {**facts, "mark": mark, "videos": sorted(names)})
    return f"{len(wanted)} of {len(jobs)} videos written to {root}"


def write_one(job: Job) -> None:
    """Write one video."""
    frames = np.stack(list(render_clip(job.clip)))
    write(job.path / job.names[0], frames, job.clip.fps, range(len(frames)))


def _remove(root: Path, name: str) -> None:
    """Remove one video, and folders that become empty."""
    video = safe_join(root, *name.split("/"))
    video.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        for parent in (video.parent, video.parent.parent):
            parent.rmdir()


def _marker(root: Path) -> dict[str, Any]:
    """Return the marker of the videos that are there; refuse a folder with other contents."""
    if (root / GENERATED).is_file():
        fix = f"delete the folder {root}, then run `merflow demo` again"
        return read_json(root / GENERATED, fix=fix)
    held = [p.name for p in root.iterdir() if PARTIAL not in p.name] if root.is_dir() else []
    if held:
        raise MerflowError(
            str(root),
            f"it holds {sorted(held)[0]}, and was not written by `merflow demo`",
            "an empty or new folder",
            "choose another folder; nothing was changed",
        )
    return {}
