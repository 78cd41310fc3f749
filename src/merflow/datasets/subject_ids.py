"""Canonical subject ids (`casme2/sub01`), independent of the name a dataset has in the config.

Saved with weights, to detect that a tested subject was in the training data.
"""

from collections.abc import Mapping

from merflow.clip import ClipKey
from merflow.config.settings import Settings
from merflow.datasets.clip_ids import canonical
from merflow.datasets.registry import people_of


def canonical_names(settings: Settings) -> dict[str, str]:
    """Return dataset name -> published dataset whose subjects it has; own manifests: their name."""
    return {name: people_of(name, settings) for name in settings.datasets}


def canonical_subject(key: ClipKey, names: Mapping[str, str]) -> str:
    """Return the canonical id of a clip's subject; `names` as from `canonical_names`."""
    published = canonical(key._replace(dataset=names.get(key.dataset, key.dataset)))
    return f"{published.dataset}/{published.subject}"
