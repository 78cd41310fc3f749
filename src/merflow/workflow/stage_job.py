"""Apply one stage to a clip store: the loop that `merflow crop`, `magnify` and the others share."""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from merflow import stage_table
from merflow.clip import ClipArrays
from merflow.errors import MerflowError, SkipClip
from merflow.io.clip_store import Skipped, Store, StoreWriter, factor_of, write_store
from merflow.io.files import portable, refuse_source
from merflow.stages.threads import use_threads


def run_stage(
    source: Path,
    out: Path,
    stage: str,
    function: Callable[[ClipArrays], ClipArrays],
    recipe: dict[str, Any],
    *,
    threads: int = 1,
) -> StoreWriter:
    """Apply a stage to every clip of a store and write the next store.

    Clips that entered the workflow interpolated have had all stages and pass unchanged.
    threads: in total; that many clips at once, the rest within each clip.
    """
    refuse_source(out, source)
    with Store(source) as store:
        _check_factor(store, stage, recipe)
        _check_stage(store, stage)
        workers = max(1, min(threads, len(store)))

        def one(clip: ClipArrays) -> ClipArrays | Skipped:
            if clip.enters_at == "interpolated":
                return clip
            try:
                return function(clip)
            except SkipClip as skip:
                return Skipped(*clip.key, stage, skip.reason)

        inputs = {portable(source): store.made_by["content"]}
        clips = itertools.chain(store.skipped, ordered_map(one, store.clips(), workers))
        with use_threads(threads // workers):
            levels = store.made_by.get("arithmetic", "")
            return write_store(out, stage, clips, recipe, inputs, levels)


def _check_factor(store: Store, stage: str, recipe: dict[str, Any]) -> None:
    """Refuse a source whose factor differs from the one that the output's record would name."""
    found = factor_of(store.made_by)
    expected = 1.0 if stage == "magnify" else factor_of({"recipe": recipe})
    if found != expected:
        raise MerflowError(
            str(store.path),
            f"holds clips magnified x{found:g}",
            f"a store of x{expected:g}",
            "take the cropped store"
            if stage == "magnify"
            else f"--factor x{found:g}, or another store",
        )


def _check_stage(store: Store, stage: str) -> None:
    """Refuse a source that has had the stage, or lacks one before it."""
    found, expected = store.made_by["stage"], stage_table.sources(stage)
    if found not in expected:
        raise MerflowError(
            str(store.path),
            f"made by `merflow {found}`, so `merflow {stage}` cannot take it",
            f"a store that {' or '.join(f'`merflow {name}`' for name in expected)} made",
        )


def ordered_map(function: Callable, items: Iterable, threads: int) -> Iterator:
    """Map in `threads` threads, results in order, never more than `threads` items in memory."""
    if threads <= 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
