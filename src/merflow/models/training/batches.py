"""The batches of an epoch: order of the clips, balanced sampling."""

from collections.abc import Iterator

import numpy as np

IN_A_CALL = 16 * 2**20
"""Bytes of clips that are copied for one call of the training step, at least one batch."""


def epoch(rng: np.random.Generator, y: np.ndarray, size: int, balanced: bool) -> np.ndarray:
    """Return (steps, min(size, N)) int64 positions of the clips of each batch of one epoch.

    Every clip comes once, in random order; the last batch is filled up from the beginning of this
    order, so that all batches have one size (one trace of the compiled step, no batch of one clip
    for batch normalisation). balanced: instead N draws with equally likely classes.
    """
    n = len(y)
    size = min(size, n)
    if balanced:
        present = np.unique(y)
        drawn = present[rng.integers(len(present), size=n)]
        order = np.empty(n, np.int64)
        for k in np.unique(drawn):
            of_class, wanted = np.flatnonzero(y == k), np.flatnonzero(drawn == k)
            # In rounds: how often each clip of a class comes differs by at most 1.
            rounds = -(-len(wanted) // len(of_class))
            in_turn = np.concatenate([rng.permutation(of_class) for _ in range(rounds)])
            order[wanted] = in_turn[: len(wanted)]
    else:
        order = rng.permutation(n)
    steps = -(-n // size)
    return np.resize(order, (steps, size)).astype(np.int64)


def in_calls(order: np.ndarray, clip_bytes: int) -> Iterator[np.ndarray]:
    """Yield an epoch's batches, (steps, B) positions, in parts of at most IN_A_CALL bytes."""
    batch = max(1, order.shape[1] * clip_bytes)
    steps = max(1, IN_A_CALL // batch)
    for start in range(0, len(order), steps):
        yield order[start : start + steps]
