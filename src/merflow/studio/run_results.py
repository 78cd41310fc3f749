"""Pooled predictions as the page shows them: confusion matrices, subjects, wrong predictions."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from merflow.evaluation.metrics import grouped_confusion
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.score_table import parts_of


def pooled_facts(table: Pooled, scores: Sequence[Any]) -> dict[str, Any]:
    """Return what the page shows of pooled predictions and their scores."""
    parts = {part: table.part(part) for part in parts_of(table)}
    return {
        "classes": table.classes,
        "scores": [row._asdict() for row in scores],
        "confusion": {n: t.matrix.tolist() for n, t in parts.items()},
        "subjects": _subjects(table),
        "wrong": _wrong(table),
    }


def _subjects(table: Pooled) -> list[dict[str, Any]]:
    """Return the clips and the correct predictions of every subject, also by class."""
    subjects = [key.subject_key for key in table.keys]
    names = sorted(set(subjects))
    owner = np.array([names.index(subject) for subject in subjects])
    found = grouped_confusion(table.truth, table.predicted, owner, len(table.classes))
    rows = []
    for (dataset, subject), counts in zip(names, found, strict=True):
        pairs = zip(table.classes, counts.diagonal().tolist(), counts.sum(1).tolist(), strict=True)
        by_class = {name: [right, clips] for name, right, clips in pairs if clips}
        row = {"dataset": dataset, "subject": subject, "clips": int(counts.sum())}
        rows.append(row | {"right": int(counts.trace()), "by_class": by_class})
    return rows


def _wrong(table: Pooled) -> list[dict[str, Any]]:
    """Return the wrong predictions, highest probability first."""
    found = []
    for i in np.flatnonzero(table.truth != table.predicted):
        p = {} if table.probabilities is None else dict(enumerate(table.probabilities[i].tolist()))
        found.append(
            {
                "key": list(table.keys[i]),
                "fold": table.folds[i],
                "truth": table.classes[table.truth[i]],
                "predicted": table.classes[table.predicted[i]],
                "p": p.get(table.predicted[i]),
                "p_truth": p.get(table.truth[i]),
            }
        )
    return sorted(found, key=lambda row: (-(row["p"] or 0), row["key"]))
