"""`merflow demo`: generate face datasets in the folder layouts of published datasets."""

import math
from dataclasses import replace
from pathlib import Path

from merflow.datasets.official_composite import OFFICIAL
from merflow.errors import MerflowError, check_number
from merflow.synthetic import recorded_dataset, recording
from merflow.synthetic.clip import Difficulty
from merflow.synthetic.generate import demo_dataset, write_dataset
from merflow.synthetic.videos import plan_videos, write_videos


def demo(
    out: Path = Path("data/demo"),
    *,
    dataset: str = "",
    subjects: int = 3,
    clips: int = 6,
    seed: int = 1,
    small: bool = False,
    recordings: int = 0,
    videos: bool = False,
    amplitude: tuple[float, float] | None = None,
    noise: float | None = None,
    annotations_only: bool = False,
) -> None:
    """Write generated faces in the folder layouts and annotation sheets of published datasets.

    The folder `truth/` has the true movement and the true landmarks. A second call with the same
    options writes nothing; a call with other options rewrites only the clips that change.

    Args:
        out: Folder to write into; each dataset gets a subfolder.
        dataset: Write this dataset only: casme2, casme3, casme_sq, jaffe, ktfe, samm or smic.
            Default: SMIC, CASME II and SAMM.
        subjects: Number of subjects of each dataset.
        clips: Number of clips of each subject, at least 3 (one of each class).
        seed: Seed of faces and movements. The same seed gives the same bytes.
        small: Half the frame size and about half the frames, for tests.
        recordings: Write this many uncut recordings of other subjects instead of datasets, to try
            `merflow predict` on. Each takes 4 s and has rests, blinks and two expressions; a CSV
            file beside it lists the frames of every movement. With `--dataset casme_sq`: a dataset
            of so many recordings of each subject, with a sheet of intervals, for spotting.
        videos: Write videos in folders SUBJECT/EMOTION instead of datasets, to follow the tutorial
            for your own videos.
        amplitude: Smallest and largest peak displacement of an expression (px at 640x480).
        noise: Standard deviation of the sensor noise (grey levels).
        annotations_only: Write the annotation sheets and an empty file for every frame, which is
            fast and is enough for `merflow check`.

    Examples:
        merflow demo
        merflow demo /tmp/faces --dataset casme2 --subjects 2 --seed 7
        merflow demo --recordings 2
        merflow demo --recordings 3 --dataset casme_sq --subjects 4
        merflow demo data/clips --videos --subjects 4
    """
    stands = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not stands.is_dir():
        raise MerflowError(str(stands), "a file", "a folder, new or written by `merflow demo`")
    check_number("--seed", seed, 0)
    names = [dataset] if dataset else sorted(OFFICIAL)
    for name in names:
        demo_dataset(name)
    check_number("--subjects", subjects, 1)
    check_number("--recordings", recordings, 0)
    if clips < 3:
        raise MerflowError("--clips", f"{clips}", "3 or more: one clip of each class")
    hard = _difficulty(amplitude, noise)
    if recordings and videos:
        raise MerflowError("--recordings", "--videos as well", "one of the two")
    if recordings:
        if dataset:
            root = Path(out) / recorded_dataset.FOLDER
            planned = _recorded_dataset(root, dataset, subjects, recordings, seed, hard, small)
            drawn = not annotations_only
            print(recorded_dataset.write_recordings(root, planned, drawn), flush=True)
            return
        for number in range(recordings):
            planned = recording.plan(number, seed, hard, small)
            print(recording.write_recording(Path(out) / recording.FOLDER, planned), flush=True)
        return
    if videos:
        if dataset or annotations_only:
            raise MerflowError(
                "--videos",
                f"{'--dataset' if dataset else '--annotations-only'} has no effect on videos",
                "--videos without it",
            )
        print(write_videos(Path(out), plan_videos(out, subjects, clips, seed, hard, small)))
        return
    for name in names:
        planned = demo_dataset(name).plan(subjects, clips, seed, hard, small)
        print(write_dataset(Path(out) / name, name, planned, not annotations_only), flush=True)


def _recorded_dataset(
    root: Path, dataset: str, subjects: int, each: int, seed: int, hard: Difficulty, small: bool
) -> list[recorded_dataset.Planned]:
    if dataset != recorded_dataset.NAME:
        raise MerflowError(
            "--recordings", f"--dataset {dataset}", f"--dataset {recorded_dataset.NAME}, or none"
        )
    return recorded_dataset.plan_recordings(root, subjects, each, seed, hard, small)


def _difficulty(amplitude: tuple[float, float] | None, noise: float | None) -> Difficulty:
    hard = Difficulty()
    if amplitude is not None:
        least, most = map(float, amplitude)
        if not 0 <= least <= most < math.inf:
            raise MerflowError(
                "--amplitude", f"{least:g} {most:g}", "the smallest displacement, then the largest"
            )
        hard = replace(hard, amplitude_px=(least, most))
    if noise is not None:
        check_number("--noise", noise, 0)
        hard = replace(hard, noise=float(noise))
    return hard
