"""Truth files: the known motion of each demo clip, one file per clip."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from merflow.io.files import atomic, digest
from merflow.synthetic.clip import RENDER_VERSION, DemoClip
from merflow.synthetic.render import true_fields
from merflow.synthetic.warp import Warp

FOLDER = "truth"
"""Folder at the root of a demo dataset; no dataset reader uses it."""


def stamp(clip: DemoClip) -> str:
    """Return a digest of everything a clip's bytes depend on, 16 hex digits."""
    return digest({**asdict(clip), "key": list(clip.key), "render_version": RENDER_VERSION})


def path_of(root: Path, clip: DemoClip) -> Path:
    """Return the path of a clip's truth file: one flat folder, unlike a tree of subjects."""
    return root / FOLDER / f"{clip.key.subject}-{clip.key.clip}.npz"


def write_truth(root: Path, warp: Warp) -> None:
    """Write the truth of a clip after its frames: a clip with a truth file counts as written.

    field, head, distractors: (H, W, 2) float16, px onset to apex on the onset frame's pixels
    (expression, rigid head, distractors); landmarks: (T, 68, 2) float32 px; numbers: (T,) int64;
    apex: position of the true apex; expression: the drawn class.
    """
    clip = warp.clip
    expression, head, distractors = map(_trimmed, true_fields(warp))
    with atomic(path_of(root, clip)) as part:
        np.savez_compressed(
            part,
            field=expression,
            head=head,
            distractors=distractors,
            landmarks=warp.landmarks(),
            numbers=np.asarray(clip.numbers, np.int64),
            apex=clip.apex - clip.onset,
            expression=clip.expression,
            amplitude_px=clip.amplitude_px,
            stamp=stamp(clip),
        )


def _trimmed(values: np.ndarray) -> np.ndarray:
    """Return half precision, with 0 for values below 0.001 px, to save space."""
    return np.where(np.abs(values) < 1e-3, 0, values).astype(np.float16)


def written_stamp(root: Path, clip: DemoClip) -> str:
    """Return the stamp in a clip's truth file; empty if the clip is missing or incomplete."""
    try:
        with np.load(path_of(root, clip)) as data:
            return str(data["stamp"])
    except (OSError, ValueError, KeyError, EOFError):
        return ""
