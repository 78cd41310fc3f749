"""Write the fold files of an experiment and its truth file."""

from merflow.evaluation.fold_files import fold_text, truth_text
from merflow.io.files import write_text
from merflow.text import plural
from merflow.workflow.plan import Plan


def write_split(plan: Plan, experiment: str) -> str:
    """Write an experiment's fold files and its truth; return one line for the terminal."""
    data = plan.data.labelled(experiment)
    keys = [clip.key for clip in data.clips]
    folds = plan.data.folds(experiment)
    for fold, path in zip(folds, plan.fold_files(experiment), strict=True):
        write_text(path, fold_text(fold, keys, data.labels))
    write_text(plan.truth_file(experiment), truth_text(folds, keys, data.labels))
    return f"{experiment}: {plural(len(keys), 'clip')} in {plural(len(folds), 'fold')}"
