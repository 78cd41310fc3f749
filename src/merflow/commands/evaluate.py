"""`merflow evaluate`: scores of a run's final model on another labelled dataset."""

import json as jsonlib
import sys
from collections import Counter
from pathlib import Path

from merflow.commands.options import Json
from merflow.config.loading import load
from merflow.config.settings import Settings
from merflow.datasets.registry import read_dataset
from merflow.errors import check_number
from merflow.evaluation.columns import SKIPPED
from merflow.evaluation.confidence import LEAST_RESAMPLES, RESAMPLES
from merflow.evaluation.score_table import About
from merflow.evaluation.tasks import TASKS
from merflow.evaluation.unit_predictions import UnitTable
from merflow.inference.dataset import (
    labelled_for,
    predict_clips,
    trained_on_error,
    training_subjects,
    with_dataset,
    without_subjects,
)
from merflow.reporting.layouts import render_text
from merflow.reporting.render.text import text
from merflow.reporting.results_table import wide_tables
from merflow.reporting.unit_tables import unit_tables
from merflow.text import plural
from merflow.workflow.face_finder import load_finder
from merflow.workflow.final_model import open_model, usable
from merflow.workflow.scoring import as_json, units_as_json, write_all, write_units


def evaluate(
    run: Path,
    *,
    dataset: str,
    root: str = "",
    reader: str = "",
    exclude_seen: bool = False,
    out: Path | None = None,
    config: Path | None = None,
    resamples: int = RESAMPLES,
    json: Json = False,
) -> None:
    """Score the final model of the folder RUN on a dataset that it was not trained on.

    Every clip goes through the whole pipeline with the settings recorded with the model. Subjects
    that the model was trained on are refused and listed.

    Examples:
        merflow evaluate results/runs/demo/x10/seed0 --dataset manifest --root mine --out scored
        merflow evaluate results/runs/demo/x1/seed0 --dataset casme2 --exclude-seen --config C.yaml

    Args:
        run: Folder of a run with a final model.
        dataset: Name of a dataset of the config; with --root, also the name of a reader, or a new
            name, which needs a manifest in ROOT or --reader.
        root: Folder of the dataset; default: the config's.
        reader: Reader of a dataset that the config does not have; default: the dataset's name.
        exclude_seen: Leave out the clips of subjects that the model was trained on.
        out: Folder for pooled.csv, scores.csv, confusion.csv, scores.json, challenge.log,
            skipped.csv.
        config: Config file with further datasets and schemes.
        resamples: Resamples of subjects for the confidence intervals.
    """
    check_number("--resamples", resamples, LEAST_RESAMPLES)
    model = usable(open_model(run))
    settings = load(config) if config else Settings()
    settings = with_dataset(settings, dataset, root, reader)
    reading = read_dataset(dataset, settings.datasets[dataset]).required()
    tested = labelled_for(model, reading.clips, settings)
    trained = training_subjects((clip.key for clip in tested.clips), model, settings)
    if trained and not exclude_seen:
        others = len({clip.key.subject_key for clip in tested.clips}) > len(trained)
        raise trained_on_error(trained, str(run), others)
    tested = without_subjects(tested, trained) if trained else tested
    raw = any(clip.enters_at == "raw" for clip in tested.clips)
    align = model.pipeline.align
    finder = load_finder(align.points, align.model) if raw else None
    pooled, skipped = predict_clips(tested, model, model.load(), finder)
    about = About(
        f"{model.name} on {dataset}",
        factor="+".join(model.pipeline.factors),
        protocol="final",
        scheme=model.scheme,
    )
    lost = dict(Counter(row.dataset for row in skipped))
    units = isinstance(pooled, UnitTable)
    scored = TASKS["action_units" if units else "emotion"].score_rows
    rows = scored(pooled, about, resamples=resamples, skipped=lost)
    if out:
        if units:
            write_units(out, pooled, rows)
        elif note := write_all(out, pooled, rows):
            print(note, file=sys.stderr)
        SKIPPED.write(out / "skipped.csv", SKIPPED.frame(row._asdict() for row in skipped))
    if json:
        left = {"excluded_subjects": trained, "without_class": tested.without_class}
        found = units_as_json(pooled, rows) if units else as_json(pooled, rows)
        print(jsonlib.dumps(found | left, indent=1))
        return
    print(text(unit_tables(rows, {})) if units else render_text(wide_tables(rows)), end="")
    if trained:
        print(f"Left out, since the run was trained on them: {', '.join(trained)}.")
    without = plural(tested.without_class, "clip has", "clips have")
    lacks = "no coded action units" if units else "none of the classes"
    print(f"{without} {lacks}; {plural(len(skipped), 'clip was', 'clips were')} skipped.")
