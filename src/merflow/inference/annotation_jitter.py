"""How a score holds when onset, apex and offset are marked k frames off at test time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from merflow import paths
from merflow.clip import ClipArrays, ClipKey
from merflow.config.fingerprints import preparation_named
from merflow.errors import MerflowError, SkipClip
from merflow.evaluation.fold_files import read_fold
from merflow.evaluation.negative_controls import apply
from merflow.evaluation.predictions import Pooled, Predictions, pool
from merflow.evaluation.run_id import Run
from merflow.evaluation.score_table import ScoreRow, score_rows
from merflow.io.clip_store import Store
from merflow.io.csv_table import csv_text
from merflow.io.files import atomic, digest, write_text
from merflow.stages.pipeline import seen
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import about, read_truth

COLUMNS = ("frames", "n", "moved", "uf1", "uf1_lo", "uf1_hi", "uar", "uar_lo", "uar_hi")


@dataclass(frozen=True, slots=True)
class Moved:
    """Scores at one k. moved: mean frames a key frame went, less than k where clips end."""

    frames: int
    moved: float
    row: ScoreRow


def moved_clip(clip: ClipArrays, k: int, seed: int) -> tuple[ClipArrays, float]:
    """Return the clip cut anew, each key frame k frames earlier or later, and how far they went.

    A clip holds the frames onset..offset and no others, so onset and offset only move inwards;
    three frames are always left. The signs depend on seed, clip and k, on nothing else.
    """
    rng = np.random.default_rng([seed, k, int(digest(list(clip.key))[:8], 16)])
    signs = rng.choice([-1, 1], size=3)
    end = len(clip.frames) - 1
    reach = min(k, max(0, (clip.offset - clip.onset - 2) // 2))
    first = max(0, clip.onset + int(signs[0]) * reach)
    last = min(end, clip.offset + int(signs[2]) * reach)
    went = [abs(first - clip.onset), abs(last - clip.offset)]
    apex = None
    if clip.apex is not None:
        apex = min(max(clip.apex + int(signs[1]) * k, first), last)
        went.append(abs(apex - clip.apex))
        apex -= first
    cut = replace(
        clip,
        frames=clip.frames[first : last + 1],
        numbers=clip.numbers[first : last + 1],
        onset=0,
        apex=apex,
        offset=last - first,
        facts={**clip.facts, "frames": last - first + 1},
    )
    return cut, float(np.mean(went))


def jittered(plan: Plan, run: Run, ks: Sequence[int], seed: int) -> list[Moved]:
    """Return the scores of a trained run for each k; every fold answers with its own weights.

    The clips come from the cropped stores, so face and square stay where the true onset put them.
    """
    if plan.experiment(run.experiment).control == "dataset-only":
        raise MerflowError(
            run.folder,
            "its control is 'dataset-only': it sees no frames, wherever a clip is cut",
            "a run that sees frames",
        )
    truth = read_truth(plan.truth_file(run.experiment))
    classes = plan.data.classes(run.experiment)
    parts: dict[int, list[tuple[str, Predictions]]] = {k: [] for k in ks}
    went: dict[int, list[float]] = {k: [] for k in ks}
    for name in plan.fold_names(run.experiment):
        test = read_fold(Path(paths.FOLD.format(experiment=run.experiment, fold=name))).test
        clips = _cropped(plan, run, test)
        if clips:
            _answer(plan, run, name, clips, parts, went, seed)
    out = []
    for k in ks:
        kept = {key for _, part in parts[k] for key in part.keys}
        pooled: Pooled = pool(parts[k], {c: w for c, w in truth.items() if c in kept}, classes)
        rows = score_rows(pooled, about(plan, run), resamples=plan.settings.bootstrap)
        row = next(row for row in rows if row.part == "full")
        out.append(Moved(k, float(np.mean(went[k])), row))
    return out


def _cropped(plan: Plan, run: Run, keys: Sequence[ClipKey]) -> list[ClipArrays]:
    """Return the cropped clips of a fold's test subjects; those skipped before are not there."""
    wanted, clips = set(keys), []
    preparation = plan.experiment(run.experiment).preparation
    for dataset, subject in sorted({key.subject_key for key in keys}):
        with Store(paths.cropped(preparation, dataset, subject)) as store:
            clips += [store.read(i) for i, key in enumerate(store.keys) if key in wanted]
    return clips


def _answer(
    plan: Plan,
    run: Run,
    name: str,
    clips: Sequence[ClipArrays],
    parts: dict[int, list[tuple[str, Predictions]]],
    went: dict[int, list[float]],
    seed: int,
) -> None:
    """Add one fold's answers for every k."""
    from merflow.models.factory import WEIGHTS, load

    experiment = plan.experiment(run.experiment)
    preparation = preparation_named(plan.settings, experiment.preparation)
    folder = Path(run.folder) / name
    if not (folder / WEIGHTS).exists():
        raise MerflowError(str(folder / WEIGHTS), "no weights of this fold", fix="run snakemake")
    fitted = load(folder / WEIGHTS)
    for k, done in parts.items():
        cuts = [moved_clip(clip, k, seed) for clip in clips]
        answers, kept = [], _kept([cut for cut, _ in cuts])
        for factor in run.factor.split("+"):
            x = np.stack([seen(cut, preparation, factor) for cut in kept])
            lengths = [int(cut.facts.get("frames", len(cut.frames))) for cut in kept]
            keys = [cut.key for cut in kept]
            answers.append(fitted.predict(apply(experiment.control, x, keys, lengths), keys))
        chances = np.mean(answers, axis=0, dtype=np.float64)
        classes = plan.data.classes(run.experiment)
        done.append((name, Predictions(tuple(c.key for c in kept), classes, chances)))
        went[k] += [far for _, far in cuts]


def _kept(cuts: Sequence[ClipArrays]) -> list[ClipArrays]:
    kept = [cut for cut in cuts if len(cut.frames)]
    if not kept:
        raise SkipClip("no frames left")
    return kept


def write_jitter(folder: Path, found: Sequence[Moved]) -> None:
    """Write jitter.csv and jitter.svg."""
    rows = []
    for one in found:
        scores = [getattr(one.row, name) for name in COLUMNS[3:]]
        rows.append((str(one.frames), str(one.row.n), *(f"{v:.9g}" for v in (one.moved, *scores))))
    write_text(folder / "jitter.csv", csv_text(COLUMNS, rows))
    with atomic(folder / "jitter.svg") as part:
        draw(part, found)


def draw(path: Path, found: Sequence[Moved]) -> None:
    """Draw UF1 and UAR with their 95% intervals against k, SVG."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    page = Figure(figsize=(6, 3.6), layout="constrained")
    FigureCanvasSVG(page)
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
