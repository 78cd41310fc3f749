"""What is known about a demo clip because it was drawn: one file a clip, beside the frames."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from merflow.io.files import atomic, digest
from merflow.synthetic.clip import DemoClip
from merflow.synthetic.render import true_fields, true_landmarks
from merflow.synthetic.warp import Warp

FOLDER = "truth"
"""Folder at the root of a demo dataset; the datasets' readers know nothing of it."""


@dataclass(frozen=True, slots=True)
class Truth:
    """field, head, distractors: (H, W, 2) float32, px onset to apex on the onset frame's pixels
    (expression, rigid head, meaningless movements); landmarks: (T, 68, 2) float32 px; numbers:
    (T,) int64; apex: position of the true apex; expression: the class that was drawn."""

    field: np.ndarray
    head: np.ndarray
    distractors: np.ndarray
    landmarks: np.ndarray
    numbers: np.ndarray
    apex: int
    expression: str
    amplitude_px: float


def stamp(clip: DemoClip) -> str:
    """Name everything a clip's bytes depend on, in 16 hex digits."""
    return digest(clip.described())


def path_of(root: Path, clip: DemoClip) -> Path:
    """Return where the truth of a clip lies: one flat folder, so that no reader takes it for
    a tree of subjects.
    """
    return root / FOLDER / f"{clip.key.subject}-{clip.key.clip}.npz"


def write_truth(root: Path, clip: DemoClip, mark: str, warp: Warp | None = None) -> None:
    """Write the truth of a clip, after its frames: with it the clip counts as written."""
    fields = true_fields(clip, warp)
    half = {
        name: _trimmed(value)
        for name, value in (
            ("field", fields.expression),
            ("head", fields.head),
            ("distractors", fields.distractors),
        )
    }
    with atomic(path_of(root, clip)) as part:
        np.savez_compressed(
            part,
            **half,
            landmarks=true_landmarks(clip, warp),
            numbers=np.asarray(clip.numbers, np.int64),
            apex=clip.apex - clip.onset,
            expression=clip.expression,
            amplitude_px=clip.amplitude_px,
            stamp=mark,
        )


def _trimmed(values: np.ndarray) -> np.ndarray:
    """Half precision, and nothing below a thousandth of a px: tails only cost space."""
    return np.where(np.abs(values) < 1e-3, 0, values).astype(np.float16)


def read_truth(path: Path) -> Truth:
    """Read what `write_truth` wrote."""
    with np.load(path) as data:
        fields = (data[name].astype(np.float32) for name in ("field", "head", "distractors"))
        return Truth(
            *fields,
            landmarks=data["landmarks"],
            numbers=data["numbers"],
            apex=int(data["apex"]),
            expression=str(data["expression"]),
            amplitude_px=float(data["amplitude_px"]),
        )


def written_stamp(root: Path, clip: DemoClip) -> str:
    """Return the stamp a clip was written with; empty when it was not, or not to the end."""
    try:
        with np.load(path_of(root, clip)) as data:
            return str(data["stamp"])
    except (OSError, ValueError, KeyError, EOFError):
        return ""
