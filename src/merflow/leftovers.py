"""Files under results/ that the present config no longer makes, or that show a face."""

import itertools
from pathlib import Path

from merflow.files import PARTIAL
from merflow.plan import Plan

STAGES = ("cropped", "magnified", "interpolated", "flow", "packed")
FOLD_FILES = ("predictions.csv", "history.csv", "run.json", "weights.weights.h5", "inner.csv")
RUN_FILES = ("pooled.csv", "scores.csv", "confusion.csv")


def wanted(plan: Plan) -> set[Path]:
    """Return every file that the plan's experiments make and keep, or need on the way."""
    files: set[str] = set()
    for name in plan.collections():
        files.update(plan.stores(name, "results/aligned/{dataset}/{subject}.h5"))
    for run in plan.runs():
        entry = plan.experiment(run.experiment)
        base = f"results/{entry.preparation}"
        files.update(plan.packed(run.experiment, run.factor))
        for factor in run.factor.split("+"):
            files.update(plan.prepared(entry.preparation, factor, entry.collection))
            for stage in ("cropped", f"magnified/{factor}"):
                pattern = f"{base}/{stage}/{{dataset}}/{{subject}}.h5"
                files.update(plan.stores(entry.collection, pattern))
        for fold, name in itertools.product(plan.folds(run.experiment), FOLD_FILES):
            files.add(f"{run.folder}/{fold.name}/{name}")
    for run in plan.scored_runs():
        files.update(f"{run.folder}/{name}" for name in RUN_FILES)
    for name in plan.experiments:
        files.update([*plan.fold_files(name), plan.truth_file(name)])
    return {Path(file) for file in files}


def stale(plan: Plan) -> list[Path]:
    """Return files of stages, folds and runs that nothing in the plan makes, sorted.

    Unfinished files of killed jobs are among them.
    """
    keep = wanted(plan)
    found = [p for root in made_folders() for p in root.rglob("*") if p.is_file()]
    return sorted(p for p in found if p not in keep)


def made_folders() -> list[Path]:
    """Return the folders under results/ that stages, splits and trainings write to."""
    fixed = [Path("results") / name for name in ("aligned", "folds", "truth", "runs")]
    stages = [p for name in STAGES for p in Path("results").glob(f"*/{name}")]
    return [folder for folder in [*fixed, *stages] if folder.is_dir()]


def intermediate() -> list[Path]:
    """Return the magnified stores that were kept, and unfinished files."""
    kept = [p for p in Path("results").glob("*/magnified/**/*.h5") if p.is_file()]
    return sorted({*kept, *Path("results").rglob(f"{PARTIAL}*")})


def faces() -> list[Path]:
    """Return every file under results/ that holds pictures of faces."""
    folders = [Path("results/aligned"), *Path("results").glob("previews")]
    folders += [p for name in STAGES for p in Path("results").glob(f"*/{name}")]
    return sorted(p for folder in folders for p in folder.rglob("*") if p.is_file())


def remove(files: list[Path]) -> None:
    """Delete files, and folders that become empty."""
    for file in files:
        file.unlink(missing_ok=True)
        folder = file.parent
        while folder != Path("results") and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent
