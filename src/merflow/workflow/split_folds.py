"""Write the fold files of an experiment or a spotting method, and its truth file."""

from collections.abc import Sequence
from pathlib import Path

from merflow.clip import Clip
from merflow.datasets.catalogue import catalogue_path
from merflow.evaluation.fold import Fold
from merflow.evaluation.fold_files import fold_text, truth_text
from merflow.io import records
from merflow.io.files import write_text
from merflow.text import plural
from merflow.workflow import expected_spotting, spotting_plan
from merflow.workflow.expected import Expected
from merflow.workflow.plan import Plan


def write_split(plan: Plan, experiment: str) -> str:
    """Write an experiment's fold files and its truth; return one line for the terminal."""
    if experiment in plan.settings.spotting:
        return _write_spotting(plan, experiment)
    data = plan.data.labelled(experiment)
    folds = plan.data.folds(experiment)
    truth, files = plan.truth_file(experiment), plan.fold_files(experiment)
    members = plan.data.members(experiment)
    made = Expected(plan).split(experiment)
    _write(members, data.clips, data.labels, folds, files, truth, made)
    return f"{experiment}: {plural(len(data.clips), 'clip')} in {plural(len(folds), 'fold')}"


def _write_spotting(plan: Plan, name: str) -> str:
    clips, labels = spotting_plan.recordings(plan, name)
    folds, files = spotting_plan.folds(plan, name), spotting_plan.fold_files(plan, name)
    members = plan.settings.collections[plan.settings.spotting[name].collection]
    made = expected_spotting.split(Expected(plan), name)
    _write(members, clips, labels, folds, files, spotting_plan.truth_file(name), made)
    return f"{name}: {plural(len(clips), 'recording')} in {plural(len(folds), 'fold')}"


def _write(
    members: Sequence[str],
    clips: Sequence[Clip],
    labels: Sequence[str],
    folds: Sequence[Fold],
    files: Sequence[str],
    truth: str,
    made: records.Made,
) -> None:
    keys, labels = [clip.key for clip in clips], [*labels]
    with records.job("split", truth) as job:
        for fold, path in zip(folds, files, strict=True):
            write_text(path, fold_text(fold, keys, labels))
        write_text(truth, truth_text([*folds], keys, labels))
        records.check(*filter(Path.exists, map(catalogue_path, sorted(members))))
        job.done(made, [*files, truth])
