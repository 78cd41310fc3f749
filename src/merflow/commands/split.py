"""`merflow split`: the folds of an experiment, test labels apart."""

from pathlib import Path

from merflow.config.loading import load
from merflow.evaluation.fold_files import fold_text, truth_text
from merflow.io.files import write_text
from merflow.text import plural
from merflow.workflow.plan import Plan


def split(experiment: str, *, config: Path) -> None:
    """Write the fold files of EXPERIMENT and, apart from them, the truth.

    Examples
    --------
    merflow split demo --config results/config.yaml
    merflow split my_experiment --config config/megc2019.yaml

    Parameters
    ----------
    experiment
        Name of an experiment in the config.
    config
        Config file.
    """
    settings = load(config)
    Plan(settings).experiment(experiment)
    print(write_split(Plan.read(settings, fresh=False), experiment))


def write_split(plan: Plan, experiment: str) -> str:
    """Write an experiment's fold files and its truth; return one line that says what was split."""
    data = plan.labelled(experiment)
    keys = [clip.key for clip in data.clips]
    folds = plan.folds(experiment)
    for fold, path in zip(folds, plan.fold_files(experiment), strict=True):
        write_text(path, fold_text(fold, keys, data.labels))
    write_text(plan.truth_file(experiment), truth_text(folds, keys, data.labels))
    return f"{experiment}: {plural(len(keys), 'clip')} in {plural(len(folds), 'fold')}"
