"""A small clip of random frames, and a clip store of such clips."""

import dataclasses

import numpy as np

from merflow.clip import ClipArrays, ClipKey
from merflow.io.clip_store import write_store


def clip(name="c1", frames=4, seed=0, **changes) -> ClipArrays:
    rng = np.random.default_rng(seed)
    made = ClipArrays(
        key=ClipKey("smic", "s01", name),
        frames=rng.integers(0, 256, (frames, 6, 8, 3), dtype=np.uint8),
        fps=100.0,
        numbers=np.arange(frames) + 61206,
        onset=0,
        apex=2,
        offset=frames - 1,
        landmarks=rng.uniform(0, 8, (5, 2)).astype(np.float32),
        facts={"frames": frames, "align": {"strategy": "first"}},
    )
    return dataclasses.replace(made, **changes)


def written(path, *clips, stage="align"):
    write_store(path, stage, clips, {"align": {"version": 1}}, {"frames": "ab"})
    return path
