"""Pool the folds of a spotting run and join them with the truth; nothing else joins the two."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from merflow import paths
from merflow.clip import ClipKey
from merflow.config.settings import Spotting
from merflow.errors import MerflowError
from merflow.evaluation.fold_files import read_fold
from merflow.evaluation.intervals.counts import Counts
from merflow.evaluation.intervals.curve import CurvePoint, curve
from merflow.evaluation.intervals.floor import DRAWS, random_counts
from merflow.evaluation.intervals.fold_labels import spans_in
from merflow.evaluation.intervals.record import Video, VideoInterval, VideoLength
from merflow.evaluation.intervals.scores import Matched, match
from merflow.evaluation.intervals.summary import IntervalScore, summary
from merflow.evaluation.run_id import Run
from merflow.io import records
from merflow.io.csv_table import csv_text, read_csv
from merflow.io.files import write_text
from merflow.workflow import spotting_fingerprints
from merflow.workflow.changes import changes
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import read_truth
from merflow.workflow.run_fingerprints import subject_content
from merflow.workflow.spot_fold import INTERVAL_COLUMNS, MEASURE_COLUMNS, made_from
from merflow.workflow.spotters import Track
from merflow.workflow.spotting_plan import SpotRun, clips_of, entry_of, fold_file, store, truth_file
from merflow.workflow.training_log import read_facts

VIDEO_COLUMNS = ("dataset", "subject", "video", "frames", "fps", "first")
TRUTH_COLUMNS = ("dataset", "subject", "video", "onset", "offset", "type", "emotion")


@dataclass(frozen=True)
class Spotted:
    """All folds of a spotting run. facts: of each fold; lengths: of the recordings looked at."""

    predictions: tuple[VideoInterval, ...]
    truths: tuple[VideoInterval, ...]
    videos: tuple[Video, ...]
    lengths: dict[Video, VideoLength]
    facts: dict[str, dict[str, Any]]

    def matched(self) -> Matched:
        """Return predictions matched to the truth, one to one."""
        return match(self.predictions, self.truths, videos=self.videos)

    def floor_range(self) -> tuple[float, float]:
        """Return the lowest and highest F1 of intervals at random places, over DRAWS."""
        drawn = random_counts(self.matched(), self.lengths).sum(1)
        scores = [Counts(*row).f1 for row in drawn]
        return min(scores), max(scores)


def read_spotted(plan: Plan, run: SpotRun) -> Spotted:
    """Return what the folds of a run spotted, with the truth. A recording that was skipped counts:
    its annotated intervals are misses."""
    entry = entry_of(plan, run.spotting)
    known = read_truth(truth_file(run.spotting))
    found: list[VideoInterval] = []
    lengths, facts = {}, {}
    for fold in fold_names(run.spotting):
        folder = Path(run.folder) / fold
        facts[fold] = read_facts(folder / "run.json")
        for *key, first, last, fps in facts[fold]["recordings"]:
            lengths[Video(*key)] = VideoLength(last - first + 1, fps, first)
        found += read_intervals(folder / "intervals.csv", lengths)
    truths = [
        VideoInterval(*key, one.onset, one.offset, entry.intervals)
        for key, label in known.items()
        for one in spans_in(label, truth_file(run.spotting))
    ]
    videos = tuple(sorted(Video(*key) for key in known))
    return Spotted(tuple(found), tuple(truths), videos, lengths, facts)


def fold_names(name: str) -> list[str]:
    """Return the names of a spotting method's folds, from the truth that `split` wrote."""
    return sorted(set(read_csv(truth_file(name), ("fold",))["fold"]))


def read_intervals(path: Path, lengths: dict[Video, VideoLength]) -> list[VideoInterval]:
    """Read what a fold spotted; refuse an interval outside its recording."""
    found = []
    for number, one in rows_of_intervals(path):
        key = one.key
        if key not in lengths or not lengths[key].holds(one.onset, one.offset):
            raise MerflowError(
                f"{path}: row {number}",
                f"interval {one.onset}..{one.offset} outside {key}",
                "intervals inside the recordings of the fold",
                "call `merflow run` again: it makes this file again",
            )
        found.append(one)
    return found


def rows_of_intervals(path: Path) -> Iterator[tuple[int, VideoInterval]]:
    """Yield the row number and the interval of each row of a fold's intervals."""
    sheet = read_csv(path, INTERVAL_COLUMNS, may_be_empty=True)
    for number, cells in sheet.rows:
        row = dict(zip(sheet.columns, cells, strict=True))
        key = Video(row["dataset"], row["subject"], row["clip"])
        ends = (int(row["onset"]), int(row["offset"]))
        yield number, VideoInterval(*key, *ends, row["kind"], "", float(row["score"]))


def read_tracks(run: SpotRun) -> list[Track]:
    """Return the scores of every frame of the tested recordings."""
    found = []
    for fold in fold_names(run.spotting):
        folder = Path(run.folder) / fold
        sheet = read_csv(folder / "measure.csv", MEASURE_COLUMNS, may_be_empty=True)
        columns = [sheet[name] for name in sheet.columns]
        rates = {ClipKey(*r[:3]): r[5] for r in read_facts(folder / "run.json")["recordings"]}
        values: dict[ClipKey, list[tuple[int, float]]] = {}
        for *key, frame, score in zip(*columns, strict=True):
            pair = (int(frame), float(score) if score else np.nan)
            values.setdefault(ClipKey(*key), []).append(pair)
        for key, pairs in values.items():
            scores = np.array([score for _, score in pairs])
            found.append(Track(key, rates[key], pairs[0][0], scores))
    return sorted(found, key=lambda track: track.key)


def score_rows(plan: Plan, spotted: Spotted) -> list[IntervalScore]:
    """Return the scores of a run, with intervals by subject and the floor."""
    resamples = plan.settings.bootstrap
    return summary(spotted.matched(), lengths=spotted.lengths, resamples=resamples, draws=DRAWS)


def points(spotted: Spotted) -> list[CurvePoint]:
    """Return the scores over thresholds on the score at the peak."""
    return curve(
        spotted.predictions, spotted.truths, videos=spotted.videos, lengths=spotted.lengths
    )


def write_inputs(folder: Path, spotted: Spotted) -> None:
    """Write truth.csv and videos.csv, in the form that `merflow score-intervals` takes."""
    rows = [[*map(str, t[:5]), t.kind, t.emotion] for t in sorted(spotted.truths)]
    write_text(folder / "truth.csv", csv_text(TRUTH_COLUMNS, rows))
    known = sorted(spotted.lengths.items())
    lengths = [[*key, str(v.frames), f"{v.fps:g}", str(v.first)] for key, v in known]
    write_text(folder / "videos.csv", csv_text(VIDEO_COLUMNS, lengths))


def check_folds(plan: Plan, run: SpotRun) -> dict[str, records.Made]:
    """Return what each fold of a run was made from; refuse folds not made as the config has it."""
    entry, found = entry_of(plan, run.spotting), {}
    for name in fold_names(run.spotting):
        file = f"{run.folder}/{name}/intervals.csv"
        records.check(file)
        record = records.record_of(file)
        fold = read_fold(Path(fold_file(run.spotting, name)))
        facts = read_facts(Path(run.folder) / name / "run.json")
        owners = sorted({key.subject_key for key in (*fold.train, *fold.test)})
        stores = [store(entry.preparation, facts["window"], *owner) for owner in owners]
        made = made_from(entry, run.seed, fold, stores)
        if why := changes(record.made, made):
            raise MerflowError(
                file,
                f"not made as this plan would make it: {why}",
                "all folds of a run made with the same settings",
                "call `merflow run` again: it makes this fold again",
            )
        found[name] = record.made
    return found


def scored_made(plan: Plan, run: SpotRun) -> records.Made:
    """Return what the scores of a run are made from, by the records of its folds."""
    truth = records.made_of(truth_file(run.spotting)).get("truth", "")
    return spotting_fingerprints.scored(plan, check_folds(plan, run), truth)


def recognised_made(plan: Plan, pair: str, run: Run, scores: str) -> records.Made:
    """Return what a pair is made from, by records; scores: a file of its spotting run's scores."""
    trained = {
        fold: records.made_of(f"{run.folder}/{fold}/predictions.csv")
        for fold in plan.fold_names(run.experiment)
    }
    clips = {
        f"{Path(p).parent.name}/{Path(p).stem}": subject_content(records.made_of(p))
        for p in clips_of(plan, pair)
    }
    return spotting_fingerprints.recognised(plan, pair, records.made_of(scores), trained, clips)


def outputs(folder: Path) -> list[Path]:
    """Return the files of the scores of a run that are there."""
    names = (*paths.SPOTTING_SCORES, "interval_curve.csv", "timeline.pdf", "curve.svg", "curve.pdf")
    return [folder / name for name in names if (folder / name).exists()]


def threshold_text(entry: Spotting, facts: Sequence[dict[str, Any]]) -> str:
    """Return the threshold of a run's folds: one value, or the range of those chosen."""
    values = sorted({one["threshold"] for one in facts})
    shown = f"{values[0]:g}" if len(values) == 1 else f"{values[0]:g} to {values[-1]:g}"
    return shown if entry.threshold == "fixed" else f"{shown}, chosen on training subjects"
