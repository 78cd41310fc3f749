"""Parallel loops with results independent of the number of threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

import cv2
import numpy as np
from threadpoolctl import ThreadpoolController

from merflow.errors import check_number
from merflow.progress import report, report_job

BLOCK = 8192
"""Columns multiplied at once; fixed, because BLAS rounds differently at other widths."""


def parallel_for(job: Callable[[int], None], count: int) -> None:
    """Call `job(i)` once for each i in 0..count-1, in any order.

    The number of threads is `cv2.getNumThreads()`, so `cv2.setNumThreads` sets it for OpenCV and
    for this function. Each job must write to its own part of the output.
    """
    for done in _in_parallel(job, count):
        report_job(done, count)


def _in_parallel(job: Callable[[int], None], count: int) -> Iterator[int]:
    """Call `job(i)` once for each i; yield how many are done."""
    workers = min(max(1, cv2.getNumThreads()), count)
    if workers <= 1:
        for index in range(count):
            job(index)
            yield index + 1
        return
    with ThreadPoolExecutor(workers) as pool:
        for index, _ in enumerate(pool.map(job, range(count))):
            yield index + 1


@contextmanager
def use_threads(threads: int) -> Iterator[None]:
    """Let OpenCV and `parallel_for` use this many threads within the block."""
    check_number("--threads", threads, 1)
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def multiply(
    matrix: np.ndarray,
    columns: np.ndarray,
    take: Callable[[slice, np.ndarray], None],
    step: str = "",
) -> None:
    """Call `take(where, matrix @ columns[:, where])` for every block of columns, float32.

    matrix: (M, T); columns: (T, n), contiguous rows. BLAS runs on one thread, since its rounding
    depends on their number; the blocks run in parallel. step: what to report as progress.
    """
    weights = np.ascontiguousarray(matrix, np.float32)
    blocks = [slice(start, start + BLOCK) for start in range(0, columns.shape[1], BLOCK)]

    def job(index: int) -> None:
        where = blocks[index]
        take(where, weights @ columns[:, where].astype(np.float32, copy=False))

    with _blas().limit(limits=1, user_api="blas"):
        for done in _in_parallel(job, len(blocks)):
            if step:
                report(step, done, len(blocks))


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()
