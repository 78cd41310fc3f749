"""Pooled predictions as the page shows them: confusion matrices, subjects, wrong predictions."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from merflow.evaluation.predictions import Pooled
from merflow.evaluation.score_table import ScoreRow, parts_of


def pooled_facts(table: Pooled, scores: Sequence[ScoreRow]) -> dict[str, Any]:
    """Return what the page shows of pooled predictions and their scores."""
    return {
        "classes": table.classes,
        "scores": [asdict(row) for row in scores],
        "confusion": {part: _confusion(table.part(part)) for part in parts_of(table)},
        "subjects": _subjects(table),
        "wrong": _wrong(table),
    }


def _confusion(table: Pooled) -> list[list[int]]:
    """Return clips by truth (rows) and prediction (columns)."""
    matrix = np.zeros((len(table.classes),) * 2, int)
    np.add.at(matrix, (table.truth, table.predicted), 1)
    return matrix.tolist()


def _subjects(table: Pooled) -> list[dict[str, Any]]:
    """Return the clips and the correct predictions of every subject, also by class."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, key in enumerate(table.keys):
        rows[key.subject_key].append(index)
    found = []
    for (dataset, subject), indices in sorted(rows.items()):
        right = [i for i in indices if table.truth[i] == table.predicted[i]]
        hits = Counter(table.classes[table.truth[i]] for i in right)
        clips = Counter(table.classes[table.truth[i]] for i in indices)
        by_class = {c: [hits[c], clips[c]] for c in table.classes if clips[c]}
        row = {"dataset": dataset, "subject": subject, "clips": len(indices), "right": len(right)}
        found.append(row | {"by_class": by_class})
    return found


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
