"""`merflow score`: pool the folds of a run and score them."""

from pathlib import Path

from merflow.configuration import load
from merflow.plan import Plan, run_of
from merflow.pooling import about, pool_run
from merflow.predictions import write_pooled
from merflow.tables import score_rows, write_confusion, write_scores


def score(source: Path, *, config: Path) -> None:
    """Pool the folds of the run in the folder SOURCE, join the truth, and score.

    Examples
    --------
    merflow score results/runs/demo/x10/seed0 --config results/config.yaml
    merflow score results/runs/demo/x1/seed0 --config results/config.yaml

    Parameters
    ----------
    source
        Folder of a run.
    config
        Config file of the run.
    """
    plan = Plan(load(config), catalogue=False)
    run = run_of(source)
    pooled = pool_run(plan, run)
    rows = score_rows(pooled, about(plan, run), resamples=plan.settings.bootstrap)
    write_pooled(source / "pooled.csv", pooled)
    write_confusion(source / "confusion.csv", pooled)
    write_scores(source / "scores.csv", rows)
    for row in rows:
        print(f"{row.part}: {row.n} clips, UF1 {row.uf1:.3f}, UAR {row.uar:.3f}")
