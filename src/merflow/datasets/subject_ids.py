"""Canonical subject ids (`casme2/sub01`), independent of the name a dataset has in the config.

Saved with weights, to detect that a tested subject was in the training data.
"""

from collections.abc import Mapping

from merflow.clip import ClipKey
from merflow.config.settings import Settings
from merflow.datasets.registry import reader_of


def canonical_names(settings: Settings) -> dict[str, str]:
    """Return dataset name -> canonical name: the reader's, or the manifest's own."""
    read = {name: reader_of(name, settings) for name in settings.datasets}
    return {name: name if reader == "manifest" else reader for name, reader in read.items()}


def canonical_subject(key: ClipKey, names: Mapping[str, str]) -> str:
    """Return the canonical id of a clip's subject; `names` as from `canonical_names`."""
    return f"{names.get(key.dataset, key.dataset)}/{key.subject}"
