"""Paired effects as a table."""

from collections.abc import Sequence

from merflow.evaluation.effects import Effect
from merflow.reporting.table import SideTable
from merflow.reporting.table_text import bracket, number, part_name

PAIRED = (
    "Difference of pooled scores on the same clips, seeds averaged; bracket: 95% studentised "
    "bootstrap interval over subjects; p: subject-level swap test, Holm-corrected over the table"
)
EFFECTS = (
    f"{PAIRED}; visible: the smallest true difference that this many subjects show with 80% power "
    "at 5%."
)

FEW = "†: too few subjects (effective number below 10)."


def effects_table(title: str, effects: Sequence[Effect]) -> SideTable:
    """Return effects as a table of text, one row each."""
    metric = effects[0].metric.upper()
    head = ["experiment", "factor", "against", "part", f"{metric} difference [95%]", "p", "visible"]
    body = [
        [e.experiment, e.factor, e.against, part_name(e.part), *effect_cells(e)] for e in effects
    ]
    few = [FEW] if any(e.note for e in effects) else []
    return SideTable(title, head, body, 4, (EFFECTS, *few))


def effect_cells(effect: Effect) -> list[str]:
    """Return an effect's difference with its interval, corrected p and visible difference."""
    change = f"{effect.difference:+.3f}".replace("0.", ".", 1)
    change += bracket(effect.lo, effect.hi, "†" if effect.note else "")
    return [change, number(effect.p_holm, 3), number(effect.detectable, 3)]
