"""What made a file: the settings and stage versions that its bytes depend on.

A recipe is a rule's `params` (so a change reruns exactly what it must) and is kept in the file
(so `merflow why` can show it).
"""

import math
from typing import Any

from merflow.config.settings import Preparation, Settings
from merflow.errors import MerflowError, unknown

STAGE_VERSION = {
    "align": 3,
    "crop": 1,
    "magnify": 4,
    "select": 2,
    "interpolate": 3,
    "flow": 1,
    "pack": 4,
    "split": 1,
    "train": 6,
    "score": 2,
    "table": 4,
    "report": 4,
}
"""Raise a stage's number when its output changes for the same input: it then runs again."""

Recipe = dict[str, Any]


def aligned(settings: Settings) -> Recipe:
    """What an aligned store depends on, its frames apart."""
    return {"align": _step("align", settings.align)}


def cropped(settings: Settings, preparation: str) -> Recipe:
    """What a cropped store depends on."""
    chosen = of(settings, preparation)
    return {**aligned(settings), "crop": _step("crop", chosen.crop)}


def magnified(settings: Settings, preparation: str, factor: str) -> Recipe:
    """What a magnified store depends on; x1 is the cropped store itself."""
    recipe, value = cropped(settings, preparation), factor_value(factor)
    if factor != "x1":
        chosen = of(settings, preparation)
        recipe["magnify"] = {**_step("magnify", chosen.magnify), "factor": value}
    return recipe


def prepared(settings: Settings, preparation: str, factor: str) -> Recipe:
    """What the last store before packing depends on."""
    chosen = of(settings, preparation)
    recipe = magnified(settings, preparation, factor)
    if chosen.kind == "flow":
        return {**recipe, "flow": _step("flow", chosen.flow)}
    return {
        **recipe,
        "select": _step("select", chosen.select),
        "interpolate": {
            **_step("interpolate", chosen.interpolate),
            "difference": chosen.difference,
        },
    }


def packed(settings: Settings, preparation: str, factor: str) -> Recipe:
    """What a packed file depends on besides its clips; `max_skipped` only stops a pack."""
    step = {"version": STAGE_VERSION["pack"]}
    return {**prepared(settings, preparation, factor), "pack": step}


def of(settings: Settings, preparation: str) -> Preparation:
    """Return a preparation by name."""
    if preparation not in settings.preparations:
        raise unknown("config: preparations", "preparation", preparation, settings.preparations)
    return settings.preparations[preparation]


def _step(stage: str, section: Any) -> Recipe:  # noqa: ANN401
    return {"version": STAGE_VERSION[stage], **section.model_dump(mode="json")}


def factor_value(name: str) -> float:
    """Return the number of one factor, `x10` -> 10.0."""
    try:
        value = float(name.strip().removeprefix("x"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise MerflowError("--factor", f"{name!r}", "a number, as 10 or x10")
    return value


def factor_of(recipe: Recipe) -> float:
    """Return the factor by which what a recipe made is magnified, times the displacement."""
    return float(recipe.get("magnify", {}).get("factor", 1))
