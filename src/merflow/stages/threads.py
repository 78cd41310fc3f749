"""Threads whose number changes the time a result takes, never the result."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

import cv2
import numpy as np
from threadpoolctl import ThreadpoolController

from merflow.errors import check_number

BLOCK = 8192
"""Columns multiplied at once; fixed, because BLAS rounds differently at another width."""


def each(job: Callable[[int], None], count: int) -> None:
    """Call `job(i)` for i in 0..count-1, each index once, in any order.

    The number of threads is `cv2.getNumThreads()`, so one call of `cv2.setNumThreads` governs
    OpenCV and this. Jobs write to places of their own: the result cannot depend on the order.
    """
    workers = min(max(1, cv2.getNumThreads()), count)
    if workers <= 1:
        for index in range(count):
            job(index)
        return
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(job, range(count)):
            pass


@contextmanager
def using(threads: int) -> Iterator[None]:
    """Let OpenCV and `each` use this many threads within the block."""
    check_number("--threads", threads, 1)
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def multiply(
    matrix: np.ndarray, columns: np.ndarray, take: Callable[[slice, np.ndarray], None]
) -> None:
    """Call `take(where, matrix @ columns[:, where])` for every block of columns, float32.

    matrix: (M, T); columns: (T, n), contiguous rows. BLAS itself runs on one thread here, since
    its rounding depends on how many it uses; the blocks run on ours.
    """
    weights = np.ascontiguousarray(matrix, np.float32)
    blocks = [slice(start, start + BLOCK) for start in range(0, columns.shape[1], BLOCK)]

    def job(index: int) -> None:
        where = blocks[index]
        take(where, weights @ columns[:, where].astype(np.float32, copy=False))

    with _blas().limit(limits=1, user_api="blas"):
        each(job, len(blocks))


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()
