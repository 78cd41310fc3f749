"""From YAML to validated settings: merging, grids, and messages that name the key."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from merflow import arithmetic
from merflow.config import grid as grids
from merflow.config.fault_text import fault_lines, keys_at
from merflow.config.settings import Preparation, Settings
from merflow.errors import MerflowError, unknown
from merflow.io import records
from merflow.paths import CONFIG
from merflow.text import is_text

ABSENT = {
    Path("config/config.yaml"): "make a project with `merflow init`, or go to the folder of one",
    Path(CONFIG): "call `merflow run` first, or go to the folder of a project",
}
"""What to do where a config that commands read by default is not there."""
MAX_BYTES = 1 << 20
MAX_VALUES = 100_000
Section = TypeVar("Section", bound=BaseModel)


def load(*paths: Path | str) -> Settings:
    """Read YAML files, merge later ones over earlier ones, and validate the result."""
    merged: dict[str, Any] = {}
    sources: dict[str, dict[str, Any]] = {}
    for path in paths:
        sources[str(path)] = read_yaml(Path(path))
        merged = merge(merged, sources[str(path)])
    settings, faults = _validated(merged)
    if settings is None:
        raise _refused(_files_of(faults, sources), faults)
    arithmetic.note_config(settings.arithmetic)
    return settings


def _files_of(faults: list[str], sources: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the files that hold the faulty keys, the last of each; all where none is found."""
    found = set()
    for fault in faults:
        path = fault.partition(": ")[0].split(".")
        found.add(next((f for f in [*sources][::-1] if _has(sources[f], path)), ""))
    named = [file for file in sources if file in found and "" not in found]
    return ", ".join(named or sources) or "config"


def _has(section: object, path: Sequence[str]) -> bool:
    for part in path:
        if not isinstance(section, Mapping) or part not in section:
            return False
        section = section[part]
    return True


def read_yaml(path: Path) -> dict[str, Any]:
    """Read one YAML file safely; an empty file gives an empty mapping."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MerflowError(str(path), "more than 1 MiB", "a YAML config")
        records.check(path)
        with path.open(encoding="utf-8") as file:
            value = yaml.load(file, _EachKeyOnce)
        _check_extent(value, path)
    except FileNotFoundError:
        fix = ABSENT.get(path, "")
        raise MerflowError(str(path), "no such file", "a YAML config", fix) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise MerflowError(str(path), f"not YAML: {error}", "a YAML config in UTF-8") from None
    except (OSError, RecursionError) as error:
        raise MerflowError(str(path), f"cannot be read ({error})", "a YAML config") from None
    if not isinstance(value or {}, dict):
        raise MerflowError(str(path), f"a {type(value).__name__}", "keys and values")
    return value or {}


class _EachKeyOnce(yaml.SafeLoader):
    """Safe YAML loader that refuses a key listed twice in one section."""

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        """Check the keys of a section before `<<` merges others into it."""
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":merge"):
                continue
            line, known = key.start_mark.line + 1, (key.tag, key.value)
            if known in lines:
                raise MerflowError(
                    f"{self.name}: line {line}",
                    f"key '{key.value}' is repeated, after line {lines[known]}",
                    "each key once in a section: the earlier value would be lost",
                    "join the two, or remove one",
                )
            lines[known] = line
        return node


def _check_extent(value: Any, path: Path) -> None:  # noqa: ANN401
    """Refuse aliases of aliases, by which a few lines become millions of values."""
    waiting, seen = [value], 0
    while waiting:
        item = waiting.pop()
        seen += 1
        if isinstance(item, str) and not is_text(item):
            raise MerflowError(str(path), f"half a UTF-16 pair in {item!r}", "Unicode text")
        if seen > MAX_VALUES:
            raise MerflowError(
                str(path),
                f"more than {MAX_VALUES:,} values, aliases included",
                "a config",
                "fewer aliases",
            )
        if isinstance(item, Mapping):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple | set):
            waiting += item


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the values of `over` in place of its own, section by section."""
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def validate(raw: Mapping[str, Any], where: str = "config") -> Settings:
    """Expand grids and validate; one message names every fault."""
    settings, faults = _validated(raw)
    if settings is None:
        raise _refused(where, faults)
    return settings


def find_faults(raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the key path and the text of every fault of a config; none if it is valid."""
    found = []
    for line in _validated(raw)[1]:
        path, apart, text = line.partition(": ")
        # The names that a user gives may have spaces; other texts with spaces are no paths.
        given = path.split(".")[0] in Settings.model_fields
        if not apart or (" " in path.split(", ")[0] and not given):
            path, text = "", line
        # A section's own check names a key of the section first.
        key, inner, rest = text.partition(": ")
        if inner and key in keys_at(path.split("."), Settings):
            path, text = f"{path}.{key}", rest
        found += [(one, text) for one in path.split(", ")]
    return found


def _validated(raw: Mapping[str, Any]) -> tuple[Settings | None, list[str]]:
    """Return the settings, or None and a line for every fault."""
    raw, origins, faults = dict(raw), {}, []
    experiments = raw.get("experiments")
    if isinstance(experiments, Mapping):
        raw["experiments"], origins, faults = _expanded(experiments)
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        return None, [*faults, *fault_lines(error, Settings, raw, origins)]
    return (None, faults) if faults else (settings, [])


def checked(model: type[Section], raw: Mapping[str, Any], where: str) -> Section:
    """Return one section of the settings, or an error that names its faults."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise _refused(where, fault_lines(error, model, raw)) from None


def _refused(where: str, faults: list[str]) -> MerflowError:
    lines = "\n".join(f"  {line}" for line in faults)
    return MerflowError(
        where,
        f"{len(faults)} wrong setting{'s' * (len(faults) > 1)}\n{lines}",
        fix="correct the key; config/README.md lists every key with its default",
    )


def _expanded(
    experiments: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, tuple[str, Any]], list[str]]:
    """Return all experiments, base and grid of those that a grid made, and faults of grids."""
    made: dict[str, Any] = {}
    origins: dict[str, tuple[str, Any]] = {}
    faults: list[str] = []
    for name, entry in experiments.items():
        base, members = str(name), {str(name): entry}
        if isinstance(entry, Mapping):
            if found := [f"experiments.{base}.{text}" for text in grids.faults(entry)]:
                faults += found
                members = {base: grids.without_faults(entry)}
            else:
                members = grids.expand(base, entry)
                origins |= dict.fromkeys(members, (base, entry.get("grid") or {}))
        faults += [f"experiments.{n}: a grid makes this name too" for n in members if n in made]
        made |= members
    return made, origins, faults


def with_section(settings: Settings, name: str, section: str, **changed: object) -> Settings:
    """Return the settings with values of a preparation's section replaced; None replaces none."""
    if given := {key: value for key, value in changed.items() if value is not None}:
        preparation = settings.preparations[name]
        old = getattr(preparation, section)
        where = " ".join(f"--{key} {value}" for key, value in given.items())
        new = preparation.model_copy(
            update={section: checked(type(old), old.model_dump() | given, where)}
        )
        return settings.model_copy(update={"preparations": {**settings.preparations, name: new}})
    return settings


def load_preparation(config: Path | None, preparation: str | None) -> tuple[Settings, str]:
    """Return the settings and the name of the preparation for a stage.

    Without a config: the default settings, under the name `default`. Without a name: the only
    preparation of the config.
    """
    if config is None and preparation:
        raise MerflowError(
            "--preparation",
            f"'{preparation}' without a config",
            "--config FILE with this preparation",
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
