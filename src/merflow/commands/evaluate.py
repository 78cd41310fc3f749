"""`merflow evaluate`: the final model of a run on a dataset with truth, and its scores."""

import json as jsonlib
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from merflow.config.loading import load
from merflow.config.settings import Settings
from merflow.datasets.registry import read_dataset
from merflow.errors import check_number
from merflow.evaluation.confidence import LEAST_RESAMPLES, RESAMPLES
from merflow.evaluation.score_table import About, score_rows
from merflow.inference.dataset import (
    predict_clips,
    refuse_seen,
    seen_subjects,
    under_model,
    with_dataset,
    without_seen,
)
from merflow.io.clip_store import Skipped
from merflow.io.csv_table import csv_text
from merflow.io.files import write_text
from merflow.reporting.render import render_text
from merflow.reporting.results_table import wide_tables
from merflow.workflow.face_finder import load_finder
from merflow.workflow.final_model import open_model, usable
from merflow.workflow.scoring import as_json, write_all


def evaluate(
    run: Path,
    *,
    dataset: str,
    root: str = "",
    reader: str = "",
    exclude_seen: Annotated[bool, Parameter(negative="")] = False,
    out: Path | None = None,
    config: Path | None = None,
    resamples: int = RESAMPLES,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Score the final model of the folder RUN on a dataset that it was not trained on.

    Every clip goes through the whole chain with the settings recorded with the model. Clips of
    subjects that the model was trained on are refused, with a list.

    Examples
    --------
    merflow evaluate results/runs/demo/x10/seed0 --dataset manifest --root mine --out scored
    merflow evaluate results/runs/demo/x1/seed0 --dataset casme2 --exclude-seen --config C.yaml

    Parameters
    ----------
    run
        Folder of a run with a final model.
    dataset
        Name of a dataset of the config; with --root, also the name of a reader, or one of
        your own, which a manifest in ROOT or --reader goes with.
    root
        Folder of the dataset, in place of the config's.
    reader
        Adapter that reads a dataset that the config does not have; empty: its own name.
    exclude_seen
        Leave out the clips of subjects that the model was trained on.
    out
        Folder for pooled.csv, scores.csv, confusion.csv, scores.json, challenge.log, skipped.csv.
    config
        Config file: datasets and schemes of your own.
    resamples
        Resamples of subjects for the intervals.
    json
        Print JSON in place of a table.
    """
    check_number("--resamples", resamples, LEAST_RESAMPLES)
    model = usable(open_model(run))
    settings = load(config) if config else Settings()
    settings = with_dataset(settings, dataset, root, reader)
    reading = read_dataset(dataset, settings.datasets[dataset]).required()
    tested = under_model(reading.clips, model, settings)
    seen = seen_subjects((clip.key for clip in tested.clips), model, settings)
    if seen and not exclude_seen:
        others = len({clip.key.subject_key for clip in tested.clips}) > len(seen)
        raise refuse_seen(seen, str(run), others)
    tested = without_seen(tested, seen) if seen else tested
    raw = any(clip.enters_at == "raw" for clip in tested.clips)
    align = model.chain.align
    finder = load_finder(align.points, align.model) if raw else None
    pooled, skipped = predict_clips(tested, model, model.load(), finder)
    about = About(
        f"{model.name} on {dataset}",
        factor="+".join(model.chain.factors),
        protocol="final",
        scheme=model.scheme,
    )
    lost = dict(Counter(row.dataset for row in skipped))
    rows = score_rows(pooled, about, resamples=resamples, skipped=lost)
    if out:
        if said := write_all(out, pooled, rows):
            print(said, file=sys.stderr)
        write_text(out / "skipped.csv", csv_text(Skipped._fields, skipped))
    if json:
        left = {"excluded_subjects": seen, "without_class": tested.left_out}
        print(jsonlib.dumps(as_json(pooled, rows) | left, indent=1))
        return
    print(render_text(wide_tables(rows)), end="")
    if seen:
        print(f"Left out, since the run was trained on them: {', '.join(seen)}.")
    print(f"{tested.left_out} clips have none of the classes; {len(skipped)} were skipped.")
