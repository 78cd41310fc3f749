"""Clips per subject and class of the official composite: counts only, no list of clips."""

import numpy as np

# clips of class negative-positive-surprise, one entry a subject
_COUNTS = {
    "smic": """
        3-2-1 0-1-5 22-11-6 10-4-5 1-0-1 2-0-2 9-4-0 0-1-3 3-3-1 0-8-1 0-10-0 3-2-5
        1-1-2 2-0-5 0-1-1 14-3-5
    """,
    "casme2": """
        2-1-0 5-1-3 4-0-1 2-0-0 0-1-5 1-1-2 5-0-0 1-0-0 5-5-0 4-0-0 5-2-4 0-2-0
        0-3-0 1-1-1 1-2-0 23-7-1 3-3-5 2-0-0 1-0-0 2-0-0 7-1-0 2-0-1 3-0-2 9-2-0
    """,
    "samm": """
        4-0-0 13-7-0 2-0-1 6-0-0 2-7-1 2-0-1 2-1-2 3-0-1 2-0-1 0-1-0 2-2-0 2-0-0
        3-2-0 1-0-0 1-0-0 9-0-0 1-0-2 3-0-0 1-0-0 4-0-0 4-1-0 3-0-0 7-0-1 1-0-0
        1-0-0 9-0-2 1-5-2 3-0-1
    """,
}
CLASSES = ("negative", "positive", "surprise")


def composite(part: str = "full") -> tuple[np.ndarray, np.ndarray]:
    """Return clips per subject and class, (S, 3) int64, and the dataset number of each, (S,)."""
    names = list(_COUNTS) if part == "full" else [part]
    words = [(i, w.split("-")) for i, name in enumerate(names) for w in _COUNTS[name].split()]
    counts = [list(map(int, w)) for _, w in words]
    return np.array(counts, np.int64), np.array([i for i, _ in words], np.int64)
