"""Facts of one run: confusion matrices, subjects, most confident mistakes, training curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from merflow.evaluation.metrics import per_class_f1, per_class_recall, uar, uf1, value
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.score_table import parts_of
from merflow.evaluation.unit_metrics import binary_f1
from merflow.evaluation.unit_predictions import UnitTable
from merflow.reporting.html.charts import Chart, chart, highest_loss, panels
from merflow.reporting.html.rankings import Rankings, run_rankings
from merflow.reporting.html.run_data import Results, RunResults
from merflow.reporting.table import Table
from merflow.reporting.training_records import BAND
from merflow.reporting.unit_tables import run_table

MOST_MISTAKES = 8


class Matrix(NamedTuple):
    """A confusion matrix, (C, C) clips with rows truth; share: of a row; recall and f1: (C,)."""

    part: str
    clips: int
    counts: np.ndarray
    share: np.ndarray
    recall: np.ndarray
    f1: np.ndarray


class Bar(NamedTuple):
    """A subject: its dataset, its name, its clips predicted right, and all its clips."""

    dataset: str
    name: str
    right: int
    total: int


class Mistake(NamedTuple):
    """A clip predicted wrong, with the probability of the predicted class."""

    clip: str
    truth: str
    predicted: str
    probability: float


@dataclass(frozen=True, slots=True)
class Scored:
    """A run's pooled predictions in numbers."""

    uf1: float
    uar: float
    classes: tuple[str, ...]
    matrices: list[Matrix]
    subjects: dict[str, list[Bar]]
    wrong: int
    mistakes: list[Mistake] | None
    rankings: Rankings | None


@dataclass(frozen=True, slots=True)
class UnitCard:
    """A run's pooled predictions of action units: mean binary F1, a table, right clips."""

    f1: float
    table: Table
    subjects: dict[str, list[Bar]]
    rankings: Rankings | None


@dataclass(frozen=True, slots=True)
class Card:
    """One run on the page; at_end: measures of a method without epochs; epochs: chosen per fold."""

    run: RunResults
    scored: Scored | None
    units: UnitCard | None
    charts: list[Chart]
    at_end: list[str]
    inner: bool
    epochs: np.ndarray


def run_context(results: Results) -> dict[str, object]:
    """Return a card per run; all losses share one scale, so that runs can be compared."""
    top = highest_loss([curve for run in results.runs for curve in run.training.curves])
    method = {name: entry.method for name, entry in results.plan.settings.experiments.items()}
    cards = [card(run, top, method.get(run.run.experiment, "")) for run in results.runs]
    return {"cards": cards, "band": BAND}


def card(run: RunResults, top: float, method: str) -> Card:
    """Return the facts of a run; top: the end of the scale of losses."""
    found = run.training.curves
    one_step = bool(found) and max(len(curve.epochs) for curve in found) == 1
    return Card(
        run=run,
        scored=None if run.pooled is None else scored(run.pooled, method),
        units=None if run.units is None else unit_card(run.units, method),
        charts=[] if one_step else [chart(*panel) for panel in panels(found, top)],
        at_end=[f"{c.name} {c.mid[0]:.3g}" for c in found] if one_step else [],
        inner=any("val_" in curve.name for curve in found),
        epochs=run.training.numbers("epochs"),
    )


def scored(pooled: Pooled, method: str) -> Scored:
    """Return a run's pooled predictions in numbers."""
    counts = pooled.matrix
    wrong = np.flatnonzero(pooled.truth != pooled.predicted)
    return Scored(
        uf1=float(uf1(counts)),
        uar=float(uar(counts)),
        classes=pooled.classes,
        matrices=matrices(pooled),
        subjects=subjects(pooled),
        wrong=len(wrong),
        mistakes=None if pooled.probabilities is None else _surest(pooled, wrong),
        rankings=run_rankings(pooled, method),
    )


def unit_card(units: UnitTable, method: str) -> UnitCard:
    """Return a run's predictions of action units in numbers."""
    counts = units.grouped(np.zeros(len(units.keys), np.int64))[0]
    f1 = float(value(binary_f1(counts)))
    return UnitCard(f1, run_table(units), subjects(units), run_rankings(units, method))


def matrices(pooled: Pooled) -> list[Matrix]:
    """Return the matrix of each part; with one dataset only that of all clips."""
    parts = parts_of(pooled)
    return [_matrix(pooled.part(part), part) for part in (parts[:1] if len(parts) == 2 else parts)]


def _matrix(rows: Pooled, part: str) -> Matrix:
    counts = rows.matrix
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    recall, f1 = per_class_recall(counts), per_class_f1(counts)
    return Matrix(part, len(rows.keys), counts, share, recall, f1)


def subjects(pooled: Pooled | UnitTable) -> dict[str, list[Bar]]:
    """Return the subjects of each dataset with their clips and those predicted right.

    Of action units: clips in which every clear unit is predicted right.
    """
    if isinstance(pooled, UnitTable):
        hit = np.isnan(pooled.truth) | (pooled.truth == pooled.predicted)
        right = pooled.frame.assign(right=hit.all(1))
    else:
        right = pooled.frame.assign(right=pooled.truth == pooled.predicted)
    counts = right.groupby(["dataset", "subject"])["right"].agg(["sum", "size"])
    found: dict[str, list[Bar]] = {}
    for (dataset, subject), *clips in counts.itertuples(name=None):
        found.setdefault(dataset, []).append(Bar(dataset, subject, *clips))
    return found


def _surest(pooled: Pooled, wrong: Sequence[int]) -> list[Mistake]:
    """Return the mistakes made with the highest probability, that one first."""
    sure = pooled.probabilities.max(1)
    order = wrong[np.argsort(-sure[wrong], kind="stable")][:MOST_MISTAKES]
    return [
        Mistake(
            str(pooled.keys[i]),
            pooled.classes[pooled.truth[i]],
            pooled.classes[pooled.predicted[i]],
            float(sure[i]),
        )
        for i in order
    ]
