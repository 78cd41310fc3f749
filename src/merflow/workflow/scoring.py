"""Read, score and write a table of predictions, made by merflow or elsewhere."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow.config.settings import Settings
from merflow.datasets.clip_list import ClipList
from merflow.datasets.labels import classes, scheme_of
from merflow.datasets.official_composite import OFFICIAL, official_differences
from merflow.errors import MerflowError
from merflow.evaluation.log_checks import (
    against_clips,
    against_counts,
    against_names,
    against_printed,
)
from merflow.evaluation.megc_log import CLASSES, read_megc_log, spaced_name, write_megc_log
from merflow.evaluation.metrics import METRICS, per_class_f1
from merflow.evaluation.predictions import Pooled, read_pooled, write_pooled
from merflow.evaluation.published_logs import PublishedLog, read_log
from merflow.evaluation.ranking import rankings
from merflow.evaluation.schema import records
from merflow.evaluation.score_table import full_row, write_confusion, write_rankings, write_scores
from merflow.evaluation.table_marks import has_clip_names, is_oracle
from merflow.evaluation.tasks import TASKS
from merflow.evaluation.unit_predictions import UnitTable
from merflow.io.csv_table import read_csv, read_text
from merflow.io.files import write_json

if TYPE_CHECKING:
    from pandas import DataFrame

NOT_OFFICIAL = "not the official 442 clips of MEGC2019: compare with no published figure"
RAW = "raw"
"""The scheme without a mapping: the classes of a table are those found in it."""


def open_table(
    file: Path | str,
    *,
    megc_log: bool = False,
    scheme: str = "",
    settings: Settings | None = None,
) -> Pooled:
    """Read a table with truth, CSV or challenge log; its classes are those of the scheme, if given.

    settings: the user's schemes and datasets.
    """
    if megc_log:
        lines = [line.split() for line in read_text(file).splitlines()]
        datasets = sorted({words[0] for words in lines if len(words) == 2})
        return read_megc_log(file, _classes(scheme, settings, datasets) if scheme else CLASSES)
    if scheme in ("", RAW):
        return read_pooled(file)
    datasets = sorted(set(read_csv(file, ("dataset",))["dataset"]))
    return read_pooled(file, classes=_classes(scheme, settings, datasets))


def _classes(scheme: str, settings: Settings | None, datasets: Sequence[str]) -> tuple[str, ...]:
    """Return a scheme's classes for a table of these datasets.

    A table made elsewhere may use other dataset names if the classes do not depend on them.
    """
    mapping = scheme_of(scheme, settings).mapping or {}
    kinds = {tuple(sorted(set(words.values()))) for words in mapping.values()}
    if len(kinds) == 1:
        return kinds.pop()
    try:
        return classes(scheme, settings, datasets)
    except MerflowError as error:
        raise MerflowError(
            f"--scheme {scheme}",
            error.found,
            error.expected,
            "call the datasets what merflow calls them, one set of classes a table; or leave out "
            "--scheme: the classes are then those found in the table",
        ) from None


def open_log(
    file: Path | str, *, scheme: str = "", settings: Settings | None = None
) -> PublishedLog:
    """Read the log of published code; its numbers are the classes of the scheme, if given."""
    if not scheme:
        return read_log(file)
    names = scheme_of(scheme, settings).mapping or {}
    return read_log(file, _classes(scheme, settings, sorted(set(names) & set(OFFICIAL))))


def log_facts(log: PublishedLog, against: ClipList | None = None) -> dict[str, Any]:
    """Return what is known of a log's clips, for JSON and the terminal.

    against: a list of clips to compare with, in place of the official counts.
    """
    named = has_clip_names(log.table.keys)
    counted = against_counts(log.table, against.classes if against and not named else None)
    compared = against_clips(log.table, against) if against and named else counted
    own = [*against_names(log.table), *against_printed(log.table, log.printed)]
    return {
        "form": log.form,
        "clip_names": named,
        "oracle": is_oracle(log.table.folds),
        "incomplete": compared[0] if len(compared) > 1 else "",
        "notes": [*log.notes, *compared, *own],
    }


def as_json(table: Pooled, scores: "DataFrame") -> dict[str, Any]:
    """Return the output of `--json`: undefined numbers are null; rows of a matrix are the truth."""
    parts = {}
    for row in records(scores):
        matrix = table.part(row.part).matrix
        parts[row.part] = {
            **{name: getattr(row, name) for name in ("n", "subjects", "effective_subjects")},
            **{name: getattr(row, name) for name in METRICS},
            "uf1_ci": _pair(row.uf1_lo, row.uf1_hi),
            "uar_ci": _pair(row.uar_lo, row.uar_hi),
            "floor_uf1": row.floor_uf1,
            "floor_uar": row.floor_uar,
            "guess_uf1": None if math.isnan(row.guess_uf1) else row.guess_uf1,
            "guess_uf1_ci": _pair(row.guess_uf1_lo, row.guess_uf1_hi),
            "chance_p": None if math.isnan(row.chance_p) else row.chance_p,
            "per_class_f1": dict(zip(table.classes, per_class_f1(matrix).tolist(), strict=True)),
            "confusion": matrix.tolist(),
            **_areas(table.part(row.part)),
            "note": row.note,
        }
    return {"classes": list(table.classes), "parts": parts}


def _areas(table: Pooled) -> dict[str, Any]:
    """Return the areas of each class; nothing for a table without probabilities."""
    if table.probabilities is None:
        return {}
    found = dict(zip(table.classes, rankings(table.truth, table.probabilities), strict=True))
    return {
        name: {c: None if math.isnan(v := getattr(one, name)) else v for c, one in found.items()}
        for name in ("roc_area", "average_precision")
    }


def with_official(scores: "DataFrame", table: Pooled) -> "DataFrame":
    """Add a note to the row `full` where scheme megc2019 scores other clips than the official ones.

    The workflow refuses such a set; a table made elsewhere may name any scheme.
    """
    full = full_row(scores)
    labels = [table.classes[number] for number in table.truth]
    if full.scheme != "megc2019":
        return scores
    if has_clip_names(table.keys):
        differ = official_differences(table.keys, labels)
    else:
        differ = against_counts(table)[1:]
    if not differ:
        return scores
    return with_note(scores, NOT_OFFICIAL)


def with_note(scores: "DataFrame", note: str) -> "DataFrame":
    """Add a note to the row `full`."""
    notes = "; ".join(filter(None, (full_row(scores).note, note)))
    return scores.assign(note=scores["note"].mask(scores["part"] == "full", notes))


def write_all(
    folder: Path, table: Pooled, scores: "DataFrame", more: Mapping[str, Any] | None = None
) -> str:
    """Write pooled.csv, scores.csv, confusion.csv, rankings, scores.json and the challenge's log.

    more: further keys of scores.json. Return why no log was written, or nothing: its numbers 0, 1,
    2 mean the challenge's classes, and it cannot say that clips have no names, that a name has a
    blank, or that predictions were chosen on the test clips.
    """
    write_pooled(folder / "pooled.csv", table)
    write_scores(folder / "scores.csv", scores)
    write_confusion(folder / "confusion.csv", table)
    write_rankings(folder, table)
    write_json(folder / "scores.json", as_json(table, scores) | dict(more or {}))
    if is_oracle(table.folds) or not has_clip_names(table.keys):
        return "No challenge.log: it cannot mark an oracle, nor clips without names."
    if set(table.classes) != set(CLASSES):
        return (
            f"No challenge.log: its classes are {', '.join(CLASSES)}, this table's "
            f"{', '.join(table.classes)}."
        )
    if spaced := spaced_name(table):
        return f"No challenge.log: names in it have no blanks, and '{spaced}' has one."
    place = np.array([CLASSES.index(name) for name in table.classes])
    numbers = {"truth": place[table.truth], "predicted": place[table.predicted]}
    write_megc_log(folder / "challenge.log", table.changed(classes=CLASSES, **numbers))
    return ""


def write_units(folder: Path, table: UnitTable, scores: "DataFrame") -> None:
    """Write pooled.csv, scores.csv, confusion.csv, rankings and scores.json of action units."""
    task = TASKS["action_units"]
    task.write_pooled(folder / "pooled.csv", table)
    task.scores.write(folder / "scores.csv", scores)
    task.write_confusion(folder / "confusion.csv", table)
    write_rankings(folder, table)
    write_json(folder / "scores.json", units_as_json(table, scores))


def units_as_json(table: UnitTable, scores: "DataFrame") -> dict[str, Any]:
    """Return the output of `--json` for action units; undefined numbers are null."""
    names = ("n", "positives", "f1", "f1_lo", "f1_hi", "macro_f1", "precision", "recall", "share",
             "floor_f1", "chance_p", "note")  # fmt: skip
    parts: dict[str, dict[str, Any]] = {}
    for row in records(scores):
        cells = {name: getattr(row, name) for name in names}
        known = {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in cells.items()}
        parts.setdefault(row.part, {})[row.unit] = known
    return {"classes": list(table.classes), "parts": parts}


def _pair(lo: float, hi: float) -> list[float] | None:
    return None if math.isnan(lo) or math.isnan(hi) else [lo, hi]
