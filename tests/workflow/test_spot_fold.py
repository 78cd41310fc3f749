"""Spotters of folds: k and threshold from the training subjects, intervals of the others."""

from pathlib import Path

import pytest
from spotting_makers import LENGTHS, planned, settings, write_windows

from merflow.config.loading import validate
from merflow.errors import MerflowError
from merflow.evaluation.fold_files import read_fold
from merflow.evaluation.intervals.fold_labels import Span, label_of, overlaps, spans_in
from merflow.io import records
from merflow.io.csv_table import read_csv
from merflow.workflow import spotting_plan, spotting_scores
from merflow.workflow.plan import Plan
from merflow.workflow.spot_fold import spot_fold
from merflow.workflow.spotting_plan import SpotRun, fold_file, windows
from merflow.workflow.targets import targets_of

RUN = SpotRun("spotter", 0)


@pytest.fixture
def inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spot(made, fold):
    """Spot in one fold, as a job does: from the config and the fold file, without the catalogue."""
    return spot_fold(Plan(made), RUN, read_fold(Path(fold_file("spotter", fold))), out(fold))


def out(fold):
    return Path(RUN.folder) / fold


def folds():
    return [f"casme_sq-{subject}" for subject in LENGTHS]


def test_labels_of_recordings_say_their_intervals():
    spans = [Span(30, 36), Span(80, 86)]
    assert spans_in(label_of(spans), "") == spans
    assert spans_in(label_of([]), "") == []
    assert overlaps(spans, 36, 40)
    assert not overlaps(spans, 37, 79)
    with pytest.raises(MerflowError, match="'36-30' is no interval"):
        spans_in("36-30", "fold")


def test_k_comes_from_the_training_subjects_of_each_fold(inside):
    plan = planned(settings(inside, method="keras", network="ststnet"))
    found = {fold: one.window for fold, one in windows(plan, "spotter").items()}
    # Means of offset minus onset: 11, 11, 6 without each subject in turn; 28/3 with all.
    assert found == {
        "casme_sq-s15": "k6",
        "casme_sq-s16": "k6",
        "casme_sq-s19": "k3",
        "final": "k5",
    }
    stores = spotting_plan.every_store(plan)
    assert len(stores) == 6  # Folds of one k share the stores of their subjects.
    assert not any("/k5/" in path for path in stores)


def test_fold_files_have_the_intervals_of_training_recordings_only(inside):
    planned(settings(inside))
    fold = read_fold(Path(fold_file("spotter", "casme_sq-s19")))
    assert [key.subject for key in fold.test] == ["s19", "s19"]
    assert fold.labels == ["30-36 80-86", "none"] * 2
    text = Path(fold_file("spotter", "casme_sq-s19")).read_text()
    assert "30-46" not in text
    assert "s19,r0,test,\n" in text


def test_the_rule_finds_the_movements_of_the_subject_left_out(inside):
    made = settings(inside)
    planned(made)
    write_windows("movement")
    facts = spot(made, "casme_sq-s19")
    rows = read_csv(out("casme_sq-s19") / "intervals.csv", ("onset",)).rows
    assert [cells[:5] for _, cells in rows] == [
        ["casme_sq", "s19", "r0", "30", "46"],
        ["casme_sq", "s19", "r0", "80", "96"],
    ]
    assert facts["threshold"] == 3.5
    assert facts["threshold_by"] == "fixed"
    assert facts["subjects"] == ["casme_sq/s15", "casme_sq/s16"]
    assert facts["tested"] == ["casme_sq/s19"]
    assert facts["lengths"] == {"casme_sq/s15": [6, 6], "casme_sq/s16": [6, 6]}
    assert facts["k"] == 3


def test_a_threshold_from_training_is_blind_to_the_test(inside):
    made = settings(inside, threshold="training")
    planned(made)
    write_windows("movement")
    facts = spot(made, "casme_sq-s15")
    assert facts["threshold_by"] == "training subjects"
    assert facts["training_f1"]["3.5"] == 1
    # Other movements of the tested subject: the same threshold, other intervals.
    write_windows("movement", late=20, subjects=["s15"])
    assert spot(made, "casme_sq-s15")["training_f1"] == facts["training_f1"]
    rows = read_csv(out("casme_sq-s15") / "intervals.csv", ("onset",)).rows
    assert rows[0][1][3] == "50"


def test_a_network_learns_the_windows_of_training_subjects(inside):
    entry = {"network": "ststnet", "method": "keras", "scale": "eye-distance", "copies": 2}
    made = settings(inside, **entry, training={"epochs": 20, "batch_size": 16})
    planned(made)
    write_windows("k3")
    facts = spot(made, "casme_sq-s19")
    # Of each training recording with intervals 2 x 9 windows, and as many copies of each kind.
    assert facts["windows"]["expression"] == 2 * 18 * 3
    assert (out("casme_sq-s19") / "weights.weights.h5").is_file()
    rows = read_csv(out("casme_sq-s19") / "intervals.csv", ("onset",), may_be_empty=True).rows
    near = [cells for _, cells in rows if cells[2] == "r0"]
    assert near
    assert all(24 <= int(c[3]) <= 50 or 74 <= int(c[3]) <= 100 for c in near)


def test_scores_count_all_recordings_and_print_the_floor(inside):
    made = settings(inside)
    plan = planned(made)
    write_windows("movement")
    for fold in folds():
        spot(made, fold)
    spotted = spotting_scores.read_spotted(plan, RUN)
    (row,) = spotting_scores.score_rows(plan, spotted)
    assert (row.counts.tp, row.counts.fp, row.counts.fn) == (6, 0, 0)
    assert (row.videos, row.subjects) == (6, 3)
    low, high = spotted.floor_range()
    assert 0 <= low <= row.floor_f1 <= high < 1


def test_an_interval_outside_its_recording_is_refused(inside):
    made = settings(inside)
    plan = planned(made)
    write_windows("movement")
    for fold in folds():
        spot(made, fold)
    path = out("casme_sq-s15") / "intervals.csv"
    made_of = records.made_of(path)
    with records.job("spot", path) as job:  # A changed file without it is refused anyway.
        path.write_text(path.read_text().replace("r0,80,86", "r0,115,121"))
        job.done(made_of, [path, path.with_name("run.json"), path.with_name("measure.csv")])
    with pytest.raises(MerflowError, match=r"row 3: interval 115\.\.121 outside casme_sq/s15/r0"):
        spotting_scores.read_spotted(plan, RUN)


def test_folds_of_other_settings_are_refused(inside):
    made = settings(inside)
    planned(made)
    write_windows("movement")
    for fold in folds():
        spot(made, fold)
    spotting_scores.check_folds(Plan(made), RUN)
    with pytest.raises(MerflowError, match="not made as this plan would make it"):
        spotting_scores.check_folds(Plan(settings(inside, threshold="training")), RUN)


def test_cut_clips_are_refused(inside):
    plan = planned(settings(inside))
    cut = list(plan.data.clips["casme_sq"])
    object.__setattr__(cut[0], "intervals", None)
    with pytest.raises(MerflowError, match="1 cut clip of 6"):
        spotting_plan.recordings(Plan(plan.settings, {"casme_sq": cut}), "spotter")


def test_settings_of_a_network_are_refused_for_the_rule(inside):
    with pytest.raises(MerflowError, match="copies: no effect on method motion_energy"):
        settings(inside, copies=1)


def test_a_pair_needs_an_experiment_that_leaves_subjects_out(inside):
    config = settings(inside).model_dump(mode="json")
    config["experiments"] = {
        "clips": {"preparation": "faces", "collection": "all", "protocol": "kfold"}
    }
    config["spot_then_recognise"] = {"both": {"spotting": "spotter", "recognition": "clips"}}
    with pytest.raises(MerflowError, match="protocol kfold"):
        validate(config)


def test_files_of_spotting_are_targets(inside):
    plan = planned(settings(inside))
    for word in (
        "results/spotting/spotter/seed0/final/run.json",
        "results/spotting/spotter/seed0/scores.json",
        "results/tables/spotting.md",
        "spotters",
    ):
        assert targets_of([word], plan) == [word]
    assert targets_of(["spotter"], plan) == ["results/spotting/spotter/seed0/scores.json"]
    with pytest.raises(MerflowError, match="makes nothing of this name"):
        targets_of(["results/spotting/other/seed0/scores.json"], plan)
