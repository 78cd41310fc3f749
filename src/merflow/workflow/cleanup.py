"""Find and delete files under results/ that the config no longer makes, or that show a face."""

import contextlib
import itertools
from pathlib import Path

from merflow import paths
from merflow.config.fingerprints import preparation_named
from merflow.errors import MerflowError
from merflow.io import records
from merflow.io.files import PARTIAL, abandoned
from merflow.stage_table import WITH_FILES, pipeline
from merflow.workflow import spotting_plan
from merflow.workflow.plan import Plan

BETWEEN = tuple(stage for stage in WITH_FILES if stage.name not in ("align", "crop", "pack"))
"""Stages whose stores only the packed file is made of."""
STORES = tuple(stage.name for stage in WITH_FILES if stage.name != "pack")
WEIGHTS = ".weights.h5"
SHOWING = {
    *(".h5", ".npz", ".npy", ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif"),
    *(".mp4", ".avi", ".mov", ".mkv", ".webm"),
}
"""Suffixes of files that can hold images. Weights also end in .h5 and hold none."""


def wanted(plan: Plan) -> set[Path]:
    """Return every store, split and score that the plan makes and keeps, or needs in between."""
    files: set[str] = set()
    starts = [plan.settings.pretrainings[name] for name in plan.data.pretrainings()]
    for name in {*plan.data.collections(), *(entry.collection for entry in starts)}:
        files.update(plan.stores(name, paths.store("align")))
    for name in plan.data.datasets():
        owners = [(name, s) for s in plan.data.subjects(name) if plan.data.needs_stages(name, s)]
        files.update(paths.FRAMES.format(dataset=d, subject=s) for d, s in owners)
    for entry in starts:
        files.update(_prepared(plan, entry.preparation, entry.factor, entry.collection))
    for run in plan.runs():
        entry = plan.experiment(run.experiment)
        for factor in run.factor.split("+"):
            files.update(_prepared(plan, entry.preparation, factor, entry.collection))
    for run in plan.scored_runs():
        names = (*paths.SCORE_FILES, *paths.FIGURES, *paths.PDF_FIGURES, *paths.RANKING_FILES)
        files.update(f"{run.folder}/{name}" for name in names)
    files.update(spotting_plan.files(plan))
    for name in plan.experiments:
        files.update([*plan.fold_files(name), plan.truth_file(name)])
    return {Path(file) for file in files}


def _prepared(plan: Plan, preparation: str, factor: str, collection: str) -> list[str]:
    """Return the files from crop to pack of a collection at one factor."""
    kind = preparation_named(plan.settings, preparation).kind
    names = {"preparation": preparation, "factor": factor}
    stages = [stage for stage in pipeline(kind, factor) if stage.name in STORES]
    stores = [plan.stores(collection, paths.store(stage.name), **names) for stage in stages]
    return [*paths.packed(preparation, collection, factor), *itertools.chain(*stores)]


def wanted_folders(plan: Plan) -> set[Path]:
    """Return the folders that are kept whole: folds, final models, pretrainings."""
    folds = [
        f"{run.folder}/{f.name}" for run in plan.runs() for f in plan.data.folds(run.experiment)
    ]
    finals = [f"{run.folder}/final" for run in plan.runs()]
    starts = [paths.PRETRAINED.format(pretraining=name) for name in plan.data.pretrainings()]
    spotters = spotting_plan.folders(plan)
    return {Path(folder) for folder in (*folds, *finals, *starts, *spotters)}


def stale(plan: Plan) -> list[Path]:
    """Return the stale files: of stages, folds and runs that are not in the plan, sorted.

    Unfinished files of killed jobs are among them; those of running jobs are not.
    """
    keep, inside = wanted(plan), wanted_folders(plan)
    found = [p for root in made_folders() for p in root.rglob("*") if p.is_file()]
    left = [p for p in found if p not in keep and inside.isdisjoint(p.parents)]
    files = {p for p in left if not p.name.startswith(PARTIAL)}
    return sorted({*files, *_recorded_only(keep, inside, files), *unfinished()})


def _recorded_only(keep: set[Path], inside: set[Path], files: set[Path]) -> list[Path]:
    """Return the records of jobs that the plan has no more: all they wrote is gone or stale."""
    found = []
    for place in Path(paths.RECORDS).rglob("*.json"):
        with contextlib.suppress(MerflowError):
            record = records.read(place)
            wrote = [Path(name) for name in record.wrote] if record else []
            if wrote and all(
                path in files
                or not (path.exists() or path in keep or not inside.isdisjoint(path.parents))
                for path in wrote
            ):
                found.append(place)
    return found


def made_folders() -> list[Path]:
    """Return the folders under results/ that stages, splits and trainings write to."""
    names = ("aligned", "frames", "folds", "truth", "runs", "pretrained", "spotting", "str")
    stages = [p for stage in WITH_FILES[1:] for p in paths.RESULTS.glob(f"*/{stage.folder}")]
    return [p for p in (*(paths.RESULTS / name for name in names), *stages) if p.is_dir()]


def unfinished() -> list[Path]:
    """Return unfinished files of killed jobs."""
    return [p for p in paths.RESULTS.rglob(f"{PARTIAL}*") if p.is_file() and abandoned(p)]


def intermediate() -> list[Path]:
    """Return the stores between crop and pack, and unfinished files."""
    stores = [p for stage in BETWEEN for p in paths.RESULTS.glob(f"*/{stage.folder}/**/*.h5")]
    return sorted({*stores, *unfinished()})


def faces() -> list[Path]:
    """Return every file under results/ that can hold images of faces."""
    found = (p for p in paths.RESULTS.rglob("*") if p.suffix.lower() in SHOWING and p.is_file())
    return sorted(p for p in found if not p.name.endswith(WEIGHTS))


def remove(files: list[Path]) -> None:
    """Delete files, the folders that become empty, and the records of which no file is left.

    Records of stores stay: what was made from a store still shows that it was this one.
    """
    for file in files:
        _delete(file)
    places = {paths.record(file) for file in files if file.suffix != ".h5"}
    for place in map(Path, sorted(places - {""})):
        try:
            record = records.read(place)
        except MerflowError:
            continue
        if record and not any(Path(path).exists() for path in record.wrote):
            _delete(place)


def _delete(file: Path) -> None:
    file.unlink(missing_ok=True)
    folder = file.parent
    while folder != paths.RESULTS and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
