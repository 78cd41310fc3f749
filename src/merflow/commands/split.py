"""`merflow split`: the folds of an experiment, test labels apart."""

from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.workflow.plan import Plan
from merflow.workflow.split_folds import write_split


def split(experiment: str, *, config: Config) -> None:
    """Write the fold files of EXPERIMENT and, apart from them, the truth.

    Examples:
        merflow split demo --config results/config.yaml
        merflow split my_experiment --config config/megc2019.yaml

    Args:
        experiment: Name of an experiment in the config, or of an entry of `spotting`.
    """
    settings = load(config)
    if experiment not in settings.spotting:
        Plan(settings).experiment(experiment)
    print(write_split(Plan.read(settings, fresh=False), experiment))
