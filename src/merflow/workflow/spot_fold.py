"""Make a spotter on a fold's training recordings, and spot in the recordings of the others."""

import functools
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow import arithmetic, paths, versions
from merflow.clip import ClipArrays, ClipKey
from merflow.config.settings import Spotting
from merflow.datasets.subject_ids import canonical_names, canonical_subject
from merflow.evaluation.fold_files import FoldFile
from merflow.evaluation.intervals.fold_labels import Span, lengths, spans_in
from merflow.evaluation.intervals.record import VideoInterval
from merflow.evaluation.run_id import FINAL
from merflow.io import records
from merflow.io.clip_store import Store
from merflow.io.csv_table import csv_text
from merflow.io.files import file_digest, write_json, write_text
from merflow.workflow import run_fingerprints, spotting_fingerprints
from merflow.workflow.plan import Plan
from merflow.workflow.spotters import (
    CLASSES,
    FIXED,
    Spotter,
    Track,
    network_experiment,
    training_windows,
    with_threshold,
)
from merflow.workflow.spotting_plan import SpotRun, entry_of, fold_file, k_of, store, window_of
from merflow.workflow.train_fold import fold_seed, peak_memory
from merflow.workflow.training_log import curve_so_far, history_text

if TYPE_CHECKING:
    from merflow.models.keras_model import NetworkMethod
    from merflow.models.method_interface import TrainingData

INTERVAL_COLUMNS = ("dataset", "subject", "clip", "onset", "offset", "kind", "score")
MEASURE_COLUMNS = ("dataset", "subject", "clip", "frame", "score")


def spot_fold(plan: Plan, run: SpotRun, fold: FoldFile, out: Path) -> dict[str, Any]:
    """Make a fold's spotter, spot in its test recordings, write its files; return the facts.

    fold: `labels` are the intervals of training recordings; it holds none of test recordings.
    """
    entry = entry_of(plan, run.spotting)
    where = f"spotting.{run.spotting}, fold {fold.name}"
    window = window_of(entry, fold.labels, where)
    stores = [
        store(entry.preparation, window, *owner)
        for owner in sorted({key.subject_key for key in (*fold.train, *fold.test)})
    ]
    with records.job("spot", out / "intervals.csv") as job:
        facts, wrote = _made(plan, run, fold, stores, window, out)
        if fold.name != FINAL:
            records.check(fold_file(run.spotting, fold.name))
        job.done(made_from(entry, run.seed, fold, stores), wrote)
    return facts


def made_from(entry: Spotting, seed: int, fold: FoldFile, stores: Sequence[str]) -> records.Made:
    """Return what a fold is made from, by the records of its stores."""
    made = {f"{Path(p).parent.name}/{Path(p).stem}": records.made_of(p) for p in stores}
    contents = {name: run_fingerprints.subject_content(one) for name, one in made.items()}
    prepared = next(iter(made.values())).get("recipe", {})
    rows = run_fingerprints.fold_rows(fold)
    return spotting_fingerprints.fold(entry, seed, rows, prepared, contents, contents)


def _made(
    plan: Plan, run: SpotRun, fold: FoldFile, stores: Sequence[str], window: str, out: Path
) -> tuple[dict[str, Any], list[Path]]:
    arithmetic.check()
    started = time.perf_counter()
    entry = entry_of(plan, run.spotting)
    known = {
        key: spans_in(label, f"fold {fold.name}, {key}")
        for key, label in zip(fold.train, fold.labels, strict=True)
    }
    spotter, trained, wrote = _fitted(plan, run, fold, stores, window, known, out)
    training = functools.partial(_training_tracks, plan, run, spotter, fold, stores, known)
    spotter, about = with_threshold(spotter, entry, training, known)
    tracks = _tracks(spotter, stores, fold.test)
    found = [one for track in tracks for one in spotter.intervals(track, entry.intervals)]
    names = canonical_names(plan.settings)
    facts = {
        **trained,
        "spotting": run.spotting,
        "seed": run.seed,
        "fold": fold.name,
        "method": entry.method,
        "window": window,
        "k": k_of(fold.labels, fold.name),
        "intervals": entry.intervals,
        "scale": entry.scale,
        "peaks": entry.peaks,
        "lengths": _lengths(known),
        "subjects": sorted({canonical_subject(key, names) for key in fold.train}),
        "tested": sorted({canonical_subject(key, names) for key in fold.test}),
        "recordings": [[*t.key, t.first, t.first + len(t.scores) - 1, t.fps] for t in tracks],
        "skipped": sorted({*fold.test} - {t.key for t in tracks}),
        "chain": _pipeline(plan, entry),
        **about,
        "seconds": round(time.perf_counter() - started, 3),
        "peak_mb": peak_memory(),
    }
    write_text(out / "measure.csv", measure_text(tracks))
    write_json(out / "run.json", facts)
    write_text(out / "intervals.csv", intervals_text(found))
    return facts, [*wrote, *(out / name for name in paths.SPOT_FILES)]


def _fitted(
    plan: Plan,
    run: SpotRun,
    fold: FoldFile,
    stores: Sequence[str],
    window: str,
    known: dict[ClipKey, list[Span]],
    out: Path,
) -> tuple[Spotter, dict[str, Any], list[Path]]:
    """Return the spotter with its fixed threshold, facts of its training and the files written."""
    entry = entry_of(plan, run.spotting)
    if entry.method == "motion_energy":
        return Spotter(entry.method, window, FIXED[entry.method]), versions.training_record(""), []
    method, data = _method(plan, run, fold, stores, known)
    out.mkdir(parents=True, exist_ok=True)
    with curve_so_far(method, out):
        fitted = method.fit(data)
    fitted.save(out)
    write_text(out / "history.csv", history_text(fitted.history))
    counts = np.bincount(data.y, minlength=2).tolist()
    facts = {
        **fitted.facts,
        **versions.training_record(fitted.facts.get("backend", "")),
        "windows": dict(zip(CLASSES, counts, strict=True)),
        "weights": file_digest(out / paths.WEIGHTS),
    }
    wrote = [out / paths.WEIGHTS, out / "history.csv"]
    spotter = Spotter(entry.method, window, FIXED[entry.method], entry.scale, entry.peaks, fitted)
    return spotter, facts, wrote


def _method(
    plan: Plan,
    run: SpotRun,
    fold: FoldFile,
    stores: Sequence[str],
    known: dict[ClipKey, list[Span]],
    inner: str = "",
) -> "tuple[NetworkMethod, TrainingData]":
    """Return a network that is not fitted yet, and the windows of the recordings `known`."""
    from merflow.models.keras_model import NetworkMethod

    entry = entry_of(plan, run.spotting)
    seed = fold_seed(run.seed, f"{fold.name}{inner}")
    subject_id = functools.partial(canonical_subject, names=canonical_names(plan.settings))
    k, rng = k_of(fold.labels, fold.name), np.random.default_rng(seed)
    data = training_windows(_clips(stores), known, entry, k, rng, subject_id)
    return NetworkMethod(network_experiment(entry), CLASSES, seed, None), data


def _training_tracks(
    plan: Plan,
    run: SpotRun,
    spotter: Spotter,
    fold: FoldFile,
    stores: Sequence[str],
    known: dict[ClipKey, list[Span]],
) -> list[Track]:
    """Return the scores of the training recordings, to choose a threshold on.

    A network gives high scores to what it was trained on, so each recording is scored by a network
    that was trained without its subject. The rule was trained on nothing.
    """
    if spotter.fitted is None:
        return _tracks(spotter, stores, fold.train)
    subjects = sorted({key.subject_key for key in fold.train})
    count = min(entry_of(plan, run.spotting).training.inner_folds, len(subjects))
    found = []
    for number in range(count):
        held = set(subjects[number::count])
        rest = {key: spans for key, spans in known.items() if key.subject_key not in held}
        method, data = _method(plan, run, fold, stores, rest, f" inner {number}")
        one = replace(spotter, fitted=method.fit(data))
        found += _tracks(one, stores, [key for key in fold.train if key.subject_key in held])
    return found


def _clips(stores: Iterable[str]) -> Iterator[ClipArrays]:
    """Yield the recordings of stores, long ones without reading their windows."""
    for path in stores:
        with Store(path) as one:
            yield from one.clips()


def _tracks(spotter: Spotter, stores: Sequence[str], keys: Sequence[ClipKey]) -> list[Track]:
    wanted = set(keys)
    owners = {"/".join(key.subject_key) for key in keys}
    needed = [p for p in stores if f"{Path(p).parent.name}/{Path(p).stem}" in owners]
    return [spotter.track(clip) for clip in _clips(needed) if clip.key in wanted]


def _lengths(known: dict[ClipKey, list[Span]]) -> dict[str, list[int]]:
    """Return offset minus onset of every training interval, by `dataset/subject`."""
    found: dict[str, list[int]] = {}
    for key, spans in sorted(known.items()):
        found.setdefault("/".join(key.subject_key), []).extend(lengths(spans))
    return found


def _pipeline(plan: Plan, entry: Spotting) -> dict[str, Any]:
    """Return the settings of the stages from raw frames to this spotter."""
    preparation = plan.settings.preparations[entry.preparation]
    return {
        "align": plan.settings.align.model_dump(mode="json"),
        "preparation": preparation.model_dump(mode="json"),
    }


def intervals_text(found: Sequence[VideoInterval]) -> str:
    """Return spotted intervals as CSV; frames are those of the dataset."""
    rows = [
        (i.dataset, i.subject, i.video, str(i.onset), str(i.offset), i.kind, f"{i.confidence:.9g}")
        for i in found
    ]
    return csv_text(INTERVAL_COLUMNS, rows)


def measure_text(tracks: Sequence[Track]) -> str:
    """Return the score of every frame as CSV; empty where a recording has none."""
    rows = [
        (*track.key, str(track.first + t), "" if np.isnan(v) else f"{v:.6g}")
        for track in tracks
        for t, v in enumerate(track.scores)
    ]
    return csv_text(MEASURE_COLUMNS, rows)
