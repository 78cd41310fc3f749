"""The record of a trained fold, from the records of what it was trained on."""

from merflow.evaluation.fold_files import FoldFile
from merflow.evaluation.run_id import Run
from merflow.io import records
from merflow.workflow import run_fingerprints
from merflow.workflow.plan import Plan


def made_from(plan: Plan, run: Run, fold: FoldFile) -> records.Made:
    """Return what a fold is made from, by the records of its packed files and start weights."""
    packed = {}
    for factor, path in _packed(plan, run):
        made = records.made_of(path)
        packed[factor] = made.get("recipe", {}), made.get("subjects", {})
    start = next(map(records.made_of, plan.start_weights(run.experiment)), None)
    rows, subjects = run_fingerprints.fold_rows(fold), run_fingerprints.fold_subjects(fold)
    return run_fingerprints.fold(plan, run.experiment, rows, subjects, packed, start)


def pixels_of(plan: Plan, run: Run, fold: FoldFile) -> dict[str, str]:
    """Return packed file -> digest of the pixels of a fold's clips in it."""
    found = {}
    for _, path in _packed(plan, run):
        record = records.record_of(path)
        sums = record.facts.get("clips", {}) if record else {}
        found[path] = run_fingerprints.fold_pixels([*fold.train, *fold.test], sums)
    return found


def _packed(plan: Plan, run: Run) -> list[tuple[str, str]]:
    return list(zip(run.factor.split("+"), plan.packed(run.experiment, run.factor), strict=True))
