"""The settings of the stages as the plan of a run wrote them, for the jobs of the run.

Building the settings classes (pydantic) and parsing YAML cost a job as much as NumPy, OpenCV and
h5py together, and a job of a stage reads a few values that the plan has already checked.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merflow import paths
from merflow.io import records, scheduled_plan
from merflow.io.json_file import read_json

if TYPE_CHECKING:
    from merflow.config.settings import Settings, Tree


class Section:
    """A section of the settings: values as attributes, which cannot be set."""

    def __init__(self, values: Mapping[str, Any], fingerprint: Mapping[str, Any]) -> None:
        """Take the values and what the settings class gave as fingerprint."""
        fixed = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        vars(self).update(fixed, _fingerprint=fingerprint)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: settings are frozen."""
        raise AttributeError(f"{name}: settings are frozen")

    def fingerprint(self) -> dict[str, Any]:
        """Return the section as it enters fingerprints, JSON-able."""
        return dict(self._fingerprint)


class Planned:
    """The settings that a job of a stage reads: a part of `Settings`, under the same names."""

    def __init__(self, stages: Mapping[str, Any]) -> None:
        """Take the content of `stages.json`."""
        self.align = Section(**stages["align"])
        self.preparations = {name: _preparation(p) for name, p in stages["preparations"].items()}
        self.max_skipped: float = stages["max_skipped"]


def _preparation(found: Mapping[str, Any]) -> Section:
    sections = {name: Section(**one) for name, one in found["sections"].items()}
    return Section(found["values"] | sections, {})


def stages_text(settings: "Settings") -> str:
    """Return the settings of the stages as JSON."""
    found = {
        "align": _written(settings.align),
        "preparations": {name: _sections(one) for name, one in settings.preparations.items()},
        "max_skipped": settings.max_skipped,
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _written(section: "Tree") -> dict[str, Any]:
    return {"values": section.model_dump(mode="json"), "fingerprint": section.fingerprint()}


def _sections(preparation: "Tree") -> dict[str, Any]:
    values = preparation.model_dump(mode="json")
    names = [name for name, value in values.items() if isinstance(value, dict)]
    names = [*dict.fromkeys([*names, "windows"])]  # Left out of the dump at its default.
    sections = {name: _written(getattr(preparation, name)) for name in names}
    return {"values": {k: v for k, v in values.items() if k not in names}, "sections": sections}


def stage_settings(config: Path | None = None) -> "Settings | Planned":
    """Return the settings for a stage: those of the plan in a job of a run, else of a config."""
    if planned := _planned(config):
        return planned
    from merflow.config.loading import load, validate

    return load(config) if config else validate({})


def preparation_settings(
    config: Path | None, preparation: str | None, section: str = "", **changed: object
) -> "tuple[Settings | Planned, str]":
    """Return the settings for a stage and the name of the preparation.

    changed: values of the preparation's section that flags give; None changes none.
    """
    given = any(value is not None for value in changed.values())
    planned = None if given else _planned(config)
    if planned and preparation in planned.preparations:
        return planned, preparation
    from merflow.config.loading import load_preparation, with_section

    settings, name = load_preparation(config, preparation)
    return with_section(settings, name, section, **changed), name


def _planned(config: Path | None) -> Planned | None:
    """Return what the plan wrote where `config` is the plan's and this is a job of its run."""
    if not os.environ.get(scheduled_plan.VARIABLE) or records.named(config or "") != paths.CONFIG:
        return None
    record = records.record_of(paths.CONFIG)
    if record is None or paths.STAGES not in record.wrote:
        return None
    records.check(paths.CONFIG)
    return Planned(read_json(paths.STAGES))
