"""`merflow audit`: run all checks for known errors on a run or on foreign predictions."""

import json as jsonlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Literal

from merflow import paths
from merflow.commands.options import Json, Option
from merflow.config.loading import load
from merflow.config.settings import Settings
from merflow.errors import MerflowError
from merflow.evaluation.audit.evidence import Evidence
from merflow.evaluation.audit.run import audit as look
from merflow.evaluation.audit.run import audit_spotting, render_audit
from merflow.evaluation.audit.test_set_selection import oracle_rows, render_oracle
from merflow.evaluation.run_id import Run, refuse_choice, run_of
from merflow.evaluation.tasks import TASKS
from merflow.evaluation.unit_predictions import UnitTable
from merflow.reporting.figures.run import draw_run
from merflow.workflow.audit_inputs import (
    add_folds,
    add_log,
    add_pretraining,
    claimed_scores,
    evidence_of_run,
)
from merflow.workflow.audit_spotting import is_spotting, spotting_evidence
from merflow.workflow.plan import Plan
from merflow.workflow.scoring import open_table


def audit(
    source: Path,
    *,
    config: Path | None = None,
    scheme: str = "",
    megc_log: bool = False,
    log: Path | None = None,
    folds: Path | None = None,
    pretrained: Path | None = None,
    permute: int = 0,
    claimed: Annotated[tuple[str, ...], Option(consume_multiple=True)] = (),
    json: Json = False,
    task: Literal["emotion", "action_units"] = "emotion",
) -> None:
    """Report pass, fail, note or cannot tell for every check of a run or prediction table SOURCE.

    fail: a fault of the run or of its scoring. note: a property of the data, such as few subjects.

    Examples:
        merflow audit results/runs/demo/x10/seed0 --config results/config.yaml
        merflow audit results/runs/demo/x10/seed0 --config results/config.yaml --permute 20
        merflow audit results/spotting/softnet/seed0 --config results/config.yaml
        merflow audit theirs.csv --scheme three --log epochs.csv --claimed full=.735,.760

    Args:
        source: Folder of a scored run or spotting run, or a table of predictions as for
            `merflow score`. Its optional column `fold` is needed for a log of accuracies and for a
            mean over folds.
        config: Config file of the run.
        scheme: Scheme that defines the classes of a table.
        megc_log: SOURCE is a challenge log.
        log: CSV of the predictions of test clips after every epoch
            (dataset,subject,clip,epoch,predicted), or of accuracies (fold,epoch,accuracy; the table
            then needs its column fold).
        folds: CSV of the folds (fold,dataset,subject,clip,side); each copy of a clip has its own
            name.
        pretrained: CSV of the subjects that start weights were trained on (dataset,subject).
        permute: First train the run this many times on labels permuted across subjects, and rank
            its score among theirs. Fewer than 19 permutations cannot show that it is better.
        claimed: Published scores: full=UF1,UAR smic=UF1 ... (0 to 1; UAR is optional), with the
            digits as printed: .760 is compared at three digits, .76 at two.
        task: Task of a table, as for `merflow score`. A run has its own, and action units have
            checks of their own.
    """
    settings = load(config) if config else Settings()
    if source.is_dir():
        if config is None:
            raise MerflowError(
                str(source),
                "a run folder without its config",
                "--config results/config.yaml",
            )
        if is_spotting(source):
            _refuse_for_units(permute, log, claimed)
            found = audit_spotting(spotting_evidence(source, Plan(settings)))
            rows = [asdict(finding) for finding in found]
            print(jsonlib.dumps(rows, indent=1) if json else render_audit(found).rstrip("\n"))
            return
        run = run_of(source)
        between = paths.RUN.format(experiment=f"{run.experiment}*", factor="x*", seed=run.seed)
        refuse_choice(run, f"audit the runs it chooses between, {between}")
        if permute and Plan(settings).task(run) == "action_units":
            _refuse_for_units(permute, log, claimed)
        if permute:
            settings = _permuted(settings, run, permute)
        evidence = evidence_of_run(source, Plan(settings))
    else:
        if permute:
            raise MerflowError("--permute", "a table of predictions", "the folder of a run")
        if task == "action_units":
            table = TASKS[task].read_pooled(source)
        else:
            table = open_table(source, megc_log=megc_log, scheme=scheme, settings=settings)
        evidence = Evidence(table)
    if isinstance(evidence.table, UnitTable):
        _refuse_for_units(permute, log, claimed)
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


def _refuse_for_units(permute: int, log: Path | None, claimed: tuple[str, ...]) -> None:
    """Refuse options whose checks action units do not have."""
    given = {"--permute": permute, "--log": log, "--claimed": claimed}
    if wrong := [name for name, value in given.items() if value]:
        raise MerflowError(
            ", ".join(wrong),
            "a run or table of action units, or a spotting run",
            "options of its checks",
            "leave out",
        )


def _permuted(settings: Settings, run: Run, count: int) -> Settings:
    """Train and score the permuted copies of a run; return settings that name them."""
    from merflow.workflow.permutation_runs import run_copies, with_permuted_copies

    settings, copies = with_permuted_copies(settings, run, count)
    plan = Plan(settings)
    for number, (copy, pooled, score) in enumerate(run_copies(settings, copies), start=1):
        draw_run(Path(copy.folder), plan, pooled)
        print(f"[{number} of {count}] labels permuted, seed {number}: UF1 {score:.3f}", flush=True)
    return settings
