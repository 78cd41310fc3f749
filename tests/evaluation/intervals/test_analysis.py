"""Emotions on hits, against a plain program; the challenge's example; limits and curve."""

import itertools
import math

import numpy as np
import pytest

from merflow.evaluation.intervals.analysis import (
    analysis,
    analysis_f1,
    confusion,
    summed_counts,
)
from merflow.evaluation.intervals.bootstrap import analysis_limits, spotting_limits
from merflow.evaluation.intervals.counts import Counts, harmonic
from merflow.evaluation.intervals.curve import MOST_THRESHOLDS, curve
from merflow.evaluation.intervals.record import Video, VideoInterval, VideoLength
from merflow.evaluation.intervals.scores import FULL, OVERALL, match
from merflow.evaluation.intervals.summary import emotions_of, summary

THREE = ("negative", "positive", "surprise")


def interval(number, onset, offset, emotion="", confidence=math.nan, kind="micro", subject="1"):
    return VideoInterval("d", subject, f"v{number}", onset, offset, kind, emotion, confidence)


def plain(pairs, emotions):
    """The scores of the official program, one emotion at a time."""
    pairs = [pair for pair in pairs if pair[0] in emotions]
    precision, recall, f1 = [], [], []
    for emotion in emotions:
        tp = sum(a == emotion == b for a, b in pairs)
        fp = sum(b == emotion != a for a, b in pairs)
        fn = sum(a == emotion != b for a, b in pairs)
        tn = len(pairs) - tp - fp - fn
        if tn == len(pairs) or tp == len(pairs):  # a table of one cell cannot be taken apart
            tp = fp = fn = 0
        p, r = (tp / (tp + other) if tp + other else 0 for other in (fp, fn))
        precision.append(p)
        recall.append(r)
        f1.append(2 * p * r / (p + r) if p + r else 0)
    p, r = np.mean(precision), np.mean(recall)
    return p, r, 2 * p * r / (p + r) if p + r else 0, np.mean(f1), np.mean(precision)


def test_agrees_with_a_plain_program_on_random_pairs():
    rng = np.random.default_rng(0)
    names = (*THREE, "other")
    for _ in range(300):
        pairs = [tuple(rng.choice(names, 2)) for _ in range(rng.integers(1, 6))]
        found = analysis(confusion(pairs, THREE), official=True)
        assert found[1:6] == pytest.approx(plain(pairs, THREE))
        true = analysis(confusion(pairs, THREE))
        assert true.uar == true.recall
        assert analysis_f1(confusion(pairs, THREE)) == pytest.approx(true.f1)


def test_an_emotion_in_every_pair_scores_one_and_zero_in_the_official_program():
    table = confusion([("positive", "positive")] * 3, THREE)
    assert analysis(table).uf1 == pytest.approx(1 / 3)
    assert analysis(table, official=True).uf1 == 0


def test_printed_false_negatives_repeat_the_false_positives():
    pairs = [("negative", "negative"), ("negative", "other"), ("positive", "surprise")]
    assert summed_counts(confusion(pairs, THREE)) == (1, 1, 2)
    assert summed_counts(confusion(pairs, THREE), official=True) == (1, 1, 1)


def test_uar_is_mean_recall_and_mean_precision_in_the_official_program():
    pairs = [("negative", "negative"), ("negative", "positive"), ("surprise", "surprise")]
    table = confusion(pairs, THREE)
    assert analysis(table).uar == pytest.approx((0.5 + 0 + 1) / 3)
    assert analysis(table, official=True).uar == pytest.approx((1 + 0 + 1) / 3)


def test_rows_of_the_2025_challenge():
    # arXiv 2506.15298: P .1667, R .3333, F1 .2222; STRS .0062 and .0086.
    assert f"{harmonic(1 / 6, 1 / 3):.4f}" == "0.2222"
    assert f"{Counts(6, 217, 202).f1 * 2 / 9:.4f}" == "0.0062"
    assert f"{Counts(3, 115, 34).f1 * 2 / 9:.4f}" == "0.0086"


def five_pairs():
    """Five predictions of five intervals: three hits, one of them with the right emotion."""
    emotions = ["negative", "positive", "surprise", "negative", "positive"]
    named = ["negative", "surprise", "positive", "negative", "positive"]
    truth = [interval(n, 10, 29, emotion) for n, emotion in enumerate(emotions)]
    starts = [10, 12, 14, 100, 200]
    predicted = [
        interval(n, start, start + 19, emotion)
        for n, (start, emotion) in enumerate(zip(starts, named, strict=True))
    ]
    return predicted, truth


@pytest.mark.parametrize("rule", ["one-to-one", "megc-str"])
def test_an_example_of_five_pairs(rule):
    predicted, truth = five_pairs()
    matched = match(predicted, truth, rule=rule)
    (row,) = summary(matched, emotions=emotions_of(predicted, truth), resamples=100)
    assert row.counts == (3, 2, 2)
    shown = [f"{v:.4f}" for v in (row.counts.f1, row.analysis.f1, row.strs)]
    assert shown == ["0.6000", "0.3333", "0.2000"]


def test_no_emotions_no_analysis():
    predicted, truth = five_pairs()
    bare = [one._replace(emotion="") for one in predicted]
    assert emotions_of(bare, truth) == ()
    (row,) = summary(match(bare, truth), resamples=100)
    assert math.isnan(row.strs) and math.isnan(row.floor_f1)


def by_subject(seed=0, subjects=30):
    rng = np.random.default_rng(seed)
    hits = rng.binomial(4, 0.6, subjects)
    counts = np.stack([hits, rng.poisson(2, subjects), 4 - hits], 1)
    tables = np.zeros((subjects, 3, 4), int)
    for subject, n in enumerate(hits):
        for _ in range(n):
            true = rng.integers(3)
            tables[subject, true, true if rng.random() < 0.7 else 3] += 1
    return counts, tables, np.zeros(subjects, int)


def test_limits_hold_the_scores_and_narrow_with_more_subjects():
    counts, tables, strata = by_subject()
    found = spotting_limits(counts, strata, 500)
    summed = Counts(*counts.sum(0))
    for limits, value in zip(found, (summed.precision, summed.recall, summed.f1), strict=True):
        assert 0 < limits.lo < value < limits.hi < 1
    many = spotting_limits(np.tile(counts, (9, 1)), np.tile(strata, 9), 500)
    assert many.f1.hi - many.f1.lo == pytest.approx((found.f1.hi - found.f1.lo) / 3, rel=0.2)
    lo, hi = analysis_limits(counts, tables, strata, 500)[1]
    assert lo < summed.f1 * analysis(tables.sum(0)).f1 < hi
    assert analysis_limits(counts, tables, strata, 500)[1] == (lo, hi)


def test_no_false_alarm_is_no_certainty():
    counts = np.array([[2, 0, 1]] * 12)
    found = spotting_limits(counts, np.zeros(12, int), 200)
    assert found.precision.lo < 0.9 and found.precision.hi == 1


def test_limits_are_unknown_without_anything_to_resample():
    nothing = spotting_limits(np.zeros((4, 3), int), np.zeros(4, int), 100)
    assert np.isnan(nothing).all()
    unpredicted = spotting_limits(np.array([[0, 0, 3]] * 4), np.zeros(4, int), 100)
    assert np.isnan(unpredicted.precision).all() and unpredicted.recall.hi > 0.05
    counts, tables, strata = by_subject(subjects=1)
    assert np.isnan(spotting_limits(counts, strata, 100).f1.lo)
    assert np.isnan(analysis_limits(counts, tables, strata, 100)[0].lo)


def spotted(seed=0):
    rng = np.random.default_rng(seed)
    truth = [interval(n, 50, 69, subject=str(n % 5)) for n in range(20)]
    made = []
    for one in truth:
        onset = int(rng.choice([50, 52, 120]))
        sure = round(float(rng.random() + (onset < 100)), 3)
        made.append(one._replace(onset=onset, offset=onset + 19, confidence=sure))
    return made, truth


def test_a_curve_ends_at_the_score_of_all_predictions():
    predicted, truth = spotted()
    lengths = {one.key: VideoLength(3000, 50) for one in truth}
    points = curve(predicted, truth, lengths=lengths)
    assert [p.threshold for p in points] == sorted({p.confidence for p in predicted}, reverse=True)
    assert points[-1][3:6] == match(predicted, truth).counts()
    assert all(a.recall <= b.recall and a.fp <= b.fp for a, b in itertools.pairwise(points))
    assert points[-1].false_per_video == points[-1].fp / 20
    assert points[-1].false_per_minute == pytest.approx(points[-1].fp / 20)
    assert {(p.part, p.kind) for p in points} == {(FULL, "micro")}
    assert math.isnan(curve(predicted, truth)[0].false_per_minute)


def test_a_curve_has_every_part_and_type_and_a_limited_number_of_points():
    rng = np.random.default_rng(0)
    truth = [interval(n, 50, 69, kind=kind) for n in range(150) for kind in ("micro", "macro")]
    sure = rng.permutation(len(truth)) / 7
    predicted = [one._replace(confidence=float(c)) for one, c in zip(truth, sure, strict=True)]
    points = curve(predicted, truth)
    assert [(p.part, p.kind) for p in points[::MOST_THRESHOLDS]] == [
        (FULL, "micro"),
        (FULL, "macro"),
        (FULL, OVERALL),
    ]
    assert points[-1].threshold == min(sure) and points[0].threshold == max(sure)


def test_no_curve_unless_every_prediction_has_a_confidence():
    predicted, truth = spotted()
    assert curve([*predicted[1:], predicted[0]._replace(confidence=math.nan)], truth) == []


def test_a_row_counts_recordings_without_an_expression():
    predicted, truth = five_pairs()
    rows = summary(match(predicted, truth, videos=[Video("d", "2", "w")]), resamples=100)
    assert (rows[0].videos, rows[0].subjects, rows[0].unpredicted) == (6, 2, 0)
