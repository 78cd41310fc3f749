"""Pooled answers as the page shows them: confusion matrices, subjects, wrong answers."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from merflow.evaluation.predictions import Pooled
from merflow.evaluation.score_table import ScoreRow, parts_of


def pooled_facts(table: Pooled, scores: Sequence[ScoreRow]) -> dict[str, Any]:
    """Return what the page shows of a pooled table and its scores."""
    return {
        "classes": table.classes,
        "scores": [asdict(row) for row in scores],
        "confusion": {part: _confusion(table.part(part)) for part in parts_of(table)},
        "subjects": _subjects(table),
        "wrong": _wrong(table),
    }


def _confusion(table: Pooled) -> list[list[int]]:
    """Return clips by truth (rows) and answer (columns)."""
    matrix = np.zeros((len(table.classes),) * 2, int)
    np.add.at(matrix, (table.truth, table.predicted), 1)
    return matrix.tolist()


def _subjects(table: Pooled) -> list[dict[str, Any]]:
    """Return clips, right answers and answers by class of every subject."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, key in enumerate(table.keys):
        rows[key.subject_key].append(index)
    found = []
    for (dataset, subject), places in sorted(rows.items()):
        right = [i for i in places if table.truth[i] == table.predicted[i]]
        hits = Counter(table.classes[table.truth[i]] for i in right)
        clips = Counter(table.classes[table.truth[i]] for i in places)
        found.append(
            {
                "dataset": dataset,
                "subject": subject,
                "clips": len(places),
                "right": len(right),
                "by_class": {c: [hits[c], clips[c]] for c in table.classes if clips[c]},
            }
        )
    return found


def _wrong(table: Pooled) -> list[dict[str, Any]]:
    """Return the wrong answers, the surest first."""
    found = []
    for i, key in enumerate(table.keys):
        if table.truth[i] != table.predicted[i]:
            sure = None if table.probabilities is None else table.probabilities[i]
            found.append(
                {
                    "key": list(key),
                    "fold": table.folds[i],
                    "truth": table.classes[table.truth[i]],
                    "predicted": table.classes[table.predicted[i]],
                    "p": None if sure is None else float(sure[table.predicted[i]]),
                    "p_truth": None if sure is None else float(sure[table.truth[i]]),
                }
            )
    return sorted(found, key=lambda row: (-(row["p"] or 0), row["key"]))
