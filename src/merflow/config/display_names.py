"""Display names: what tables, figures and the report call an experiment (`label` in the config)."""

from collections.abc import Mapping
from typing import Any, Protocol

Shown = Mapping[str, str]
"""Experiment -> its display name; of an experiment that is not in it, its own name."""
NO_LABELS: Shown = {}


class Labelled(Protocol):
    """The keys of an experiment that its display name is made of."""

    label: str
    from_grid: Any


class Experiments(Protocol):
    """Settings with experiments; `settings` itself imports this module."""

    experiments: Mapping[str, Labelled]


def display_names(settings: Experiments) -> dict[str, str]:
    """Return the display name of every experiment, and of the base of every grid (row x*)."""
    found = {name: _shown(name, entry) for name, entry in settings.experiments.items()}
    for entry in settings.experiments.values():
        if entry.from_grid and entry.label:
            found.setdefault(entry.from_grid.base, entry.label)
    return found


def shown_row(row: str, shown: Shown) -> str:
    """Return a row's name, `cnn`, `cnn x10` or `x10`, with the display name of its experiment."""
    name, space, factor = row.partition(" ")
    return shown.get(name, name) + space + factor


def same_label(settings: Experiments) -> str:
    """Return what is wrong where two experiments would have one name; empty where none have."""
    owners: dict[str, str] = {}
    for name, entry in settings.experiments.items():
        owner = entry.from_grid.base if entry.from_grid else name
        for shown in {_shown(name, entry), entry.label or owner}:
            other = owners.setdefault(shown, owner)
            if other != owner:
                return f"experiments.{owner}.label: '{shown}' is also the name of '{other}'"
    return ""


def _shown(name: str, entry: Labelled) -> str:
    """Return the label, with the values of the grid that made the experiment; or the name."""
    if not entry.label:
        return name
    values = entry.from_grid.values.items() if entry.from_grid else ()
    parts = [f"{path.rpartition('.')[2]}={value}" for path, value in values]
    return ", ".join([entry.label, *parts])
