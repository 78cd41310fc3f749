"""One clip under two names: the same pixels on both sides of a fold are a leak, whoever they are.

Subject keys keep the sides apart; a clip copied into another subject's folder, or a dataset read
under two names, passes them. Its pixels do not.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from merflow.clip import ClipKey
from merflow.errors import MerflowError


def refuse_twins(
    where: str,
    train: tuple[np.ndarray, Sequence[ClipKey]],
    test: tuple[np.ndarray, Sequence[ClipKey]],
) -> None:
    """Refuse a test clip, (N, ...) pixels and N keys a side, that is also trained on."""
    known = {_print(x): key for x, key in zip(*train, strict=True) if _tells(x)}
    for x, key in zip(*test, strict=True):
        if _tells(x) and (other := known.get(_print(x))):
            raise MerflowError(
                where,
                f"test clip {key} and training clip {other} hold the same pixels",
                "every clip once, under one subject of one dataset",
                "`merflow check` lists copies; delete one of the two, or name the dataset once",
            )


def prints(x: np.ndarray) -> list[str]:
    """Return what tells each of N clips, (N, ...), from others: weights keep it of their clips."""
    return sorted({_print(clip) for clip in x if _tells(clip)})


def first_seen(
    known: Collection[str], x: Iterable[np.ndarray], keys: Sequence[ClipKey]
) -> ClipKey | None:
    """Return the first of the clips x, one key each, whose print is among the known ones."""
    pairs = zip(x, keys, strict=True)
    return next((key for clip, key in pairs if _tells(clip) and _print(clip) in known), None)


def _print(x: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(x)).hexdigest()[:32]


def _tells(x: np.ndarray) -> bool:
    """Return whether a clip has any content: still faces all have the same flow, none."""
    return bool((x != x.flat[0]).any())
