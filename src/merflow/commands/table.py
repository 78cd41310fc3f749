"""`merflow table`: the scores of every run as CSV, workbook, Markdown, LaTeX and on the screen."""

from pathlib import Path

from merflow.configuration import load
from merflow.describe import flat_settings, protocol_lines
from merflow.files import write_text
from merflow.plan import Plan
from merflow.tables import read_scores, row_order, write_scores
from merflow.tabletext import render_latex, render_markdown, render_text
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
    rows = sorted((row for path in scores for row in read_scores(path)), key=row_order)
    tables = wide_tables(rows, protocol_lines(plan))
    write_scores(out / "scores.csv", rows)
    write_workbook(out / "scores.xlsx", tables, flat_settings(plan))
    write_text(out / "scores.md", render_markdown(tables))
    write_text(out / "scores.tex", render_latex(tables))
    write_text(out / "scores.txt", render_text(tables))
    print(render_text(tables))
