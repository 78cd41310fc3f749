"""Fields of the forms of experiments and preparations, from the JSON schema of the settings.

A field has its path below the entry, kind of input, default, limits, unit, options and description.
"""

import functools
import re
from typing import Any

from merflow.config.grid import grid_paths
from merflow.config.settings import SVMS, Settings
from merflow.models.network_registry import kind_of_input, names, settings_of

Field = dict[str, Any]
SECTIONS = {"experiments": "Experiment", "preparations": "Preparation"}
BASIC = {
    "experiments": (
        *("label", "method", "network", "command", "collection", "preparation", "factors"),
        *("scheme", "protocol", "folds", "holdout", "test_on", "folds_file", "seeds"),
        *(
            "training.epochs",
            "training.batch_size",
            "training.learning_rate",
            "training.svm.kernel",
        ),
    ),
    "preparations": (
        *("kind", "crop.region", "crop.colour", "crop.working_size", "magnify.method"),
        *("magnify.band_hz", "select.frames", "interpolate.method", "interpolate.length"),
        *("interpolate.size", "flow.method", "flow.size"),
    ),
}
"""Fields that are not folded, in their order."""
NETWORK, PROGRAM = {"method": ["keras"]}, {"method": ["command"]}
SVM, FEATURES = {"method": [*SVMS]}, {"method": ["video_features"]}
WHEN = {
    "network": NETWORK, "network_settings": NETWORK, "pretrain": NETWORK,
    "command": PROGRAM, "sandbox": PROGRAM, "contract": PROGRAM,
    "training": NETWORK, "training.svm": SVM, "training.features": FEATURES,
    "training.class_weights": {}, "training.threads": {},
    "training.inner_folds": {}, "training.inner_support": {},
    "folds": {"protocol": ["kfold"]}, "holdout": {"protocol": ["holdout"]},
    "test_on": {"protocol": ["cross"]}, "folds_file": {"protocol": ["file"]},
    "training.momentum": {"training.optimiser": ["sgd"]},
    "training.step_epochs": {"training.schedule": ["step"]},
    "training.step_factor": {"training.schedule": ["step"]},
    "training.focal_gamma": {"training.loss": ["focal"]},
    "magnify.lambda_c": {"magnify.method": ["linear"]},
    "select.window": {"select.frames": ["windows"]}, "select.every": {"select.frames": ["windows"]},
    "interpolate": {"kind": ["frames"]}, "select": {"kind": ["frames"]}, "flow": {"kind": ["flow"]},
    "difference": {"kind": ["frames"]}, "key_frame_noise": {"task": ["emotion"]},
    "action_units": {"task": ["action_units"]},
}  # fmt: skip
"""The values of another field under which a field, or a section, has an effect."""
NAMED = {
    "network": "networks", "preparation": "preparations", "collection": "collections",
    "scheme": "schemes", "pretrain": "pretrainings", "test_on": "datasets",
}  # fmt: skip
"""Fields that take names of the project."""
GROUPS = {
    "training": "Training", "augment": "Augmentation", "svm": "SVM", "features": "Frozen features",
    "crop": "Crop", "magnify": "Magnify", "select": "Frame selection",
    "interpolate": "Interpolate", "flow": "Flow", "key_frame_noise": "Key-frame noise",
    "action_units": "Action units", "windows": "Windows",
}  # fmt: skip
UNIT = re.compile(r"\((Hz|px|degrees|frames|grey levels|s)\)")
LEFT_OUT = {"from_grid"}


@functools.cache
def fields(section: str) -> tuple[Field, ...]:
    """Return the fields of a section's form, those that are not folded first."""
    schema = Settings.model_json_schema()
    found = {one["path"]: one for one in _walk(schema, SECTIONS[section], "")}
    basic = [_titled(found.pop(path), section) | {"basic": True} for path in BASIC[section]]
    return (*basic, *found.values())


def _title(key: str) -> str:
    return key.removesuffix("_hz").replace("_", " ").capitalize()


def _titled(field: Field, section: str) -> Field:
    """Return a field of several sections of one form with the section in its title."""
    if section == "experiments" or "." not in field["path"]:
        return field
    return field | {"title": f"{field['group']}: {field['title'].lower()}"}


def _walk(schema: dict[str, Any], name: str, prefix: str) -> list[Field]:
    made = []
    for key, known in schema["$defs"][name]["properties"].items():
        path = f"{prefix}{key}"
        if key in LEFT_OUT:
            continue
        if reference := known.get("$ref"):
            made += _walk(schema, reference.rsplit("/", 1)[1], f"{path}.")
            continue
        parts = path.split(".")
        about = known.get("description", "").replace("\n", " ")
        unit = UNIT.search(about)
        made.append({
            "path": path, "title": _title(key), "about": about,
            "unit": unit[1] if unit else "", "default": known.get("default"),
            "required": "default" not in known, "basic": False, "when": _when(parts),
            "group": GROUPS[parts[-2]] if len(parts) > 1 else "General", **_input(key, known),
        })  # fmt: skip
    return made


def _when(parts: list[str]) -> dict[str, list[str]]:
    """Return the condition of a field: its own, or that of the smallest section that has one."""
    found: dict[str, list[str]] = {}
    for end in range(len(parts), 0, -1):
        condition = WHEN.get(".".join(parts[:end]))
        if condition is not None:
            found = condition | found
            if end < len(parts) or not condition:
                break
    return found


def _input(key: str, known: dict[str, Any]) -> Field:
    """Return the kind of input of a setting, with its options and limits."""
    if key == "grid":
        return {"kind": "grid", "options": grid_paths()}
    if key == "network_settings":
        return {"kind": "network_settings"}
    kinds = [one for one in known.get("anyOf", [known]) if one.get("type") != "null"]
    empty = len(kinds) < len(known.get("anyOf", [known]))
    options = next((one["enum"] for one in kinds if "enum" in one), [])
    kind = kinds[0]["type"]
    if len(kinds) > 1:
        return {"kind": "text_or_list", "options": options}
    if key in NAMED:
        return {"kind": "names" if kind == "array" else "name", "of": NAMED[key]}
    if options:
        return {"kind": "choice", "options": options}
    if kind == "boolean":
        return {"kind": "switch"}
    if kind == "array":
        return {"kind": "list", "length": kinds[0].get("minItems"), "empty": empty}
    limits = {"min": kinds[0].get("minimum"), "max": kinds[0].get("maximum")}
    return {"kind": kind, "empty": empty, **limits} if kind != "string" else {"kind": "text"}


def networks() -> list[Field]:
    """Return every network with its kind of input, first line of description and settings."""
    return [_network(name) for name in names()]


@functools.cache
def _network(name: str) -> Field:
    about, settings = settings_of(name)
    return {"name": name, "input": kind_of_input(name), "about": about, "settings": settings}
