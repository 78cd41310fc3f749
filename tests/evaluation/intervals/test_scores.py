"""Counts of recordings, summed; recordings without predictions; the floor."""

import numpy as np
import pytest

from merflow.evaluation.intervals.floor import floor_f1, has_lengths, random_counts
from merflow.evaluation.intervals.matching import RULES
from merflow.evaluation.intervals.record import Video, VideoInterval, VideoLength
from merflow.evaluation.intervals.scores import FULL, OVERALL, match
from merflow.evaluation.intervals.summary import summary


def interval(name, onset, offset, kind="micro", **more):
    dataset, subject, video = name.split("/")
    return VideoInterval(dataset, subject, video, onset, offset, kind, **more)


TRUTH = [
    interval("samm/006/006_1", 10, 19),
    interval("samm/006/006_1", 10, 60, "macro"),
    interval("samm/007/007_1", 5, 14),
    interval("casme/s15/a", 30, 39),
    interval("casme/s16/b", 30, 39),
]
PREDICTED = [
    interval("samm/006/006_1", 11, 20),
    interval("samm/006/006_1", 40, 49),
    interval("samm/006/006_1", 10, 19, "macro"),
    interval("casme/s15/a", 30, 39),
    interval("casme/s15/c", 1, 9),
]


def test_types_and_recordings_are_matched_apart_and_summed():
    found = match(PREDICTED, TRUTH)
    assert found.counts() == (2, 3, 3)
    assert found.of(FULL, "micro").counts() == (2, 2, 2)
    assert found.of(FULL, "macro").counts() == (0, 1, 1)
    assert found.of("samm").counts() == (1, 2, 2)
    assert found.of("casme", "micro").counts() == (1, 1, 1)
    assert found.kinds == ("micro", "macro")
    assert found.parts()[:3] == [(FULL, "micro"), (FULL, "macro"), (FULL, OVERALL)]


def test_one_dataset_of_one_type_is_one_part():
    one = [i for i in TRUTH if i.dataset == "casme"]
    assert match(one, one).parts() == [(FULL, "micro")]


def test_recordings_without_predictions_or_truth_are_named():
    found = match(PREDICTED, TRUTH)
    assert list(map(str, found.without_predictions())) == ["casme/s16/b", "samm/007/007_1"]
    assert list(map(str, found.without_truth())) == ["casme/s15/c"]


def test_a_subject_without_predictions_is_missed_except_by_megc_str():
    assert match(PREDICTED, TRUTH, rule="megc2020").counts() == (2, 3, 3)
    # The official program sees neither subjects 007 and s16 nor video c.
    assert match(PREDICTED, TRUTH, rule="megc-str").counts() == (2, 2, 1)


def test_megc_str_looks_at_each_type_apart():
    truth = [interval("d/1/v", 1, 10), interval("d/1/w", 1, 40, "macro")]
    found = match(truth[1:], truth, rule="megc-str")
    assert found.counts() == (1, 0, 0)
    assert match(truth[1:], truth).counts() == (1, 0, 1)


def test_subjects_of_two_datasets_with_one_name_stay_apart():
    truth = [interval("a/01/v", 1, 10), interval("b/01/v", 1, 10)]
    found = match(truth[:1], truth)
    assert found.counts() == (1, 0, 1)
    assert found.by_subject().tolist() == [[1, 0, 0], [0, 0, 1]]


def test_a_recording_without_an_expression_counts_as_looked_at():
    empty = Video("casme", "s17", "z")
    found = match(PREDICTED, TRUTH, videos=[empty])
    assert empty in found.videos and found.counts() == (2, 3, 3)
    assert found.subjects()[2] == ("casme", "s17")


@pytest.mark.parametrize("rule", RULES)
def test_the_floor_places_as_many_intervals_of_the_same_length_at_random(rule):
    # One interval of 10 frames in 100: 91 places, of which 7 have an IoU of 0.5 or more.
    truth = [interval("d/1/v", 41, 50)]
    made = match([interval("d/1/v", 1, 10)], truth, rule=rule)
    lengths = {Video("d", "1", "v"): VideoLength(100)}
    counts = random_counts(made, lengths, draws=4000)
    assert counts.shape == (4000, 1, 3)
    assert (counts[..., 0] + counts[..., 1] == 1).all()
    assert floor_f1(counts) == pytest.approx(7 / 91, abs=0.015)
    assert (counts == random_counts(made, lengths, draws=4000)).all()
    assert (counts != random_counts(made, lengths, draws=4000, seed=1)).any()


def test_every_row_has_the_floor_of_its_own_part_and_type():
    truth = [interval("d/1/v", 41, 50), interval("e/1/v", 1, 100, "macro")]
    lengths = {one.key: VideoLength(100) for one in truth}
    rows = {(r.part, r.kind): r for r in summary(match(truth, truth), lengths=lengths, draws=500)}
    assert rows["d", "micro"].floor_f1 == pytest.approx(7 / 91, abs=0.04)
    assert rows["e", "macro"].floor_f1 == 1
    assert rows["e", "micro"].floor_f1 == 0
    both = (1 + rows["d", "micro"].floor_f1) / 2
    assert rows[FULL, OVERALL].floor_f1 == pytest.approx(both)
    assert rows[FULL, OVERALL].few_subjects


def test_many_equal_subjects_are_not_few():
    truth = [interval(f"d/{n}/v", 1, 10) for n in range(10)]
    assert [row.few_subjects for row in summary(match(truth, truth), resamples=100)] == [False]
    assert [row.few_subjects for row in summary(match(truth, truth[1:]), resamples=100)] == [True]


def test_the_floor_stays_inside_the_recording_and_keeps_recordings_without_predictions():
    truth = [interval("d/1/v", 8, 12), interval("d/2/w", 1, 5)]
    made = match([interval("d/1/v", 1, 5)], truth)
    exact = {Video("d", "1", "v"): VideoLength(5, first=8)}
    assert has_lengths(made, exact) and not has_lengths(made, {})
    counts = random_counts(made, exact, draws=20)
    assert (counts.sum(1) == [1, 0, 1]).all()
    assert floor_f1(counts) == pytest.approx(2 / 3)


def test_a_recording_holds_its_frames_only():
    counted = VideoLength(100, first=0)
    assert counted.holds(0, 99) and not counted.holds(0, 100) and not counted.holds(-1, 5)
    unknown = VideoLength(100)
    assert unknown.holds(0, 100) and not unknown.holds(50, 101)


def test_confidence_decides_only_where_every_prediction_has_one():
    truth = [interval("d/1/v", 1, 9), interval("d/1/v", 3, 12)]
    spans = [(1, 10), (1, 6)]
    sure = [interval("d/1/v", *s, confidence=c) for s, c in zip(spans, (0.9, 0.1), strict=True)]
    assert match(sure, truth).counts() == (1, 1, 1)
    assert match([sure[0], interval("d/1/v", 1, 6)], truth).counts() == (2, 0, 0)
    assert np.isnan(interval("d/1/v", 1, 6).confidence)
