"""What is made again after a change: recipes name all that their files show, and no more."""

import dataclasses

import pytest

from merflow.clip import Clip, ClipKey
from merflow.config import fingerprints, loading
from merflow.workflow import run_fingerprints
from merflow.workflow.plan import Plan

EMOTIONS = ("happiness", "disgust", "surprise")
CONFIG = {
    "datasets": {"casme2": {"root": "."}},
    "collections": {"c": ["casme2"]},
    "preparations": {"p": {}},
    "experiments": {"e": {"preparation": "p", "collection": "c", "factors": [1]}},
}


@pytest.fixture
def clips(tmp_path):
    (tmp_path / "0.png").write_bytes(b"0")
    return [
        Clip(ClipKey("casme2", subject, emotion), str(tmp_path), ("0.png",), (0,), 200.0, emotion)
        for subject in ("s1", "s2", "s3")
        for emotion in EMOTIONS
    ]


def plan(clips, **settings) -> Plan:
    return Plan(loading.validate({**CONFIG, **settings}), {"casme2": clips})


@pytest.mark.parametrize("changed", [{"keep_intermediate": True}, {"folds_per_job": 3}])
def test_a_printed_setting_makes_table_and_report_again_and_trains_nothing(clips, changed):
    before, after = plan(clips), plan(clips, **changed)
    assert run_fingerprints.tables(before) != run_fingerprints.tables(after)
    assert run_fingerprints.report(before) != run_fingerprints.report(after)
    assert run_fingerprints.run_digest(before, "e", "x1") == run_fingerprints.run_digest(
        after, "e", "x1"
    )


def test_the_folder_of_a_dataset_is_not_printed_and_makes_nothing_again(clips):
    moved = plan(clips, datasets={"casme2": {"root": "elsewhere"}})
    assert run_fingerprints.report(plan(clips)) == run_fingerprints.report(moved)


def test_an_emotion_corrected_within_its_class_makes_the_report_again(clips):
    corrected = [
        dataclasses.replace(clip, emotion="repression") if clip.emotion == "disgust" else clip
        for clip in clips
    ]
    before, after = plan(clips), plan(corrected)
    assert before.data.labelled("e").labels == after.data.labelled("e").labels
    assert run_fingerprints.report(before) != run_fingerprints.report(after)
    assert run_fingerprints.tables(before) == run_fingerprints.tables(after)


def test_how_many_clips_may_be_skipped_redoes_no_pack_and_no_training(clips):
    before, after = plan(clips), plan(clips, max_skipped=0.5)
    made = [fingerprints.of_stage(p.settings, "pack", "p", "x1") for p in (before, after)]
    assert made[0] == made[1]
    assert run_fingerprints.run_digest(before, "e", "x1") == run_fingerprints.run_digest(
        after, "e", "x1"
    )
