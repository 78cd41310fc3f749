"""Apply one stage to a clip store: the loop that `merflow crop`, `magnify` and the others share."""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from merflow import paths, stage_table
from merflow.clip import Clip, ClipArrays, ClipKey
from merflow.config.fingerprints import preparation_named
from merflow.config.settings import Settings
from merflow.config.source_digest import stage_digest
from merflow.datasets.catalogue import read_catalogue
from merflow.errors import MerflowError, SkipClip
from merflow.io import records
from merflow.io.clip_store import Skipped, Store, StoreWriter, factor_of, write_store
from merflow.io.files import portable, refuse_source
from merflow.progress import counted
from merflow.stages.key_frames import used_by, with_key_frames, without_key_frames
from merflow.stages.threads import use_threads
from merflow.workflow import run_fingerprints


@dataclass(frozen=True)
class Annotation:
    """The key frames of a stage. names: those it uses; of: clips -> those its record keeps."""

    catalogue: Path
    names: tuple[str, ...]
    of: Callable[[Iterable[Clip]], dict[str, Any]]

    @classmethod
    def at(
        cls, catalogue: Path | None, settings: Settings, preparation: str, factor: str, stage: str
    ) -> Self | None:
        """Return the key frames of a stage from a catalogue; None without one."""
        if catalogue is None:
            return None
        names = used_by(stage, preparation_named(settings, preparation))
        key_frames = run_fingerprints.key_frames
        return cls(catalogue, names, partial(key_frames, settings, preparation, factor, stage))

    def clips(self) -> dict[ClipKey, Clip]:
        """Return the clips of the catalogue by key."""
        return {clip.key: clip for clip in read_catalogue(self.catalogue)}

    def recorded(self, out: Path, stage: str, clips: Mapping[ClipKey, Clip]) -> dict[str, Any]:
        """Return the key frames that the store of one subject depends on."""
        found = paths.parts(paths.store(stage), records.named(out))
        owner = (found["dataset"], found["subject"]) if found else ("", "")
        return self.of(clip for key, clip in clips.items() if key.subject_key == owner)


def run_stage(
    source: Path,
    out: Path,
    stage: str,
    function: Callable[[ClipArrays], ClipArrays],
    recipe: dict[str, Any],
    *,
    threads: int = 1,
    annotation: Annotation | None = None,
) -> StoreWriter:
    """Apply a stage to every clip of a store and write the next store and its record.

    Clips that entered the workflow interpolated have had all stages and pass unchanged.
    threads: in total; that many clips at once, the rest within each clip. annotation: where the
    key frames stand that the stage uses; without it those of the store hold.
    """
    refuse_source(out, source)
    with records.job(stage, out) as job:
        annotated = annotation.clips() if annotation else {}
        with Store(source) as store:
            _check_factor(store, stage, recipe)
            _check_stage(store, stage)
            workers = max(1, min(threads, len(store)))

            def one(clip: ClipArrays) -> ClipArrays | Skipped:
                if clip.enters_at == "interpolated":
                    return clip
                if annotation:
                    clip = _annotated(clip, annotated, annotation.names)
                try:
                    return function(clip)
                except SkipClip as skip:
                    return Skipped(*clip.key, stage, skip.reason)

            waiting = counted(store.clips(), stage, len(store))
            inputs = {portable(source): store.made_by["content"]}
            clips = itertools.chain(store.skipped, ordered_map(one, waiting, workers))
            with use_threads(threads // workers):
                levels = store.made_by.get("arithmetic", "")
                writer = write_store(out, stage, clips, recipe, inputs, levels)
        keys = annotation.recorded(out, stage, annotated) if annotation else {}
        frames = records.made_of(source).get("frames", "")
        made = run_fingerprints.stage(recipe, frames, keys)
        job.done(made, [out], code=stage_digest(stage))
    return writer


def _annotated(
    clip: ClipArrays, annotated: Mapping[ClipKey, Clip], names: tuple[str, ...]
) -> ClipArrays:
    if not names:
        return without_key_frames(clip)
    if clip.key not in annotated:
        raise MerflowError(
            "--catalogue", f"no clip {clip.key}", "the catalogue that the store was made from"
        )
    return with_key_frames(clip, annotated[clip.key], names)


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
