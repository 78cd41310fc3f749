"""The audit of a spotting run: a sound run passes, each planted leak fails its check."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from spotting_makers import LENGTHS, planned, settings, write_windows

from merflow.commands.audit import audit
from merflow.evaluation.audit.run import audit_spotting
from merflow.evaluation.fold_files import read_fold
from merflow.evaluation.intervals.record import VideoInterval
from merflow.io.files import write_text
from merflow.workflow.audit_spotting import spotting_evidence
from merflow.workflow.plan import Plan
from merflow.workflow.spot_fold import spot_fold
from merflow.workflow.spotting_plan import SpotRun, fold_file

RUN = SpotRun("spotter", 0)
K = "length of windows from all samples"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spotting")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made = settings(folder, threshold="training")
        planned(made)
        write_windows("movement")
        for subject in LENGTHS:
            fold = read_fold(Path(fold_file("spotter", f"casme_sq-{subject}")))
            spot_fold(Plan(made), RUN, fold, Path(RUN.folder) / fold.name)
        return spotting_evidence(Path(RUN.folder), Plan(made))


def verdicts(found):
    return {one.trap: one.verdict for one in audit_spotting(found)}


def with_fold(evidence, fold=0, facts=None, **changes):
    """Return the evidence with one fold changed."""
    folds = list(evidence.folds)
    merged = {**folds[fold].facts, **(facts or {})}
    folds[fold] = folds[fold]._replace(facts=merged, **changes)
    return replace(evidence, folds=folds)


def test_a_sound_run_passes_what_its_folds_decide(evidence):
    found = verdicts(evidence)
    few = found.pop("too few subjects")
    found.pop("files changed since they were made")  # The made run has no config and no scores.
    assert few == "note"
    assert set(found.values()) == {"pass"}


def test_k_of_all_samples_is_a_leak(evidence):
    # Mean length of all intervals: 28/3, so k 5; each fold's training subjects give 6, 6 and 3.
    assert [fold.training_k() for fold in evidence.folds] == [6, 6, 3]
    planted = with_fold(evidence, facts={"k": 5})
    (finding,) = [one for one in audit_spotting(planted) if one.trap == K]
    assert finding.verdict == "fail"
    assert "k 5, that of all recordings; its training subjects give 6" in finding.because


def test_windows_of_another_length_than_noted_are_found(evidence):
    assert verdicts(with_fold(evidence, facts={"window": "k5"}))[K] == "fail"


def test_a_threshold_that_training_did_not_choose_is_a_leak(evidence):
    name = "threshold chosen on the test"
    tried = evidence.folds[0].facts["training_f1"]
    worse = min(tried, key=tried.get)
    assert tried[worse] < max(tried.values())
    assert verdicts(with_fold(evidence, facts={"threshold": float(worse)}))[name] == "fail"
    fixed = {"threshold": 2.0, "threshold_by": "fixed"}
    assert verdicts(with_fold(evidence, facts=fixed))[name] == "fail"
    assert verdicts(with_fold(evidence, facts={"training_f1": {}}))[name] == "cannot tell"


def test_an_interval_outside_its_recording_is_found(evidence):
    name = "intervals outside their recording"
    key = evidence.folds[0].test[0]
    for onset, offset in ((115, 125), (0, 8)):
        one = VideoInterval(*key, onset, offset, "micro")
        assert verdicts(with_fold(evidence, found=[one]))[name] == "fail"
    other = VideoInterval(*evidence.folds[1].test[0], 30, 36, "micro")
    assert verdicts(with_fold(evidence, found=[other]))[name] == "fail"


def test_a_subject_in_both_sides_is_found_also_under_another_name(evidence):
    name = "subjects on both sides"
    tested = evidence.folds[0].facts["tested"]
    assert verdicts(with_fold(evidence, facts={"subjects": tested}))[name] == "fail"
    copies = [key._replace(dataset="mine") for key in evidence.folds[0].test]
    planted = with_fold(evidence, train=[*evidence.folds[0].train, *copies])
    assert verdicts(planted)[name] == "pass"
    named = replace(planted, names={"mine": "casme_sq", "casme_sq": "casme_sq"})
    assert verdicts(named)[name] == "fail"


def test_a_skipped_recording_is_a_note(evidence):
    lost = dict(evidence.folds[0].lengths)
    lost.popitem()
    assert verdicts(with_fold(evidence, lengths=lost))["recordings left out"] == "note"


def test_the_command_prints_the_findings(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    made = settings(tmp_path)
    planned(made)
    write_windows("movement")
    for subject in LENGTHS:
        fold = read_fold(Path(fold_file("spotter", f"casme_sq-{subject}")))
        spot_fold(Plan(made), RUN, fold, Path(RUN.folder) / fold.name)
    write_text("config.yaml", json.dumps(made.model_dump(mode="json")))
    audit(Path(RUN.folder), config=Path("config.yaml"))
    out = capsys.readouterr().out
    assert f"PASS         {K}: k of every fold is that of its training subjects" in out
