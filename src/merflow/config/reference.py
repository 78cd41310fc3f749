"""The JSON schema and the key reference of the config, generated from the settings."""

import json
import types
import typing
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from merflow.config.grid import grid_paths
from merflow.config.settings import Settings

INTRO = """\
# Settings

Every key of a config, with its default. Generated from merflow's settings by `merflow schema`.

- `config/config.yaml` is the default config. `merflow run --config FILE` (of Snakemake:
  `--configfile FILE`) uses another file instead. The values of `config/local.yaml`, which git
  ignores, replace those of either file: keep your dataset roots there.
- A key that is not listed here is an error, and so is a value outside its range.
- `grid` of an experiment lists several values of a setting; the experiment becomes one for each
  combination.
- Relative paths count from the project's folder, in which merflow and Snakemake run.
"""

WORDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def schema_text() -> str:
    """Return the JSON schema of the config."""
    schema = Settings.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "merflow config"
    schema["$defs"]["Experiment"]["properties"]["grid"]["propertyNames"] = {
        "anyOf": [{"enum": grid_paths()}, {"pattern": r"^network_settings\.[^.]+$"}]
    }
    noise = schema["$defs"]["Experiment"]["properties"]["key_frame_noise"]
    noise["anyOf"] = [
        {"$ref": noise.pop("$ref")},
        schema["$defs"]["KeyFrameNoise"]["properties"]["test"],
    ]
    # A description keeps the line ends of its docstring.
    return json.dumps(schema, indent=1, ensure_ascii=False).replace("\\n", " ") + "\n"


def reference_text() -> str:
    """Return the key reference as Markdown; a section that occurs twice is listed once."""
    parts = [INTRO]
    _section(Settings, "", parts, {})
    return "\n".join(parts).rstrip() + "\n"


def _section(
    model: type[BaseModel], path: str, parts: list[str], seen: dict[type[BaseModel], str]
) -> None:
    title = f"`{path}`" if path else "Top level"
    if model in seen:
        parts.append(f"## {title}\n\nThe keys of `{seen[model]}`.\n")
        return
    seen[model] = path
    about = (model.__doc__ or "").strip().splitlines()[0]
    parts.append(f"## {title}\n\n{about}\n\n| key | default | meaning |\n| --- | --- | --- |")
    inner: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        parts.append(f"| `{name}` | {_default(field)} | {_about(field)} |")
        if found := _model_in(field.annotation):
            key = f"{path}.{name}" if path else name
            inner.append((f"{key}.<name>" if get_origin(field.annotation) is dict else key, found))
    parts.append("")
    for key, found in inner:
        _section(found, key, parts, seen)


def _model_in(kind: Any) -> type[BaseModel] | None:  # noqa: ANN401
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if get_origin(kind) is dict:
        return _model_in(get_args(kind)[-1])
    return None


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "**required**"
    if isinstance(field.default, BaseModel):
        return "see below"
    if field.default is None or field.default == "":
        return "empty"
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    return f"`{json.dumps(value)}`"


def _about(field: FieldInfo) -> str:
    text = (field.description or "").replace("\n", " ")
    options = [f"`{option}`" for option in _options(field.annotation)]
    if any(option not in text for option in options):
        text += f" One of {', '.join(options)}."
    limits = {n: getattr(item, n) for item in field.metadata for n in WORDS if hasattr(item, n)}
    if {"ge", "le"} <= limits.keys():
        text += f" Range: {limits['ge']} to {limits['le']}."
    elif limits:
        text += f" Range: {', '.join(f'{WORDS[name]} {limits[name]}' for name in limits)}."
    return text.replace("|", "\\|")


def _options(kind: Any) -> list[str]:  # noqa: ANN401
    if get_origin(kind) is Literal:
        return [str(option) for option in get_args(kind)]
    if get_origin(kind) in (typing.Union, types.UnionType):
        return [option for part in get_args(kind) for option in _options(part)]
    return []
