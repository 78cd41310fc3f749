"""Logs of published code are read into the predictions that they hold, and nothing beside."""

import composite_lists
import log_makers as made
import numpy as np
import pytest
from sklearn.metrics import f1_score, recall_score

from merflow.datasets.clip_list import ClipList
from merflow.errors import MerflowError
from merflow.evaluation.effects import unlike
from merflow.evaluation.log_checks import (
    against_clips,
    against_counts,
    against_names,
    against_printed,
)
from merflow.evaluation.metrics import uar, uf1
from merflow.evaluation.published_logs import Printed, read_log
from merflow.evaluation.table_marks import ORACLE_NOTE, has_clip_names, is_oracle

GRAMMARS = {
    "ststnet.txt": (made.stst, "STSTNet", False, False),
    "htnet.txt": (made.htnet, "HTNet", True, False),
    "causal": (made.causal, "CausalNet", True, False),
    "result_log.csv": (made.challenge, "challenge log", False, True),
}


@pytest.fixture(scope="module")
def clips():
    return composite_lists.composite()


@pytest.fixture(scope="module")
def answers(clips):
    return made.answers(clips)


@pytest.mark.parametrize("name", GRAMMARS)
def test_every_grammar_scores_exactly(tmp_path, answers, name):
    write, form, oracle, named = GRAMMARS[name]
    log = read_log(write(tmp_path / name, answers))
    truth, predicted = np.array(list(answers.values())).T
    assert float(uf1(log.table.matrix)) == pytest.approx(
        f1_score(truth, predicted, average="macro")
    )
    assert float(uar(log.table.matrix)) == pytest.approx(
        recall_score(truth, predicted, average="macro")
    )
    assert (log.form, is_oracle(log.table.folds)) == (form, oracle)
    assert has_clip_names(log.table.keys) == named
    assert len(log.table.keys) == 442 and len({k.subject_key for k in log.table.keys}) == 68
    for dataset in ("smic", "casme2", "samm"):
        part = [pair for key, pair in answers.items() if key.dataset == dataset]
        expected = f1_score(*np.array(part).T, average="macro")
        assert float(uf1(log.table.part(dataset).matrix)) == pytest.approx(expected)


def test_ids_of_a_challenge_log_are_padded_and_belong_to_their_predictions(tmp_path, answers):
    log = read_log(made.challenge(tmp_path / "log.csv", answers))
    found = zip(log.table.truth.tolist(), log.table.predicted.tolist(), strict=True)
    assert dict(zip(log.table.keys, found, strict=True)) == answers
    assert "padded as in the official list" in log.notes[0]


def test_logs_without_clip_names_never_name_a_clip(tmp_path, clips, answers):
    log = read_log(made.stst(tmp_path / "log.txt", answers))
    names = {key.clip for key in clips}
    assert not names & {key.clip for key in log.table.keys}
    assert log.table.keys[0].clip == "#01"
    assert "comes from a log without clip names" in unlike(log.table, log.table)


def test_the_last_of_several_runs_of_causalnet_is_read(tmp_path, answers):
    one = read_log(made.causal(tmp_path / "one", answers))
    many = read_log(made.causal(tmp_path / "many", answers, times=3))
    assert (one.table.matrix == many.table.matrix).all() and not one.notes
    assert many.notes[0].startswith("68 files with several runs, the last is read: 006, 007")


def test_a_folder_named_results_is_causalnets_not_ours(tmp_path, answers, monkeypatch):
    made.causal(tmp_path / "results", answers)
    monkeypatch.chdir(tmp_path)
    assert len(read_log("results").table.keys) == 442


def test_counts_of_every_subject_and_class_are_compared(tmp_path, answers):
    log = read_log(made.htnet(tmp_path / "log.txt", answers))
    (line,) = against_counts(log.table)
    assert line == (
        "442 of 442 clips of the official composite, with its number of clips for every subject "
        "and class"
    )
    first = next(key for key in answers if key.subject == "s03")
    without = {key: pair for key, pair in answers.items() if key != first}
    log = read_log(made.htnet(tmp_path / "short.txt", without))
    assert against_counts(log.table) == [
        "441 of 442 clips of the official composite", "smic/s03: 1 of 39 clips missing",
    ]  # fmt: skip
    turned = answers | {first: (2, 2)}
    log = read_log(made.htnet(tmp_path / "turned.txt", turned))
    assert "smic/s03: negative 21 positive 11 surprise 7, in the official composite" in str(
        against_counts(log.table)
    )


def test_missing_clips_are_named_with_a_list_only(tmp_path, clips, answers):
    lost = [key for key in answers if key.dataset == "smic"][::24]
    log = read_log(
        made.challenge(tmp_path / "log.csv", {k: v for k, v in answers.items() if k not in lost})
    )
    named = against_clips(log.table, ClipList("list.csv", "", clips))
    assert named[0] == "435 of 442 clips of list.csv" and len(lost) == 7
    assert named[1] == "missing: " + ", ".join(map(str, sorted(lost)))
    counted = against_counts(log.table)
    assert counted[0] == "435 of 442 clips of the official composite"
    assert not any(key.clip in str(counted) for key in lost)


def test_other_clips_and_classes_than_the_lists_are_named(tmp_path, clips, answers):
    log = read_log(made.challenge(tmp_path / "log.csv", answers))
    first, second, *_ = clips
    other = {key: name for key, name in clips.items() if key != first}
    other[second] = "positive" if clips[second] != "positive" else "negative"
    lines = against_clips(log.table, ClipList("list.csv", "", other))
    assert lines == [
        "441 of 441 clips of list.csv",
        f"not in list.csv: {first}",
        f"{second} is {clips[second]} in the log, {other[second]} in list.csv",
    ]


def test_a_truth_that_the_name_of_a_clip_contradicts_is_named(tmp_path, answers):
    key = next(key for key in answers if "_sur_" in key.clip)
    log = read_log(made.challenge(tmp_path / "log.csv", answers | {key: (0, 2)}))
    (line,) = against_names(log.table)
    assert line == f"{key} is negative in the log and surprise by its name; scored as negative"
    assert against_names(read_log(made.challenge(tmp_path / "sound.csv", answers)).table) == []


def test_a_logs_own_final_score_is_compared_at_its_digits(tmp_path, answers):
    log = read_log(made.stst(tmp_path / "log.txt", answers))
    assert log.printed == Printed("0.7209", "0.725")
    score = float(uf1(log.table.matrix))
    assert against_printed(log.table, Printed(f"{score:.4f}", "nan")) == []
    assert against_printed(log.table, Printed(f"{score:.2f}", "nan")) == []
    (line,) = against_printed(log.table, Printed("0.7209", "nan"))
    assert line == f"the log prints UF1 0.7209; its predictions give {score:.4f}"


def test_lists_over_several_lines_and_without_commas_are_read(tmp_path):
    (tmp_path / "log.txt").write_text(
        "Subject: sub01\nPredicted : [0 1\n 2]\nGround Truth : tensor([0, 1, 1])\n"
    )
    assert read_log(tmp_path / "log.txt").table.matrix.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]


def test_subjects_of_other_datasets_are_scored_and_not_compared(tmp_path):
    (tmp_path / "log.txt").write_text("Subject: spNO.1\nPredicted : [0]\nGround Truth: [0]\n")
    log = read_log(tmp_path / "log.txt")
    assert log.table.datasets == ("unknown",) and against_counts(log.table) == []


def test_the_note_of_an_oracle_is_one_note():
    assert ";" not in ORACLE_NOTE  # Notes of a row are joined by semicolons.


GOOD = "Subject: 006\nPredicted : [0, 1]\nGround Truth: [0, 2]\n"
LOGS = {
    "RCN": ("\tSubject sub01 has the accuracy:0.7500\n", "log of RCN: accuracies of subjects"),
    "prose": ("epoch 1 loss 0.4\nepoch 2\n", "no known form of log; it begins with 'epoch 1"),
    "empty": ("", "the file is empty"),
    "other lengths": (GOOD.replace("[0, 1]", "[0]"), "row 1: subject 006: 1 prediction of 2 clips"),
    "no truth": ("Subject: 006\nPredicted : [0]\n", "subject 006 has no ground truth"),
    "no predictions": (GOOD + "Subject: 007\nGround Truth: [0]\n", "subject 007 has no predictions"),
    "cut after a subject": (GOOD + "Subject: 007\n", "no predictions and no ground truth"),
    "a class beyond": (GOOD.replace("2]", "3]"), "row 3: class '3'"),
    "a negative class": (GOOD.replace("2]", "-1]"), "row 3: class '-1'"),
    "a word": (GOOD.replace("2]", "x]"), "row 3: class 'x'"),
    "no list": (GOOD.replace("[0, 1]", "0 1]"), "row 2: '0 1]' is not a list"),
    "a list without end": (GOOD.replace("0, 2]", "0, 2"), "row 3: a list without its end"),
    "two lists": (
        GOOD.replace("Ground", "Predicted : [0, 0]\nGround"), "row 3: subject 006 has two lists"),
    "two runs": (GOOD + GOOD, "row 4: subject 006 again, first in"),
    "one subject under two ids": (GOOD + GOOD.replace("006", "6"), "row 4: subject 6 again"),
    "before a subject": (GOOD.partition("\n")[2], "row 1: 'Predicted : [0, 1]' before a subject"),
    "no name": (GOOD.replace(" 006", ""), "row 1: a subject without a name"),
    "another dictionary": (
        "Subject: 006\nBest Predicted : [0]\nGround Truth : [0]\n"
        "{'006': {'pred': [1], 'truth': [0]}}\n",
        "row 4: subject 006 has other predictions than in",
    ),
    "challenge: class beyond": ("samm 6\n006_1_2 0 5\n", "row 2: class '5'"),
    "challenge: clip first": ("006_1_2 0 0\n", "row 1: a clip before a subject"),
    "challenge: twice by padding": (
        "smic s01\ns1_ne_01 0 0\nsmic 1\ns01_ne_01 0 0\n", "clip smic/s01/s01_ne_01 twice"),
}  # fmt: skip


@pytest.mark.parametrize("case", LOGS)
def test_a_malformed_log_is_refused_with_one_message(tmp_path, case):
    text, words = LOGS[case]
    (tmp_path / "log.txt").write_text(text)
    with pytest.raises(MerflowError) as refused:
        read_log(tmp_path / "log.txt")
    assert words in str(refused.value) and str(tmp_path / "log.txt") in str(refused.value)


FOLDERS = {
    "nothing": ({}, "no <subject>_acc.txt files"),
    "no matrix": ({"006": "best epoch: 1\nbest acc: 1.0\n"}, "no line matrix_acc"),
    "no right prediction": (
        {"006": "best epoch: 1\nbest acc: 1.0\nmatrix_acc: [[0, 0]]\n",
         "s01": "best epoch: 0\nbest acc: 0\nmatrix_acc: []\n"},
        "no predictions of 1 subject: s01",
    ),
    "three numbers": ({"006": "matrix_acc: [[0, 1, 2]]\n"}, "row 1: '[0,1,2]'"),
    "one list": ({"006": "matrix_acc: [0, 1]\n"}, "row 1: '[0,1]'"),
    "cut": ({"006": "matrix_acc: [[0, 1], [1,\n"}, "row 1: '[[0,1],[1,'"),
    "class beyond": ({"006": "matrix_acc: [[0, 4]]\n"}, "row 1: class '4'"),
    "another accuracy": (
        {"006": "best acc: 0.9\nmatrix_acc: [[0, 1], [1, 1]]\n"}, "accuracy 0.5000 of the pairs"),
    "no subject id twice": (
        {"s1": "matrix_acc: [[0, 0]]\n", "s01": "matrix_acc: [[0, 0]]\n"}, "subject s1 again"),
}  # fmt: skip


@pytest.mark.parametrize("case", FOLDERS)
def test_a_malformed_folder_of_results_is_refused_with_one_message(tmp_path, case):
    files, words = FOLDERS[case]
    for subject, text in files.items():
        (tmp_path / f"{subject}_acc.txt").write_text(text)
    with pytest.raises(MerflowError) as refused:
        read_log(tmp_path)
    assert words in str(refused.value) and str(tmp_path) in str(refused.value)
