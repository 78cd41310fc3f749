"""`merflow choose`: in every fold the factor that did best on training subjects; the row x*."""

from pathlib import Path

from merflow import paths
from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.evaluation.nested_selection import choices_line, nested_choice
from merflow.evaluation.predictions import read_pooled, write_pooled
from merflow.evaluation.run_id import NESTED, run_of
from merflow.evaluation.score_table import write_confusion, write_scores
from merflow.io import records
from merflow.workflow import run_fingerprints
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import inner_tables, rows_of


def choose(run: Path, *, config: Config) -> None:
    """Choose inside every fold of RUN on its training subjects, and score the choices.

    The choice is between the factors of the experiment and the values of its grid.

    Examples:
        merflow choose results/runs/demo/nested/seed0 --config results/config.yaml
        merflow choose results/runs/mine/nested/seed1 --config results/config.yaml

    Args:
        run: results/runs/<experiment>/nested/seed<k>; the experiment has `nested: true`.
            <experiment> is the name in the config, also when the experiment has a grid.
    """
    plan = Plan(load(config))
    named = run_of(run)
    if named.factor != NESTED or named.experiment not in plan.choices():
        raise MerflowError(str(run), "not a nested choice", "an experiment with `nested: true`")
    with records.job("choose", run / "scores.csv") as job:
        classes = plan.data.classes(plan.lead(named))
        runs = plan.candidates(named.experiment, named.seed)
        outer = {
            name: read_pooled(f"{one.folder}/pooled.csv", classes=classes)
            for name, one in runs.items()
        }
        table, chosen = nested_choice(outer, inner_tables(plan, named))
        write_pooled(run / "pooled.csv", table)
        write_confusion(run / "confusion.csv", table)
        write_scores(run / "scores.csv", rows_of(plan, named, table))
        made = {one.folder: records.made_of(f"{one.folder}/pooled.csv") for one in runs.values()}
        job.done(run_fingerprints.chosen(plan, named, made), [run / n for n in paths.SCORE_FILES])
    print(choices_line(chosen))
