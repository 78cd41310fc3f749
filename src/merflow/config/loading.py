"""From YAML to validated settings: merging, grids, and messages that name the key."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from merflow import arithmetic
from merflow.config.settings import Experiment, Preparation, Settings
from merflow.errors import MerflowError, nearest, unknown
from merflow.models import network_registry

MAX_BYTES = 1 << 20
MAX_VALUES = 100_000


def load(*paths: Path | str) -> Settings:
    """Read YAML files, later ones over earlier ones, and validate the whole."""
    merged: dict[str, Any] = {}
    for path in paths:
        merged = merge(merged, read_yaml(Path(path)))
    settings = validate(merged, str(paths[-1]) if paths else "config")
    arithmetic.note_config(settings.arithmetic)
    return settings


def read_yaml(path: Path) -> dict[str, Any]:
    """Read one YAML file safely; an empty file is an empty mapping."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MerflowError(str(path), "more than 1 MiB", "a YAML config")
        with path.open(encoding="utf-8") as file:
            value = yaml.load(file, _EachKeyOnce)
        _check_extent(value, path)
    except FileNotFoundError:
        raise MerflowError(str(path), "no such file", "a YAML config") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise MerflowError(str(path), f"not YAML: {error}", "a YAML config in UTF-8") from None
    except (OSError, RecursionError) as error:
        raise MerflowError(str(path), f"cannot be read ({error})", "a YAML config") from None
    if not isinstance(value or {}, dict):
        raise MerflowError(str(path), f"a {type(value).__name__}", "keys and values")
    return value or {}


class _EachKeyOnce(yaml.SafeLoader):
    """Safe YAML in which a key that stands twice in one section is a fault, not overwritten."""

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        """Look at a section's keys as they stand, before `<<` lays others under them."""
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":merge"):
                continue
            line, known = key.start_mark.line + 1, (key.tag, key.value)
            if known in lines:
                raise MerflowError(
                    f"{self.name}: line {line}",
                    f"key '{key.value}' again, after line {lines[known]}",
                    "each key once in a section: the earlier one would be lost",
                    "join the two, or take one out",
                )
            lines[known] = line
        return node


def _check_extent(value: Any, path: Path) -> None:  # noqa: ANN401
    """Refuse aliases of aliases, which make a few lines stand for millions of values."""
    waiting, seen = [value], 0
    while waiting:
        item = waiting.pop()
        seen += 1
        if seen > MAX_VALUES:
            raise MerflowError(
                str(path),
                f"stands for more than {MAX_VALUES:,} values",
                "a config",
                "fewer aliases",
            )
        if isinstance(item, Mapping):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple | set):
            waiting += item


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` laid on top, section by section."""
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def validate(raw: Mapping[str, Any], where: str = "config") -> Settings:
    """Expand grids and validate; every fault found is named in one message."""
    raw = dict(raw)
    experiments = raw.get("experiments")
    if isinstance(experiments, Mapping):
        raw["experiments"] = {
            name: value
            for base, entry in experiments.items()
            for name, value in expand(str(base), entry)
        }
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        faults = _faults(error)
        lines = "\n".join(f"  {line}" for line in faults)
        raise MerflowError(
            where,
            f"{len(faults)} wrong setting{'s' * (len(faults) > 1)}\n{lines}",
            fix="correct the key; config/README.md lists every key with its default",
        ) from None


def expand(name: str, entry: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Expand the lists in an experiment: one experiment per combination.

    A leaf that holds a list where the settings want one value becomes
    `<name>-<key>=<value>`, for instance `cnn-loss=focal`.
    """
    axes = list(_axes(entry, Experiment, ())) if isinstance(entry, Mapping) else []
    if not axes:
        yield name, entry
        return
    for values in itertools.product(*(options for _, options in axes)):
        chosen = entry
        parts = [name]
        for (path, _), value in zip(axes, values, strict=True):
            chosen = _replaced(chosen, path, value)
            parts.append(f"{path[-1]}={value}")
        yield "-".join(parts), chosen


def _axes(
    entry: Mapping[str, Any], model: type[BaseModel], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], list]]:
    """Yield the leaves that hold a list where the settings want one value."""
    for key, value in entry.items():
        kind = model.model_fields[key].annotation if key in model.model_fields else None
        if isinstance(value, Mapping) and isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _axes(value, kind, (*path, key))
        elif isinstance(value, Mapping) and key == "network_settings":
            lists = network_registry.list_settings(str(entry.get("network", "cnn3d")))
            yield from (
                ((*path, key, name), options)
                for name, options in value.items()
                if isinstance(options, list) and name not in lists
            )
        elif isinstance(value, list) and kind is not None and not _takes_a_list(kind):
            yield (*path, key), value


def _takes_a_list(kind: Any) -> bool:  # noqa: ANN401
    if get_origin(kind) in (tuple, list):
        return True
    return any(_takes_a_list(part) for part in get_args(kind))


def _replaced(entry: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict:  # noqa: ANN401
    if len(path) == 1:
        return {**entry, path[0]: value}
    return {**entry, path[0]: _replaced(entry[path[0]], path[1:], value)}


def _faults(error: ValidationError) -> list[str]:
    faults = {}
    for item in error.errors():
        # A union lists each branch as a made-up part of the path: leave it out.
        path = [part for part in map(str, item["loc"]) if "[" not in part]
        key = ".".join(path)
        if item["type"] == "extra_forbidden":
            text = f"unknown key{nearest(path[-1], _keys_at(path[:-1]))}"
        elif item["type"] == "missing":
            text = "missing; it has no default"
        elif item["type"] == "value_error":
            text = str(item["ctx"]["error"])
        elif item["type"] in ("tuple_type", "list_type"):
            found = item["input"]
            form = f", as [{found}]" if isinstance(found, str | int | float) else ""
            text = f"found {found!r}; a list is wanted{form}"
        elif item["type"] == "too_short":
            text = f"found {item['input']!r}; {item['ctx']['min_length']} or more in the list"
        else:
            text = f"found {item['input']!r}; {item['msg'][0].lower()}{item['msg'][1:]}"
        faults.setdefault(key, []).append(text)
    return [f"{key}: {' or '.join(texts)}" if key else texts[0] for key, texts in faults.items()]


def _keys_at(path: list[str]) -> list[str]:
    """Return the keys that the settings know at a path of keys and user-given names."""
    model: Any = Settings
    for part in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
            if part not in model.model_fields:
                return []
            model = model.model_fields[part].annotation
        else:
            model = get_args(model)[-1]
    if isinstance(model, type) and issubclass(model, BaseModel):
        return list(model.model_fields)
    return []


def load_preparation(config: Path | None, preparation: str | None) -> tuple[Settings, str]:
    """Return settings and the name of the preparation a stage is to use.

    Without a config the defaults hold, under the name `default`; without a name the config's
    only preparation is meant.
    """
    if config is None and preparation:
        raise MerflowError(
            "--preparation",
            f"'{preparation}' and no config",
            "--config FILE, where it is described",
        )
    if config is None:
        return Settings(preparations={"default": Preparation()}), "default"
    settings = load(config)
    names = list(settings.preparations)
    if not preparation and len(names) == 1:
        return settings, names[0]
    if preparation not in names:
        raise unknown(f"{config}: preparations", "preparation", preparation or "", names)
    return settings, preparation
