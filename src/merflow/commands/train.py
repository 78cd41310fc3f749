"""`merflow train`: train the folds of a run and predict the clips each leaves out."""

import logging
from pathlib import Path

from merflow.commands.options import Config, OneOrMore
from merflow.config.loading import load
from merflow.errors import FAILED, MerflowError
from merflow.evaluation.fold_files import read_fold
from merflow.evaluation.run_id import run_of
from merflow.io.packed import read_packed
from merflow.text import plural
from merflow.workflow.plan import Plan
from merflow.workflow.train_fold import RunClips, train_fold

LOG = logging.getLogger("merflow")


def train(run: Path, *folds: OneOrMore, config: Config) -> None:
    """Train the FOLDS of the folder RUN and predict the clips each leaves out.

    Examples:
        merflow train results/runs/demo/x10/seed0 results/folds/demo/smic-s03.csv --config C.yaml
        merflow train results/runs/demo/x1/seed0 results/folds/demo/*.csv --config C.yaml

    Args:
        run: results/runs/<experiment>/x<factor>/seed<k>: names the run, and is written to.
        folds: Fold files of the experiment.
    """
    if not folds:
        raise MerflowError(
            "train", "no fold file", "fold files after RUN: results/folds/<experiment>/*.csv"
        )
    plan = Plan(load(config))
    named = run_of(run)
    experiment = plan.experiment(named.experiment)
    packs = [read_packed(path) for path in plan.packed(named.experiment, named.factor)]
    clips = RunClips(packs, named.factor.split("+"), experiment.control)
    failed: list[str] = []
    reported: set[str] = set()
    for number, path in enumerate(folds, start=1):
        fold = read_fold(path)
        try:
            facts = train_fold(plan, named, clips, fold, run / fold.name)
        except MerflowError as error:
            # The other folds of the job go on; the job fails at its end.
            LOG.error("fold %s: %s", fold.name, "same error" if str(error) in reported else error)
            reported.add(str(error))
            failed.append(fold.name)
            continue
        print(f"[{number} of {len(folds)}] {fold.name}: {facts['seconds']:.1f} s", flush=True)
    if failed:
        raise MerflowError(
            str(run),
            f"{len(failed)} of {plural(len(folds), 'fold')} failed: {', '.join(failed)}",
            fix="see the messages above",
            code=FAILED,
        )
