"""Traps planted one by one in a copy of a finished demo: the audit finds each, or the run refuses."""

import contextlib
import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from kept_records import keep_records

from merflow.commands.audit import audit
from merflow.commands.score import score
from merflow.commands.train import train
from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.evaluation.metrics import accuracy, confusion, uf1
from merflow.evaluation.predictions import read_pooled
from merflow.workflow.plan import Plan

RUN, FOLDS = Path("results/runs/quick/x10/seed0"), Path("results/folds/quick")
CONFIG = Path("results/config.yaml")
CLASSES = ("negative", "positive", "surprise")
HEAVY = ("aligned", "cropped", "interpolated", "logs", "benchmarks", "*.weights.h5")


@pytest.fixture
def demo(finished, tmp_path):
    """Return a copy of the results that a test may spoil; the working folder is its."""
    ignored = shutil.ignore_patterns(*HEAVY)
    shutil.copytree(finished.path("results"), tmp_path / "results", ignore=ignored)
    with contextlib.chdir(tmp_path):
        keep_records(Plan(load(CONFIG)), again=True)
        yield tmp_path


def verdicts(capsys, source=RUN, **options):
    audit(source, json=True, **({"config": CONFIG} if source == RUN else {}), **options)
    return {f["trap"]: f for f in json.loads(capsys.readouterr().out)}


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def pooled():
    return read_pooled(RUN / "pooled.csv", classes=CLASSES)


def matrix(table):
    return confusion(table.truth, table.predicted, 3)


def train_again(path, rows):
    """Train from a fold file that has its record: records are not what stops these faults."""
    write(path, rows)
    keep_records(again=True)
    train(RUN, path, config=CONFIG)


def score_again(path, rows):
    """Score predictions that have their record."""
    write(path, rows)
    keep_records(Plan(load(CONFIG)), again=True)
    score(RUN, config=CONFIG)


def key_of(row):
    return {k: row[k] for k in ("dataset", "subject", "clip")}


def test_the_demo_as_it_is_fails_only_for_its_weak_score(demo, capsys):
    found = verdicts(capsys)
    failed = {name for name, f in found.items() if f["verdict"] == "fail"}
    assert failed <= {"no better than a guess"}
    assert found["too few subjects"]["verdict"] == "note"


# What the run refuses.


def a_test_label_in_a_fold_file():
    path = FOLDS / "smic-s01.csv"
    rows = rows_of(path)
    next(r for r in rows if r["side"] == "test")["label"] = "negative"
    train_again(path, rows)


def a_tested_subject_among_the_training_clips():
    path = FOLDS / "smic-s01.csv"
    rows = rows_of(path)
    copy = dict(next(r for r in rows if r["side"] == "test"))
    rows.append(copy | {"clip": copy["clip"] + "_flipped", "side": "train", "label": "negative"})
    train_again(path, rows)


def a_hard_clip_left_out():
    path = RUN / "smic-s01/predictions.csv"
    score_again(path, rows_of(path)[1:])


def a_clip_answered_twice():
    path = RUN / "smic-s01/predictions.csv"
    rows = rows_of(path)
    score_again(path, [*rows, rows[0]])


def a_clip_answered_in_two_folds():
    path, other = RUN / "smic-s01/predictions.csv", RUN / "smic-s03/predictions.csv"
    score_again(path, [*rows_of(path), rows_of(other)[0]])


def probabilities_that_are_no_probabilities():
    path = RUN / "smic-s01/predictions.csv"
    rows = rows_of(path)
    rows[0]["p_negative"] = "1.5"
    score_again(path, rows)


REFUSED = {
    a_test_label_in_a_fold_file: "test labels must not reach training",
    a_tested_subject_among_the_training_clips: "smic/s01",
    a_hard_clip_left_out: "s01",
    a_clip_answered_twice: "row 5",
    a_clip_answered_in_two_folds: "s03",
    probabilities_that_are_no_probabilities: "row 2",
}


@pytest.mark.parametrize("plant", REFUSED, ids=lambda plant: plant.__name__)
def test_the_run_refuses(demo, plant):
    with pytest.raises(MerflowError) as refused:
        plant()
    assert REFUSED[plant] in str(refused.value)


# What the audit finds. Each planter returns what the audit is told besides the run.


def the_best_test_epoch_of_each_fold():
    """Answers as good as an epoch that the log shows, while every fold ended lower."""
    table, rows = pooled(), []
    for fold in sorted(set(table.folds)):
        mine = np.array([name == fold for name in table.folds])
        found = float(np.mean(table.truth[mine] == table.predicted[mine]))
        tried = [max(0.0, found - 1 / 3), found, max(0.0, found - 1 / 3)]
        rows += [{"fold": fold, "epoch": i, "accuracy": a} for i, a in enumerate(tried, 1)]
    return {"source": RUN / "pooled.csv", "log": write(Path("log.csv"), rows)}


def a_fold_stopped_where_it_was_good():
    facts = json.loads((RUN / "smic-s01/run.json").read_text())
    (RUN / "smic-s01/run.json").write_text(json.dumps(facts | {"epochs": 2}))
    return {}


def a_mean_of_folds():
    table = pooled()
    scores = []
    for fold in set(table.folds):
        mine = [i for i, name in enumerate(table.folds) if name == fold]
        scores.append(float(uf1(matrix(table.take(mine)))))
    return {"claimed": (f"full={np.mean(scores):.4f}",)}


def accuracy_called_f1():
    rows = rows_of(RUN / "pooled.csv")
    for row in rows[:5]:  # an unequal table, where the two differ
        row["predicted"] = row["truth"]
    for row in rows[5:]:
        row["predicted"] = "negative"
    for row in rows:
        row |= {f"p_{c}": "1" if c == row["predicted"] else "0" for c in CLASSES}
    write(RUN / "pooled.csv", rows)
    keep_records(again=True)
    table = pooled()
    return {"claimed": (f"full={float(accuracy(matrix(table))):.4f}",)}


def a_split_by_clip():
    rows = rows_of(RUN / "pooled.csv")
    for number, row in enumerate(rows):
        row["fold"] = f"fold{number % 5}"
    return {"source": write(Path("by_clip.csv"), rows)}


def copies_that_went_to_the_other_side():
    rows = [{"fold": "one", **key_of(r), "side": "test"} for r in rows_of(RUN / "pooled.csv")[:3]]
    rows.append(rows[0] | {"clip": rows[0]["clip"] + "_x10", "side": "train"})
    return {"source": RUN / "pooled.csv", "folds": write(Path("folds.csv"), rows)}


def weights_pretrained_on_tested_subjects():
    rows = [{"dataset": "casme2", "subject": "sub01"}, {"dataset": "mmew", "subject": "S1"}]
    return {"pretrained": write(Path("seen.csv"), rows)}


def a_class_without_clips():
    rows = [r for r in rows_of(RUN / "pooled.csv") if r["truth"] != "surprise"]
    return {"source": write(Path("two.csv"), rows), "scheme": "three"}


def some_of_the_official_clips():
    rows = rows_of(RUN / "pooled.csv")
    return {"source": write(Path("theirs.csv"), rows), "scheme": "three"}


def an_apex_outside_its_clip():
    path = Path("results/catalogue/casme2.json")
    clips = json.loads(path.read_text())
    for clip in clips:
        clip["apex"] = clip["offset"] + 4
    path.write_text(json.dumps(clips))
    return {}


def one_fold_trained_on_its_own_dataset():
    path = FOLDS / "smic-s01.csv"
    write(path, [r for r in rows_of(path) if r["side"] == "test" or r["dataset"] == "smic"])
    return {}


def permuted_labels_that_score_as_well():
    text = CONFIG.read_text()
    entry = text[text.index("  quick:") :]
    entry = entry[: entry.index("\npretrainings")]
    twin = entry.replace("  quick:", "  twin:", 1).replace(
        "permute_labels: null", "permute_labels: 3"
    )
    CONFIG.write_text(text.replace(entry, f"{entry}\n{twin}"))
    other = Path("results/runs/twin/x10/seed0")
    other.mkdir(parents=True)
    shutil.copy(RUN / "scores.csv", other / "scores.csv")
    return {}


FOUND = {
    the_best_test_epoch_of_each_fold: "epoch chosen on the test subject",
    a_fold_stopped_where_it_was_good: "epoch chosen on the test subject",
    a_mean_of_folds: "mean of folds",
    accuracy_called_f1: "another F1 called UF1",
    a_split_by_clip: "subjects on both sides",
    copies_that_went_to_the_other_side: "subjects on both sides",
    weights_pretrained_on_tested_subjects: "pretrained on tested subjects",
    a_class_without_clips: "absent classes",
    some_of_the_official_clips: "another set of clips",
    an_apex_outside_its_clip: "key frames out of order",
    one_fold_trained_on_its_own_dataset: "protocols mixed",
    permuted_labels_that_score_as_well: "no better than permuted labels",
}
OF_THE_DATA = (a_class_without_clips, an_apex_outside_its_clip)


@pytest.mark.parametrize("plant", FOUND, ids=lambda plant: plant.__name__)
def test_the_audit_finds(demo, capsys, plant):
    trap = FOUND[plant]
    expected = "note" if plant in OF_THE_DATA else "fail"
    assert verdicts(capsys)[trap]["verdict"] != expected, "not there before it is planted"
    options = plant()
    keep_records(again=True)
    found = verdicts(capsys, options.pop("source", RUN), **options)[trap]
    assert found["verdict"] == expected, found["because"]
    assert found["fix"]


def test_more_than_ten_traps_are_planted():
    assert len(REFUSED) + len(FOUND) >= 15
