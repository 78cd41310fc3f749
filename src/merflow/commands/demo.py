"""`merflow demo`: datasets of generated faces, in the layouts of the published ones."""

import math
from dataclasses import replace
from pathlib import Path

from merflow.errors import MerflowError, check_number
from merflow.synthetic import published, recording
from merflow.synthetic.clip import Difficulty
from merflow.synthetic.generate import layout, write_dataset

DEFAULT = ("casme2", "samm", "smic")
"""The datasets of the default config: the MEGC2019 composite's."""


def demo(
    out: Path = Path("data/demo"),
    *,
    dataset: str = "",
    subjects: int = 3,
    clips: int = 6,
    seed: int = 1,
    small: bool = False,
    recordings: int = 0,
    amplitude: tuple[float, float] | None = None,
    noise: float | None = None,
    annotations_only: bool = False,
) -> None:
    """Write generated faces as SMIC, CASME II and SAMM reach their users.

    The true movement and the true landmarks lie beside the frames, in `truth/`. A second call
    with the same options writes nothing; another option rewrites the clips it changes.

    Parameters
    ----------
    out
        Folder that gets one folder a dataset.
    dataset
        Only this dataset (any file of demo/layouts/); empty: SMIC, CASME II and SAMM.
    subjects
        Subjects of each dataset.
    clips
        Clips of each subject, at least 3 so that every class is there.
    seed
        Other seed, other people and movements; the same seed, the same bytes.
    small
        Half-size frames and half as many: for tests.
    recordings
        So many uncut recordings of other people (4 s: rests, blinks, two expressions) in place of
        datasets, to try `merflow predict` on; what moves where is written beside them.
    amplitude
        Least and largest peak displacement of an expression (px at 640x480).
    noise
        Standard deviation of the sensor noise (grey levels).
    annotations_only
        The dataset at its published size, with its sheets, counts and oddities, and no picture
        (JAFFE and KTFE get empty files, since their names are the labels). Needs --dataset.

    Examples
    --------
    merflow demo
    merflow demo /tmp/faces --dataset casme2 --subjects 2 --seed 7
    merflow demo --recordings 2
    """
    stands = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not stands.is_dir():
        raise MerflowError(str(stands), "a file", "a folder, new or written by `merflow demo`")
    check_number("--seed", seed, 0)
    names = [dataset] if dataset else list(DEFAULT)
    if annotations_only:
        _published(out, dataset)
        return
    for name in names:
        layout(name)
    check_number("--subjects", subjects, 1)
    check_number("--recordings", recordings, 0)
    if clips < 3:
        raise MerflowError("--clips", f"{clips}", "3 or more: one clip of each class")
    hard = _difficulty(amplitude, noise)
    if recordings:
        for number in range(recordings):
            planned = recording.plan(number, seed, hard, small)
            print(recording.write_recording(Path(out) / recording.FOLDER, planned), flush=True)
        return
    for name in names:
        planned = layout(name).plan(subjects, clips, seed, hard, small)
        print(write_dataset(Path(out) / name, name, planned), flush=True)


def _published(out: Path, dataset: str) -> None:
    if not dataset:
        raise MerflowError("--annotations-only", "no --dataset", "the name of one dataset")
    planned = published.plan(dataset)
    published.write_published(out / dataset, planned, frames=dataset in ("jaffe", "ktfe"))
    print(f"{dataset}: sheets at the published size in {out / dataset}")


def _difficulty(amplitude: tuple[float, float] | None, noise: float | None) -> Difficulty:
    hard = Difficulty()
    if amplitude is not None:
        least, most = map(float, amplitude)
        if not 0 <= least <= most < math.inf:
            raise MerflowError(
                "--amplitude", f"{least:g} {most:g}", "the least displacement, then the largest"
            )
        hard = replace(hard, amplitude_px=(least, most))
    if noise is not None:
        check_number("--noise", noise, 0)
        hard = replace(hard, noise=float(noise))
    return hard
