"""A dataset of uncut recordings in the form of CAS(ME)2: all frames, a sheet of intervals.

Every interval is drawn, so the sheet is the truth: positions, emotions and action units.
"""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

from merflow.clip import ClipKey
from merflow.datasets.registry import GENERATED
from merflow.errors import MerflowError
from merflow.io.files import atomic, digest, write_json
from merflow.synthetic.clip import RENDER_VERSION, Difficulty
from merflow.synthetic.clip_files import encode, write_jobs
from merflow.synthetic.datasets.casme_sq import CAMERA, SHEET, SUBJECTS, VIDEOS
from merflow.synthetic.generate import marker_of
from merflow.synthetic.plan import seed_of
from merflow.synthetic.recording import Recording, frames, plan
from merflow.synthetic.sheets import Book, Rows, single, write_book
from merflow.text import plural

NAME = "casme_sq"
FOLDER = "casme_sq_recordings"


class Planned(NamedTuple):
    """A recording of the dataset. folder: of its frames; participant: from 1; video: `anger1`."""

    root: Path
    folder: str
    participant: int
    video: str
    recording: Recording

    @property
    def path(self) -> Path:
        """The folder of the frames."""
        return self.root / self.folder

    @property
    def names(self) -> list[str]:
        """File names of the frames, which count from 1."""
        return [f"img{number:03d}.jpg" for number in self.recording.clip.numbers]


def plan_recordings(
    root: Path, subjects: int, each: int, seed: int, difficulty: Difficulty, small: bool
) -> list[Planned]:
    """Return `each` recordings of `subjects` subjects; small: half the frame size."""
    if subjects > len(SUBJECTS) or each > len(VIDEOS):
        raise MerflowError(
            "--recordings",
            f"{plural(subjects, 'subject')} with {plural(each, 'recording')}",
            f"at most {len(SUBJECTS)} subjects with {len(VIDEOS)} recordings",
        )
    camera = CAMERA.smaller() if small else CAMERA
    found = []
    for place, raw in enumerate(SUBJECTS[:subjects]):
        person = seed_of("person", NAME, raw, seed)
        for number, video in enumerate(list(VIDEOS)[:each]):
            own = plan(place * each + number, seed, difficulty, small)
            name, subject = VIDEOS[video], f"s{raw}"
            count = round(own.clip.frames * camera.fps / own.clip.fps)
            clip = replace(
                own.clip,
                **{"dataset": NAME, "subject": subject, "clip": video, "person": person},
                **{"key": ClipKey(NAME, subject, video), "fps": camera.fps, "unit": camera.unit},
                **{"onset": 1, "apex": count // 2, "offset": count, "size": camera.size},
            )
            recording = plan(place * each + number, seed, difficulty, small, like=clip)
            folder = f"rawpic/{subject}/{raw}_{name}"
            found.append(Planned(root, folder, place + 1, video, recording))
    return found


def write_recordings(root: Path, planned: Sequence[Planned], drawn: bool = True) -> str:
    """Write frames and sheet, unless they are as planned; return one line that says what was done.

    The truth is the sheet; `truth/` has the blinks, which no sheet lists. drawn: draw the frames;
    otherwise every frame is an empty file.
    """
    mark = drawn and digest(
        [RENDER_VERSION, [str(one.folder) for one in planned], *map(_stamp, planned)]
    )
    about = f"{plural(len(planned), 'recording')}"
    if mark and marker_of(root).get("mark") == mark and all(map(_is_written, planned)):
        return f"{FOLDER}: {about} in {root}, nothing to do"
    for folder in ("rawpic", "truth"):
        shutil.rmtree(root / folder, ignore_errors=True)
    write_json(root / GENERATED, {"mark": "", "clips": {}, "sheets": []})
    write_jobs(planned, write_frames if drawn else touch_frames, lambda _: None)
    sheets = [str(path.relative_to(root)) for path in _sheets(root, planned)]
    blinks = {one.folder: [p + 1 for p in one.recording.blinks] for one in planned}
    write_json(root / "truth" / "blinks.json", blinks)
    write_json(root / GENERATED, {"mark": mark or "", "clips": {}, "sheets": sheets})
    return f"{FOLDER}: {about} written to {root}"


def write_frames(one: Planned) -> None:
    """Write the frames of a recording."""
    for name, frame in zip(one.names, frames(one.recording), strict=True):
        with atomic(one.path / name) as part:
            part.write_bytes(encode(frame, ".jpg", one.recording.clip.grey))


def touch_frames(one: Planned) -> None:
    """Write an empty file for every frame of a recording."""
    one.path.mkdir(parents=True, exist_ok=True)
    for name in one.names:
        (one.path / name).touch()


def _stamp(one: Planned) -> str:
    clip = {**asdict(one.recording.clip), "key": list(one.recording.clip.key)}
    return digest([clip, [asdict(part) for part in one.recording.parts], one.recording.blinks])


def _is_written(one: Planned) -> bool:
    return one.path.is_dir() and sorted(p.name for p in one.path.iterdir()) == sorted(one.names)


def _sheets(root: Path, planned: Sequence[Planned]) -> list[Path]:
    """Write the code table without a header, and the two sheets of naming rules."""
    rows: Rows = []
    for one in planned:
        for number, part in enumerate(one.recording.parts, 1):
            units = single("+".join(code for code, _ in part.units))
            apex = part.first + (part.last - part.first + 1) // 2
            places = (part.first + 1, apex + 1, part.last + 1)
            felt = "happyiness" if part.expression == "positive" else None
            labels = (units, part.expression, "micro-expression", felt)
            rows.append((one.participant, f"{one.video}_{number}", *places, *labels))
    subjects = [(raw, f"s{raw}", place) for place, raw in enumerate(SUBJECTS, 1)]
    videos = [(folder[:4], video) for video, folder in VIDEOS.items()]
    pages = (("CASFEcode_final", rows), ("naming rule1", subjects), ("naming rule2", videos))
    return [write_book(root, Book(SHEET, pages))]
