"""Settings of the task of an experiment: which action units, and how doubt in them counts."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from merflow.config.stage_settings import Tree
from merflow.config.values import each_once

Task = Literal["emotion", "action_units"]
TWELVE_UNITS = ("1", "2", "4", "5", "6", "7", "9", "10", "12", "14", "15", "17")
"""The action units of the CD6ME protocol."""
_CODE = re.compile(r"(?:AU)?([0-9]{1,2})|((?:AD|M)[0-9]{1,2})", re.IGNORECASE)


def _codes(given: Any) -> Any:  # noqa: ANN401
    """Return codes as the parser of annotation cells writes them: `AU04` -> `4`, `ad38` -> `AD38`.

    >>> _codes(["AU04", 12, "ad38"])
    ('4', '12', 'AD38')
    """
    if not isinstance(given, list | tuple):
        return given
    found = [_CODE.fullmatch(str(code).strip()) for code in given]
    for code, match in zip(given, found, strict=True):
        if not match:
            raise ValueError(f"{code!r} is no action unit; write 4, AU12, AD38 or M57")
    return each_once(tuple(str(int(m[1])) if m[1] else m[2].upper() for m in found))


Doubt = Literal["drop", "all", "mask"]


class ActionUnitTask(Tree):
    """What `task: action_units` predicts, and how unclear annotations count."""

    units: Annotated[tuple[str, ...], BeforeValidator(_codes)] = Field(TWELVE_UNITS, min_length=1)
    """Codes of the units, each a class of its own, as `[1, 2, 4]` or `[AU12, AD38]`. Sides and
    intensities do not count."""
    alternatives: Doubt = "mask"
    """A choice in a cell, such as `L12 or L14`: `mask` neither trains on these units in this clip
    nor scores them; `drop` leaves the clip out; `all` takes every alternative as present."""
    unknown: Doubt = "mask"
    """A unit that its coder doubted, such as `4?`: `mask`, `drop` or `all`, as for `alternatives`.
    A clip that nobody coded (a cell `?`) is left out under each of them, and counted."""
    threshold: Literal["fixed", "inner"] = "fixed"
    """Probability from which a unit counts as present. `fixed` is 0.5; `inner` chooses one for
    each unit, the best F1 on `training.inner_folds` folds of the training subjects, which trains
    that many times more. Neither looks at the tested subjects."""
