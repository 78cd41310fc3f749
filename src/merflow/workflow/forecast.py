"""What running one experiment would do: the steps that are ready, those to make, a rough time.

Times are the measured costs of docs/performance.md and, where this folder has trained folds of the
same method, what those took. Reads sheets, records and file times, and no pixels.
"""

import functools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from merflow import paths
from merflow.config.fingerprints import preparation_named
from merflow.config.settings import Experiment, Settings
from merflow.errors import MerflowError
from merflow.evaluation.run_id import Run
from merflow.io.json_file import read_json
from merflow.stage_table import pipeline, stage_named
from merflow.workflow.expected import Expected, Step
from merflow.workflow.plan import Plan
from merflow.workflow.resources import CLIP_EPOCH, DEFAULT_INPUT, fits, prepared_bytes
from merflow.workflow.stale import Findings, Stale, find_stale

OTHER_CLIP_EPOCH = (0.004, 0.1)
"""CPU seconds per clip and epoch, least and most of docs/networks.md; for the default network see
`resources.CLIP_EPOCH`."""
SVM_CLIP = 0.03
"""CPU seconds of a clip's features."""
JOB_SECONDS = {"train": 4.0, "": 1.5}
"""CPU seconds to start a job: with TensorFlow, without."""
ENGINE_SECONDS = 12.0
"""Seconds until Snakemake starts the first job, and after the last one."""
SPREAD = (0.5, 2.0)
"""Rough times are shown as a span of these multiples."""
FOLDS = 60
"""The times of at most so many folds of a method are read."""
Span = tuple[float, float]
"""Least and most seconds."""
Rates = Callable[[str], Span | None]
"""Method -> its measured rate, as `measured_rate` returns it."""


class Work(NamedTuple):
    """A kind of step: how many there are and are new, and the seconds of one core for these."""

    step: str
    total: int
    new: int
    low: float
    high: float


def only(settings: Settings, base: str) -> Settings:
    """Return the settings with one experiment, or all those that its grid makes."""
    kept = {
        name: entry for name, entry in settings.experiments.items()
        if name == base or (entry.from_grid and entry.from_grid.base == base)
    }  # fmt: skip
    return settings.model_copy(update={"experiments": kept})


def forecast(settings: Settings, base: str) -> dict[str, Any]:
    """Return what running an experiment does: steps, ready and new ones, time, reasons to rerun."""
    plan = Plan.read(only(settings, base))
    found = find_stale(plan)
    steps = list(Expected(plan).steps())
    missing = {
        step.outputs[0] for step in steps
        if step.outputs[0] in found.outputs or not os.path.exists(step.outputs[0])
    }  # fmt: skip
    needed = _needed(plan, missing)
    # Read once: there are thousands of folds to forecast.
    rates = functools.cache(lambda method: measured_rate(method, Path(paths.RESULTS)))
    work = [
        _work(plan, name, [step for step in steps if step.name == name], needed, rates)
        for name in dict.fromkeys(step.name for step in steps) if name in SHOWN
    ]  # fmt: skip
    entry = next(iter(plan.settings.experiments.values()))
    cores = os.cpu_count() or 1
    seconds = [_elapsed(work, entry, cores, side) for side in ("low", "high")]
    return {
        "steps": [{"step": w.step, "total": w.total, "new": w.new} for w in work],
        "new": sum(w.new for w in work),
        "seconds": seconds,
        "cores": cores,
        "runs": len(plan.runs()),
        "clips": len(plan.data.labelled(plan.experiments[0]).clips),
        "measured": rates(_method(entry)) is not None,
        "reasons": [why for why, _ in Counter(one.why for one in _causes(found)).most_common(4)],
        "warnings": [str(problem) for problem in plan.data.warnings][:6],
    }


def _causes(found: Findings) -> list[Stale]:
    return [one for one in found.stale if not one.follows]


SHOWN = (
    "align",
    "crop",
    "magnify",
    "interpolate",
    "flow",
    "pack",
    "pretrain",
    "train",
    "score",
    "choose",
)


def _needed(plan: Plan, missing: set[str]) -> set[str]:
    """Return the missing files that the scores of the runs need, from the scores backwards."""
    needed = set()
    packs: set[tuple[str, str, str]] = set()
    for run in plan.scored_runs():
        scores = f"{run.folder}/scores.csv"
        if scores in missing or f"{run.folder}/pooled.csv" in missing:
            needed |= {scores, f"{run.folder}/pooled.csv"} & missing
    for run in plan.runs():
        entry = plan.experiment(run.experiment)
        folds = {
            f"{run.folder}/{fold.name}/{paths.FOLD_FILES[0]}"
            for fold in plan.data.folds(run.experiment)
        }
        if lacking := folds & missing:
            needed |= lacking
            packs |= {
                (entry.preparation, factor, entry.collection) for factor in run.factor.split("+")
            }
            if entry.pretrain:
                folder = paths.PRETRAINED.format(pretraining=entry.pretrain)
                needed |= {f"{folder}/{paths.FINAL_FILES[0]}"} & missing
    for name in plan.data.pretrainings():
        start = plan.settings.pretrainings[name]
        if f"{paths.PRETRAINED.format(pretraining=name)}/{paths.FINAL_FILES[0]}" in needed:
            packs.add((start.preparation, start.factor, start.collection))
    for preparation, factor, collection in packs:
        (packed,) = paths.packed(preparation, collection, factor)
        if packed in missing:
            needed |= {packed, *_stores(plan, preparation, factor, collection, missing)}
    return needed


def _stores(
    plan: Plan, preparation: str, factor: str, collection: str, missing: set[str]
) -> Iterator[str]:
    """Yield the stores that a packed file lacks, each subject's from its last stage backwards."""
    kind = preparation_named(plan.settings, preparation).kind
    stages = [stage for stage in pipeline(kind, factor) if stage.folder][:-1]
    for dataset, subject in plan.data.with_stores(collection):
        names = {
            "dataset": dataset,
            "subject": subject,
            "preparation": preparation,
            "factor": factor,
        }
        for stage in reversed(stages):
            path = paths.store(stage.name).format(**names)
            if path not in missing:
                break
            yield path


def _work(plan: Plan, name: str, steps: list[Step], needed: set[str], rates: Rates) -> Work:
    new = [step.outputs[0] for step in steps if step.outputs[0] in needed]
    costs = [_seconds(plan, name, path, rates) for path in new]
    low, high = (sum(cost[side] for cost in costs) for side in (0, 1))
    return Work(name, len(steps), len(new), low, high)


def _seconds(plan: Plan, name: str, path: str, rates: Rates) -> Span:
    """Return the least and the most seconds of one core that making a file takes."""
    if name == "train":
        found = paths.parts(f"{paths.RUN}/{{fold}}/{{file}}", path) or {}
        return _training(plan, Run(found["experiment"], found["factor"], int(found["seed"])), rates)
    if name == "pretrain":
        return (30.0, 600.0)
    start = JOB_SECONDS[""]
    if name in ("score", "choose"):
        return (start, 4 * start)
    stage = stage_named(name)
    found = paths.parts(paths.store(name), path) or {}
    if name == "pack":
        clips = plan.data.all_of(found["collection"])
        return (start, start + stage.cost.seconds * len(clips))
    clips = plan.data.of_subject(found["dataset"], found["subject"])
    seconds = stage.cost.seconds * sum(max(1, len(clip.numbers)) for clip in clips)
    return (start + 0.4 * seconds, start + seconds)


def _training(plan: Plan, run: Run, rates: Rates) -> Span:
    """Return the seconds of one core of one fold of a run."""
    entry = plan.experiment(run.experiment)
    measured = rates(_method(entry))
    clips = len(plan.data.labelled(run.experiment).clips) * len(run.factor.split("+"))
    start = JOB_SECONDS["train" if entry.method == "keras" else ""] / plan.settings.folds_per_job
    if entry.method != "keras":
        rate = measured or (SVM_CLIP, 4 * SVM_CLIP)
        return (start + rate[0] * clips, start + rate[1] * clips)
    size = prepared_bytes(plan, entry.preparation) / DEFAULT_INPUT
    rate = measured or tuple(size * r for r in _known_rate(entry.network))
    units = clips * entry.training.epochs * fits(entry)
    return (start + rate[0] * units, start + rate[1] * units)


def _known_rate(network: str) -> Span:
    if network == "cnn3d":
        return (SPREAD[0] * CLIP_EPOCH, SPREAD[1] * CLIP_EPOCH)
    return OTHER_CLIP_EPOCH


def _method(entry: Experiment) -> str:
    return entry.network if entry.method == "keras" else entry.method


def measured_rate(method: str, results: Path) -> Span | None:
    """Return seconds per clip and epoch of the folds trained here, as a span around the median.

    A method without epochs counts one.
    """
    rates: list[float] = []
    for path in sorted((results / "runs").glob("*/*/*/*/run.json")):
        if len(rates) == FOLDS:
            break
        try:
            rates += _rate(read_json(path), method)
        except (MerflowError, TypeError, ValueError, ZeroDivisionError):
            continue
    if not rates:
        return None
    middle = median(rates)
    return (0.7 * middle, 1.5 * middle)


def _rate(facts: Mapping[str, Any], method: str) -> list[float]:
    recipe = facts.get("recipe", {})
    trained = recipe.get("network" if recipe.get("method") == "keras" else "method")
    if trained != method or "seconds" not in facts:
        return []
    clips = int(facts.get("train_clips") or 0)
    return [float(facts["seconds"]) / (clips * max(1, int(facts.get("epochs") or 1)))]


def _elapsed(work: list[Work], entry: Experiment, cores: int, side: str) -> float:
    """Return the seconds that all steps take on this machine."""
    if not any(w.new for w in work):
        return 0.0
    total = ENGINE_SECONDS
    for w in work:
        threads = entry.training.threads if w.step == "train" else 1
        at_once = max(1, min(cores // threads, w.new))
        total += getattr(w, side) / at_once
    return round(total, 1)
