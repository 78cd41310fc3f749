"""Fingerprints: the settings and stage versions that the bytes of a file depend on.

A fingerprint is a rule's `params`, so a change reruns exactly the affected files, and is kept in
the file, so `merflow why` can show it.
"""

import math
from typing import Any

from merflow.config.settings import Preparation, Settings
from merflow.errors import MerflowError, unknown
from merflow.stage_table import STAGES, pipeline

STAGE_VERSION = {stage.name: stage.version for stage in STAGES}
Recipe = dict[str, Any]
"""A fingerprint: stage -> its version and settings, in the order of the stages."""


def of_stage(settings: Settings, stage: str, preparation: str = "", factor: str = "x1") -> Recipe:
    """Return what a stage's output depends on besides its clips: all stages up to it.

    preparation: not needed for align. `max_skipped` is no part of it: it only stops a pack.
    """
    value = factor_value(factor)
    chosen = preparation_named(settings, preparation) if stage != "align" else Preparation()
    steps = [step.name for step in pipeline(chosen.kind, factor, stage)]
    return {step: _step(step, settings, chosen, value) for step in steps}


def _step(stage: str, settings: Settings, chosen: Preparation, factor: float) -> Recipe:
    section = settings.align if stage == "align" else getattr(chosen, stage, None)
    step = {"version": STAGE_VERSION[stage]}
    if section is not None:
        step |= section.fingerprint()
    if stage == "magnify":
        step["factor"] = factor
    if stage == "interpolate":
        step["difference"] = chosen.difference
    return step


def preparation_named(settings: Settings, name: str) -> Preparation:
    """Return a preparation by name."""
    if name not in settings.preparations:
        raise unknown("config: preparations", "preparation", name, settings.preparations)
    return settings.preparations[name]


def factor_value(name: str) -> float:
    """Return the number of one factor, `x10` -> 10.0."""
    try:
        value = float(name.strip().removeprefix("x"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise MerflowError("--factor", f"{name!r}", "a number, as 10 or x10")
    return value
