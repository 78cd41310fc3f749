"""What is wrong in a config, in words: a line for each fault that validation found."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from merflow.config import grid as grids
from merflow.config.names import NAME_PATTERN
from merflow.errors import nearest


def fault_lines(
    error: ValidationError,
    model: type[BaseModel],
    raw: Mapping[str, Any],
    origins: Mapping[str, tuple[str, Any]] | None = None,
) -> list[str]:
    """Return a line for each fault; of an experiment that a grid made, at the key in the config."""
    faults: dict[str, list[str]] = {}
    items = error.errors()
    inside = {item["loc"][:-1] for item in items}
    for item in items:
        if item["type"] == "too_short" and item["loc"] in inside:
            continue  # Members with faults of their own do not count.
        path = _path(item["loc"], raw, item["type"] == "missing")
        texts = faults.setdefault(_key(path, origins or {}), [])
        text = _text(item, path, model)
        if text not in texts:
            texts.append(text)
    return [f"{key}: {' or '.join(texts)}" if key else texts[0] for key, texts in faults.items()]


def _path(loc: Sequence[str | int], raw: object, missing: bool) -> list[str]:
    """Return the parts of a fault's path that the config has.

    A union lists each branch as a made-up part of the path. missing: the last part is a key that
    the config lacks.
    """
    found: list[str] = []
    for place, part in enumerate(loc):
        listed = isinstance(raw, list | tuple) and isinstance(part, int) and part < len(raw)
        if listed or (isinstance(raw, Mapping) and part in raw):
            raw = raw[part]
        elif not (missing and place == len(loc) - 1):
            continue
        found.append(str(part))
    return found


def _key(path: list[str], origins: Mapping[str, tuple[str, Any]]) -> str:
    if path[:1] == ["experiments"] and len(path) > 2 and path[1] in origins:
        base, grid = origins[path[1]]
        rest = ".".join(path[2:])
        path = ["experiments", base, *(["grid"] if rest in grid else []), rest]
    return ".".join(path)


def _text(item: Any, path: list[str], model: type[BaseModel]) -> str:  # noqa: ANN401
    found, kind = item["input"], item["type"]
    if path and ":{" in path[-1]:
        return "a space is missing after the colon"
    if kind == "dict_type" and found is None:
        return "empty; indent the lines that belong to it by two spaces"
    if kind == "extra_forbidden":
        if len(path) == 1 and isinstance(found, Mapping) and "root" in found:
            return "unknown key; write a dataset below `datasets:`, indented by two spaces"
        return f"unknown key{nearest(path[-1], keys_at(path[:-1], model))}"
    if kind == "missing":
        return "missing; it has no default"
    if kind == "value_error":
        return str(item["ctx"]["error"])
    if kind == "string_pattern_mismatch" and item["ctx"]["pattern"] == NAME_PATTERN:
        return f"found {found!r}; letters, digits and _ . + - = only, a letter or digit first"
    if kind in ("tuple_type", "list_type"):
        form = f", as [{found}]" if isinstance(found, str | int | float) else ""
        return f"found {found!r}; a list is wanted{form}"
    if kind == "too_short":
        return f"found {found!r}; {item['ctx']['min_length']} or more in the list"
    return f"found {found!r}; {item['msg'][0].lower()}{item['msg'][1:]}"


def keys_at(path: list[str], model: Any) -> list[str]:  # noqa: ANN401
    """Return the keys that a section has at a path of keys and user-given names."""
    for part in path:
        if grids.is_section(model):
            if part not in model.model_fields:
                return []
            model = model.model_fields[part].annotation
        elif inner := get_args(model):
            model = inner[-1]
        else:
            return []
    return list(model.model_fields) if grids.is_section(model) else []
