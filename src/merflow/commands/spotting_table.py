"""`merflow spotting-table`: the scores of all spotting runs as CSV and Markdown."""

from pathlib import Path

from merflow import paths
from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.io import records
from merflow.io.files import write_text
from merflow.reporting import spotting_table as made
from merflow.reporting.render.markdown import markdown
from merflow.reporting.render.text import text
from merflow.workflow import spotting_fingerprints, spotting_plan
from merflow.workflow.plan import Plan


def spotting_table(out: Path, *, config: Config) -> None:
    """Write the tables of all spotting runs, and of what was recognised, into the folder OUT.

    Examples:
        merflow spotting-table results/tables --config results/config.yaml
        merflow spotting-table tables --config config/spotting.yaml

    Args:
        out: Folder to write spotting.csv and spotting.md into.
    """
    plan = Plan(load(config))
    with records.job("spotting-table", out / paths.SPOTTING_TABLES[0]) as job:
        rows = made.read_rows(plan)
        tables = made.tables(rows)
        write_text(out / "spotting.csv", made.csv(rows))
        write_text(out / "spotting.md", markdown(tables))
        runs = [*spotting_plan.runs(plan), *spotting_plan.pairs(plan)]
        scored = {run.folder: records.made_of(f"{run.folder}/scores.json") for run in runs}
        files = [out / name for name in paths.SPOTTING_TABLES]
        job.done(spotting_fingerprints.tables(plan, scored), files)
    print(text(tables), end="")
