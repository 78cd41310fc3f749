"""What differs between tasks once predictions exist: files, scores and their columns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from merflow.evaluation import predictions, score_table, unit_predictions, unit_scores
from merflow.evaluation.columns import SCORES, UNIT_SCORES
from merflow.evaluation.schema import Schema


@dataclass(frozen=True, slots=True)
class TaskScores:
    """How the pooled predictions of a task are read, written and scored.

    scores: the columns of scores.csv; metric: the one that paired comparisons take.
    """

    scores: Schema
    metric: str
    read_pooled: Callable[..., Any]
    write_pooled: Callable[..., None]
    score_rows: Callable[..., Any]
    in_order: Callable[..., Any]
    write_confusion: Callable[..., None]


TASKS = {
    "emotion": TaskScores(
        SCORES,
        "uf1",
        predictions.read_pooled,
        predictions.write_pooled,
        score_table.score_rows,
        score_table.sorted_scores,
        score_table.write_confusion,
    ),
    "action_units": TaskScores(
        UNIT_SCORES,
        "unit_f1",
        unit_predictions.read_pooled,
        unit_predictions.write_pooled,
        unit_scores.unit_score_rows,
        unit_scores.sorted_units,
        unit_scores.write_unit_confusion,
    ),
}
"""The tasks of experiments; spotting scores intervals, see `intervals`."""
