"""Marks that a table of predictions carries in its own columns, so that no copy loses them.

A fold named `oracle:...` has predictions that were chosen with the test labels. A clip named
`#01` is a position in a log without clip names.
"""

from collections.abc import Iterable

from merflow.clip import ClipKey

ORACLE = "oracle:"
ORACLE_NOTE = "oracle, not a result: predictions of the epoch that is best on the test clips"
POSITION = "#"


def is_oracle(folds: Iterable[str]) -> bool:
    """Return whether some predictions were chosen with the test labels."""
    return any(fold.startswith(ORACLE) for fold in folds)


def position(number: int) -> str:
    """Return the name of the clip at a position of a subject's list, counted from 0."""
    return f"{POSITION}{number + 1:02d}"


def has_clip_names(keys: Iterable[ClipKey]) -> bool:
    """Return whether all clips have names, not only positions."""
    return not any(key.clip.startswith(POSITION) for key in keys)
