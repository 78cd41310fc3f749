"""Apply one stage to a clip store: the loop that `merflow crop`, `magnify` and the others share."""

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from merflow import paths, stage_table
from merflow.clip import Clip, ClipArrays, ClipKey
from merflow.config.fingerprints import preparation_named
from merflow.config.source_digest import stage_digest
from merflow.datasets.catalogue import read_catalogue
from merflow.errors import MerflowError, SkipClip
from merflow.io import records
from merflow.io.clip_store import Skipped, Store, StoreWriter, factor_of, new_store
from merflow.io.files import portable, refuse_source
from merflow.progress import counted
from merflow.stages.key_frames import used_by, with_key_frames, without_key_frames
from merflow.stages.threads import use_threads
from merflow.workflow import run_fingerprints
from merflow.workflow.raw_frames import raw_frames, unreadable

if TYPE_CHECKING:
    from merflow.config.settings import Settings


@dataclass(frozen=True)
class Annotation:
    """The key frames of a stage. names: those it uses; of: clips -> those its record keeps."""

    catalogue: Path
    names: tuple[str, ...]
    of: Callable[[Iterable[Clip]], dict[str, Any]]

    @classmethod
    def at(
        cls, catalogue: Path | None, settings: "Settings", preparation: str, factor: str, stage: str
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


class Output(NamedTuple):
    """A store that a job writes. recipe: settings and versions of all stages up to it."""

    path: Path
    recipe: dict[str, Any]


def run_stage(
    source: Path,
    out: Path,
    stage: str,
    function: Callable[[ClipArrays], ClipArrays],
    recipe: dict[str, Any],
    **options: Any,  # noqa: ANN401
) -> StoreWriter:
    """Apply a stage to every clip of a store and write one store; options: of `run_together`."""
    outputs = [Output(out, recipe)]
    return run_together(source, outputs, stage, lambda clip: [function(clip)], **options)[0]


def run_together(
    source: Path,
    outputs: Sequence[Output],
    stage: str,
    function: Callable[[ClipArrays], Sequence[ClipArrays]],
    *,
    threads: int = 1,
    annotation: Annotation | None = None,
    catalogue: Path | None = None,
    archive: Path | None = None,
) -> list[StoreWriter]:
    """Apply a stage to every clip of a store and write the next stores and their records.

    function: returns a clip for each output; several outputs share one reading of the source, and
    what they have in common. threads: in total; that many clips at once, the rest within each clip.
    annotation: where the key frames stand that the stage uses; without it those of the store hold.
    catalogue: where the frames of an aligned store stand; archive: in place of these files.
    """
    with contextlib.ExitStack() as stack:
        jobs = []
        for out in outputs:
            refuse_source(out.path, source)
            jobs.append(stack.enter_context(records.job(stage, out.path)))
        annotated = annotation.clips() if annotation else {}
        with Store(source) as store:
            for out in outputs:
                _check_factor(store, stage, out.recipe)
            _check_stage(store, stage)
            raw = None
            if not store.holds_frames:
                raw = stack.enter_context(raw_frames(store, catalogue, archive))
            workers = max(1, min(threads, len(store)))

            def one(clip: ClipArrays) -> Sequence[ClipArrays | Skipped]:
                if raw:
                    clip = raw.of(clip)
                if annotation:
                    clip = _annotated(clip, annotated, annotation.names)
                try:
                    return function(clip)
                except SkipClip as skip:
                    if raw:
                        raise unreadable(clip, skip) from None
                    return [Skipped(*clip.key, stage, skip.reason)] * len(outputs)

            with use_threads(threads // workers):
                waiting = counted(store.clips(), stage, len(store))
                made = ordered_map(one, waiting, workers)
                writers = _write(store, outputs, stage, made)
            if raw:
                raw.check()
        for job, out in zip(jobs, outputs, strict=True):
            job.read.update(jobs[-1].read)
            keys = annotation.recorded(out.path, stage, annotated) if annotation else {}
            frames = records.made_of(source).get("frames", "")
            made = run_fingerprints.stage(out.recipe, frames, keys)
            job.done(made, [out.path], code=stage_digest(stage))
    return writers


def _write(
    store: Store, outputs: Sequence[Output], stage: str, made: Iterable[Sequence]
) -> list[StoreWriter]:
    """Write the clips of each output, one clip in memory at a time."""
    inputs = {portable(store.path): store.made_by["content"]}
    levels = store.made_by.get("arithmetic", "")
    with contextlib.ExitStack() as stack:
        writers = [
            stack.enter_context(new_store(out.path, stage, out.recipe, inputs, levels))
            for out in outputs
        ]
        for clips in itertools.chain(([skip] * len(outputs) for skip in store.skipped), made):
            for writer, clip in zip(writers, clips, strict=True):
                writer.put(clip)
    return writers


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
