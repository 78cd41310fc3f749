"""Pooled predictions as the page shows them: confusion matrices, subjects, wrong predictions."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from merflow.evaluation.metrics import confusion
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.score_table import parts_of


def pooled_facts(table: Pooled, scores: Sequence[Any]) -> dict[str, Any]:
    """Return what the page shows of pooled predictions and their scores."""
    parts = {part: table.part(part) for part in parts_of(table)}
    count = len(table.classes)
    return {
        "classes": table.classes,
        "scores": [row._asdict() for row in scores],
        "confusion": {n: confusion(t.truth, t.predicted, count).tolist() for n, t in parts.items()},
        "subjects": _subjects(table),
        "wrong": _wrong(table),
    }


def _subjects(table: Pooled) -> list[dict[str, Any]]:
    """Return the clips and the correct predictions of every subject, also by class."""
    found: dict[tuple[str, str], dict[str, list[int]]] = {}
    for key, truth, predicted in zip(table.keys, table.truth, table.predicted, strict=True):
        by_class = found.setdefault(key.subject_key, {name: [0, 0] for name in table.classes})
        by_class[table.classes[truth]][0] += int(truth == predicted)
        by_class[table.classes[truth]][1] += 1
    rows = []
    for (dataset, subject), by_class in sorted(found.items()):
        right, clips = (sum(column) for column in zip(*by_class.values(), strict=True))
        shown = {name: pair for name, pair in by_class.items() if pair[1]}
        row = {"dataset": dataset, "subject": subject, "clips": clips, "right": right}
        rows.append(row | {"by_class": shown})
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
