"""Clips that a scheme drops although nobody decided so: an empty or unknown emotion."""

import functools
from collections import Counter
from collections.abc import Iterable

import yaml

from merflow.clip import Clip
from merflow.config.settings import Settings
from merflow.datasets import labels
from merflow.datasets.registry import dataset_of, names, spec_of, takes_any_dataset

MOST = 12
"""Most emotions in a line for the config."""
OBJECTIVE = frozenset({"I", "II", "III", "IV", "V", "VI", "VII", *"1234567"})


def by_design(scheme: str, clip: Clip, settings: Settings | None = None) -> bool:
    """Return whether a clip without a class was dropped deliberately.

    So is an emotion that the dataset is known to have and the scheme leaves out, such as `others`
    in `three`. An empty emotion or one that no mapping knows, such as `happi`, is not.
    """
    chosen = labels.scheme_of(scheme, settings)
    dataset = clip.key.dataset
    if chosen.by == "objective":
        return not takes_any_dataset(dataset, settings) or clip.objective in OBJECTIVE
    if not takes_any_dataset(dataset, settings):
        return True  # Its reader refuses unknown emotions.
    return clip.emotion.strip().casefold() in _known(dataset_of(dataset, settings)) | {
        word for words in (chosen.mapping or {}).values() for word in words
    }


@functools.cache
def _known(dataset: str) -> frozenset[str]:
    """Return the emotions of a published dataset; of all, for any other dataset."""
    if dataset in names() and spec_of(dataset).emotions:
        return spec_of(dataset).emotions
    return frozenset().union(*(spec_of(name).emotions for name in names()))


def reasons(
    scheme: str, clips: Iterable[Clip], settings: Settings | None = None
) -> Counter[tuple[str, str]]:
    """Return (dataset, reason) -> clips that lost their class without a decision."""
    found: Counter[tuple[str, str]] = Counter()
    for clip, outcome in labels.outcomes(scheme, clips, settings):
        if outcome.label is None and not by_design(scheme, clip, settings):
            found[clip.key.dataset, outcome.reason] += 1
    return found


def scheme_line(clips: Iterable[Clip]) -> str:
    """Return a line for the config with every emotion of the clips as a class, to be edited."""
    words = sorted({clip.emotion.strip().casefold() for clip in clips} - {""})
    scheme = {"schemes": {"own": {labels.ANY: {word: word for word in words[:MOST]}}}}
    more = f", with {len(words) - MOST} more" if len(words) > MOST else ""
    text = yaml.safe_dump(scheme, default_flow_style=True, allow_unicode=True, width=10_000)
    return f"`{text.strip()[1:-1]}`{more}"
