"""Scores under annotation jitter: onset, apex and offset moved by k frames at test time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from merflow.clip import ClipArrays
from merflow.config.fingerprints import preparation_named
from merflow.errors import MerflowError, SkipClip
from merflow.evaluation.negative_controls import apply
from merflow.evaluation.predictions import Predictions, pool
from merflow.evaluation.run_id import Run
from merflow.evaluation.score_table import full_row, score_rows
from merflow.inference.fold_models import cropped_clips, folds_of, load_fold
from merflow.inference.recording import cut
from merflow.io.csv_table import csv_text
from merflow.io.files import atomic, digest, write_text
from merflow.stages.pipeline import network_input
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import about, read_truth

COLUMNS = ("frames", "n", "moved", "uf1", "uf1_lo", "uf1_hi", "uar", "uar_lo", "uar_hi")


@dataclass(frozen=True, slots=True)
class JitterScore:
    """Scores at one k. moved: mean distance of a key frame, below k where clips end (frames)."""

    frames: int
    moved: float
    row: Any


def jittered_clip(clip: ClipArrays, k: int, seed: int) -> tuple[ClipArrays, float]:
    """Return the clip with each key frame k frames earlier or later, and their mean distance.

    A clip has only the frames onset..offset, so onset and offset move inwards; at least three
    frames are left. The directions depend on seed, clip and k only.
    """
    rng = np.random.default_rng([seed, k, int(digest(list(clip.key))[:8], 16)])
    signs = rng.choice([-1, 1], size=3)
    end = len(clip.frames) - 1
    reach = min(k, max(0, (clip.offset - clip.onset - 2) // 2))
    first = max(0, clip.onset + int(signs[0]) * reach)
    last = min(end, clip.offset + int(signs[2]) * reach)
    moved = [abs(first - clip.onset), abs(last - clip.offset)]
    apex = None
    if clip.apex is not None:
        apex = min(max(clip.apex + int(signs[1]) * k, first), last)
        moved.append(abs(apex - clip.apex))
        apex -= first
    facts = {**clip.facts, "frames": last - first + 1}
    return replace(cut(clip, first, last), apex=apex, facts=facts), float(np.mean(moved))


def jitter_scores(plan: Plan, run: Run, ks: Sequence[int], seed: int) -> list[JitterScore]:
    """Return the scores of a trained run for each k; each fold predicts with its own weights.

    The clips come from the cropped stores, so alignment and crop stay those of the true onset.
    """
    experiment = plan.experiment(run.experiment)
    if experiment.control == "dataset-only":
        raise MerflowError(
            run.folder,
            "its control is 'dataset-only': its input holds no frames, wherever a clip is cut",
            "a run with frames as input",
        )
    truth = read_truth(plan.truth_file(run.experiment))
    parts: dict[int, list[tuple[str, Predictions]]] = {k: [] for k in ks}
    moved: dict[int, list[float]] = {k: [] for k in ks}
    for name, fold in folds_of(plan, run).items():
        clips = list(cropped_clips(experiment.preparation, fold.test))
        fitted = load_fold(run, name) if clips else None
        for k in ks if clips else ():
            cuts = [jittered_clip(clip, k, seed) for clip in clips]
            parts[k].append((name, _predicted(plan, run, fitted, [clip for clip, _ in cuts])))
            moved[k] += [distance for _, distance in cuts]
    scores = []
    for k in ks:
        labels = {key: truth[key] for _, part in parts[k] for key in part.keys if key in truth}
        pooled = pool(parts[k], labels, plan.data.classes(run.experiment))
        rows = score_rows(pooled, about(plan, run), resamples=plan.settings.bootstrap)
        scores.append(JitterScore(k, float(np.mean(moved[k])), full_row(rows)))
    return scores


def _predicted(plan: Plan, run: Run, fitted: object, cuts: Sequence[ClipArrays]) -> Predictions:
    """Return one fold's predictions for cut clips, the mean over pooled factors."""
    experiment = plan.experiment(run.experiment)
    preparation = preparation_named(plan.settings, experiment.preparation)
    kept = [clip for clip in cuts if len(clip.frames)]
    if not kept:
        raise SkipClip("no frames left")
    keys = [clip.key for clip in kept]
    lengths = [int(clip.facts["frames"]) for clip in kept]
    found = []
    for factor in run.factor.split("+"):
        x = np.stack([network_input(clip, preparation, factor) for clip in kept])
        found.append(fitted.predict(apply(experiment.control, x, keys, lengths), keys))
    probabilities = np.mean(found, axis=0, dtype=np.float64)
    return Predictions.of(tuple(keys), plan.data.classes(run.experiment), probabilities)


def write_jitter(folder: Path, found: Sequence[JitterScore]) -> None:
    """Write jitter.csv and jitter.svg."""
    rows = []
    for one in found:
        scores = [getattr(one.row, name) for name in COLUMNS[3:]]
        rows.append((str(one.frames), str(one.row.n), *(f"{v:.9g}" for v in (one.moved, *scores))))
    write_text(folder / "jitter.csv", csv_text(COLUMNS, rows))
    with atomic(folder / "jitter.svg") as part:
        draw(part, found)


def draw(path: Path, found: Sequence[JitterScore]) -> None:
    """Draw UF1 and UAR with their 95% intervals against k, SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    page = Figure(figsize=(6, 3.6), layout="constrained")
    axes = page.subplots()
    ks = np.array([one.frames for one in found], float)
    for shift, name in ((-0.04, "uf1"), (0.04, "uar")):
        value, low, high = (
            np.array([getattr(one.row, name + end) for one in found]) for end in ("", "_lo", "_hi")
        )
        sides = np.maximum([value - low, high - value], 0)
        axes.errorbar(ks + shift, value, sides, marker="o", ms=4, capsize=3, label=name.upper())
    axes.axhline(found[0].row.floor_uf1, color="0.5", lw=0.8, ls=":", label="largest class (UF1)")
    axes.set(ylim=(0, 1), ylabel="score", xlabel="key frames moved by k (frames)", xticks=ks)
    axes.legend(fontsize=8)
    with mpl.rc_context({"svg.hashsalt": "merflow"}):
        page.savefig(path, format="svg", metadata={"Date": None})
