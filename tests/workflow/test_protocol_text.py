"""The protocol line says when a training stops, as far as that is known."""

import json

import pytest
from kept_records import keep_records

from merflow.clip import Clip, ClipKey
from merflow.config.loading import validate
from merflow.io.files import write_text
from merflow.workflow.plan import Plan
from merflow.workflow.protocol_text import protocol_lines

WORDS = ("happiness", "surprise", "disgust")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"factors": ["x1"]}, "; not magnified;"),
        ({"factors": ["x1", "x10"]}, "; magnified by phase;"),
        ({"training": {"epochs": 7}}, "; 7 epochs, fixed before testing;"),
        (
            {"training": {"epochs": 7, "stopping": "inner"}},
            "; epochs chosen on inner folds (at most 7), fixed before testing;",
        ),
        ({"method": "lbptop_svm"}, "; one SVM a fold, fixed before testing;"),
        (
            {"method": "command", "command": "python mine.py"},
            "; trained by an external program; when it stops is not known here;",
        ),
    ],
)
def test_the_protocol_line_says_when_a_training_stops(entry, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {
        "datasets": {"casme2": {"root": "faces"}},
        "collections": {"c": ["casme2"]},
        "preparations": {"p": {}},
        "experiments": {"e": {"preparation": "p", "collection": "c", **entry}},
    }
    clips = [
        Clip(ClipKey("casme2", subject, word), "", ("a.png",), (1,), 200.0, word)
        for subject in ("s1", "s2")
        for word in WORDS
    ]
    (line,) = protocol_lines(Plan(validate(settings), {"casme2": clips})).values()
    assert said in line


@pytest.mark.parametrize(
    ("records", "said"),
    [
        (['{"sandbox": "bwrap"}', '{"sandbox": "bwrap"}'], "program in a sandbox;"),
        (['{"sandbox": "bwrap"}', '{"sandbox": "none"}'], "program without a sandbox;"),
        (["{}"], "program without a sandbox;"),
    ],
)
def test_it_says_whether_an_external_program_ran_in_a_sandbox(records, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    entry = {"method": "command", "command": "python x.py", "factors": ["x1"], "seeds": [3]}
    settings = {
        "datasets": {"casme2": {"root": "faces"}},
        "collections": {"c": ["casme2"]},
        "preparations": {"p": {}},
        "experiments": {"e": {"preparation": "p", "collection": "c", **entry}},
    }
    for number, text in enumerate(records):
        facts = {**json.loads(text), "skipped": []}
        write_text(f"results/runs/e/x1/seed3/f{number}/run.json", json.dumps(facts))
    keep_records()
    assert said in protocol_lines(Plan(validate(settings)))["e"]


def test_a_row_chosen_inside_the_folds_has_a_line_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    entry = {"preparation": "p", "collection": "c", "nested": True, "factors": ["x1"]}
    settings = {
        "datasets": {"casme2": {"root": "faces"}},
        "collections": {"c": ["casme2"]},
        "preparations": {"p": {}},
        "experiments": {"grid": {**entry, "grid": {"training.loss": ["cross_entropy", "focal"]}}},
    }
    lines = protocol_lines(Plan(validate(settings)))
    assert len(lines) == 3 and "chosen inside each fold" in lines["grid"]
