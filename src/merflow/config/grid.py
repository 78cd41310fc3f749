"""Explicit grids: an experiment with `grid` becomes one for each combination of its values."""

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel

from merflow.config.settings import Experiment, GridMember, Settings
from merflow.errors import nearest

Grids = Mapping[str, GridMember]
"""The experiments that grids made, by name."""
NO_GRIDS: Grids = {}
OWN = ("grid", "from_grid", "label")
"""Keys that a grid cannot vary."""
NAMED = re.compile(r"[A-Za-z0-9_.+-]*")
"""Values that can be a part of an experiment's name, and so of a path."""


def expand(base: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the experiments of an entry by name; the first key of its grid changes slowest.

    `loss` of a grid of `cnn` gives `cnn-loss=focal`. Its `from_grid` keeps what it was made of.
    """
    grid = entry.get("grid")
    if not grid:
        return {base: entry}
    plain = {key: value for key, value in entry.items() if key != "grid"}
    made = {}
    for values in itertools.product(*grid.values()):
        member = plain | {
            "from_grid": {"base": base, "values": dict(zip(grid, values, strict=True))}
        }
        parts = [base]
        for path, value in zip(grid, values, strict=True):
            member = _replaced(member, path.split("."), value)
            parts.append(f"{path.rpartition('.')[2]}={value}")
        made["-".join(parts)] = member
    return made


def members(settings: Settings) -> Grids:
    """Return the experiments that grids made."""
    entries = settings.experiments.items()
    return {name: entry.from_grid for name, entry in entries if entry.from_grid}


def base_of(grids: Grids, experiment: str) -> str:
    """Return the name of the experiment whose grid made one; any other name is returned as is."""
    return grids[experiment].base if experiment in grids else experiment


def faults(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the grid of an entry; each text starts with the key below it."""
    grid = entry.get("grid") or {}
    if not isinstance(grid, Mapping):
        yield f"grid: found {grid!r}; setting paths and lists of values, as {shown(EXAMPLE)}"
        return
    for path, values in grid.items():
        for text in (_path_fault(str(path)), _values_fault(values)):
            if text:
                yield f"grid.{path}: {text}"
    if lists := dict(_lists(entry, Experiment)):
        yield (
            f"{', '.join(lists)}: a list where one value is wanted; to run one experiment for each "
            f"value, write in its place\n    grid: {shown({**grid, **lists})}"
        )


def without_faults(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry without its grid, and lists as their first value, to check the rest."""
    for path, values in _lists(entry, Experiment):
        entry = _replaced(entry, path.split("."), values[0])
    return {key: value for key, value in entry.items() if key != "grid"}


EXAMPLE = {"training.loss": ["cross_entropy", "focal"]}


def shown(grid: Mapping[str, Any]) -> str:
    """Return a grid as one line of YAML."""
    return yaml.safe_dump(dict(grid), default_flow_style=True, sort_keys=False, width=10**6).strip()


def settings_below(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the type of every setting, sections included."""
    for key, field in model.model_fields.items():
        yield prefix + key, field.annotation
        if is_section(field.annotation):
            yield from settings_below(field.annotation, f"{prefix}{key}.")


def grid_paths() -> list[str]:
    """Return the paths that a grid may have, `network_settings.<name>` apart."""
    return [
        path
        for path, kind in settings_below(Experiment)
        if (path not in OWN and _wants_one(kind)) or path == "training.class_weights"
    ]


def _path_fault(path: str) -> str:
    kinds = dict(settings_below(Experiment))
    if re.fullmatch(r"network_settings\.[^.]+", path):
        return ""
    if path not in kinds or path in OWN:
        ends = [known for known in grid_paths() if known.endswith(f".{path}")]
        return f"unknown setting{nearest(ends[0] if ends else path, grid_paths())}"
    if is_section(kinds[path]) or path == "network_settings":
        return "a section; name one setting in it, as training.loss or network_settings.dropout"
    if _is_list(kinds[path]):
        return "takes a list itself; write it outside of `grid`"
    return ""


def _values_fault(values: Any) -> str:  # noqa: ANN401
    if not isinstance(values, list | tuple):
        return f"found {values!r}; a list is wanted, as [{values}]"
    if not values:
        return "found []; 1 or more in the list"
    names = [str(value) for value in values]
    for place, name in enumerate(names):
        if not NAMED.fullmatch(name):
            return (
                f"{values[place]!r} cannot be part of an experiment's name (letters, digits and "
                "_ . + - only); write an experiment of its own for each value"
            )
        if name in names[:place]:
            return f"{name} is listed twice; list each value once"
    return ""


def _lists(entry: Mapping[str, Any], model: type[BaseModel], prefix: str = "") -> Iterator:
    """Yield path and values of every list that stands where the settings want one value."""
    for key, value in entry.items():
        kind = model.model_fields[key].annotation if key in model.model_fields else None
        if isinstance(value, Mapping) and is_section(kind):
            yield from _lists(value, kind, f"{prefix}{key}.")
        elif value and isinstance(value, list) and _wants_one(kind):
            yield prefix + str(key), value


def is_section(kind: Any) -> bool:  # noqa: ANN401
    """Return whether a type is a section of settings."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_list(kind: Any) -> bool:  # noqa: ANN401
    return get_origin(kind) is tuple


def _wants_one(kind: Any) -> bool:  # noqa: ANN401
    parts = get_args(kind)
    return not (
        kind is None or is_section(kind) or get_origin(kind) is dict or _is_list(kind)
    ) and not any(map(_is_list, parts))


def _replaced(entry: Mapping[str, Any], path: list[str], value: Any) -> dict[str, Any]:  # noqa: ANN401
    if len(path) == 1:
        return {**entry, path[0]: value}
    inner = entry.get(path[0]) or {}
    if not isinstance(inner, Mapping):
        return dict(entry)
    return {**entry, path[0]: _replaced(inner, path[1:], value)}
