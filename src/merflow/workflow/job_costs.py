"""What a job of each rule costs, before any has run: for the time left of a run.

Seconds of an idle core of the year 2024, from the demo; a run corrects them by its own jobs
(`snakemake_logger_plugin_merflow.forecast`). Limits for a cluster are in `resources`.
"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import mean
from typing import NamedTuple

from merflow.config.settings import Experiment, Pretraining
from merflow.workflow import resources
from merflow.workflow.plan import Plan
from merflow.workflow.together import Batches


class JobCost(NamedTuple):
    """Cost of one job: seconds, cores that it takes, and GPUs, which trainings may share."""

    seconds: float
    cores: int = 1
    gpus: float = 0


STAGES = {
    "align": (0.8, 0.0105),
    "crop": (0.2, 0.0045),
    "magnify": (0.35, 0.002),
    "interpolate": (0.3, 0.0007),
    "flow": (0.3, 0.01),
    "windows": (0.5, 0.03),
}
"""Seconds of a start, and per frame and store."""
TRAINING = (3.0, 1.0)
"""Seconds of a start, which folds may share, and per fit, beside `resources.CLIP_EPOCH`.
Other networks cost other times, which the first training of a run shows."""
SVM_FIT, PROGRAM_FIT = 0.5, 10.0
"""Seconds of a fit of an SVM, and of a call of an external program, which nobody knows."""
RESAMPLE = 0.0001
"""Seconds per bootstrap resample of a scored run and of the tables."""
OTHERS = {"spot": 12.0, "score_spotting": 2.0, "recognise": 12.0, "spotting_table": 0.5}
OTHERS |= {"plan": 0.4, "split": 0.3, "pack": 0.4, "skipped": 0.5, "manifest": 0.4, "report": 3.5}


def job_costs(plan: Plan, together: Batches) -> dict[str, JobCost]:
    """Return the cost of one job of each rule; of rules with wildcards, of its usual job.

    together: what stages make in one job (`together.batches`).
    """
    resampling = RESAMPLE * plan.settings.bootstrap
    found = {name: JobCost(seconds) for name, seconds in OTHERS.items()}
    found |= {name: JobCost(1.8 + resampling) for name in ("score", "choose")}
    found["table"] = JobCost(0.7 + resampling)
    found |= dict(_stages(plan, together))
    found |= dict(_trainings(plan))
    return found


def _stages(plan: Plan, together: Batches) -> Iterator[tuple[str, JobCost]]:
    """Yield the cost of a stage of one subject, for each number of stores made together."""
    datasets = plan.data.datasets()
    frames = mean(
        [
            sum(max(1, len(clip.numbers)) for clip in plan.data.of_subject(dataset, subject))
            for dataset in datasets
            for subject in plan.data.subjects(dataset)
        ]
        or [0]
    )
    for stage, (start, seconds) in STAGES.items():
        sizes = sorted((len(_made(stage, one)) for one in together.get(stage, [])), reverse=True)
        # Rules as `joined_rules` of workflow/rules/common.smk names them.
        for number, stores in enumerate([*sizes, 1]):
            name = f"{stage}_{number}" if number else stage
            yield name, JobCost(start + seconds * frames * max(1, stores))


def _made(stage: str, batch: Sequence[str]) -> Sequence[str]:
    """Return what a batch makes; the first name of one of magnify is its preparation."""
    return batch[1:] if stage == "magnify" else batch


def _trainings(plan: Plan) -> Iterator[tuple[str, JobCost]]:
    """Yield the cost of training a fold, a final model, a pretraining."""
    runs = [_training(plan, plan.experiment(run.experiment)) for run in plan.runs()]
    folds = [len(plan.data.folds(run.experiment)) for run in plan.runs()]
    if runs:
        yield "final", _usual(runs)
        each = [cost for cost, many in zip(runs, folds, strict=True) for _ in range(many)]
        shared = TRAINING[0] * (1 - 1 / plan.settings.folds_per_job)
        fold = _usual(each or runs)
        yield "train", fold._replace(seconds=fold.seconds - shared)
    every = [len(plan.data.folds(run.experiment)) for run in plan.oracle_runs()]
    yield "oracle", _scaled(_usual(runs), mean(every or [1])) if runs else JobCost(1.0)
    jitters = [len(plan.data.folds(run.experiment)) for run, _ in plan.jitter_runs()]
    if jitters:
        again = mean(bool(level) for _, level in plan.jitter_runs())
        yield "jitter", _scaled(_usual(runs), mean(jitters) * max(0.2, again))
    started = [_training(plan, entry) for entry in plan.settings.pretrainings.values()]
    yield from (("pretrain", _usual(started)) for _ in started[:1])


def _training(plan: Plan, entry: Experiment | Pretraining) -> JobCost:
    start, fit = TRAINING
    fits = resources.fits(entry)
    method = entry.method if isinstance(entry, Experiment) else "keras"
    clips = len(plan.data.all_of(entry.collection))
    size = resources.prepared_bytes(plan, entry.preparation) / resources.DEFAULT_INPUT
    seconds = fits * (fit + clips * entry.training.epochs * resources.CLIP_EPOCH * size)
    if method != "keras":
        seconds = fits * (PROGRAM_FIT if method == "command" else SVM_FIT)
    part = resources.gpus(entry) / entry.training.gpu_share
    return JobCost(start + seconds, entry.training.threads, part)


def _usual(costs: Sequence[JobCost]) -> JobCost:
    seconds = mean(one.seconds for one in costs)
    return JobCost(seconds, max(one.cores for one in costs), max(one.gpus for one in costs))


def _scaled(cost: JobCost, times: float) -> JobCost:
    return cost._replace(seconds=cost.seconds * times)


def as_tuples(costs: Mapping[str, JobCost]) -> dict[str, tuple[float, int, float]]:
    """Return the costs as plain values, for the logger plugin, which does not import merflow."""
    return {name: tuple(cost) for name, cost in costs.items()}
