"""A demo dataset: its subjects, its camera, and how its folders and sheets are written."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from merflow.errors import MerflowError
from merflow.synthetic.clip import DemoClip, Difficulty
from merflow.synthetic.clip_files import Job, is_written, write_clip, write_jobs
from merflow.synthetic.plan import Camera, Subject
from merflow.synthetic.stills import is_still_written, write_still
from merflow.text import plural

Files = Callable[[DemoClip], tuple[str, tuple[str, ...]]]
Sheets = Callable[[Path, list[DemoClip]], list[Path]]


@dataclass(frozen=True)
class DemoDataset:
    """The form in which one dataset reaches its users.

    subjects: ids in the order in which they are taken; clips: the clips of some subjects; files:
    folder and frame names of a clip; sheets: writes the annotation, returns its paths (none: the
    names are the annotation); stills: each clip is one image, its apex frame.
    """

    name: str
    camera: Camera
    subjects: Sequence[Any]
    clips: Callable[[Iterable[Subject]], Iterator[DemoClip]]
    files: Files
    sheets: Sheets = lambda root, clips: []
    difficulty: Difficulty = field(default=Difficulty())
    stills: bool = False
    most_clips: int = 10**6
    """Most clips of a subject that the dataset's names allow."""
    after_clip: Callable[[Job], None] | None = None
    """Writes the files that the owners ship beside a clip's frames."""

    def plan(
        self,
        subjects: int = 3,
        clips: int = 6,
        seed: int = 1,
        difficulty: Difficulty | None = None,
        small: bool = False,
    ) -> list[DemoClip]:
        """Return the clips of `subjects` subjects, `clips` of each, some with one more."""
        if subjects > len(self.subjects) or clips > self.most_clips:
            raise MerflowError(
                self.name,
                f"{plural(subjects, 'subject')} with {plural(clips, 'clip')}",
                f"at most {len(self.subjects)} subjects with {self.most_clips} clips",
            )
        camera = self.camera.smaller() if small else self.camera
        hard = difficulty or self.difficulty
        chosen = (
            Subject(self.name, subject, place, clips, seed, camera, hard)
            for place, subject in enumerate(islice(self.subjects, subjects))
        )
        return list(self.clips(chosen))

    def jobs(self, root: Path, clips: Iterable[DemoClip]) -> list[Job]:
        """Return where each clip's frames go."""
        return [Job(root, clip, *self.files(clip)) for clip in clips]

    def is_written(self, job: Job) -> bool:
        """Return whether a clip is on disk as planned."""
        return (is_still_written if self.stills else is_written)(job)

    def write(
        self,
        root: Path,
        clips: list[DemoClip],
        frames: bool = True,
        done: Callable[[int], object] = lambda _: None,
    ) -> tuple[list[Job], list[Path]]:
        """Write what is missing below `root`; return the clips that were and the sheets.

        frames: draw them; otherwise every frame is an empty file.
        """
        jobs = self.jobs(root, clips)
        if not frames:
            for path in (job.path / name for job in jobs for name in job.names):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            return jobs, self.sheets(root, clips)
        if not self.stills:
            jobs = [job for job in jobs if not is_written(job)]
        write_jobs(jobs, write_still if self.stills else write_clip, done)
        if self.after_clip:
            for job in jobs:
                self.after_clip(job)
        return jobs, self.sheets(root, clips)
