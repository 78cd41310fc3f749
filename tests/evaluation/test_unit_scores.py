"""Score rows of action units, and their tables."""

import numpy as np
import pytest

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.effects import Row, paired_effects, unlike
from merflow.evaluation.schema import records
from merflow.evaluation.score_table import About
from merflow.evaluation.unit_predictions import (
    UnitTable,
    pool,
    read_fold_units,
    read_pooled,
    write_pooled,
)
from merflow.evaluation.unit_scores import unit_score_rows, write_unit_confusion
from merflow.io.csv_table import read_csv

CLASSES = ("AU4", "AU12", "AU9")


def table(skill=0.9, seed=0):
    """Two datasets of ten subjects with four clips each; only the first has AU9."""
    rng = np.random.default_rng(seed)
    keys = [ClipKey(d, f"s{s:02}", f"c{c}") for d in "ab" for s in range(10) for c in range(4)]
    fixed = np.random.default_rng(99)
    truth = (fixed.random((len(keys), 3)) < [0.4, 0.3, 0.2]).astype(float)
    truth[40:, 2] = 0
    truth[3, 1] = np.nan
    right = rng.random(truth.shape) < skill
    predicted = np.where(right, np.nan_to_num(truth), rng.random(truth.shape) < 0.3) > 0
    chances = np.where(predicted, 0.8, 0.2)
    folds = [f"{k.dataset}-{k.subject}" for k in keys]
    return UnitTable.of(keys, CLASSES, truth, predicted, folds, chances)


def rows(made, **options):
    found = records(unit_score_rows(made, About("e", protocol="loso"), resamples=200, **options))
    return {(row.part, row.unit): row for row in found}


def test_rows_are_each_unit_and_the_means_of_every_part():
    found = rows(table())
    assert {part for part, _ in found} == {"full", "a", "b", "datasets"}
    assert [unit for part, unit in found if part == "full"] == [*CLASSES, "mean", "mean_present"]
    full = [found["full", unit] for unit in CLASSES]
    assert found["full", "mean"].f1 == pytest.approx(np.mean([row.f1 for row in full]))
    assert found["datasets", "mean"].f1 == pytest.approx(
        np.mean([found[part, "mean"].f1 for part in "ab"])
    )
    assert full[1].n == 79 and found["full", "mean"].n == 80
    for row in full:
        assert row.f1_lo < row.f1 < row.f1_hi
        assert row.share == pytest.approx(row.positives / row.n)
        assert row.floor_f1 == pytest.approx(2 * row.positives / (row.positives + row.n))
        assert row.floor_macro_f1 == pytest.approx(row.floor_f1 / 2)
    assert found["full", "mean"].chance_p < 0.01


def test_a_unit_without_clips_is_marked_and_not_hidden():
    found = rows(table(skill=1.0))
    assert "no clip with AU9: counted as 0" in found["b", "mean"].note
    assert "no clip with this unit" in found["b", "AU9"].note
    assert found["b", "AU9"].f1 == 0 and np.isnan(found["b", "AU9"].f1_lo)
    assert found["b", "mean"].f1 == pytest.approx(2 / 3)
    assert found["b", "mean_present"].f1 == 1
    assert "AU9 in b" in found["datasets", "mean"].note


def test_predictions_at_random_score_as_guesses():
    found = rows(table(skill=0.0))
    row = found["full", "mean"]
    assert row.guess_f1_lo - 0.05 < row.f1 < row.guess_f1_hi + 0.05 and row.chance_p > 0.05


def test_skipped_clips_are_in_the_notes():
    found = rows(table(), skipped={"a": 2})
    assert "2 of 82 clips skipped" in found["full", "mean"].note
    assert "2 of 42 clips skipped" in found["a", "AU4"].note and not found["b", "AU4"].note


def test_a_pooled_table_comes_back_from_its_file(tmp_path):
    made = table()
    write_pooled(tmp_path / "pooled.csv", made)
    back = read_pooled(tmp_path / "pooled.csv")
    assert back.keys == made.keys and back.classes == CLASSES and back.folds == made.folds
    np.testing.assert_array_equal(back.truth, made.truth)
    np.testing.assert_array_equal(back.predicted, made.predicted)
    np.testing.assert_allclose(back.probabilities, made.probabilities)
    assert np.isnan(back.truth[3, 1])


def test_a_table_made_elsewhere_needs_no_probabilities(tmp_path):
    text = "dataset,subject,clip,truth,predicted\na,s0,c0,AU4+AU12,AU4\na,s1,c0,none,AU9\n"
    (tmp_path / "t.csv").write_text(text)
    back = read_pooled(tmp_path / "t.csv")
    assert back.classes == ("AU4", "AU9", "AU12") and back.probabilities is None


@pytest.mark.parametrize(
    ("label", "found"),
    [("smile", "no unit: 'smile'"), ("AU4;AU12", "no unit: 'AU4;AU12'"), ("", "no unit: ''"),
     ("12", "no unit: '12'")],
)  # fmt: skip
def test_a_label_that_is_no_unit_is_refused_with_its_row(tmp_path, label, found):
    text = f"dataset,subject,clip,truth,predicted\na,s0,c0,AU4,AU4\na,s1,c0,none,{label}\n"
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(MerflowError, match=found) as refused:
        read_pooled(tmp_path / "t.csv")
    assert "row 3, column predicted" in refused.value.where


def test_a_unit_without_a_probability_is_refused_with_its_row(tmp_path):
    text = "dataset,subject,clip,truth,predicted,p_AU4\na,s0,c0,AU12,AU4,.7\n"
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(MerflowError, match="AU12") as refused:
        read_pooled(tmp_path / "t.csv")
    assert "row 2, column truth" in refused.value.where


def test_a_fold_is_read_with_probabilities_that_do_not_sum_to_one(tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_text("dataset,subject,clip,p_AU4,p_AU12,p_AU9\na,s0,c0,.9,.8,.7\n")
    keys, chances = read_fold_units(path, CLASSES)
    assert keys == [ClipKey("a", "s0", "c0")] and chances.tolist() == [[0.9, 0.8, 0.7]]
    path.write_text("dataset,subject,clip,p_AU4,p_AU12,p_AU9\na,s0,c0,1.9,.8,.7\n")
    with pytest.raises(MerflowError, match="p_AU4 is '1.9'"):
        read_fold_units(path, CLASSES)


def test_pooling_takes_each_folds_own_thresholds_and_refuses_a_missing_clip():
    keys = [ClipKey("a", f"s{i}", "c") for i in range(2)]
    parts = [
        ("f0", keys[:1], np.array([[0.6, 0.4]]), [0.5, 0.5]),
        ("f1", keys[1:], np.array([[0.6, 0.4]]), [0.7, 0.3]),
    ]
    truth = {keys[0]: "AU4", keys[1]: "AU12?"}
    made = pool(parts, truth, ("AU4", "AU12"))
    assert made.predicted.tolist() == [[True, False], [False, True]]
    with pytest.raises(MerflowError, match="no prediction for 1 of 2 clips"):
        pool(parts[:1], truth, ("AU4", "AU12"))
    with pytest.raises(MerflowError, match="also in fold f0"):
        pool([*parts, ("f2", keys[:1], np.array([[0.1, 0.1]]), [0.5, 0.5])], truth, ("AU4", "AU12"))


def test_runs_are_compared_by_mean_binary_f1():
    good, bad = table(0.95), table(0.3)
    runs = {Row("good", "x1"): {0: good}, Row("bad", "x1"): {0: bad}}
    (row,) = records(
        paired_effects(runs, [(Row("bad", "x1"), Row("good", "x1"))], "unit_f1", ("full",), 200)
    )
    scores = [rows(t)["full", "mean"].f1 for t in (good, bad)]
    assert row.difference == pytest.approx(scores[0] - scores[1])
    assert row.lo > 0 and row.p < 0.05 and row.metric == "unit_f1"
    assert unlike(good, bad) == ""
    other = UnitTable.of(
        good.keys, CLASSES, 1 - np.nan_to_num(good.truth), good.predicted, good.folds,
        good.probabilities,
    )  # fmt: skip
    assert "their truth differs" in unlike(good, other)


def test_confusion_has_every_cell_of_every_unit(tmp_path):
    write_unit_confusion(tmp_path / "confusion.csv", table())
    sheet = read_csv(tmp_path / "confusion.csv", ("part", "unit", "truth", "predicted", "clips"))
    assert len(sheet.rows) == 3 * 3 * 4
    clips = [int(c) for part, unit, c in zip(sheet["part"], sheet["unit"], sheet["clips"],
             strict=True) if (part, unit) == ("full", "AU12")]  # fmt: skip
    assert sum(clips) == 79
