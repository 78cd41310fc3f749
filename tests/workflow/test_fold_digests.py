"""Digests of folds: those of a plain implementation, and those that earlier versions recorded.

A digest that changes trains every fold of every user again, so each one below is a fixed value.
"""

import hashlib
import json

import numpy as np
import pytest

from merflow.clip import Clip, ClipKey
from merflow.config.loading import validate
from merflow.evaluation.fold import Fold, by_pool
from merflow.evaluation.fold_files import FoldFile
from merflow.evaluation.protocols import folds
from merflow.io.files import digest
from merflow.workflow import run_fingerprints
from merflow.workflow.expected import Expected
from merflow.workflow.plan import Plan

EMOTIONS = ("happiness", "disgust", "surprise", "anger")
OF_SIDES = "fold,dataset,subject,side\na,d1,s0,test\na,d1,s2,train\na,d2,s1,train\nb,d2,s3,test\n"
OF_TESTS = "fold,dataset,subject\nfirst,d1,s0\nfirst,d2,s1\nsecond,d1,s4\n"
CASES = {
    "loso": ({"protocol": "loso"}, "fe5249f62f963c82"),
    "composite": ({"protocol": "composite"}, "9ac3a46b3c4c0200"),
    "cross": ({"protocol": "cross"}, "324b24001aad45d9"),
    "cross on one": ({"protocol": "cross", "test_on": ["d2"]}, "b7aeb2710cd645fc"),
    "cross on two": ({"protocol": "cross", "test_on": ["d3", "d2"]}, "a844153c69ddefc4"),
    "holdout": ({"protocol": "holdout", "holdout": 0.3}, "b26e2de8809f3b70"),
    "kfold": ({"protocol": "kfold", "folds": 4}, "0a528a18472e623f"),
    "file of tests": ({"protocol": "file", "folds_file": OF_TESTS}, "e9a80700204be379"),
    "file of sides": ({"protocol": "file", "folds_file": OF_SIDES}, "bcc9484227516311"),
    "nested": ({"protocol": "composite", "nested": True, "factors": [1, 10]}, "9ac3a46b3c4c0200"),
    "pooled": ({"protocol": "loso", "factors": ["x1+x10"]}, "911e8b92b2856c44"),
    "permuted": ({"protocol": "composite", "permute_labels": 3}, "48257e5a9fe429f6"),
    "mixed": ({"protocol": "loso", "control": "dataset-only"}, "1dc94c39cd38623f"),
}


def clip(dataset, subject, number):
    """Subjects have different numbers of clips, and the sheet is not in the order of the keys."""
    emotion = EMOTIONS[(number + subject) % len(EMOTIONS)]
    key = ClipKey(dataset, f"s{subject}", f"c{7 * number % 10}")
    return Clip(key, "/faces", (f"{number}.png",), (0,), 100.0, emotion, 0, number, 9)


@pytest.fixture
def plan_of(tmp_path, monkeypatch):
    """Return a function that makes the plan of an experiment over three datasets."""
    monkeypatch.chdir(tmp_path)

    def plan(**entry):
        if text := entry.get("folds_file"):
            (tmp_path / "folds.csv").write_text(text)
            entry["folds_file"] = "folds.csv"
        names = ("d1", "d2", "d3")
        clips = {
            name: sorted(
                (clip(name, s, n) for s in range(5 + i) for n in range(3 + (s + i) % 4)),
                key=lambda one: one.key,
            )
            for i, name in enumerate(names)
        }
        config = {
            "datasets": {name: {"root": name, "reader": "manifest"} for name in names},
            "collections": {"c": list(names)},
            "preparations": {"p": {}},
            "experiments": {"e": {"preparation": "p", "collection": "c", "factors": [1], **entry}},
        }
        return Plan(validate(config), clips)

    return plan


def token(key, label=""):
    return hashlib.sha256("\0".join((*key, label)).encode()).digest()[:8]


def sides(plan):
    """Yield name, training keys and test keys of each fold, by looking at every clip."""
    keys = [one.key for one in plan.data.labelled("e").clips]
    for fold in plan.data.folds("e"):
        tested = {keys[i].subject_key for i in fold.test}
        inside = [keys[i] for i in fold.pool]
        train = sorted(key for key in inside if key.subject_key not in tested)
        yield fold.name, train, sorted(key for key in inside if key.subject_key in tested)


@pytest.mark.parametrize("name", CASES)
def test_rows_and_truth_are_those_of_a_plain_implementation(plan_of, name):
    plan = plan_of(**CASES[name][0])
    clips, labels = plan.data.labelled("e")
    label = {one.key: text for one, text in zip(clips, labels, strict=True)}
    rows, truth = {}, []
    for fold, train, test in sides(plan):
        of_train = b"".join(token(key, label[key]) for key in train)
        of_test = b"".join(token(key) for key in test)
        whole = str(len(of_train)).encode() + b" " + of_train + of_test
        rows[fold] = hashlib.sha256(whole).hexdigest()[:16]
        job = FoldFile(fold, train, [label[key] for key in train], test)
        assert rows[fold] == run_fingerprints.fold_rows(job)
        truth.append([fold, digest([token(key, label[key]).hex() for key in test])])
    expected = Expected(plan)
    assert expected.rows("e") == rows
    assert expected.split("e")["truth"] == digest(truth)


@pytest.mark.parametrize("name", CASES)
def test_what_a_fold_is_made_from_names_its_own_subjects_and_has_not_changed(plan_of, name):
    plan = plan_of(**CASES[name][0])
    expected, (run, *_) = Expected(plan), plan.runs()
    entry = plan.experiment("e")
    made = expected.folds(run)
    for fold, train, test in sides(plan):
        subjects = {"/".join(key.subject_key) for key in (*train, *test)}
        for factor in run.factor.split("+"):
            contents = expected.contents(entry.preparation, factor, entry.collection)
            named = sorted(contents if entry.control != "none" else subjects)
            of_them = json.dumps([[one, contents[one]] for one in named])
            assert made[fold]["clips"][factor] == hashlib.sha256(of_them.encode()).hexdigest()[:16]
    kept = [[fold, one["rows"], one["clips"]] for fold, one in made.items()]
    assert digest([kept, expected.split("e")]) == CASES[name][1]


@pytest.mark.parametrize("protocol", ["loso", "composite"])
def test_folds_of_many_clips_share_one_pool(protocol):
    """The memory of folds does not grow with folds times clips."""
    keys = [ClipKey("a", f"s{i // 5:03}", f"c{i}") for i in range(1000)]
    made = folds(keys, ["pqrst"[i % 5] for i in range(1000)], protocol)
    assert len(made) == 200 and len({id(fold.pool) for fold in made}) == 1
    assert [len(some) for _, some in by_pool(made)] == [200]
    assert sum(fold.test.nbytes for fold in made) == made[0].pool.nbytes
    for fold in made[::50]:
        held = np.array([f"a-{key.subject}" == fold.name for key in keys])
        assert fold.test.tolist() == np.flatnonzero(held).tolist()
        assert fold.train.tolist() == np.flatnonzero(~held).tolist()
        assert fold.trained == 995


def test_a_fold_from_two_sides_has_both_in_its_pool():
    fold = Fold.of("f", [4, 0, 2], [3])
    assert fold.pool.tolist() == [0, 2, 3, 4]
    assert (fold.train.tolist(), fold.test.tolist(), fold.trained) == ([0, 2, 4], [3], 3)
