"""Find one clip under two names: the same pixels on both sides of a fold are a leak.

Subject keys do not show a clip copied into another subject's folder, or a dataset read under two
names; the pixels do.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from merflow.clip import ClipKey
from merflow.errors import MerflowError


def refuse_duplicates(
    where: str,
    train: tuple[np.ndarray, Sequence[ClipKey]],
    test: tuple[np.ndarray, Sequence[ClipKey]],
) -> None:
    """Refuse a test clip that is also a training clip; each side is (N, ...) pixels and N keys."""
    known = {_hash(x): key for x, key in zip(*train, strict=True) if _has_content(x)}
    for x, key in zip(*test, strict=True):
        if _has_content(x) and (other := known.get(_hash(x))):
            raise MerflowError(
                where,
                f"test clip {key} and training clip {other} hold the same pixels",
                "every clip once, under one subject of one dataset",
                "`merflow check` lists copies; delete one of the two, or name the dataset once",
            )


def clip_hashes(x: np.ndarray) -> list[str]:
    """Return the hashes of N clips, (N, ...), which a weights file keeps of its training clips."""
    return sorted({_hash(clip) for clip in x if _has_content(clip)})


def first_known(
    known: Collection[str], x: Iterable[np.ndarray], keys: Sequence[ClipKey]
) -> ClipKey | None:
    """Return the first of the clips x, one key each, that has a known hash."""
    pairs = zip(x, keys, strict=True)
    return next((key for clip, key in pairs if _has_content(clip) and _hash(clip) in known), None)


def _hash(x: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(x)).hexdigest()[:32]


def _has_content(x: np.ndarray) -> bool:
    """Return whether a clip is not constant: the flow of every still face is zero."""
    return bool((x != x.flat[0]).any())
