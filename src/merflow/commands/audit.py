"""`merflow audit`: look for every known trap in a run, or in predictions made elsewhere."""

import json as jsonlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from merflow import paths
from merflow.config.loading import load
from merflow.config.settings import Settings
from merflow.errors import MerflowError
from merflow.evaluation.audit.evidence import Evidence
from merflow.evaluation.audit.run import audit as look
from merflow.evaluation.audit.run import render_audit
from merflow.evaluation.audit.test_set_selection import oracle_rows, render_oracle
from merflow.evaluation.run_id import Run, refuse_choice, run_of
from merflow.reporting.run_figures import draw_run
from merflow.workflow.audit_inputs import (
    add_folds,
    add_log,
    add_pretraining,
    claimed_scores,
    evidence_of_run,
)
from merflow.workflow.plan import Plan
from merflow.workflow.scoring import open_table


def audit(
    source: Path,
    *,
    config: Path | None = None,
    scheme: str = "",
    megc_log: Annotated[bool, Parameter(negative="")] = False,
    log: Path | None = None,
    folds: Path | None = None,
    pretrained: Path | None = None,
    permute: int = 0,
    claimed: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="")] = (),
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Say pass, fail or cannot tell for every known trap, of a run's folder or of a table SOURCE.

    Examples
    --------
    merflow audit results/runs/demo/x10/seed0 --config results/config.yaml
    merflow audit results/runs/demo/x10/seed0 --config results/config.yaml --permute 20
    merflow audit theirs.csv --scheme three --log epochs.csv --claimed full=.735,.760

    Parameters
    ----------
    source
        Folder of a scored run, or a table of predictions as `merflow score` takes it. Its column
        `fold`, which may be left out, is what a log of accuracies and a mean of folds need.
    config
        Config file of the run.
    scheme
        Scheme that fixes the classes of a table, by its datasets.
    megc_log
        SOURCE is a challenge log.
    log
        CSV of what was answered on the test clips after every epoch
        (dataset,subject,clip,epoch,predicted), or of accuracies (fold,epoch,accuracy;
        the table then needs its column fold).
    folds
        CSV of the folds (fold,dataset,subject,clip,side); copies of clips under names of their own.
    pretrained
        CSV of the subjects that starting weights were made with (dataset,subject).
    permute
        Of a run: first train it on labels permuted across subjects, this many times, and rank its
        score among theirs. Fewer than 19 cannot tell that it is better.
    claimed
        Figures as printed elsewhere: full=UF1,UAR smic=UF1 ... (0 to 1; UAR may be left out).
    json
        Print JSON in place of lines.
    """
    settings = load(config) if config else Settings()
    if source.is_dir():
        if config is None:
            raise MerflowError(
                str(source), "a run's folder without its config", "--config results/config.yaml"
            )
        run = run_of(source)
        between = paths.RUN.format(experiment=f"{run.experiment}*", factor="x*", seed=run.seed)
        refuse_choice(run, f"audit the runs that it chooses between, {between}")
        if permute:
            settings = _permuted(settings, run, permute)
        evidence = evidence_of_run(source, Plan(settings))
    else:
        if permute:
            raise MerflowError("--permute", "a table of predictions", "the folder of a run")
        table = open_table(source, megc_log=megc_log, scheme=scheme, settings=settings)
        evidence = Evidence(table)
    for add, path in ((add_log, log), (add_folds, folds), (add_pretraining, pretrained)):
        evidence = add(evidence, path) if path else evidence
    if claimed:
        evidence = replace(evidence, claimed=claimed_scores(claimed, evidence.table))
    findings = look(evidence)
    if json:
        print(jsonlib.dumps([asdict(finding) for finding in findings], indent=1))
        return
    print(render_audit(findings), end="")
    if evidence.epochs is not None:
        print("\n" + render_oracle(oracle_rows(evidence.epochs)), end="")


def _permuted(settings: Settings, run: Run, count: int) -> Settings:
    """Train and score the permuted twins of a run; return settings that name them."""
    from merflow.workflow.permutation_runs import run_twins, with_twins

    settings, twins = with_twins(settings, run, count)
    plan = Plan(settings)
    for number, (twin, pooled, score) in enumerate(run_twins(settings, twins), start=1):
        draw_run(Path(twin.folder), plan, pooled)
        print(f"[{number} of {count}] labels permuted, seed {number}: UF1 {score:.3f}", flush=True)
    return settings
