"""Nested choice: each fold takes the setting that scores best on its training subjects.

The best of several factors (or networks, or losses) in a table is a choice made on the test
subjects. The row `x*` avoids this: each fold takes the candidate with the best score on that
fold's inner predictions. Their models were trained neither on the fold's test subjects nor on the
subjects that they predict.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from merflow.errors import MerflowError
from merflow.evaluation.columns import POOLED
from merflow.evaluation.metrics import uf1
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.schema import stacked


def choose(inner: Mapping[str, Pooled]) -> str:
    """Return the candidate with the best pooled UF1; the first one of equal candidates."""
    scores = {name: float(uf1(table.matrix)) for name, table in inner.items()}
    return max(scores, key=lambda name: scores[name])


def nested_choice(
    outer: Mapping[str, Pooled], inner: Mapping[str, Mapping[str, Pooled]]
) -> tuple[Pooled, dict[str, str]]:
    """Return the pooled table of the row `x*`, and each fold's choice.

    outer: candidate -> pooled test predictions; inner: fold -> candidate -> predictions of that
    fold's training subjects by inner folds. A test subject in its fold's inner tables is an error.
    """
    first = next(iter(outer.values()))
    if any(t.keys != first.keys or t.folds != first.folds for t in outer.values()):
        raise MerflowError("nested choice", "candidates differ in clips or folds", "the same folds")
    chosen: dict[str, str] = {}
    frames = []
    for fold in sorted(set(first.folds)):
        rows = np.flatnonzero(first.frame["fold"] == fold)
        _check_inner(fold, {first.keys[i].subject_key for i in rows}, inner, set(outer))
        chosen[fold] = choose({name: inner[fold][name] for name in outer})
        frames.append(outer[chosen[fold]].take(rows).frame)
    table = Pooled(stacked(frames, POOLED), first.classes)
    return table.in_order(), chosen


def choices_line(chosen: Mapping[str, str]) -> str:
    """Return `chosen inside the folds: x10 in 40, x25 in 28 of 68`."""
    counts = Counter(chosen.values())
    listed = ", ".join(f"{name} in {n}" for name, n in sorted(counts.items()))
    return f"chosen inside the folds: {listed} of {len(chosen)}"


def _check_inner(
    fold: str,
    tested: set[tuple[str, str]],
    inner: Mapping[str, Mapping[str, Pooled]],
    candidates: set[str],
) -> None:
    missing = candidates - set(inner.get(fold, {}))
    if missing:
        raise MerflowError(
            f"nested choice, fold {fold}",
            f"no inner predictions of {', '.join(sorted(missing))}",
            "inner predictions of every candidate in every fold",
            "set `nested: true` and call `merflow run`",
        )
    for name, table in inner[fold].items():
        seen = tested & {k.subject_key for k in table.keys}
        if seen:
            raise MerflowError(
                f"nested choice, fold {fold}",
                f"inner predictions of {name} hold the test subject {'/'.join(min(seen))}",
                "training subjects only",
            )
