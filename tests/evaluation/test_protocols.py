"""Splits: disjoint by subject key, every clip tested once, balanced as far as subjects allow."""

import hashlib
from collections import Counter

import numpy as np
import pytest
from composite_counts import CLASSES, composite
from hypothesis import given, settings
from hypothesis import strategies as st

from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.errors import MerflowError
from merflow.evaluation.custom_folds import experiment_folds
from merflow.evaluation.protocols import PROTOCOLS, Fold, assert_disjoint, check_disjoint, folds

SETS = ("smic", "casme2", "samm")
GOLDEN = {"kfold": "fbfc2adb1df01a11", "holdout": "08e0a7849d6f1cd9"}


def official():
    """Keys and classes with the official subjects' counts (clip names made up)."""
    counts, strata = composite()
    keys, labels = [], []
    for subject, (row, stratum) in enumerate(zip(counts, strata, strict=True)):
        for name, count in zip(CLASSES, row, strict=True):
            for number in range(count):
                keys.append(ClipKey(SETS[stratum], f"s{subject:02}", f"{name}{number}"))
                labels.append(name)
    return keys, labels


@st.composite
def problems(draw):
    """Small collections: two datasets may share subject ids, as real ones do."""
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from("ab"), st.sampled_from("1234"), st.sampled_from("xyz")),
            min_size=2,
            max_size=40,
        )
    )
    keys = [ClipKey(d, s, f"c{i}") for i, (d, s, _) in enumerate(rows)]
    return keys, [c for *_, c in rows]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(max_examples=60, deadline=None)
@given(problem=problems())
def test_every_split_is_disjoint_and_tests_no_clip_twice(protocol, problem):
    keys, labels = problem
    try:
        made = folds(keys, labels, protocol, count=2)
    except MerflowError:
        return
    tested = Counter(i for f in made for i in f.test.tolist())
    assert max(tested.values()) == 1
    if protocol != "holdout":
        assert set(tested) == set(range(len(keys)))
    for fold in made:
        sides = [{keys[i].subject_key for i in side} for side in (fold.train, fold.test)]
        assert sides[0]
        assert sides[1]
        assert not sides[0] & sides[1]
        assert len({labels[i] for i in fold.train}) > 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_order_of_clips_does_not_change_the_split(protocol):
    keys, labels = official()
    order = np.random.default_rng(0).permutation(len(keys))
    first = folds(keys, labels, protocol)
    second = folds([keys[i] for i in order], [labels[i] for i in order], protocol)
    for one, two in zip(first, second, strict=True):
        assert one.name == two.name
        assert {keys[i] for i in one.test} == {keys[order[i]] for i in two.test}
        assert {keys[i] for i in one.train} == {keys[order[i]] for i in two.train}


def test_composite_tests_each_of_68_subjects_by_all_others():
    keys, labels = official()
    made = folds(keys, labels, "composite")
    assert len(made) == 68
    assert made[0].name == "casme2-s16"
    assert all(len(f.train) + len(f.test) == 442 for f in made)


def test_loso_stays_inside_a_dataset():
    keys, labels = official()
    made = folds(keys, labels, "loso")
    assert len(made) == 68
    for fold in made:
        assert len({keys[i].dataset for i in (*fold.train, *fold.test)}) == 1


def test_cross_trains_on_the_datasets_that_are_not_tested():
    keys, labels = official()
    (only,) = folds(keys, labels, "cross", test_on=("casme2",))
    assert only.name == "test-casme2"
    assert {keys[i].dataset for i in only.train} == {"smic", "samm"}
    two = folds(keys, labels, "cross", test_on=("samm", "casme2"))
    assert [f.name for f in two] == ["test-casme2", "test-samm"]
    assert {keys[i].dataset for f in two for i in f.train} == {"smic"}
    assert [f.name for f in folds(keys, labels, "cross")] == [
        "test-casme2",
        "test-samm",
        "test-smic",
    ]


def test_folds_whose_names_differ_in_case_alone_are_refused():
    """They would be one folder on some disks."""
    keys = [ClipKey(d, "s1", c) for d in ("set", "SET") for c in "xy"]
    with pytest.raises(
        MerflowError, match=r"fold set-s1: two folds have this name if case is ignored"
    ):
        folds(keys, ["p", "q", "p", "q"], "composite")


def test_the_same_subject_id_in_two_datasets_is_two_subjects():
    keys = [ClipKey(d, "1", c) for d in "ab" for c in "xy"]
    made = folds(keys, ["p", "q", "p", "q"], "composite")
    assert [f.name for f in made] == ["a-1", "b-1"]


def test_kfold_is_balanced_as_far_as_subjects_allow():
    keys, labels = official()
    made = folds(keys, labels, "kfold", count=5)
    assert [f.name for f in made] == [f"fold{k}" for k in range(1, 6)]
    for fold in made:
        counts = Counter(labels[i] for i in fold.test)
        for name, total in zip(CLASSES, (250, 109, 83), strict=True):
            assert counts[name] == pytest.approx(total / 5, rel=0.35)
        subjects = {keys[i].subject_key for i in fold.test}
        assert 12 <= len(subjects) <= 15


def test_holdout_takes_the_share_of_subjects_and_of_classes():
    keys, labels = official()
    (fold,) = folds(keys, labels, "holdout", share=0.3)
    assert len({keys[i].subject_key for i in fold.test}) == 20
    counts = Counter(labels[i] for i in fold.test)
    for name, total in zip(CLASSES, (250, 109, 83), strict=True):
        assert counts[name] == pytest.approx(0.3 * total, rel=0.25)


@pytest.mark.parametrize("protocol", ["kfold", "holdout"])
def test_the_seed_and_nothing_else_moves_subjects(protocol):
    keys, labels = official()
    tests = [
        [set(f.test.tolist()) for f in folds(keys, labels, protocol, seed=seed)]
        for seed in (0, 0, 1)
    ]
    assert tests[0] == tests[1] != tests[2]


@pytest.mark.parametrize(
    ("keys", "labels", "protocol", "options", "words"),
    [
        ([], [], "loso", {}, "no clips"),
        (["a/1/x", "a/1/y"], "pq", "loso", {}, "of one subject, a/1"),
        (["a/1/x", "a/2/y"], "pp", "loso", {}, "of class 'p'"),
        (["a/1/x", "a/1/x"], "pq", "loso", {}, "a/1/x appears twice"),
        (["a/1/x", "a/2/y"], "pq", "composite", {}, "all of class"),
        (["a/1/x", "a/1/z", "b/1/y"], "pqp", "loso", {}, "a has one subject only"),
        (["a/1/x", "a/1/y", "a/2/x", "a/2/y"], "pqpq", "kfold", {}, "5 folds of 2 subjects"),
        (["a/1/x", "a/2/y"], "pq", "cross", {}, "no dataset is left to train on"),
        (["a/1/x", "b/2/y"], "pq", "cross", {"test_on": ("c",)}, "unknown dataset 'c'"),
        (["a/1/x", "a/2/y"], "pq", "composite", {}, "to do: add subjects with"),
        (["a/1/x", "a/2/y"], "pq", "loso", {}, "to do: use composite in place of loso"),
        (["a/1/x", "a/2/y"], "pq", "lso", {}, "did you mean 'loso'"),
        (["a/1/x", "a/2/y"], "pq", "holdout", {"share": 1.0}, "a share of 1.0"),
        (["a-b/c/x", "a/b-c/y", "a/d/x", "a/d/y"], "pqpq", "composite", {}, "this name"),
    ],
)
def test_clips_that_cannot_be_split_are_refused(keys, labels, protocol, options, words):
    keys = [ClipKey(*key.split("/")) for key in keys]
    with pytest.raises(MerflowError) as caught:
        folds(keys, list(labels), protocol, **options)
    assert words in str(caught.value)


def test_a_subject_on_both_sides_is_refused_whoever_made_the_fold():
    keys = [ClipKey("a", "1", "x"), ClipKey("a", "1", "x_flipped"), ClipKey("a", "2", "y")]
    leaking = Fold.of("f", [0, 2], [1])
    with pytest.raises(MerflowError, match="subjects on both sides: a/1"):
        assert_disjoint(keys, [leaking])
    with pytest.raises(MerflowError, match="no training clips"):
        check_disjoint("f", [], keys)


def test_as_many_folds_as_subjects_is_one_subject_a_fold():
    keys = [ClipKey("a", str(s), c) for s in range(9) for c in "xy"]
    made = folds(keys, ["p", "q"] * 9, "kfold", count=9)
    assert [len({keys[i].subject for i in f.test}) for f in made] == [1] * 9


@pytest.mark.parametrize(("share", "tested"), [(0.01, 1), (0.5, 2), (0.99, 3)])
def test_holdout_leaves_a_subject_on_either_side(share, tested):
    keys = [ClipKey("a", str(s), c) for s in range(4) for c in "xy"]
    (fold,) = folds(keys, ["p", "q"] * 4, "holdout", share=share)
    assert len({keys[i].subject for i in fold.test}) == tested
    with pytest.raises(MerflowError, match="a share of 0"):
        folds(keys, ["p", "q"] * 4, "holdout", share=0)


def test_the_duplicate_is_named_not_its_neighbours():
    keys = [ClipKey("a", s, "x") for s in ("1", "2", "2")]
    with pytest.raises(MerflowError, match="a/2/x appears twice"):
        folds(keys, ["p", "q", "q"], "loso")


def test_fold_counts_have_limits():
    keys = [ClipKey("a", str(s), c) for s in range(3) for c in "xy"]
    for count in (1, 4):
        with pytest.raises(MerflowError, match=f"{count} folds of 3 subjects"):
            folds(keys, ["p", "q"] * 3, "kfold", count=count)


@pytest.mark.parametrize("protocol", GOLDEN)
def test_splits_stay_what_they_were(protocol):
    # Another split is another experiment: whoever changes this must say so in the changelog.
    keys, labels = official()
    tests = [[str(keys[i]) for i in f.test] for f in folds(keys, labels, protocol)]
    assert hashlib.sha256(repr(tests).encode()).hexdigest()[:16] == GOLDEN[protocol]


FILE_HEAD = "fold,dataset,subject,side\n"


@pytest.fixture
def folds_file(tmp_path):
    """Folds of keys a/1 a/2 a/3 b/1 as a file's text makes them."""

    def made(text):
        path = tmp_path / "folds.csv"
        path.write_text(text)
        keys = [ClipKey(*k.split("/")) for k in ("a/1/x", "a/1/y", "a/2/x", "a/3/x", "b/1/x")]
        entry = Experiment(preparation="p", collection="c", protocol="file", folds_file=str(path))
        return [
            (f.name, [str(keys[i]) for i in f.train], [str(keys[i]) for i in f.test])
            for f in experiment_folds(entry, keys, list("pqqpq"))
        ]

    return made


def test_a_file_of_folds_names_the_tested_subjects_and_the_others_train(folds_file):
    made = folds_file("fold,dataset,subject\none,a,1\none,b,1\ntwo,a,3\n")
    assert made == [
        ("one", ["a/2/x", "a/3/x"], ["a/1/x", "a/1/y", "b/1/x"]),
        ("two", ["a/1/x", "a/1/y", "a/2/x", "b/1/x"], ["a/3/x"]),
    ]


def test_a_file_of_folds_may_name_the_trained_subjects_too(folds_file):
    rows = "f,a,1,test\nf,a,2,train\nf,a,3,train\n"
    assert folds_file(FILE_HEAD + rows) == [("f", ["a/2/x", "a/3/x"], ["a/1/x", "a/1/y"])]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fold,dataset,subject\nf,a,4\n", "unknown subject 'a/4'"),
        ("fold,dataset,subject\nf,a,1\ng,a,1\n", "a/1 is tested in fold f too"),
        ("fold,dataset,subject\nf,a,1\nf,a,1\n", "a/1 twice in fold f"),
        ("fold,dataset,subject\nFinal,a,1\n", "a fold named 'Final'"),
        ("fold,dataset,subject\n../f,a,1\n", "cannot be part of a file name"),
        ("fold,data,subject\nf,a,1\n", "no column 'dataset'"),
        (f"{FILE_HEAD}f,a,1,test\nf,a,1,train\nf,a,2,train\n", "subjects on both sides: a/1"),
        (f"{FILE_HEAD}f,a,1,tests\n", "did you mean 'test'"),
        (f"{FILE_HEAD}f,a,1,train\n", "no test clips"),
        (f"{FILE_HEAD}f,a,1,test\nf,a,2,train\nf,b,1,train\n", "all of class 'q'"),
    ],
)
def test_a_file_of_folds_that_will_not_do_is_refused(folds_file, text, words):
    with pytest.raises(MerflowError, match=words):
        folds_file(text)
