"""Paired effects as a table."""

from typing import TYPE_CHECKING, Any

from merflow.config.display_names import NO_LABELS, Shown, shown_row
from merflow.evaluation.columns import EFFECTS
from merflow.evaluation.schema import records
from merflow.reporting.captions import bracket, number, part_name
from merflow.reporting.table import Cell, Heading, Table

if TYPE_CHECKING:
    from pandas import DataFrame

PAIRED = (
    "Difference of pooled scores on the same clips, seeds averaged; bracket: 95% studentised "
    "bootstrap interval over subjects, before correction; p: subject-level swap test, "
    "Holm-corrected over the table. Both are conditional on the trained folds: they say nothing "
    "about another training"
)
VISIBLE = "visible, uncorrected"
ABOUT_VISIBLE = (
    f"{VISIBLE}: the smallest true difference that this many subjects show with 80% "
    "power at 5% in a single test, before Holm's correction; after it, only larger ones are seen."
)
LEGEND = f"{PAIRED}. {ABOUT_VISIBLE}"

METRIC_NAMES = {"unit_f1": "Mean F1"}
TOO_FEW = "too few subjects"
FEW = "†: too few subjects (effective number below 10)."


def effects_table(title: str, effects: "DataFrame", shown: Shown = NO_LABELS) -> Table:
    """Return effects as printed, one row each; shown: display names of experiments."""
    rows = records(effects)
    names = [c.heading for c in EFFECTS.columns if c.heading]
    figures = [
        f"{METRIC_NAMES.get(rows[0].metric, rows[0].metric.upper())} difference [95%]",
        "p (Holm)",
    ]
    columns = [Heading(name, number=False) for name in names] + [Heading(f) for f in figures]
    columns.append(Heading(VISIBLE, spare=True, about=ABOUT_VISIBLE))
    body = [
        [
            shown_row(e.experiment, shown),
            e.factor,
            shown_row(e.against, shown),
            part_name(e.part),
            *effect_cells(e),
            number(e.detectable, 3),
        ]
        for e in rows
    ]
    notes = dict.fromkeys(note for e in rows for note in e.note.split("; ") if note)
    few = [FEW] * any(TOO_FEW in note for note in notes)
    others = [f"{note}." for note in notes if TOO_FEW not in note]
    anchor = f"effects-{rows[0].metric}-{title.split()[0].lower()}"
    return Table(title, columns, body, (), (LEGEND, *few, *others), anchor=anchor)


def effects_sheet(effects: "DataFrame") -> Table:
    """Return effects with every column, numbers as numbers."""
    columns = [Heading(c.name.replace("_", " "), c.kind is not str) for c in EFFECTS.columns]
    rows = [[Cell("", value) for value in row] for row in effects.itertuples(index=False)]
    return Table("", columns, rows, (), (LEGEND,))


def effect_cells(effect: Any) -> list[str]:  # noqa: ANN401
    """Return an effect's difference with its interval, and its corrected p."""
    change = f"{effect.difference:+.3f}".replace("0.", ".", 1)
    change += bracket(effect.lo, effect.hi, "†" if TOO_FEW in effect.note else "")
    return [change, number(effect.p_holm, 3)]
