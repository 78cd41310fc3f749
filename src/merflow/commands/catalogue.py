"""`merflow catalogue`: read the sheets and folders of a dataset once, for all jobs."""

from pathlib import Path

from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.datasets.catalogue import catalogue_text
from merflow.datasets.registry import read_dataset
from merflow.errors import unknown
from merflow.io.files import write_text
from merflow.text import plural


def catalogue(out: Path, *, dataset: str, config: Config) -> None:
    """Read the sheets and folders of a dataset and write the catalogue OUT (JSON).

    Examples:
        merflow catalogue results/catalogue/smic.json --dataset smic --config config/config.yaml
        merflow catalogue samm.json --dataset samm --config my.yaml

    Args:
        out: JSON file to write.
        dataset: Name of the dataset in the config.
    """
    settings = load(config)
    if dataset not in settings.datasets:
        raise unknown(str(config), "dataset", dataset, settings.datasets)
    clips = read_dataset(dataset, settings.datasets[dataset]).clips
    write_text(out, catalogue_text(list(clips)))
    subjects = plural(len({clip.key.subject for clip in clips}), "subject")
    print(f"{dataset}: {plural(len(clips), 'clip')} of {subjects}")
