"""Who a subject is, whatever a config calls the dataset: what weights keep of those they saw."""

from collections.abc import Mapping

from merflow.clip import ClipKey
from merflow.config.settings import Settings
from merflow.datasets.registry import reader_of


def people(settings: Settings) -> dict[str, str]:
    """Return whose subjects each dataset has: the published one's, or those of its own manifest."""
    read = {name: reader_of(name, settings) for name in settings.datasets}
    return {name: name if reader == "manifest" else reader for name, reader in read.items()}


def person(key: ClipKey, whose: Mapping[str, str]) -> str:
    """Return `casme2/sub01` for a clip's subject; `whose` is what `people` returned."""
    return f"{whose.get(key.dataset, key.dataset)}/{key.subject}"
