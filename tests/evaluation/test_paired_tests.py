"""Comparing two experiments: by whole subjects, corrected, and with what could have been seen."""

import itertools

import numpy as np
import openpyxl
import pytest
from composite_counts import CLASSES, composite

from merflow.clip import ClipKey
from merflow.config.loading import validate
from merflow.config.settings import GridMember
from merflow.errors import MerflowError
from merflow.evaluation.columns import EFFECTS
from merflow.evaluation.effects import (
    Row,
    experiment_effects,
    magnification_effects,
    paired_effects,
)
from merflow.evaluation.metrics import f1_ratios, recall_ratios, uf1
from merflow.evaluation.nested_selection import choices_line, choose, nested_choice
from merflow.evaluation.paired_tests import compare, detectable, holm, swap_p
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.schema import records
from merflow.reporting.effects_table import effects_table
from merflow.reporting.layouts import sheets
from merflow.reporting.render.latex import latex
from merflow.reporting.render.markdown import markdown
from merflow.reporting.render.text import text
from merflow.reporting.render.xlsx import write_workbook
from merflow.workflow.plan import Plan


def simulated(rng, gain):
    """Confusion matrices of the official subjects; `gain` (68, 1, 1) are log odds when right."""
    counts, strata = composite()
    lean = 0.5 * rng.standard_normal((68, 1, 3))
    raised = np.exp(np.log([0.5, 0.3, 0.2]) + lean + gain * np.eye(3))
    return rng.multinomial(counts, raised / raised.sum(-1, keepdims=True)), strata


def test_the_swap_test_keeps_its_level_when_subjects_differ():
    rejected = covered = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        shared = 1.5 + rng.standard_normal((68, 1, 1))
        tables = [simulated(rng, shared + 0.7 * rng.standard_normal((68, 1, 1))) for _ in range(2)]
        found = compare([f1_ratios(tables[0][0])], [f1_ratios(tables[1][0])], tables[0][1])
        rejected += found.p <= 0.05
        covered += found.lo <= 0 <= found.hi
    assert rejected / 100 <= 0.10
    assert covered / 100 >= 0.89


def test_a_difference_of_the_detectable_size_is_seen_four_times_in_five():
    rng = np.random.default_rng(0)
    counts, strata = composite()
    seen, sizes, differences = 0, [], []
    for _ in range(100):
        low, high = (
            rng.multinomial(counts, np.full((3, 3), (1 - s) / 2) + (1.5 * s - 0.5) * np.eye(3))
            for s in (0.6, 0.698)
        )
        found = compare([recall_ratios(low)], [recall_ratios(high)], strata)
        seen += found.p <= 0.05
        sizes.append(found.detectable)
        differences.append(found.difference)
    assert np.mean(differences) == pytest.approx(np.mean(sizes), rel=0.1)
    assert 0.66 <= seen / 100 <= 0.92


def test_the_exact_test_tries_every_swap():
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 4, (5, 3, 3)) for _ in range(2))
    second[4] = first[4]
    observed = abs(uf1(second.sum(0)) - uf1(first.sum(0)))
    count = 0
    for pattern in itertools.product((False, True), repeat=5):
        swap = np.array(pattern)[:, None, None]
        one, two = np.where(swap, second, first), np.where(swap, first, second)
        count += abs(uf1(two.sum(0)) - uf1(one.sum(0))) >= observed - 1e-12
    assert swap_p([f1_ratios(first)], [f1_ratios(second)]) == pytest.approx(count / 32)


def test_equal_predicted_differ_by_nothing():
    table, strata = simulated(np.random.default_rng(0), 1.0)
    found = compare([f1_ratios(table)], [f1_ratios(table)], strata)
    assert (found.difference, found.p) == (0, 1)
    assert np.isnan([found.lo, found.hi, found.detectable]).all(), "nothing is known of the spread"


def test_all_wrong_against_all_right_has_a_p_and_no_spread():
    wrong, right = np.zeros((2, 5, 2, 2), int)
    wrong[:, 0, 1] = wrong[:, 1, 0] = 1
    right[:, 0, 0] = right[:, 1, 1] = 1
    found = compare([f1_ratios(wrong)], [f1_ratios(right)], np.zeros(5, int))
    assert (found.difference, found.p) == (1, 2 / 32)
    assert np.isnan([found.lo, found.hi, found.detectable]).all()


def test_the_interval_is_made_of_as_many_resamples_as_are_asked_for():
    rng = np.random.default_rng(0)
    (one, strata), (two, _) = simulated(rng, 1.0), simulated(rng, 2.0)
    few, many, usual = (
        compare([f1_ratios(one)], [f1_ratios(two)], strata, *count)
        for count in ((100,), (2000,), ())
    )
    assert (few.lo, few.hi) != (many.lo, many.hi)
    assert few.p == many.p and usual == many
    assert not magnification_effects(runs(), resamples=100).equals(magnification_effects(runs()))
    made = {Row("a", "x1"): {0: table(0.5)}, Row("b", "x1"): {0: table(0.9, 1)}}
    assert not experiment_effects(made, resamples=100).equals(experiment_effects(made))


def test_turning_the_comparison_turns_its_sign():
    rng = np.random.default_rng(0)
    (one, strata), (two, _) = simulated(rng, 1.0), simulated(rng, 2.0)
    there = compare([f1_ratios(one)], [f1_ratios(two)], strata)
    back = compare([f1_ratios(two)], [f1_ratios(one)], strata)
    assert there.difference == pytest.approx(-back.difference)
    assert (there.lo, there.hi) == pytest.approx((-back.hi, -back.lo))
    assert there.p == back.p
    assert there.p < 0.01


def test_seeds_are_averaged_and_swapped_together():
    rng = np.random.default_rng(0)
    gain = rng.standard_normal((68, 1, 1))
    seeds = [simulated(rng, 1 + gain) for _ in range(6)]
    strata = seeds[0][1]
    ratios = [f1_ratios(table) for table, _ in seeds]
    one = compare(ratios[:1], ratios[1:2], strata)
    many = compare(ratios[::2], ratios[1::2], strata)
    assert many.detectable < one.detectable
    with pytest.raises(ValueError, match="every seed"):
        compare(ratios[:2], ratios[:1], strata)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []
    assert holm([0.02, float("nan"), 0.03])[::2] == pytest.approx([0.04, 0.04])


def test_the_detectable_difference_is_two_point_eight_errors():
    assert detectable(1.0) == pytest.approx(1.96 + 0.8416, abs=1e-3)


def table(skill, seed=0, subjects=20):
    rng = np.random.default_rng(seed)
    keys = tuple(
        ClipKey(d, f"s{s:02}", f"c{c}")
        for d in ("casme2", "smic")
        for s in range(subjects)
        for c in range(3)
    )
    truth = np.tile([0, 1, 2], len(keys) // 3)
    predicted = np.where(rng.random(len(keys)) < skill, truth, rng.integers(0, 3, len(keys)))
    return Pooled.of(
        keys, CLASSES, truth, predicted, tuple(f"{k.dataset}-{k.subject}" for k in keys)
    )


def runs():
    return {
        Row("cnn", "x1"): {0: table(0.3, 1), 1: table(0.3, 2)},
        Row("cnn", "x10"): {0: table(0.9, 3), 1: table(0.9, 4)},
        Row("cnn", "x25"): {0: table(0.3, 5)},
        Row("svm", "x10"): {0: table(0.5, 6)},
    }


def test_every_factor_is_compared_with_x1_of_its_own_experiment(tmp_path):
    found = magnification_effects(runs())
    assert [(e.experiment, e.factor, e.against, e.part, e.seeds) for e in records(found)] == [
        ("cnn", factor, "x1", part, seeds)
        for factor, seeds in (("x10", 2), ("x25", 1))
        for part in ("full", "smic", "casme2")
    ]
    assert found["p_holm"][0] >= found["p"][0]
    assert found["p_holm"][0] < 0.05
    assert found["lo"][0] > 0.2
    assert found["lo"][3] < 0 < found["hi"][3]
    EFFECTS.write(tmp_path / "effects.csv", found)
    assert len((tmp_path / "effects.csv").read_text().splitlines()) == 7
    side = effects_table("t", found)
    assert all("Holm" in made for made in (markdown([side]), latex([side]), text([side])))


def test_only_the_same_clips_are_compared():
    short = table(0.5).take(range(10))
    made = {Row("a", "x1"): {0: table(0.5)}, Row("b", "x1"): {0: short}, Row("c", "x1"): {1: short}}
    with pytest.raises(MerflowError, match="in .* only, as"):
        paired_effects(made, [(Row("a", "x1"), Row("b", "x1"))])
    with pytest.raises(MerflowError, match="share no seed"):
        paired_effects(made, [(Row("a", "x1"), Row("c", "x1"))])
    relabelled = table(0.5).changed(truth=(table(0.5).truth + 1) % 3)
    made[Row("b", "x1")] = {0: relabelled}
    with pytest.raises(MerflowError, match="their truth differs, first in casme2/s00/c0"):
        paired_effects(made, [(Row("a", "x1"), Row("b", "x1"))])
    made[Row("b", "x1")] = {0: table(0.5).changed(classes=("a", "b", "c"))}
    with pytest.raises(MerflowError, match="their classes differ: negative.*; a, b, c"):
        paired_effects(made, [(Row("a", "x1"), Row("b", "x1"))])


def turned(pooled):
    """The same predicted, the classes in the opposite order."""
    last = len(pooled.classes) - 1
    return pooled.changed(
        classes=pooled.classes[::-1],
        truth=last - pooled.truth,
        predicted=last - pooled.predicted,
    )


def test_the_order_of_classes_does_not_matter():
    one, other = table(0.5), table(0.9, 1)
    pair = Row("a", "x1"), Row("b", "x1")
    straight = paired_effects({pair[0]: {0: one}, pair[1]: {0: other}}, [pair])
    mixed = {pair[0]: {0: one}, pair[1]: {0: turned(other)}}
    assert paired_effects(mixed, [pair]).equals(straight)
    assert len(experiment_effects(mixed)) == 1


def test_of_a_single_dataset_one_test_is_counted_once():
    rows = range(60)
    made = {Row("a", "x1"): {0: table(0.3).take(rows)}, Row("a", "x10"): {0: table(0.6).take(rows)}}
    (found,) = records(magnification_effects(made))
    assert found.part == "full" and 0 < found.p < 1
    assert found.p_holm == found.p


def without(pooled, fold):
    return pooled.take([i for i, name in enumerate(pooled.folds) if name != fold])


def test_each_fold_takes_what_did_best_on_its_training_subjects():
    outer = {"x1": table(0.2, 1), "x10": table(0.8, 2)}
    folds = sorted(set(outer["x1"].folds))
    good, bad = table(0.9, 3), table(0.1, 4)
    inner = {
        fold: {
            "x1": without(good if fold.startswith("smic") else bad, fold),
            "x10": without(bad if fold.startswith("smic") else good, fold),
        }
        for fold in folds
    }
    found, chosen = nested_choice(outer, inner)
    assert chosen == {f: "x1" if f.startswith("smic") else "x10" for f in folds}
    for i, key in enumerate(found.keys):
        source = outer["x1" if key.dataset == "smic" else "x10"]
        assert found.predicted[i] == source.predicted[i]
    assert choices_line(chosen) == "chosen inside the folds: x1 in 20, x10 in 20 of 40"


def test_a_choice_that_could_see_the_test_subject_is_refused():
    outer = {"x1": table(0.2, 1), "x10": table(0.8, 2)}
    folds = sorted(set(outer["x1"].folds))
    seen = {fold: {name: table(0.5) for name in outer} for fold in folds}
    with pytest.raises(MerflowError, match="hold the test subject casme2/s00"):
        nested_choice(outer, seen)
    with pytest.raises(MerflowError, match="no inner predictions of x1, x10"):
        nested_choice(outer, {})


def test_of_equal_candidates_the_first_is_taken():
    assert choose({"x1": table(0.5), "x10": table(0.5)}) == "x1"


def test_the_best_of_guesses_is_no_better_than_a_guess_when_chosen_inside():
    # Ten candidates that guess. The best on the test looks skilled; the nested one does not.
    best, nested = [], []
    for repeat in range(15):
        outer = {f"x{i}": table(0.0, 100 * repeat + i) for i in range(10)}
        inner_tables = {name: table(0.0, 1000 + 17 * repeat + int(name[1:])) for name in outer}
        folds = sorted(set(outer["x0"].folds))
        inner = {f: {n: without(t, f) for n, t in inner_tables.items()} for f in folds}
        matrix = lambda t: np.bincount(t.truth * 3 + t.predicted, minlength=9).reshape(3, 3)  # noqa: E731
        best.append(max(float(uf1(matrix(t))) for t in outer.values()))
        nested.append(float(uf1(matrix(nested_choice(outer, inner)[0]))))
    assert np.mean(best) > 0.38
    assert abs(np.mean(nested) - 1 / 3) < 0.03


def test_effects_stand_in_the_workbook_and_in_latex(tmp_path):
    found = magnification_effects(runs())
    named = {"magnification": found, "experiments": EFFECTS.frame([])}
    write_workbook(tmp_path / "s.xlsx", sheets([], {}, named))
    sheet = openpyxl.load_workbook(tmp_path / "s.xlsx")["magnification"]
    assert [cell.value for cell in sheet[2]][:4] == ["cnn", "x10", "x1", "full"]
    assert sheet["I2"].value == pytest.approx(found["difference"][0])
    lines = latex([effects_table("t", found)]).splitlines()
    assert sum(line.endswith(r"\\") for line in lines) == 1 + len(found)


def test_an_experiment_is_compared_with_the_first_of_its_grid_or_of_all():
    made = {
        Row("a", "x1"): {0: table(0.5)},
        Row("grid-loss=one", "x1"): {0: table(0.6)},
        Row("grid-loss=two", "x1"): {0: table(0.9, 1)},
        Row("grid-loss=two", "x10"): {0: table(0.9, 2)},
        Row("elsewhere", "x1"): {0: table(0.5).take(range(10))},
    }
    grids = {f"grid-loss={x}": GridMember(base="grid", values={"loss": x}) for x in ("one", "two")}
    found = experiment_effects(made, grids=grids)
    assert [(e.experiment, e.factor, e.against, e.part) for e in records(found)] == [
        ("grid-loss=one", "x1", "a", "full"),
        ("grid-loss=two", "x1", "grid-loss=one", "full"),
    ]


def test_a_choice_of_one_is_refused():
    entry = {"preparation": "p", "collection": "c", "nested": True}
    raw = {
        "preparations": {"p": {}},
        "collections": {"c": ["smic"]},
        "datasets": {"smic": {"root": "a"}},
    }
    for factors, seeds in (([10], [0]), ([10], [0, 1])):
        raw["experiments"] = {"e": {**entry, "factors": factors, "seeds": seeds}}
        with pytest.raises(MerflowError, match="e.nested: there is nothing to choose between"):
            Plan(validate(raw)).choices()
    raw["experiments"] = {"e": {**entry, "factors": [1, 10]}}
    assert Plan(validate(raw)).choices() == {"e": ("e",)}
