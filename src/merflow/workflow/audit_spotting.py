"""Read the evidence for an audit of a spotting run."""

from pathlib import Path

from merflow import paths
from merflow.datasets.subject_ids import canonical_names
from merflow.evaluation.audit.evidence import Recorded
from merflow.evaluation.audit.spotting_checks import SpotFoldEvidence, SpottingEvidence
from merflow.evaluation.fold_files import read_fold
from merflow.evaluation.intervals.record import Video, VideoLength
from merflow.io.csv_table import read_csv
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import read_truth
from merflow.workflow.spotters import FIXED
from merflow.workflow.spotting_plan import SpotRun, entry_of, fold_file, run_of
from merflow.workflow.spotting_scores import rows_of_intervals
from merflow.workflow.training_log import read_facts
from merflow.workflow.verify import verify


def is_spotting(folder: Path) -> bool:
    """Return whether a folder is one of a spotting run."""
    return paths.parts(paths.SPOTTING, folder, anywhere=True) is not None


def spotting_evidence(folder: Path, plan: Plan) -> SpottingEvidence:
    """Return the evidence of a scored spotting run."""
    run, results = run_of(folder), folder.parents[2]
    truth = paths.under(results, paths.TRUTH, experiment=run.spotting)
    folds = [
        _fold(folder, results, run, name)
        for name in sorted(set(read_csv(truth, ("fold",))["fold"]))
    ]
    return SpottingEvidence(
        folds,
        [*read_truth(truth).values()],
        FIXED[entry_of(plan, run.spotting).method],
        _recorded(results, run, [fold.name for fold in folds]),
        canonical_names(plan.settings),
    )


def _fold(folder: Path, results: Path, run: SpotRun, name: str) -> SpotFoldEvidence:
    fold = read_fold(paths.under(results, paths.FOLD, experiment=run.spotting, fold=name))
    facts = read_facts(folder / name / "run.json")
    found = [one for _, one in rows_of_intervals(folder / name / "intervals.csv")]
    lengths = {
        Video(*key): VideoLength(last - first + 1, fps, first)
        for *key, first, last, fps in facts["recordings"]
    }
    return SpotFoldEvidence(name, fold.train, fold.labels, fold.test, facts, found, lengths)


def _recorded(results: Path, run: SpotRun, folds: list[str]) -> Recorded | None:
    """Return what `merflow verify` finds of a run without reading raw frames."""
    if not paths.under(results, paths.RECORDS).is_dir():
        return None
    made = [f"{run.folder}/{fold}/intervals.csv" for fold in folds]
    split = [fold_file(run.spotting, fold) for fold in folds]
    start = [paths.CONFIG, f"{run.folder}/scores.json", *made, *split]
    found = verify(results, start, frames=False)
    return Recorded(found.right.total(), [f"{fault.path}: {fault.found}" for fault in found.bad])
