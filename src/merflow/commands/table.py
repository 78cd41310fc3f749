"""`merflow table`: the scores of every run as CSV, workbook, Markdown, LaTeX and on the screen."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merflow import paths
from merflow.commands.options import OneOrMore
from merflow.config.display_names import display_names
from merflow.config.flatten import flat_settings
from merflow.config.grid import Grids, members
from merflow.config.loading import load
from merflow.evaluation.columns import EFFECTS, KEY_FRAME_NOISE, UNIT_COUNTS, UNIT_SCORES
from merflow.evaluation.effects import (
    Row,
    Runs,
    experiment_effects,
    magnification_effects,
)
from merflow.evaluation.run_id import NESTED
from merflow.evaluation.schema import records as records_of
from merflow.evaluation.schema import stacked
from merflow.evaluation.score_table import write_scores
from merflow.evaluation.tasks import TASKS
from merflow.io import records
from merflow.io.csv_table import read_csv
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
from merflow.reporting.unit_tables import unit_sheets, unit_tables
from merflow.workflow import run_fingerprints
from merflow.workflow.delivered_gain import read_delivered, summaries
from merflow.workflow.plan import Plan
from merflow.workflow.protocol_text import protocol_lines, with_levels
from merflow.workflow.unit_counts import published_counts

if TYPE_CHECKING:
    from pandas import DataFrame

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
            Of action units also action_units.csv, and action_unit_counts.csv for protocol cd6me.
        scores: scores.csv of the runs.
        config: Config file: its protocol line stands under every table.
    """
    plan = Plan(load(config))
    with records.job("table", out / "scores.csv") as job:
        wrote, printed = _write(out, scores, plan)
        made = {
            run.folder: records.made_of(f"{run.folder}/scores.csv") for run in plan.scored_runs()
        }
        job.done(run_fingerprints.tables(plan, made), [out / name for name in wrote])
    print(printed)


def _write(out: Path, scores: Sequence[Path], plan: Plan) -> tuple[list[str], str]:
    """Write all tables into a folder; return the names of the files, and the tables as text."""
    grids, names = members(plan.settings), display_names(plan.settings)
    rows = {task: _rows(scores, task) for task in TASKS}
    costs = plan_costs(plan)
    lines = with_levels(protocol_lines(plan), levels_of(costs))
    gains = records_of(summaries(read_delivered(Path(paths.DELIVERED))))
    about = (lines, control_rows(plan), grids, names)
    tables = with_alarms(with_doubts(wide_tables(rows["emotion"], *about), gains), plan)
    units = unit_tables(rows["action_units"], *about)
    magnified, compared = _effects(plan, grids)
    titles = {MAGNIFIED: magnified, COMPARED: compared}
    beside = ablations(tables, compared["emotion"], grids, names) + [
        effects_table(title, one, names)
        for title, found in titles.items()
        for one in found.values()
        if len(one)
    ]
    noise = read_noise(plan.jitter_files())
    beside = [*units, *beside, *([noise_table(noise, names)] if len(noise) else [])]
    write_scores(out / "scores.csv", rows["emotion"])
    every = [stacked(list(found.values()), EFFECTS) for found in titles.values()]
    named = dict(zip(("magnification", "experiments"), every, strict=True))
    pages = sheets(tables, flat_settings(plan.settings), named)
    write_workbook(out / "scores.xlsx", [*pages[:-1], *unit_sheets(units), pages[-1]])
    write_text(out / "scores.md", render_markdown(tables, beside))
    for name, form in FORMS.items():
        write_text(out / name, render_latex(tables, beside, form))
    write_text(out / "scores.txt", printed := render_text(tables, beside))
    EFFECTS.write(out / "effects.csv", stacked(every, EFFECTS))
    write_costs(out, costs, names)
    wrote = [*paths.TABLE_FILES, *paths.LATEX_FORMS]
    if len(rows["action_units"]):
        UNIT_SCORES.write(out / UNIT_SCORES.table, rows["action_units"])
        wrote.append(UNIT_SCORES.table)
    if counts := published_counts(plan):
        UNIT_COUNTS.write(out / UNIT_COUNTS.table, UNIT_COUNTS.frame(counts))
        wrote.append(UNIT_COUNTS.table)
    if len(noise):
        wrote.append(Path(paths.NOISE_TABLE).name)
        KEY_FRAME_NOISE.write(out / wrote[-1], noise)
    return wrote, printed


def _rows(scores: Sequence[Path], task: str) -> "DataFrame":
    """Return the rows of the scores of one task, in the order of the tables."""
    kind = TASKS[task]
    mine = [path for path in scores if _task_of(path) == task]
    frames = [kind.scores.read(path) for path in mine]
    return kind.in_order(stacked(frames, kind.scores))


def _task_of(path: Path) -> str:
    """Return the task of a table of scores by its columns; `emotion` if they are of none."""
    columns = {*read_csv(path, ()).columns}
    return next((t for t, kind in TASKS.items() if columns == {*kind.scores.names}), "emotion")


def _effects(plan: Plan, grids: Grids) -> "tuple[dict[str, DataFrame], dict[str, DataFrame]]":
    """Return the effects of magnification, and of experiments against others, of each task."""
    resamples = plan.settings.bootstrap
    magnified, compared = {}, {}
    for task, kind in TASKS.items():
        runs = _pooled(plan, task)
        magnified[task] = magnification_effects(runs, kind.metric, resamples)
        compared[task] = experiment_effects(runs, kind.metric, resamples, grids)
    return magnified, compared


def _pooled(plan: Plan, task: str) -> Runs:
    """Return the pooled predictions of every run of a task, by experiment and factor, then seed."""
    runs: dict[Row, dict[int, Any]] = {}
    for run in plan.scored_of(task):
        classes = plan.data.classes(plan.lead(run))
        factor = "x*" if run.factor == NESTED else run.factor
        row = runs.setdefault(Row(run.experiment, factor), {})
        row[run.seed] = TASKS[task].read_pooled(f"{run.folder}/pooled.csv", classes=classes)
    return runs
