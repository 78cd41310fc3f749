"""`merflow score-intervals`: score intervals spotted in long recordings."""

import json as jsonlib
from dataclasses import replace
from pathlib import Path
from typing import Literal

from merflow.commands.options import Json
from merflow.errors import MerflowError, check_number, unknown
from merflow.evaluation.confidence import LEAST_RESAMPLES, RESAMPLES
from merflow.evaluation.interval_files.megc_log import SpottingLog, is_log, read_log
from merflow.evaluation.interval_files.output import as_json, export, write_scores
from merflow.evaluation.interval_files.table import IntervalTable, read_intervals, read_lengths
from merflow.evaluation.interval_files.together import Together, listed, together
from merflow.evaluation.intervals.counts import Counts
from merflow.evaluation.intervals.curve import curve
from merflow.evaluation.intervals.matching import DEFAULT_RULE, RULES
from merflow.evaluation.intervals.scores import Matched, match
from merflow.evaluation.intervals.summary import emotions_of, summary
from merflow.reporting.figures.intervals import write_curve
from merflow.reporting.interval_table import analysis_table, spotting_table
from merflow.reporting.render.text import text
from merflow.text import plural


def score_intervals(
    predictions: Path,
    truth: Path | None = None,
    *,
    rule: str = DEFAULT_RULE,
    type: Literal["micro", "macro"] | None = None,
    videos: Path | None = None,
    emotions: str = "",
    json: Json = False,
    out: Path | None = None,
    export_to: Path | None = None,
    form: str = "merflow",
    resamples: int = RESAMPLES,
) -> None:
    """Score intervals spotted in long recordings: precision, recall, F1, and STRS with emotions.

    PREDICTIONS and TRUTH are CSVs in merflow's form, `dataset,subject,video,onset,offset` with
    optional `type`, `emotion`, `confidence`, `frames`, `fps`, or in a form of MEGC2022 to MEGC2025;
    or PREDICTIONS is a log of MEGC2020 or MEGC2021, which has its own truth. Frames are whole
    numbers, ends included.

    Examples:
        merflow score-intervals pred.csv truth.csv --videos videos.csv
        merflow score-intervals cas_pred.csv truth.csv --rule megc-str --json
        merflow score-intervals log.txt --rule megc2020 --out scored

    Args:
        predictions: Predicted intervals.
        truth: Annotated intervals; without it, those of the log.
        rule: How predictions match: `one-to-one`; or, to compare with published figures,
            `megc2020` or `megc-str`, as the programs of these challenges do.
        type: Score this type only; predictions without a type count as of it.
        videos: CSV `dataset,subject,video,frames` with optional `fps` and `first` (number of the
            first frame): recordings without an interval count, intervals outside are refused, and
            random intervals are scored for comparison.
        emotions: Emotions that the analysis scores, separated by commas; default: those of TRUTH.
        out: Folder for interval_scores.csv, interval_matches.csv, scores.json and, with
            confidences, interval_curve.csv, .svg and .pdf.
        export_to: File to write the predictions to, in another form.
        form: Form of that file: `merflow`, `megc2022`, `megc2023` (also 2024), `megc-str`, or
            `megc-log`, which has the matches.
        resamples: Resamples of subjects for the intervals of scores.
    """
    check_number("--resamples", resamples, LEAST_RESAMPLES)
    if rule not in RULES:
        raise unknown("--rule", "rule", rule, RULES)
    if form != "merflow" and not export_to:
        raise MerflowError("--form", f"'{form}' without --export-to", "--export-to FILE")
    read = _open(predictions, truth, negative=rule != DEFAULT_RULE)
    both = together(read[0], read[1], read_lengths(videos) if videos else None, type or "")
    matched = match(both.predictions, both.truths, rule=rule, videos=both.videos)
    named = _emotions(emotions, both)
    rows = summary(matched, lengths=both.lengths, emotions=named, resamples=resamples)
    notes = [*both.notes, *_notes(matched), *_log_notes(read[2], matched, truth is not None)]
    document = as_json(matched, rows, notes, named)
    if out:
        points = curve(
            both.predictions, both.truths, rule=rule, videos=both.videos, lengths=both.lengths
        )
        write_scores(out, matched, rows, points, document)
        write_curve(out, points)
    if export_to:
        export(export_to, form, matched, both.predictions)
    if json:
        print(jsonlib.dumps(document, indent=1))
        return
    tables = [spotting_table(rule, rows)]
    tables += [analysis_table(rule, rows, named)] if named else []
    tables[-1] = replace(tables[-1], notes=(*tables[-1].notes, *notes))
    print(text(tables), end="")


def _open(
    predictions: Path, truth: Path | None, *, negative: bool
) -> tuple[IntervalTable, IntervalTable, SpottingLog | None]:
    """Return predictions and truth, and the log that they come from, if it is one."""
    log = read_log(predictions) if is_log(predictions) else None
    if truth is None and log is None:
        raise MerflowError(
            str(predictions), "no TRUTH", "a CSV of annotated intervals after PREDICTIONS"
        )
    first = log.predictions if log else read_intervals(predictions, negative=negative)
    if truth is None:
        return first, log.truth, log
    return first, read_log(truth).truth if is_log(truth) else read_intervals(truth), log


def _emotions(asked: str, both: Together) -> tuple[str, ...]:
    """Return the classes of the analysis; refuse one that no annotated interval has."""
    found = emotions_of(both.predictions, both.truths)
    if not asked:
        return found
    wanted = tuple(dict.fromkeys(word.strip().casefold() for word in asked.split(",")))
    for word in wanted:
        if word not in found:
            raise unknown("--emotions", "emotion", word, found)
    return wanted


def _notes(matched: Matched) -> list[str]:
    """Return what a reader must know of recordings and subjects without predictions or truth."""
    notes = []
    skipped = matched.rule == "megc-str"
    if skipped:
        seen = {group.key for group in matched.groups}
        if unseen := [video for video in matched.videos if video not in seen]:
            notes.append(
                f"Not counted, as the rule megc-str leaves them out: {plural(len(unseen), 'video')}"
                f" ({listed(unseen)})."
            )
    if videos := matched.without_predictions():
        notes.append(f"No prediction in {plural(len(videos), 'video')}: {listed(videos)}.")
    predicted = {group.key.subject_key for group in matched.groups if group.predictions}
    annotated = {group.key.subject_key for group in matched.groups if group.truths}
    if subjects := ["/".join(filter(None, s)) for s in sorted(annotated - predicted)]:
        notes.append(f"No prediction for {plural(len(subjects), 'subject')}: {listed(subjects)}.")
    if videos := matched.without_truth():
        notes.append(
            f"No annotated interval in {plural(len(videos), 'video')} with predictions: false "
            f"alarms in {listed(videos)}."
        )
    return notes


def _log_notes(log: SpottingLog | None, matched: Matched, other_truth: bool) -> list[str]:
    """Return how a log's own counts compare with those found here."""
    if log is None:
        return []
    notes = []
    counts = matched.counts()
    if counts != log.printed:
        shown = (_counts(log.printed), _counts(counts))
        notes.append(
            f"The log counts {shown[0]}; the rule {matched.rule} gives {shown[1]}, micro and macro "
            "matched together, since a log has no types."
        )
    if not other_truth:
        notes.append("The truth is that of the log: intervals that it leaves out are not missed.")
    return notes


def _counts(counts: Counts) -> str:
    return f"TP {counts.tp:,}, FP {counts.fp:,}, FN {counts.fn:,}"
