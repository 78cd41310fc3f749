"""`merflow catalogue`: read a dataset's sheets and folders once, for the jobs."""

from pathlib import Path

from merflow.catalogue import catalogue_text
from merflow.configuration import load
from merflow.datasets import read_dataset
from merflow.errors import unknown
from merflow.files import write_text


def catalogue(out: Path, *, dataset: str, config: Path) -> None:
    """Read a dataset's sheets and folders into OUT (JSON).

    Examples
    --------
    merflow catalogue results/catalogue/smic.json --dataset smic --config config/config.yaml
    merflow catalogue samm.json --dataset samm --config my.yaml

    Parameters
    ----------
    out
        JSON file to write.
    dataset
        Name of the dataset in the config.
    config
        Config file.
    """
    settings = load(config)
    if dataset not in settings.datasets:
        raise unknown(str(config), "dataset", dataset, settings.datasets)
    clips = read_dataset(dataset, settings.datasets[dataset]).clips
    write_text(out, catalogue_text(list(clips)))
    print(f"{dataset}: {len(clips)} clips of {len({c.key.subject for c in clips})} subjects")
