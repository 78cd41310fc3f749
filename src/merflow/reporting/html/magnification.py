"""The effect of magnification: scores of each factor, and paired differences from x1."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from merflow.errors import MerflowError
from merflow.evaluation.effects import Row, magnification_effects
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.schema import records
from merflow.reporting.doubt_notes import doubt_text, doubtful
from merflow.reporting.effects_table import LEGEND, VISIBLE
from merflow.reporting.html.run_data import Results, RunResults
from merflow.reporting.results_table import Part, Scored, Wide

if TYPE_CHECKING:
    from pandas import DataFrame


class Panel(NamedTuple):
    """One experiment on one part; points: (factor, cell, the UF1 of each seed)."""

    part: str
    facts: Part
    points: list[tuple[str, Scored, list[float]]]


def effect_context(tables: Sequence[Wide], results: Results) -> dict[str, object]:
    """Return what the section shows: panels per experiment, delivered gain and differences."""
    effects, problem = differences(results.runs, results.plan.settings.bootstrap)
    return {
        "effect_panels": panels(tables, results.rows),
        "delivered": results.delivered,
        "doubtful": doubtful,
        "doubt_text": doubt_text,
        "effects": effects,
        "effects_problem": problem,
        "effects_legend": LEGEND,
        "visible": VISIBLE,
    }


def panels(tables: Sequence[Wide], scores: "DataFrame") -> list[tuple[str, list[Panel]]]:
    """Return one panel per part for every experiment with several factors."""
    seeds: dict[tuple[str, str, str], list[float]] = {}
    for row in records(scores):
        seeds.setdefault((row.experiment, row.factor, row.part), []).append(row.uf1)
    found = []
    for wide in tables:
        for name in dict.fromkeys(line.experiment for line in wide.lines):
            lines = [line for line in wide.lines if line.experiment == name]
            if len(lines) > 1:
                found.append((name, [
                    Panel(part, facts, [
                        (x.factor, x.cells[part], seeds.get((name, x.factor, part), []))
                        for x in lines
                    ])
                    for part, facts in wide.parts.items()
                ]))  # fmt: skip
    return found


def differences(runs: Iterable[RunResults], resamples: int) -> tuple[list[Any], str]:
    """Return the paired differences between each factor and x1, or why there are none."""
    pooled: dict[Row, dict[int, Pooled]] = {}
    for one in runs:
        if one.pooled is not None:
            row = Row(one.run.experiment, one.run.factor)
            pooled.setdefault(row, {})[one.run.seed] = one.pooled
    try:
        return records(magnification_effects(pooled, resamples=resamples)), ""
    except MerflowError as error:
        return [], f"{error.where}: {error.found}"
