"""Write the fold files of an experiment and its truth file."""

from pathlib import Path

from merflow.datasets.catalogue import catalogue_path
from merflow.evaluation.fold_files import fold_text, truth_text
from merflow.io import records
from merflow.io.files import write_text
from merflow.text import plural
from merflow.workflow.expected import Expected
from merflow.workflow.plan import Plan


def write_split(plan: Plan, experiment: str) -> str:
    """Write an experiment's fold files and its truth; return one line for the terminal."""
    data = plan.data.labelled(experiment)
    keys = [clip.key for clip in data.clips]
    folds = plan.data.folds(experiment)
    truth, files = plan.truth_file(experiment), plan.fold_files(experiment)
    with records.job("split", truth) as job:
        for fold, path in zip(folds, files, strict=True):
            write_text(path, fold_text(fold, keys, data.labels))
        write_text(truth, truth_text(folds, keys, data.labels))
        records.check(*filter(Path.exists, map(catalogue_path, plan.data.members(experiment))))
        job.done(Expected(plan).split(experiment), [*files, truth])
    return f"{experiment}: {plural(len(keys), 'clip')} in {plural(len(folds), 'fold')}"
