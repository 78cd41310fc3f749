"""`merflow spot`: make the spotters of folds, and spot in the recordings each leaves out."""

from pathlib import Path

from merflow.commands.options import Config, OneOrMore
from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.evaluation.fold_files import FoldFile, read_fold
from merflow.evaluation.run_id import FINAL
from merflow.text import plural
from merflow.workflow.plan import Plan
from merflow.workflow.spot_fold import spot_fold
from merflow.workflow.spotting_plan import recordings, run_of


def spot(run: Path, *folds: OneOrMore, config: Config) -> None:
    """Make a spotter for each of FOLDS, and spot in the recordings that it leaves out.

    Examples:
        merflow spot results/spotting/softnet/seed0 results/folds/softnet/*.csv --config C.yaml
        merflow spot results/spotting/softnet/seed0 final --config results/config.yaml

    Args:
        run: results/spotting/<name>/seed<k>: names the run, and is written to.
        folds: Fold files of the method; or `final`: a spotter of all recordings, which
            `merflow predict --spotter` takes.
    """
    if not folds:
        raise MerflowError("spot", "no fold file", "results/folds/<name>/*.csv, or final")
    settings, named = load(config), run_of(run)
    for path in folds:
        if str(path) == FINAL:
            plan = Plan.read(settings, fresh=False)
            known = recordings(plan, named.spotting)
            keys = [clip.key for clip in known.clips]
            fold = FoldFile(FINAL, keys, [*known.labels], [])
        else:
            plan, fold = Plan(settings), read_fold(path)
        facts = spot_fold(plan, named, fold, run / fold.name)
        tested = plural(len(facts["recordings"]), "recording")
        print(f"{fold.name}: {tested}, {facts['seconds']:.1f} s", flush=True)
