"""What is made again after a change: recipes name all that their files show, and no more."""

import dataclasses

import pytest

from merflow.clip import Clip, ClipKey
from merflow.config import loading
from merflow.workflow import run_fingerprints
from merflow.workflow.expected import Expected
from merflow.workflow.plan import Plan

EMOTIONS = ("happiness", "disgust", "surprise")
CONFIG = {
    "datasets": {"casme2": {"root": "."}},
    "collections": {"c": ["casme2"]},
    "preparations": {"p": {}},
    "experiments": {"e": {"preparation": "p", "collection": "c", "factors": [1]}},
}


KEYS = {"frames": "apex-nine"}
AFTER = ("score", "table", "report", "manifest")


@pytest.fixture
def clips(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "0.png").write_bytes(b"0")
    return [
        Clip(ClipKey("casme2", subject, emotion), str(tmp_path), ("0.png",), (0,), 200.0, emotion)
        for subject in ("s1", "s2", "s3")
        for emotion in EMOTIONS
    ]


def plan(clips, **settings) -> Plan:
    return Plan(loading.validate({**CONFIG, **settings}), {"casme2": clips})


def made(plan) -> dict:
    """Return command -> what its files are made from; of folds that of all of them."""
    found: dict = {}
    for step in Expected(plan).steps():
        found.setdefault(step.name, []).append(step.made)
    return found


def remade(before, after) -> set[str]:
    """Return the commands with files that a change makes stale."""
    old, new = made(before), made(after)
    return {name for name in old if old[name] != new[name]}


def test_a_printed_setting_makes_table_and_report_again_and_trains_nothing(clips):
    kept = plan(clips, keep_intermediate=True)
    assert remade(plan(clips), kept) == {"table", "report", "manifest"}


def test_how_trainings_run_makes_nothing_again(clips):
    shared = {"training": {"gpu_share": 4}}
    entry, start = CONFIG["experiments"]["e"], {"preparation": "p", "collection": "c"}
    before = plan(clips, pretrainings={"w": start})
    after = plan(
        clips,
        folds_per_job=3,
        experiments={"e": entry | shared},
        pretrainings={"w": start | shared},
    )
    assert after.experiment("e").training.gpu_share == 4
    assert remade(before, after) == set() and "train" in made(before)
    weights = [run_fingerprints.pretraining(each, "w", [], {}) for each in (before, after)]
    assert weights[0] == weights[1]


def test_a_label_is_printed_again_and_trains_nothing(clips):
    named = {"e": {**CONFIG["experiments"]["e"], "label": "3D CNN"}}
    assert remade(plan(clips), plan(clips, experiments=named)) == {"table", "report", "manifest"}


def test_the_folder_of_a_dataset_is_not_printed_and_makes_nothing_again(clips):
    moved = plan(clips, datasets={"casme2": {"root": "elsewhere"}})
    assert remade(plan(clips), moved) == set()


def test_an_emotion_corrected_within_its_class_makes_the_report_again(clips):
    corrected = [
        dataclasses.replace(clip, emotion="repression") if clip.emotion == "disgust" else clip
        for clip in clips
    ]
    before, after = plan(clips), plan(corrected)
    assert before.data.labelled("e").labels == after.data.labelled("e").labels
    assert remade(before, after) == {"report", "manifest"}


def test_how_many_clips_may_be_skipped_redoes_no_pack_and_no_training(clips):
    changed = remade(plan(clips), plan(clips, max_skipped=0.5))
    assert changed == {"table", "report", "manifest"}


@pytest.mark.parametrize(
    ("preparation", "expected"),
    [
        ({}, {"report", "manifest"}),
        ({"select": KEYS}, {"interpolate", "pack", "train", "final", "skipped", *AFTER}),
        ({"kind": "flow"}, {"flow", "pack", "train", "final", "skipped", *AFTER}),
    ],
)
def test_a_corrected_apex_matters_from_the_stage_that_uses_it(clips, preparation, expected):
    """The annotation is printed in the report, whether a stage uses the apex or not."""
    dated = [dataclasses.replace(clip, onset=0, apex=0, offset=9) for clip in clips]
    corrected = [dataclasses.replace(dated[0], apex=4), *dated[1:]]
    network = {"network": "ststnet"} if preparation.get("kind") == "flow" else {}
    entry = {**CONFIG["experiments"]["e"], **network}
    settings = {"preparations": {"p": preparation}, "experiments": {"e": entry}}
    assert remade(plan(dated, **settings), plan(corrected, **settings)) == expected


def test_only_the_folds_that_see_a_subject_depend_on_its_frames(clips):
    """Under LOSO each dataset has its own folds."""
    words = dict(zip(EMOTIONS, ("positive", "negative", "surprise"), strict=True))
    others = [
        dataclasses.replace(c, key=c.key._replace(dataset="smic"), emotion=words[c.emotion])
        for c in clips
    ]
    entry = {"preparation": "p", "collection": "c", "factors": [1]}
    config = {
        "datasets": {"casme2": {"root": "."}, "smic": {"root": "."}},
        "collections": {"c": ["casme2", "smic"]},
        "preparations": {"p": {"select": KEYS}},
        "experiments": {"e": {**entry, "protocol": "loso"}},
    }
    dated = [dataclasses.replace(clip, onset=0, apex=0, offset=9) for clip in clips]
    settings = loading.validate(config)

    def folds(first):
        plan = Plan(settings, {"casme2": [first, *dated[1:]], "smic": others})
        return Expected(plan).folds(plan.runs()[0])

    before, after = folds(dated[0]), folds(dataclasses.replace(dated[0], apex=4))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {name for name in before if name.startswith("casme2")}
    assert len(changed) == 3 and len(before) == 6
