"""Properties that hold for any input: readers, splits, metrics, frame selection, interpolation.

200 examples each; MERFLOW_EXAMPLES=10000 in `make faults`.
"""

import json
import string

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from merflow.clip import ClipKey
from merflow.config.loading import read_yaml, validate
from merflow.config.settings import Select
from merflow.errors import MerflowError
from merflow.evaluation.metrics import accuracy, confusion, uar, uf1
from merflow.evaluation.predictions import read_predictions
from merflow.evaluation.protocols import folds
from merflow.io.csv_table import csv_text, read_csv, safe_cell
from merflow.io.files import safe_join, safe_name
from merflow.io.frame_folder import frame_number, span
from merflow.io.image_header import image_size
from merflow.io.spreadsheet_formats import read_grids
from merflow.io.spreadsheets import Column, find_table
from merflow.stages.interpolate import interpolate_frames, linear_matrix, nearest_matrix, tim_matrix
from merflow.stages.select import select_frames

FILES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
COLUMNS = (Column("subject", ("Subject",)), Column("onset", ("OnsetFrame", "Onset")))


def refused_or(work):
    """Return what `work` gives, or None where it refuses in plain words."""
    try:
        return work()
    except MerflowError as error:
        assert str(error).strip()
        return None


# -- readers


@FILES
@given(data=st.binary(max_size=400), head=st.sampled_from(["", "PK\3\4", "Subject,OnsetFrame\n"]))
@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.xls"])
def test_any_bytes_are_a_table_or_refused(tmp_path, name, head, data):
    (tmp_path / name).write_bytes(head.encode() + data)
    refused_or(lambda: find_table(read_grids(tmp_path / name), COLUMNS))


CELL = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)


@FILES
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
def test_a_csv_that_is_written_is_read_back(tmp_path, rows):
    assume(all(any(c.strip() for c in row) for row in rows))
    path = tmp_path / "t.csv"
    with open(path, "w", encoding="utf-8", newline="") as handle:
        handle.write(csv_text(("a", "b"), rows))
    back = read_csv(path, ("a", "b"))
    assert [tuple(cells) for _, cells in back.rows] == [tuple(map(safe_cell, r)) for r in rows]


@FILES
@given(text=st.text(max_size=200), head=st.sampled_from(["", "dataset,subject,clip,p_a,p_b\n"]))
def test_any_text_is_a_table_of_predictions_or_refused(tmp_path, head, text):
    (tmp_path / "p.csv").write_bytes((head + text).encode("utf-8", "replace"))
    found = refused_or(lambda: read_predictions(tmp_path / "p.csv", classes=("a", "b")))
    assert found is None or np.allclose(found.probabilities.sum(1), 1, atol=2e-3)


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["datasets", "experiments", "root", "network", "epochs", "x"]), inner
        )
    ),
    max_leaves=12,
)


@FILES
@given(value=VALUE, text=st.text(max_size=60))
def test_any_config_is_valid_or_refused(tmp_path, value, text):
    path = tmp_path / "c.yaml"
    for written in (text, yaml.safe_dump(value), json.dumps(value)):
        path.write_bytes(written.encode("utf-8", "surrogatepass"))
        raw = refused_or(lambda: read_yaml(path))
        if raw is not None:
            refused_or(lambda raw=raw: validate(raw))


@given(data=st.binary(max_size=300), head=st.sampled_from(["ffd8", "89504e470d0a1a0a", "424d",
                                                           "49492a00", "4d4d002a", "5035"]))  # fmt: skip
def test_any_head_of_a_picture_gives_a_size_or_none(head, data):
    size = image_size(bytes.fromhex(head) + data)
    assert size is None or min(size) >= 0


@given(st.text(max_size=20))
def test_a_safe_name_is_one_part_below_its_folder(tmp_path_factory, name):
    root = tmp_path_factory.getbasetemp()
    if refused_or(lambda: safe_name(name, "x")) is not None:
        assert safe_join(root, name).parent == root


@given(st.text(string.ascii_letters + "_-. ", max_size=9), st.integers(0, 10**9), st.integers(0, 3))
def test_a_frame_number_is_found_behind_any_name(stem, number, zeros):
    assert frame_number(f"{stem}_{'0' * zeros}{number}.png") == number


@given(st.sets(st.integers(0, 200), min_size=1), st.integers(0, 200), st.integers(0, 200))
def test_a_span_is_the_numbers_between(numbers, onset, offset):
    ordered = sorted(numbers)
    assert ordered[span(ordered, onset, offset)] == [n for n in ordered if onset <= n <= offset]


# -- splits


@st.composite
def labelled(draw):
    """Clips of up to eight subjects of two datasets, with labels of up to three classes."""
    subjects = draw(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 4)), min_size=2,
                             max_size=8, unique=True))  # fmt: skip
    keys, labels = [], []
    for dataset, subject in subjects:
        for clip in range(draw(st.integers(1, 4))):
            keys.append(ClipKey(dataset, f"s{subject}", f"c{clip}"))
            labels.append(draw(st.sampled_from(["x", "y", "z"])))
    return keys, labels


@given(problem=labelled(), seed=st.integers(0, 5))
@pytest.mark.parametrize("protocol", ["loso", "composite", "cross", "holdout", "kfold"])
def test_no_subject_is_on_both_sides_and_no_clip_is_tested_twice(protocol, problem, seed):
    keys, labels = problem
    made = refused_or(lambda: folds(keys, labels, protocol, count=2, seed=seed))
    tested = []
    for fold in made or ():
        train, test = ({keys[i].subject_key for i in side} for side in (fold.train, fold.test))
        assert train and test and not train & test
        tested += fold.test.tolist()
    assert len(tested) == len(set(tested))
    if made and protocol != "holdout":
        assert sorted(tested) == list(range(len(keys)))


# -- metrics


@st.composite
def answers(draw):
    classes = draw(st.integers(2, 5))
    count = draw(st.integers(1, 40))
    one = st.lists(st.integers(0, classes - 1), min_size=count, max_size=count)
    return np.array(draw(one)), np.array(draw(one)), classes


@given(answers())
def test_scores_are_those_of_scikit_learn(problem):
    from sklearn.metrics import f1_score, recall_score

    truth, predicted, classes = problem
    matrix = confusion(truth, predicted, classes)
    about = {"labels": range(classes), "average": "macro", "zero_division": 0}
    assert matrix.sum() == len(truth)
    assert accuracy(matrix) == pytest.approx((truth == predicted).mean())
    assert uar(matrix) == pytest.approx(recall_score(truth, predicted, **about))
    assert uf1(matrix) == pytest.approx(f1_score(truth, predicted, **about))


@given(answers(), st.randoms(use_true_random=False))
def test_scores_know_neither_the_order_of_clips_nor_the_names_of_classes(problem, random):
    truth, predicted, classes = problem
    order, names = list(range(len(truth))), list(range(classes))
    random.shuffle(order), random.shuffle(names)
    named = np.array(names)
    one = confusion(truth, predicted, classes)
    two = confusion(named[truth[order]], named[predicted[order]], classes)
    for score in (uf1, uar, accuracy):
        assert 0 <= score(one) <= 1
        assert score(one) == pytest.approx(score(two))


# -- frames


@given(
    count=st.integers(1, 12), length=st.integers(1, 24), channels=st.sampled_from([1, 3]),
    seed=st.integers(0, 99), method=st.sampled_from(["tim", "linear", "nearest"]),
)  # fmt: skip
def test_any_clip_takes_any_length_within_its_greys(count, length, channels, seed, method):
    frames = np.random.default_rng(seed).integers(0, 256, (count, 3, 4, channels), np.uint8)
    out = interpolate_frames(frames, length, method, False)
    assert out.shape == (length, 3, 4, channels) and out.dtype == np.uint8
    still = np.repeat(frames[:1], count, 0)
    assert (
        np.abs(interpolate_frames(still, length, method, False).astype(int) - still[0]).max() <= 1
    )
    if method != "tim":
        assert out.min() >= frames.min() and out.max() <= frames.max()


@given(st.integers(1, 60), st.integers(1, 60))
@pytest.mark.parametrize("matrix", [tim_matrix, linear_matrix, nearest_matrix])
def test_weights_sum_to_one_and_the_same_length_changes_nothing(matrix, count, length):
    assert np.abs(matrix(count, length).sum(0) - 1).max() < 1e-9
    assert np.abs(matrix(count, count) - np.eye(count)).max() < 1e-9


@given(
    marks=st.lists(st.integers(0, 300), min_size=3, max_size=3).map(sorted),
    frames=st.sampled_from(["all", "windows", "apex-nine", "onset-apex"]),
    window=st.integers(1, 30), every=st.integers(0, 12),
)  # fmt: skip
def test_chosen_frames_are_frames_between_onset_and_offset(marks, frames, window, every):
    onset, apex, offset = marks
    chosen = refused_or(
        lambda: select_frames(
            onset, apex, offset, Select(frames=frames, window=window, every=every)
        )
    )
    if chosen is not None:
        assert len(chosen) and chosen.min() >= onset and chosen.max() <= offset
        assert (np.diff(chosen) >= 0).all()
