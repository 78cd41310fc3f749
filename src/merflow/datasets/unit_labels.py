"""Labels of `task: action_units`: which units a clip has, lacks, or leaves unclear.

In fold files and tables a label is text: `AU4+AU12+AU14?` has two units and leaves a third unclear,
`none` has none of the units asked for.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from merflow.clip import Clip
from merflow.config.task_settings import ActionUnitTask
from merflow.datasets.action_units import ActionUnits, parse
from merflow.errors import MerflowError

NONE = "none"
UNCODED = "nobody coded its action units"
NO_CELL = "it has no annotation of action units"
CHOICE = "its annotation leaves a choice of units open"
DOUBTED = "its coder doubted a unit"
ALL_UNCLEAR = "every unit asked for is unclear"


class UnitLabel(NamedTuple):
    """The label of a clip as text; or None, and the reason why it has none."""

    text: str | None
    reason: str = ""


class UnitLabels(NamedTuple):
    """The clips that keep a label, their labels, and how many clips each reason left out."""

    clips: list[Clip]
    labels: list[str]
    left_out: Counter[tuple[str, str]]
    """(dataset, reason) -> clips."""


def class_name(code: str) -> str:
    """Return the class of a unit's code: `12` -> `AU12`, `AD38` -> `AD38`."""
    return f"AU{code}" if code.isdigit() else code


def is_class(word: str) -> bool:
    """Return whether a word is the class of a unit.

    >>> is_class("AU12"), is_class("AD38"), is_class("12"), is_class("smile")
    (True, True, False, False)
    """
    return re.fullmatch(r"(AU|AD|M)[1-9][0-9]?", word) is not None


def classes(task: ActionUnitTask) -> tuple[str, ...]:
    """Return the classes of a task, in the order of its units."""
    return tuple(map(class_name, task.units))


def label(cell: str, task: ActionUnitTask) -> UnitLabel:
    """Return the label of an annotation cell; refuse pieces that are no unit."""
    found = parse(cell)
    if found.unparsed:
        raise MerflowError(
            f"action units '{cell}'",
            f"no unit: {', '.join(found.unparsed)}",
            "codes such as 4, L12, R12A, AU4 or AD38, separated by + or ,",
            "correct the cell in the sheet, or in an errata file",
        )
    if found.unknown:
        return UnitLabel(None, UNCODED)
    if not cell.strip():
        return UnitLabel(None, NO_CELL)
    unclear, open_, doubted = _unclear(found, task)
    if open_ and task.alternatives == "drop":
        return UnitLabel(None, CHOICE)
    if doubted and task.unknown == "drop":
        return UnitLabel(None, DOUBTED)
    has = {unit.code for unit in found.units if not unit.static and not unit.doubt}
    if task.alternatives == "all":
        has |= open_
    if task.unknown == "all":
        has |= doubted
    words = [
        class_name(code) + "?" * (code in unclear and code not in has)
        for code in task.units
        if code in has or code in unclear
    ]
    if len(words) == len(task.units) and all(word.endswith("?") for word in words):
        return UnitLabel(None, ALL_UNCLEAR)
    return UnitLabel("+".join(words) or NONE)


def _unclear(found: ActionUnits, task: ActionUnitTask) -> tuple[set[str], set[str], set[str]]:
    """Return the units that are masked, those in a choice, and those doubted; of the task's."""
    asked = set(task.units)
    open_ = {unit.code for choice in found.choices for unit in choice} & asked
    doubted = {unit.code for unit in found.units if unit.doubt and not unit.static} & asked
    masked = (open_ if task.alternatives == "mask" else set()) | (
        doubted if task.unknown == "mask" else set()
    )
    return masked, open_, doubted


def apply(task: ActionUnitTask, clips: Iterable[Clip]) -> UnitLabels:
    """Return the clips that keep a label, in order; a clip with an unreadable cell is an error."""
    kept = UnitLabels([], [], Counter())
    for clip in clips:
        try:
            found = label(clip.action_units, task)
        except MerflowError as error:
            error.where = f"{clip.key}, {error.where}"
            raise
        if found.text is None:
            kept.left_out[clip.key.dataset, found.reason] += 1
        else:
            kept.clips.append(clip)
            kept.labels.append(found.text)
    return kept


def words(labels: Iterable[str]) -> Counter[str]:
    """Return how many labels have each unit, clear or not (`AU14?`).

    >>> words(["AU4+AU12", "AU4", "none"])["AU4"]
    2
    """
    return Counter(word for text in labels for word in text.split("+"))


def decode(labels: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Return (N, K) float32: 1 for a unit that a clip has, 0 without it, NaN where unclear.

    >>> decode(["AU4+AU14?", "none"], ["AU4", "AU12", "AU14"])
    array([[ 1.,  0., nan],
           [ 0.,  0.,  0.]], dtype=float32)
    """
    place = {name: column for column, name in enumerate(names)}
    values = np.zeros((len(labels), len(names)), np.float32)
    for row, text in zip(values, labels, strict=True):
        for word in text.split("+") if text != NONE else ():
            column = place.get(word.removesuffix("?"))
            if column is None:
                raise MerflowError(
                    f"label '{text}'", f"unknown unit '{word}'", f"of {', '.join(names)}"
                )
            row[column] = np.nan if word.endswith("?") else 1
    return values


def encode(values: np.ndarray, names: Sequence[str]) -> list[str]:
    """Return labels as text from (N, K) values: 1, 0, NaN; the inverse of `decode`."""
    return [
        "+".join(n + "?" * bool(np.isnan(v)) for n, v in zip(names, row, strict=True) if v != 0)
        or NONE
        for row in values
    ]
