"""Predictions of subjects as logs of published code list them: class numbers, no clip names."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from merflow.clip import ClipKey
from merflow.datasets.clip_ids import canonical, dataset_by_subject
from merflow.errors import MerflowError
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.table_marks import ORACLE, position
from merflow.text import plural


class Subject(NamedTuple):
    """The predictions of one subject; numbers are positions in the classes."""

    name: str
    where: str
    predicted: list[int]
    truth: list[int]


def class_number(where: str, word: str, classes: Sequence[str]) -> int:
    """Return a class number; refuse one without a class."""
    found = re.fullmatch(r"(\d{1,3})(?:\.0*)?", word)
    if found is None or int(found[1]) >= len(classes):
        listed = ", ".join(f"{i} ({name})" for i, name in enumerate(classes))
        fix = "name the scheme of other classes with --scheme"
        raise MerflowError(where, f"class '{word}'", listed, fix)
    return int(found[1])


def table_of(
    path: Path, subjects: Sequence[Subject], classes: Sequence[str], *, oracle: bool
) -> Pooled:
    """Return the predictions of all subjects; clips are positions in their lists."""
    keys: list[ClipKey] = []
    seen: dict[tuple[str, str], str] = {}
    for one in subjects:
        if len(one.predicted) != len(one.truth):
            raise MerflowError(
                one.where,
                f"subject {one.name}: {plural(len(one.predicted), 'prediction')} of "
                f"{plural(len(one.truth), 'clip')}",
                "as many predictions as true classes",
                "take a complete log",
            )
        key = canonical(ClipKey(dataset_by_subject(one.name) or "unknown", one.name, ""))
        first = seen.setdefault(key.subject_key, one.where)
        if first is not one.where:
            raise MerflowError(
                one.where,
                f"subject {one.name} again, first in {first}",
                "one run in one log",
                "keep the lines of one run",
            )
        keys += [key._replace(clip=position(i)) for i in range(len(one.truth))]
    if not keys:
        raise MerflowError(str(path), "no predictions", "predictions and truth of every subject")
    mark = ORACLE if oracle else ""
    return Pooled.of(
        tuple(keys),
        tuple(classes),
        np.array([n for one in subjects for n in one.truth], np.int64),
        np.array([n for one in subjects for n in one.predicted], np.int64),
        tuple(f"{mark}{key.dataset}-{key.subject}" for key in keys),
    ).in_order()
