"""The final model of a run: trained on all its labelled clips, to predict unlabelled clips."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from merflow import arithmetic, paths
from merflow.config.fingerprints import preparation_named
from merflow.config.settings import Align, Preparation
from merflow.config.task_settings import ActionUnitTask
from merflow.datasets.subject_ids import canonical_names
from merflow.datasets.unit_labels import encode
from merflow.errors import MerflowError
from merflow.evaluation.columns import UNIT_SCORES
from merflow.evaluation.fold_files import FoldFile
from merflow.evaluation.run_id import FINAL, Run
from merflow.evaluation.schema import records as records_of
from merflow.evaluation.score_table import full_row, read_scores
from merflow.evaluation.unit_scores import MEAN
from merflow.io import records
from merflow.io.csv_table import read_csv
from merflow.io.files import write_json
from merflow.io.json_file import read_json
from merflow.models.factory import WEIGHTS, Fitted, load
from merflow.models.method_interface import TrainingData, refuse_other_input
from merflow.stages.pipeline import Pipeline
from merflow.workflow import run_fingerprints
from merflow.workflow.fold_record import made_from
from merflow.workflow.plan import Plan
from merflow.workflow.train_fold import (
    RunClips,
    inner_choice,
    method_of,
    save_training,
    thresholds,
    training_data,
)
from merflow.workflow.training_log import curve_so_far

CAVEAT = "measured on pre-cut, annotated clips of unseen subjects, not on raw video"


@dataclass(frozen=True)
class Model:
    """A final model as its folder describes it; `load` loads the weights.

    subjects: ids it was trained on, as `canonical_subject` returns; score: pooled figures of its
    experiment's folds (n, subjects, uf1, uar, acc; of action units f1), or None before they are
    scored.
    """

    folder: Path
    name: str
    classes: tuple[str, ...]
    subjects: tuple[str, ...]
    scheme: str
    control: str
    permuted: bool
    pipeline: Pipeline
    score: dict[str, float] | None
    units: ActionUnitTask | None = None
    """Of a model that predicts action units: its settings; `thresholds`: of each unit."""
    thresholds: tuple[float, ...] = ()

    def label(self, p: np.ndarray) -> str:
        """Return the class of (K,) probabilities, or the units above their thresholds."""
        if self.units is None:
            return self.classes[int(p.argmax())]
        return encode((p > np.array(self.thresholds)).astype(float)[None], self.classes)[0]

    def load(self) -> Fitted:
        """Return the fitted method; imports Keras for a network."""
        return load(self.folder / WEIGHTS)

    @property
    def score_text(self) -> str:
        """Return the sentence printed with every result."""
        if self.score is None:
            return f"{self.name} has no score yet; scores are {CAVEAT}."
        s = self.score
        if self.units is not None:
            return (
                f"{self.name}: mean binary F1 {s['f1']:.3f} over action units, {s['n']:.0f} clips "
                f"of {s['subjects']:.0f} subjects, {CAVEAT}."
            )
        return (
            f"{self.name}: UF1 {s['uf1']:.3f}, UAR {s['uar']:.3f} over {s['n']:.0f} clips of "
            f"{s['subjects']:.0f} subjects, {CAVEAT}."
        )


def train_final(plan: Plan, run: Run, clips: RunClips, out: Path) -> dict[str, Any]:
    """Train on every labelled clip of a run's experiment, write all files, return the facts."""
    experiment = plan.experiment(run.experiment)
    if experiment.method == "command" and experiment.contract == 1:
        raise MerflowError(
            run.experiment,
            "its method is an external program, which cannot be saved and used later",
            "a network, an SVM, or a program of `contract: 2`, which keeps its model",
            "see docs/external_programs.md",
        )
    with records.job("final", out / "run.json") as job:
        facts, fold = _trained(plan, run, clips, out)
        records.check(*plan.packed(run.experiment, run.factor))
        job.done(made_from(plan, run, fold), [out / name for name in paths.FINAL_FILES])
    return facts


def _trained(plan: Plan, run: Run, clips: RunClips, out: Path) -> tuple[dict[str, Any], FoldFile]:
    experiment = plan.experiment(run.experiment)
    classes = plan.data.classes(run.experiment)
    labelled = plan.data.labelled(run.experiment)
    fold = FoldFile(FINAL, [clip.key for clip in labelled.clips], labelled.labels, [])
    many = experiment.task == "action_units"
    data = training_data(clips, fold, classes, canonical_names(plan.settings), many)
    started = time.perf_counter()
    method = method_of(plan, run, FINAL)
    arithmetic.check()
    with curve_so_far(method, out):
        fitted = method.fit(data)
    facts = {
        **fitted.facts,
        **(_of_units(plan, run, data) if many else {}),
        **save_training(out, fitted, clips),
        "experiment": run.experiment,
        "factor": run.factor,
        "seed": run.seed,
        "fold": FINAL,
        "classes": list(classes),
        "scheme": experiment.scheme,
        "permute_labels": experiment.permute_labels,
        "recipe": run_fingerprints.training(plan, run.experiment),
        "chain": _pipeline(plan, run),
        "train_clips": len(data.y) // len(clips.factors),
        "skipped": sorted(set(fold.train) & clips.skipped),
        "score": pooled_score(out.parent),
        "seconds": round(time.perf_counter() - started, 3),
    }
    write_json(out / "run.json", facts)
    return facts, fold


def _of_units(plan: Plan, run: Run, data: TrainingData) -> dict[str, Any]:
    """Return what a prediction of action units needs: their settings and thresholds."""
    experiment = plan.experiment(run.experiment)
    inner = inner_choice(plan, run, data, FINAL)
    settings = experiment.action_units.model_dump(mode="json")
    return {"action_units": settings, **thresholds(experiment, data, inner)}


def _pipeline(plan: Plan, run: Run) -> dict[str, Any]:
    """Return the settings of the stages from raw frames to this model."""
    preparation = preparation_named(plan.settings, plan.experiment(run.experiment).preparation)
    return {
        "align": plan.settings.align.model_dump(mode="json"),
        "preparation": preparation.model_dump(mode="json"),
        "factors": run.factor.split("+"),
    }


def pooled_score(folder: Path) -> dict[str, float] | None:
    """Return the pooled figures (part `full`) of a run's folder, or None without scores.csv."""
    path = folder / "scores.csv"
    if not path.exists():
        return None
    if {*read_csv(path, ()).columns} == {*UNIT_SCORES.names}:
        rows = records_of(UNIT_SCORES.read(path))
        row = next((r for r in rows if (r.part, r.unit) == ("full", MEAN)), None)
        names = ("n", "subjects", "f1")
    else:
        row = full_row(read_scores(path))
        names = ("n", "subjects", "acc", "uf1", "uar")
    return {name: float(getattr(row, name)) for name in names} if row else None


def open_model(path: Path) -> Model:
    """Return the final model of a run's folder, of its `final` folder or of the weights in it."""
    folder = path.parent if path.is_file() else path
    folder = folder if folder.name == FINAL else folder / FINAL
    record = folder / "run.json"
    if not record.exists():
        raise MerflowError(
            str(path),
            "no final model here",
            "results/runs/<experiment>/x<factor>/seed<k>",
            _how_to_make(folder),
        )
    facts = read_json(record, fix="train it again")
    try:
        kept, units = facts["chain"], facts.get("action_units")
        pipeline = Pipeline(
            Align.model_validate(kept["align"]),
            Preparation.model_validate(kept["preparation"], context="saved"),
            tuple(kept["factors"]),
        )
        model = Model(
            folder=folder,
            name=f"{facts['experiment']} {facts['factor']} seed {facts['seed']}",
            classes=tuple(facts["classes"]),
            subjects=tuple(facts["subjects"]),
            scheme=facts["scheme"],
            control=facts["recipe"]["control"],
            permuted=facts["permute_labels"] is not None,
            pipeline=pipeline,
            score=facts["score"],
            units=ActionUnitTask.model_validate(units) if units else None,
            thresholds=tuple(map(float, facts.get("thresholds", ()))),
        )
        if len(model.thresholds) != len(model.classes) * bool(units):
            raise ValueError("its thresholds are not one for each class")
    except (ValueError, KeyError, TypeError) as error:
        raise MerflowError(
            str(record), f"not the run.json of a final model ({error})", fix="train it again"
        ) from None
    # Folds may have been scored after the final model was trained.
    return replace(model, score=pooled_score(folder.parent) or model.score)


def _how_to_make(folder: Path) -> str:
    """Return the command that trains the model of a run's folder."""
    pattern = f"{paths.RUN}/final"
    run = paths.parts(pattern, folder, anywhere=True)
    if not run:
        return "name the folder of a run"
    return (
        "train one in the folder of its project: "
        f"merflow run {pattern.format(**run)} --config {paths.CONFIG}"
    )


def usable(model: Model) -> Model:
    """Refuse a model trained as a negative control: its predictions mean nothing."""
    if model.control != "none" or model.permuted:
        what = "permuted labels" if model.permuted else f"control '{model.control}'"
        raise MerflowError(
            str(model.folder),
            f"a negative control ({what})",
            "a model without control",
        )
    return model


def mean_probabilities(fitted: Fitted, inputs: list[list[np.ndarray]]) -> np.ndarray:
    """Return (N, K) float64 probabilities of N clips, the mean over pooled factors.

    inputs: for each clip its array at every factor, as the pipeline returns.
    """
    stacked = [np.stack(x) for x in zip(*inputs, strict=True)]
    for x in stacked:
        refuse_other_input(fitted.facts, x)
    return np.mean([fitted.predict(x) for x in stacked], axis=0, dtype=np.float64)
