"""Read the evidence for an audit: from a merflow run, or from files made elsewhere."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from merflow import paths
from merflow.clip import ClipKey
from merflow.datasets.catalogue import read_catalogue
from merflow.datasets.subject_ids import canonical_names, canonical_subject
from merflow.datasets.unit_labels import decode
from merflow.errors import MerflowError
from merflow.evaluation.audit.evidence import Evidence, FoldScore, Printed, Recorded, Sides
from merflow.evaluation.audit.test_set_selection import Epochs, read_epochs
from merflow.evaluation.fold_files import FoldFile, read_fold
from merflow.evaluation.predictions import KEY, Pooled
from merflow.evaluation.run_id import Run, run_of
from merflow.evaluation.score_table import full_row, read_scores
from merflow.evaluation.tasks import TASKS
from merflow.evaluation.unit_predictions import read_fold_units
from merflow.io.csv_table import read_csv
from merflow.io.files import file_digest
from merflow.models import network_registry
from merflow.models.training.start_weights import trained_on
from merflow.workflow.permutation_runs import is_permuted_copy
from merflow.workflow.plan import Plan
from merflow.workflow.training_log import read_facts
from merflow.workflow.verify import verify


def evidence_of_run(folder: Path, plan: Plan) -> Evidence:
    """Return the evidence of a scored run: settings, folds, run.json, annotation."""
    run = run_of(folder)
    experiment = plan.experiment(run.experiment)
    classes, units = plan.data.classes(run.experiment), plan.task(run) == "action_units"
    table = TASKS[plan.task(run)].read_pooled(folder / "pooled.csv", classes=classes)
    results = folder.parents[3]
    folds, facts, inner = [], [], []
    for name in sorted(set(table.folds)):
        fold = read_fold(paths.under(results, paths.FOLD, experiment=run.experiment, fold=name))
        folds.append(Sides(name, fold.train, fold.test))
        facts.append(read_facts(folder / name / "run.json"))
        if units and (chosen := folder / name / "inner.csv").exists():
            inner.append(_inner(fold, chosen, classes))
    members = plan.data.members(run.experiment)
    catalogues = [paths.under(results, paths.CATALOGUE, dataset=name) for name in members]
    clips = [clip for path in catalogues if path.exists() for clip in read_catalogue(path)]
    return Evidence(
        table,
        folds=folds,
        clips=clips,
        experiment=experiment,
        facts=facts,
        from_imagenet=experiment.method == "keras"
        and network_registry.from_imagenet(experiment.network_settings),
        epochs=_noted(folder, table, results),
        permuted=[] if units else _permuted(plan, run, results),
        pretrained_on=_pretrained_on(plan, run, results, table, facts),
        recorded=_recorded(results, run, sorted(set(table.folds))),
        inner=inner,
        names=canonical_names(plan.settings),
    )


def _inner(fold: FoldFile, path: Path, classes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return truth and probabilities, (N, K), of a fold's training clips on its inner folds."""
    keys, chances = read_fold_units(path, classes)
    label = dict(zip(fold.train, fold.labels, strict=True))
    return decode([label[key] for key in keys], classes), chances


def _recorded(results: Path, run: Run, folds: Sequence[str]) -> Recorded | None:
    """Return what `merflow verify` finds of a run without reading raw frames."""
    if not paths.under(results, paths.RECORDS).is_dir():
        return None
    trained = [f"{run.folder}/{fold}/run.json" for fold in folds]
    split = [paths.FOLD.format(experiment=run.experiment, fold=fold) for fold in folds]
    start = [paths.CONFIG, f"{run.folder}/scores.csv", *trained, *split]
    found = verify(results, start, frames=False)
    return Recorded(found.right.total(), [f"{fault.path}: {fault.found}" for fault in found.bad])


def _noted(folder: Path, table: Pooled, results: Path) -> Epochs | None:
    path = paths.under(results, paths.ORACLE, **vars(run_of(folder))) / "epochs.csv"
    return read_epochs(path, table) if path.exists() else None


def _permuted(plan: Plan, run: Run, results: Path) -> list[float]:
    """Return the full UF1 of every scored run that differs only in permuted labels."""
    plain = plan.experiment(run.experiment)
    if plain.permute_labels is not None:
        return []
    found = []
    for name, other in plan.settings.experiments.items():
        if not is_permuted_copy(other, plain):
            continue
        for path in sorted((results / "runs" / name / run.factor).glob("seed*/scores.csv")):
            found += [full_row(read_scores(path)).uf1]
    return found


def _pretrained_on(
    plan: Plan, run: Run, results: Path, table: Pooled, facts: Sequence[Mapping[str, Any]]
) -> frozenset[tuple[str, str]] | None:
    """Return the subjects that a run's start weights were trained on, as stored in their file.

    None for a random start, a file without subjects, or a file changed since training. A tested
    subject found under another name of its dataset is returned under both names.
    """
    start = plan.start_weights(run.experiment) or [
        plan.experiment(run.experiment).training.start_weights
    ]
    path = results.parent / start[0]
    if not path.is_file() or {fold.get("start") for fold in facts} != {file_digest(path)}:
        return None
    subjects, _ = trained_on(path)
    if not subjects:
        return None
    names = canonical_names(plan.settings)
    tested = {key.subject_key for key in table.keys if canonical_subject(key, names) in subjects}
    return frozenset(tested.union(tuple(subject.split("/", 1)) for subject in subjects))


def add_log(evidence: Evidence, path: Path) -> Evidence:
    """Add a log of every epoch's predictions (`dataset,subject,clip,epoch,predicted`) or accuracies
    (`fold,epoch,accuracy`) on the test clips.
    """
    sheet = read_csv(path, ("epoch",))
    if "clip" in sheet.columns:
        return replace(evidence, epochs=read_epochs(path, evidence.table))
    sheet.need("fold", "accuracy")
    lines = []
    for number, cells in enumerate(
        zip(sheet["fold"], sheet["epoch"], sheet["accuracy"], strict=True)
    ):
        try:
            line = FoldScore(cells[0], int(cells[1]), float(cells[2]))
        except ValueError as error:
            raise MerflowError(
                sheet.where(number), str(error), "fold,epoch,accuracy: a name and two numbers"
            ) from None
        if not 0 <= line.accuracy <= 1:
            raise MerflowError(sheet.where(number), f"accuracy {cells[2]}", "a share from 0 to 1")
        lines.append(line)
    return replace(evidence, log=lines)


def add_folds(evidence: Evidence, path: Path) -> Evidence:
    """Add folds made elsewhere: `fold,dataset,subject,clip,side`, side train or test."""
    sheet = read_csv(path, ("fold", *KEY, "side"))
    sides: dict[str, dict[str, list[ClipKey]]] = defaultdict(lambda: {"train": [], "test": []})
    columns = zip(*(sheet[c] for c in ("fold", *KEY, "side")), strict=True)
    for number, (fold, dataset, subject, clip, side) in enumerate(columns):
        if side not in ("train", "test"):
            raise MerflowError(sheet.where(number), f"side '{side}'", "train or test")
        sides[fold][side].append(ClipKey(dataset, subject, clip))
    folds = [Sides(name, found["train"], found["test"]) for name, found in sides.items()]
    return replace(evidence, folds=folds)


def add_pretraining(evidence: Evidence, path: Path) -> Evidence:
    """Add the subjects that the start weights were trained on: `dataset,subject` rows."""
    sheet = read_csv(path, ("dataset", "subject"))
    subjects = frozenset(zip(sheet["dataset"], sheet["subject"], strict=True))
    return replace(evidence, pretrained_on=subjects)


def claimed_scores(claims: Sequence[str], table: Pooled) -> dict[str, dict[str, Printed]]:
    """Return part -> UF1 and UAR of claims such as `full=.735,.760` or `samm=.66` (no UAR)."""
    claimed = {}
    for claim in claims:
        part, _, figures = claim.partition("=")
        try:
            numbers = [_printed(figure) for figure in figures.split(",")]
            if part not in ("full", *table.datasets) or len(numbers) not in (1, 2):
                raise ValueError
        except ValueError:
            raise MerflowError(
                f"--claimed {claim}",
                "not a part and its figures",
                f"full=UF1,UAR, or one of {', '.join(table.datasets)} in its place",
            ) from None
        if not all(0 <= number.value <= 1 for number in numbers):
            raise MerflowError(
                f"--claimed {claim}", "not shares", "figures from 0 to 1, as .735 for 73.5 %"
            )
        claimed[part] = dict(zip(("UF1", "UAR"), numbers, strict=False))
    return claimed


def _printed(figure: str) -> Printed:
    """Return a typed figure with its digits after the point: `.760` has three, `.7` counts as .70.

    More than four digits count as four.
    """
    _, _, decimals = figure.strip().partition(".")
    return Printed(float(figure), min(max(len(decimals), 2), 4))
