"""`merflow table`: the scores of every run as CSV, workbook, Markdown, LaTeX and on the screen."""

from pathlib import Path

from merflow import paths
from merflow.commands.options import OneOrMore
from merflow.config.display_names import display_names
from merflow.config.flatten import flat_settings
from merflow.config.grid import members
from merflow.config.loading import load
from merflow.evaluation.columns import EFFECTS, KEY_FRAME_NOISE, SCORES
from merflow.evaluation.effects import (
    Row,
    Runs,
    experiment_effects,
    magnification_effects,
)
from merflow.evaluation.predictions import Pooled, read_pooled
from merflow.evaluation.run_id import NESTED
from merflow.evaluation.schema import records as records_of
from merflow.evaluation.schema import stacked
from merflow.evaluation.score_table import read_scores, sorted_scores, write_scores
from merflow.io import records
from merflow.io.files import write_text
from merflow.reporting.ablation import ablations
from merflow.reporting.control_notes import control_rows, with_alarms
from merflow.reporting.cost import levels_of, plan_costs, write_costs
from merflow.reporting.doubt_notes import with_doubts
from merflow.reporting.effects_table import effects_table
from merflow.reporting.key_frame_noise import noise_table, read_noise
from merflow.reporting.layouts import (
    render_markdown,
    render_text,
    sheets,
)
from merflow.reporting.paper_tables import FORMS, render_latex
from merflow.reporting.render.xlsx import write_workbook
from merflow.reporting.results_table import wide_tables
from merflow.workflow import run_fingerprints
from merflow.workflow.delivered_gain import read_delivered, summaries
from merflow.workflow.plan import Plan
from merflow.workflow.protocol_text import protocol_lines, with_levels

MAGNIFIED = "Magnification against x1, the same clips paired by subject"
COMPARED = "Experiments against the first of their kind, the same clips paired by subject"


def table(out: Path, *scores: OneOrMore, config: Path) -> None:
    """Write the tables of all SCORES into the folder OUT and print them.

    Examples:
        merflow table results/tables results/runs/*/*/*/scores.csv --config results/config.yaml
        merflow table tables a/scores.csv b/scores.csv --config config/config.yaml

    Args:
        out: Folder to write scores.csv, .xlsx, .md, .tex and .txt, effects.csv and cost.csv, .md
            into; scores_onecolumn.tex and scores_twocolumn.tex are for papers with two columns.
        scores: scores.csv of the runs.
        config: Config file: its protocol line stands under every table.
    """
    plan = Plan(load(config))
    with records.job("table", out / "scores.csv") as job:
        runs, grids = _pooled(plan), members(plan.settings)
        names = display_names(plan.settings)
        resamples = plan.settings.bootstrap
        magnified = magnification_effects(runs, resamples=resamples)
        compared = experiment_effects(runs, resamples=resamples, grids=grids)
        rows = sorted_scores(stacked([read_scores(path) for path in scores], SCORES))
        costs = plan_costs(plan)
        lines = with_levels(protocol_lines(plan), levels_of(costs))
        gains = records_of(summaries(read_delivered(Path(paths.DELIVERED))))
        marked = with_doubts(wide_tables(rows, lines, control_rows(plan), grids, names), gains)
        tables = with_alarms(marked, plan)
        effects = {MAGNIFIED: magnified, COMPARED: compared}
        beside = ablations(tables, compared, grids, names)
        beside += [effects_table(t, found, names) for t, found in effects.items() if len(found)]
        noise = read_noise(plan.jitter_files())
        if len(noise):
            beside.append(noise_table(noise, names))
            KEY_FRAME_NOISE.write(out / Path(paths.NOISE_TABLE).name, noise)
        write_scores(out / "scores.csv", rows)
        named = {"magnification": magnified, "experiments": compared}
        write_workbook(out / "scores.xlsx", sheets(tables, flat_settings(plan.settings), named))
        write_text(out / "scores.md", render_markdown(tables, beside))
        for name, form in FORMS.items():
            write_text(out / name, render_latex(tables, beside, form))
        write_text(out / "scores.txt", printed := render_text(tables, beside))
        EFFECTS.write(out / "effects.csv", stacked([magnified, compared], EFFECTS))
        write_costs(out, costs, names)
        made = {
            run.folder: records.made_of(f"{run.folder}/scores.csv") for run in plan.scored_runs()
        }
        more = [Path(paths.NOISE_TABLE).name] if len(noise) else []
        job.done(
            run_fingerprints.tables(plan, made),
            [out / n for n in (*paths.TABLE_FILES, *paths.LATEX_FORMS, *more)],
        )
    print(printed)


def _pooled(plan: Plan) -> Runs:
    """Return the pooled predictions of every run, by experiment and factor, then seed."""
    runs: dict[Row, dict[int, Pooled]] = {}
    for run in plan.scored_runs():
        classes = plan.data.classes(plan.lead(run))
        factor = "x*" if run.factor == NESTED else run.factor
        row = runs.setdefault(Row(run.experiment, factor), {})
        row[run.seed] = read_pooled(f"{run.folder}/pooled.csv", classes=classes)
    return runs
