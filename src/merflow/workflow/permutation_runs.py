"""Permuted copies of a run: the same training on labels permuted across the subjects of a dataset.

Labels are permuted before clips are split. A score above a guess then comes from something other
than the expression.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from merflow.config.key_frame_noise import KeyFrameNoise
from merflow.config.settings import Experiment, Settings
from merflow.errors import MerflowError
from merflow.evaluation.fold_files import FoldFile, read_fold
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.run_id import Run
from merflow.evaluation.score_table import full_row
from merflow.io import records
from merflow.io.packed import read_packed
from merflow.workflow.changes import changes
from merflow.workflow.fold_record import made_from, pixels_of
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import score_run, scoring_job
from merflow.workflow.split_folds import write_split
from merflow.workflow.train_fold import RunClips, train_fold

MAY_DIFFER = (
    *("permute_labels", "factors", "seeds", "nested", "record_oracle", "from_grid"),
    *("label", "key_frame_noise"),
)
"""Settings that may differ between an experiment and its permuted copy."""


def is_permuted_copy(other: Experiment, plain: Experiment) -> bool:
    """Return whether `other` is `plain` but for permuted labels."""
    same = {key: getattr(plain, key) for key in MAY_DIFFER}
    return other.permute_labels is not None and other.model_copy(update=same) == plain


def with_permuted_copies(settings: Settings, run: Run, count: int) -> tuple[Settings, list[Run]]:
    """Return settings with `count` permuted copies of a run's experiment, seeds 1 to count.

    The copies are named as a grid in the config would name them.
    """
    plain = Plan(settings).experiment(run.experiment)
    alone: dict[str, Any] = {
        "factors": (run.factor,),
        "seeds": (run.seed,),
        "nested": False,
        "label": "",
    }
    alone |= {"record_oracle": False, "key_frame_noise": KeyFrameNoise()}
    copies = {
        f"{run.experiment}-permute_labels={k}": plain.model_copy(
            update={**alone, "permute_labels": k}
        )
        for k in range(1, count + 1)
    }
    both = settings.model_copy(update={"experiments": {**settings.experiments, **copies}})
    return both, [Run(name, run.factor, run.seed) for name in copies]


def run_copies(settings: Settings, runs: list[Run]) -> Iterator[tuple[Run, Pooled, float]]:
    """Split, train and score each run, skipping folds that are trained; yield the run, its pooled
    predictions and its full UF1.
    """
    plan = Plan.read(settings, fresh=False)
    packs = [read_packed(path) for path in plan.packed(runs[0].experiment, runs[0].factor)]
    control = plan.experiment(runs[0].experiment).control
    clips = RunClips(packs, runs[0].factor.split("+"), control)
    for run in runs:
        write_split(plan, run.experiment)
        for path in map(Path, plan.fold_files(run.experiment)):
            fold = read_fold(path)
            out = Path(run.folder) / fold.name
            if not _is_trained(plan, run, fold, out):
                train_fold(plan, run, clips, fold, out)
        with scoring_job(Path(run.folder), plan):
            pooled, rows = score_run(Path(run.folder), plan)
            yield run, pooled, full_row(rows).uf1


def _is_trained(plan: Plan, run: Run, fold: FoldFile, out: Path) -> bool:
    """Return whether a fold was trained on the same clips, labels and settings."""
    try:
        found = records.record_of(out / "predictions.csv")
        if found is None or not all(records.same_file(p, found.wrote) for p in found.wrote):
            return False
    except MerflowError:
        return False
    same_pixels = found.facts.get("clips") == pixels_of(plan, run, fold)
    return same_pixels and not changes(found.made, made_from(plan, run, fold))
