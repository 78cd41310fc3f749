"""Trained folds of a run and the cropped clips of their test subjects."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from merflow import paths
from merflow.clip import ClipArrays, ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.fold_files import FoldFile, read_fold
from merflow.evaluation.run_id import Run
from merflow.io.clip_store import Store
from merflow.workflow.cropped import read_annotated
from merflow.workflow.plan import Plan

if TYPE_CHECKING:
    from merflow.models.factory import Fitted


def folds_of(plan: Plan, run: Run) -> dict[str, FoldFile]:
    """Return the folds of a run by name."""
    names = plan.fold_names(run.experiment)
    files = (paths.FOLD.format(experiment=run.experiment, fold=name) for name in names)
    return {name: read_fold(Path(file)) for name, file in zip(names, files, strict=True)}


def weights_of(run: Run, fold: str) -> Path:
    """Return the path of a fold's weights."""
    return Path(run.folder) / fold / paths.WEIGHTS


def load_fold(run: Run, fold: str) -> "Fitted":
    """Return the fitted method of one fold."""
    from merflow.models.factory import load

    path = weights_of(run, fold)
    if not path.exists():
        raise MerflowError(str(path), "no weights of this fold", fix="call `merflow run`")
    return load(path)


def cropped_clips(
    preparation: str, keys: Sequence[ClipKey], *, missing_ok: bool = False
) -> Iterator[ClipArrays]:
    """Yield the cropped clips among `keys`, one in memory at a time; skipped ones are omitted.

    missing_ok: subjects without a store are omitted too.
    """
    wanted = set(keys)
    for dataset, subject in sorted({key.subject_key for key in keys}):
        path = Path(paths.cropped(preparation, dataset, subject))
        if path.is_file() or not missing_ok:
            with Store(path) as store:
                for index, key in enumerate(store.keys):
                    if key in wanted:
                        yield read_annotated(store, index)
