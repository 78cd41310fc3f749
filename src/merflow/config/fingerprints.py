"""Fingerprints: the settings and stage versions that the bytes of a file depend on.

A fingerprint is a rule's `params`, so a change reruns exactly the affected files, and is kept in
the file, so `merflow why` can show it.
"""

import math
from typing import TYPE_CHECKING, Any

from merflow.errors import MerflowError, unknown
from merflow.stage_table import STAGES, pipeline

if TYPE_CHECKING:
    from merflow.config.planned_settings import Planned, Section
    from merflow.config.settings import Preparation, Settings, Tree

STAGE_VERSION = {stage.name: stage.version for stage in STAGES}
Recipe = dict[str, Any]
"""A fingerprint: stage -> its version and settings, in the order of the stages."""


def of_stage(
    settings: "Settings | Planned",
    stage: str,
    preparation: str = "",
    factor: str = "x1",
    window: str = "",
) -> Recipe:
    """Return what a stage's output depends on besides its clips: all stages up to it.

    preparation: not needed for align; window: of the stage `windows`, `k6` or `movement`.
    `max_skipped` is no part of it: it only stops a pack.
    """
    value = factor_value(factor)
    if stage == "align":
        return {"align": _step("align", settings.align)}
    chosen = preparation_named(settings, preparation)
    found = {}
    for step in (step.name for step in pipeline(chosen.kind, factor, stage)):
        section = settings.align if step == "align" else getattr(chosen, step, None)
        found[step] = _step(step, section)
        if step == "magnify":
            found[step]["factor"] = value
        if step == "windows":
            kept = {} if window == "movement" else found[step]
            found[step] = {"version": found[step]["version"], **kept, "window": window}
        if step == "interpolate":
            found[step]["difference"] = chosen.difference
    return found


def _step(stage: str, section: "Tree | Section | None") -> Recipe:
    return {"version": STAGE_VERSION[stage]} | (section.fingerprint() if section else {})


def preparation_named(settings: "Settings | Planned", name: str) -> "Preparation | Section":
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
