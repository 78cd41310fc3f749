"""`merflow final`: train a model on all clips of a run, to predict clips without labels."""

from pathlib import Path

from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.evaluation.run_id import run_of
from merflow.io.packed import read_packed
from merflow.text import plural
from merflow.workflow.final_model import FINAL, train_final
from merflow.workflow.plan import Plan
from merflow.workflow.train_fold import RunClips


def final(run: Path, *, config: Config) -> None:
    """Train the final model of the folder RUN on all labelled clips of its experiment.

    It is never scored on these clips: the score of the experiment is that of its folds.

    Examples:
        merflow final results/runs/demo/x10/seed0 --config results/config.yaml
        merflow final results/runs/demo/x1/seed0 --config results/config.yaml

    Args:
        run: results/runs/<experiment>/x<factor>/seed<k>; `final` is written below it.
    """
    plan = Plan.read(load(config), fresh=False)
    named = run_of(run)
    experiment = plan.experiment(named.experiment)
    packs = [read_packed(path) for path in plan.packed(named.experiment, named.factor)]
    clips = RunClips(packs, named.factor.split("+"), experiment.control)
    facts = train_final(plan, named, clips, run / FINAL)
    print(
        f"{run / FINAL}: {plural(facts['train_clips'], 'clip')} of "
        f"{plural(len(facts['subjects']), 'subject')}, "
        f"{facts['seconds']:.1f} s"
    )
