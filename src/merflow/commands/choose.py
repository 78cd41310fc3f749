"""`merflow choose`: in every fold the factor that did best on training subjects; the row x*."""

from pathlib import Path

from merflow.configuration import load
from merflow.errors import MerflowError
from merflow.nested import choices_line, nested_choice
from merflow.plan import Plan
from merflow.pooling import about, inner_tables
from merflow.predictions import read_pooled, write_pooled
from merflow.runs import NESTED, Run, run_of
from merflow.tables import score_rows, write_confusion, write_scores


def choose(run: Path, *, config: Path) -> None:
    """Choose a factor inside every fold of RUN on its training subjects, and score the choices.

    Examples
    --------
    merflow choose results/runs/demo/nested/seed0 --config results/config.yaml
    merflow choose results/runs/mine/nested/seed1 --config results/config.yaml

    Parameters
    ----------
    run
        results/runs/<experiment>/nested/seed<k>; the experiment has `nested: true`.
    config
        Config file of the run.
    """
    plan = Plan(load(config))
    named = run_of(run)
    if named.factor != NESTED or not plan.experiment(named.experiment).nested:
        raise MerflowError(str(run), "not a nested choice", "an experiment with `nested: true`")
    classes = plan.classes(named.experiment)
    outer = {
        factor: read_pooled(
            f"{Run(named.experiment, factor, named.seed).folder}/pooled.csv", classes=classes
        )
        for factor in plan.factors(named.experiment)
    }
    table, chosen = nested_choice(outer, inner_tables(plan, named))
    write_pooled(run / "pooled.csv", table)
    write_confusion(run / "confusion.csv", table)
    rows = score_rows(table, about(plan, named), resamples=plan.settings.bootstrap)
    write_scores(run / "scores.csv", rows)
    print(choices_line(chosen))
