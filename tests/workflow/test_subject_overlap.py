"""Pretraining on macro-expressions: people of one laboratory are refused, left out or marked."""

import contextlib
import json
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from kept_records import keep_records

from merflow.clip import Clip, ClipKey
from merflow.commands.demo import demo
from merflow.commands.pretrain import _left_out
from merflow.config.loading import validate
from merflow.datasets import registry
from merflow.datasets.subject_ids import canonical_names, canonical_subject
from merflow.errors import MerflowError
from merflow.evaluation.audit.data_checks import pretrained_on_test
from merflow.evaluation.audit.evidence import UNKNOWN
from merflow.evaluation.fold_files import fold_text, read_fold
from merflow.evaluation.protocols import folds
from merflow.evaluation.run_id import Run
from merflow.io.files import file_digest, write_text
from merflow.io.packed import Packed
from merflow.models.factory import TrainingData, make_method
from merflow.workflow import run_fingerprints
from merflow.workflow.experiment_data import ExperimentData
from merflow.workflow.plan import Plan
from merflow.workflow.protocol_text import protocol_lines
from merflow.workflow.subject_overlap import unknown_overlap
from merflow.workflow.train_fold import RunClips, train_fold

CLASSES = ("negative", "positive", "surprise")
WORDS = ("disgust", "happiness", "surprise")
SQ_WORDS = ("negative", "positive", "surprise")
NETWORK = {"network": "ststnet", "preparation": "p"}


def config(datasets, tested, source, mode="refuse", **entry):
    """An experiment on `tested` that starts from a pretraining on `source`."""
    return {
        "datasets": {name: {"root": name, **more} for name, more in datasets.items()},
        "collections": {"c": tested, "other": source},
        "preparations": {"p": {"kind": "flow"}},
        "pretrainings": {
            "macro": {
                **NETWORK, "collection": "other", "scheme": "three", "tested_subjects": mode
            }
        },
        "experiments": {
            "e": {
                **NETWORK, "collection": "c", "factors": ["x1"], "pretrain": "macro",
                "training": {"epochs": 1, "device": "cpu"}, **entry,
            }
        },
    }  # fmt: skip


def clips(dataset, subjects, words=WORDS):
    return [
        Clip(ClipKey(dataset, s, f"c{i}"), "", ("a.png",), (1,), 200.0, word)
        for s in subjects
        for i, word in enumerate(words)
    ]


def data_of(raw, held):
    found = ExperimentData(validate(raw))
    found.clips = held
    return found


MACRO = {
    "micro": {"reader": "casme_sq", "variant": "rawpic"},
    "macro": {"reader": "casme_sq", "variant": "rawpic_macro"},
}


def test_every_dataset_of_a_laboratory_names_it_and_samm_has_one_list_of_subjects():
    by_laboratory = {}
    for name in registry.names():
        if laboratory := registry.laboratory_of(name):
            by_laboratory.setdefault(laboratory, []).append(name)
    assert by_laboratory == {
        "CASME": ["casme", "casme2", "casme3", "casme_sq", "mmew"],
        "Manchester": ["samm", "samm_lv"],
        "Oulu": ["fourdme", "smic"],
    }
    assert registry.people_of("samm_lv") == "samm" and registry.people_of("casme_sq") == "casme_sq"
    assert registry.laboratory_of("my_own") == ""


def test_only_datasets_of_one_laboratory_with_other_ids_are_unknown():
    assert unknown_overlap(["casme_sq", "jaffe"], ["casme2", "samm"]) == ["casme_sq and casme2"]
    assert unknown_overlap(["samm"], ["samm", "smic"]) == []
    assert unknown_overlap(["mine"], ["mine2", "casme2"]) == []
    assert unknown_overlap({"mmew", "casme3"}, {"casme2"}) == [
        "casme3 and casme2",
        "mmew and casme2",
    ]


def test_the_same_people_under_the_names_of_samm_and_its_long_videos_are_refused():
    raw = config({"samm": {}, "samm_lv": {}}, ["samm"], ["samm_lv"])
    apart = {"samm": clips("samm", ["006", "007"]), "samm_lv": clips("samm_lv", ["008", "9"])}
    assert len(data_of(raw, apart).labelled("e").clips) == 6
    planted = {**apart, "samm_lv": clips("samm_lv", ["008", "7"])}
    with pytest.raises(MerflowError, match="trained on 1 of the tested subjects: samm/007"):
        data_of(raw, planted).labelled("e")
    names = canonical_names(validate(raw))
    assert canonical_subject(ClipKey("samm_lv", "7", "7_1"), names) == "samm/007"


def test_macro_rows_of_tested_subjects_are_refused_or_left_out():
    held = {
        "micro": clips("micro", ["s15", "s16"], SQ_WORDS),
        "macro": clips("macro", ["s15", "s16", "s19", "s20"], SQ_WORDS),
    }
    with pytest.raises(MerflowError, match="casme_sq/s15, casme_sq/s16") as caught:
        data_of(config(MACRO, ["micro"], ["macro"]), held).labelled("e")
    assert "pretrainings.macro.tested_subjects: exclude" in caught.value.fix
    data = data_of(config(MACRO, ["micro"], ["macro"], "exclude"), held)
    assert len(data.labelled("e").clips) == 6 and data.warnings == []
    kept = data.pretraining_clips("macro")
    assert {clip.key.subject for clip in kept.clips} == {"s19", "s20"}
    assert kept.labels == list(CLASSES) * 2
    assert {clip.key.subject for clip in data.left_out("macro")} == {"s15", "s16"}


def test_leaving_out_all_subjects_stops_the_run():
    held = {name: clips(name, ["s15"], SQ_WORDS) for name in MACRO}
    with pytest.raises(MerflowError, match="0 clips of 3 clips remain") as caught:
        data_of(config(MACRO, ["micro"], ["macro"], "exclude"), held).labelled("e")
    assert caught.value.where == "pretrainings.macro.tested_subjects"


def test_a_pretraining_leaves_out_what_any_of_its_experiments_tests():
    raw = config({**MACRO, "third": {"reader": "casme_sq"}}, ["micro"], ["macro"], "exclude")
    raw["collections"]["d"] = ["third"]
    raw["experiments"]["f"] = {**raw["experiments"]["e"], "collection": "d"}
    held = {
        "micro": clips("micro", ["s15"], SQ_WORDS),
        "third": clips("third", ["s16"], SQ_WORDS),
        "macro": clips("macro", ["s15", "s16", "s19"], SQ_WORDS),
    }
    data = data_of(raw, held)
    assert {clip.key.subject for clip in data.pretraining_clips("macro").clips} == {"s19"}
    plan = Plan(validate(raw), held)
    assert _left_out(plan, "macro") == {
        "left_out": {"clips": 6, "subjects": ["macro/s15", "macro/s16"]}
    }
    rows = [[*c.key, label] for c, label in zip(*data.pretraining_clips("macro"), strict=True)]
    made = run_fingerprints.pretraining(plan, "macro", rows, {})
    assert made["recipe"]["tested_subjects"] == "exclude"
    assert (
        "tested_subjects"
        not in run_fingerprints.pretraining(
            Plan(validate(config(MACRO, ["micro"], ["macro"])), held), "macro", rows, {}
        )["recipe"]
    ), "at its default nothing made before is stale"


@pytest.mark.parametrize(
    ("source", "words", "marked"),
    [("casme_sq", SQ_WORDS, True), ("casme3", WORDS, True), ("smic", SQ_WORDS, False)],
)
def test_a_run_starts_with_a_warning_where_ids_cannot_tell(source, words, marked):
    raw = config({"casme2": {}, source: {}}, ["casme2"], [source])
    held = {"casme2": clips("casme2", ["sub01"]), source: clips(source, ["s1"], words)}
    data = data_of(raw, held)
    data.labelled("e")
    assert [problem.where for problem in data.warnings] == ["experiments.e"] * marked
    assert all("subject overlap unknown" in str(problem) for problem in data.warnings)
    assert all(f"{source} and casme2 come from one" in str(p) for p in data.warnings)


def test_macro_rows_of_a_look_alike_are_a_source_and_its_planted_overlap_is_caught(tmp_path):
    """Every third row of the sheet becomes a macro-expression: the same people on both sides."""
    demo(tmp_path, dataset="casme_sq", subjects=4, clips=6, annotations_only=True)
    (sheet,) = (tmp_path / "casme_sq").rglob("*code*.xlsx")
    book = openpyxl.load_workbook(sheet)
    rows = [row for row in book.worksheets[0].iter_rows() if row[7].value == "micro-expression"]
    for row in rows[::2]:
        row[7].value = "macro-expression"
    book.save(sheet)
    root = {"root": str(tmp_path / "casme_sq")}
    raw = config({n: {**e, **root} for n, e in MACRO.items()}, ["micro"], ["macro"])
    data = ExperimentData.read(validate(raw))
    assert len(data.clips["macro"]) == len(rows[::2]) and data.clips["micro"]
    with pytest.raises(MerflowError, match=r"trained on \d of the tested subjects: casme_sq/s"):
        data.labelled("e")
    gone = sorted({clip.key.subject for clip in data.clips["micro"]})[0]
    data = ExperimentData.read(
        validate(
            config({n: {**e, **root} for n, e in MACRO.items()}, ["micro"], ["macro"], "exclude")
        )
    )
    data.clips["micro"] = [clip for clip in data.clips["micro"] if clip.key.subject == gone]
    kept = data.pretraining_clips("macro")
    assert gone not in {clip.key.subject for clip in kept.clips} and len(set(kept.labels)) == 3


KEYS = [ClipKey("casme2", f"sub0{s}", f"c{k}") for s in range(1, 4) for k in range(3)]
LABELS = [CLASSES[i % 3] for i in range(len(KEYS))]
START = Path("results/pretrained/macro/weights.weights.h5")


def flow(seed):
    return np.random.default_rng(seed).normal(0, 1, (len(KEYS), 28, 28, 3)).astype(np.float16)


def trained(folder, source):
    """Train a fold from weights of a pretraining on the dataset `source`; return its plan."""
    raw = config({"casme2": {}, source: {}}, ["casme2"], [source])
    settings = validate(raw)
    plain = settings.experiments["e"].model_copy(update={"pretrain": ""})
    keys = tuple(key._replace(dataset=source) for key in KEYS)
    START.parent.mkdir(parents=True)
    seen = TrainingData(flow(1), np.arange(len(keys)) % 3, keys)
    make_method(plain, CLASSES, 0).fit(seen).save(START.parent)
    plan = Plan(settings)
    made = {fold.name: fold for fold in folds(KEYS, LABELS, "composite")}["casme2-sub01"]
    write_text("results/folds/e/casme2-sub01.csv", fold_text(made, KEYS, LABELS))
    write_text("results/p/packed/c/x1.h5", "its clips are made here")
    keep_records(again=True)
    run_clips = RunClips([Packed(flow(0), KEYS, [4] * len(KEYS), [], {})], ["x1"], "none")
    fold = read_fold(Path("results/folds/e/casme2-sub01.csv"))
    train_fold(
        plan, Run("e", "x1", 0), run_clips, fold, Path("results/runs/e/x1/seed0") / fold.name
    )
    return plan


@pytest.mark.parametrize(("source", "marked"), [("casme_sq", True), ("smic", False)])
def test_run_json_and_the_notes_under_tables_mark_it(tmp_path, source, marked):
    with contextlib.chdir(tmp_path):
        plan = trained(tmp_path, source)
        facts = json.loads(Path("results/runs/e/x1/seed0/casme2-sub01/run.json").read_text())
        line = protocol_lines(plan)["e"]
    wanted = [f"{source} and casme2"] if marked else None
    assert facts.get("subject_overlap_unknown") == wanted
    assert ("subject overlap unknown: casme_sq and casme2 (one laboratory)" in line) == marked
    assert facts["start"] == file_digest(tmp_path / START)


def test_the_audit_does_not_pass_what_ids_cannot_tell():
    from merflow.evaluation.audit.evidence import Evidence
    from merflow.evaluation.predictions import Pooled

    truth = np.arange(len(KEYS)) % 3
    home = tuple("-".join(key.subject_key) for key in KEYS)
    table = Pooled.of(tuple(KEYS), CLASSES, truth, truth, home, None)
    seen = frozenset({("casme_sq", "s15")})
    plain = Evidence(table, pretrained_on=seen)
    assert pretrained_on_test(plain)[0] == "pass"
    marked = Evidence(
        table, pretrained_on=seen, facts=[{"subject_overlap_unknown": ["casme_sq and casme2"]}]
    )
    verdict, why = pretrained_on_test(marked)
    assert verdict == UNKNOWN and "casme_sq and casme2 may share people" in why
