"""`merflow table`: the scores of every run as CSV, workbook, Markdown, LaTeX and on the screen."""

from collections.abc import Sequence
from pathlib import Path

from merflow.configuration import load
from merflow.describe import flat_settings, protocol_lines
from merflow.effects import (
    Effect,
    Row,
    Runs,
    magnification_effects,
    render_effects,
    write_effects,
)
from merflow.files import write_text
from merflow.plan import Plan
from merflow.predictions import Pooled, read_pooled
from merflow.tables import read_scores, row_order, write_scores
from merflow.tabletext import latex_effects, render_latex, render_markdown, render_text
from merflow.wide import wide_tables
from merflow.workbook import write_workbook


def table(out: Path, *scores: Path, config: Path) -> None:
    """Write the tables of all SCORES into the folder OUT and print them.

    Examples
    --------
    merflow table results/tables results/runs/*/*/*/scores.csv --config results/config.yaml
    merflow table tables a/scores.csv b/scores.csv --config config/config.yaml

    Parameters
    ----------
    out
        Folder to write scores.csv, .xlsx, .md, .tex and .txt into.
    scores
        scores.csv of the runs.
    config
        Config file: its protocol line stands under every table.
    """
    plan = Plan(load(config))
    effects = magnification_effects(_pooled(plan))
    rows = sorted((row for path in scores for row in read_scores(path)), key=row_order)
    tables = wide_tables(rows, protocol_lines(plan))
    write_scores(out / "scores.csv", rows)
    write_workbook(out / "scores.xlsx", tables, flat_settings(plan), effects)
    write_text(out / "scores.md", render_markdown(tables) + _below(effects))
    write_text(out / "scores.tex", render_latex(tables) + latex_effects(effects))
    text = render_text(tables) + _below(effects)
    write_text(out / "scores.txt", text)
    write_effects(out / "effects.csv", effects)
    print(text)


def _pooled(plan: Plan) -> Runs:
    """Return the pooled predictions of every run, by experiment and factor, then seed."""
    runs: dict[Row, dict[int, Pooled]] = {}
    for run in plan.runs():
        classes = plan.classes(run.experiment)
        row = runs.setdefault(Row(run.experiment, run.factor), {})
        row[run.seed] = read_pooled(f"{run.folder}/pooled.csv", classes=classes)
    return runs


def _below(effects: Sequence[Effect]) -> str:
    if not effects:
        return ""
    title = "Magnification against x1, the same clips paired by subject:"
    return f"\n{title}\n\n{render_effects(effects)}"
