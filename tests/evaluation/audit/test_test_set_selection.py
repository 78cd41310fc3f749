"""Forbidden rules print the inflated figures that the field's traps are known for."""

import numpy as np
import pytest
from composite_counts import CLASSES, composite

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.audit.test_set_selection import (
    RULES,
    WARNING,
    Epochs,
    clip_folds,
    oracle_rows,
    read_epochs,
    render_oracle,
    write_oracle,
)
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.protocols import assert_disjoint

SETS = ("smic", "casme2", "samm")


def official():
    """A table with the official subjects' class counts, predictions left at 0."""
    counts, strata = composite()
    keys, truth = [], []
    for subject, (row, stratum) in enumerate(zip(counts, strata, strict=True)):
        for label, count in enumerate(row):
            keys += [ClipKey(SETS[stratum], f"s{subject:02}", f"{label}_{i}") for i in range(count)]
            truth += [label] * int(count)
    folds = tuple(f"{k.dataset}-{k.subject}" for k in keys)
    return Pooled.of(tuple(keys), CLASSES, np.array(truth), np.zeros(len(keys), np.int64), folds)


def guesses(epochs, seed=0):
    """Independent guesses by each dataset's class shares, drawn again in every epoch."""
    table, rng = official(), np.random.default_rng(seed)
    answers = np.empty((epochs, len(table.keys)), np.int64)
    for name in SETS:
        rows = np.array([k.dataset == name for k in table.keys])
        shares = np.bincount(table.truth[rows], minlength=3) / rows.sum()
        answers[:, rows] = rng.choice(3, (epochs, rows.sum()), p=shares)
    return Epochs(table, answers)


def scores(run, rule):
    return {part: (f, r) for name, part, f, r in oracle_rows(run) if name == rule}


@pytest.mark.parametrize(("epochs", "expected"), [
    (10, (0.584, 0.548, 0.613, 0.622)),
    (50, (0.711, 0.623, 0.720, 0.769)),
    (200, (0.771, 0.712, 0.806, 0.856)),
])  # fmt: skip
def test_the_best_of_many_guessing_epochs_looks_like_skill(epochs, expected):
    found = [scores(guesses(epochs, seed), "best epoch of each fold, pooled") for seed in range(5)]
    for part, value in zip(("full", *SETS), expected, strict=True):
        assert np.mean([f[part][0] for f in found]) == pytest.approx(value, abs=0.05)
    fair = [scores(guesses(epochs, seed), "honest")["full"][0] for seed in range(5)]
    assert np.mean(fair) == pytest.approx(0.34, abs=0.03)


def test_guessing_beats_the_published_figures_of_the_rule_that_takes_means_of_bests():
    found = scores(guesses(200), "best epoch of each fold, mean of folds")
    for part, pair in {
        "smic": (0.765, 0.772),
        "casme2": (0.870, 0.872),
        "samm": (0.937, 0.945),
    }.items():
        assert found[part] == pytest.approx(pair, abs=0.05)


@pytest.mark.parametrize(
    ("part", "pair"),
    [("smic", (0.144, 0.229)), ("casme2", (0.427, 0.486)), ("samm", (0.556, 0.607))],
)
def test_that_rule_rewards_a_network_that_always_says_negative(part, pair):
    run = Epochs(official(), np.zeros((1, 442), np.int64))
    assert scores(run, "best epoch of each fold, mean of folds")[part] == pytest.approx(
        pair, abs=6e-4
    )


@pytest.mark.parametrize(
    ("part", "value"), [("full", 0.632), ("smic", 0.792), ("casme2", 0.625), ("samm", 0.548)]
)
def test_a_mean_of_folds_punishes_a_perfect_classifier(part, value):
    run = Epochs(official(), official().truth[None])
    assert scores(run, "mean of folds")[part][0] == pytest.approx(value, abs=6e-4)
    assert scores(run, "honest")[part] == (1, 1)


def test_no_forbidden_choice_scores_below_the_honest_rule():
    found = {rule: score(guesses(30).matrices()) for rule, score in RULES.items()}
    assert found["best epoch, one for all folds"][0] >= found["honest"][0]
    assert found["best epoch of each fold, pooled"][0] > found["best epoch, one for all folds"][0]


def test_a_clip_split_puts_subjects_on_both_sides_and_no_protocol_takes_it():
    table = official()
    made = clip_folds(442, 5, seed=0)
    assert sorted(np.concatenate([f.test for f in made])) == list(range(442))
    assert all(not set(f.train) & set(f.test) for f in made)
    with pytest.raises(MerflowError, match="on both sides"):
        assert_disjoint(table.keys, made)


def test_the_oracle_file_says_what_it_is(tmp_path):
    rows = oracle_rows(guesses(3))
    write_oracle(tmp_path / "oracle.csv", rows)
    assert (tmp_path / "oracle.csv").read_text().startswith(f"# {WARNING}\n")
    assert render_oracle(rows).startswith("FORBIDDEN")


def epochs_csv(table, epochs):
    lines = ["dataset,subject,clip,epoch,predicted"]
    lines += [
        f"{k.dataset},{k.subject},{k.clip},{e},{CLASSES[(i + e) % 3]}"
        for e in range(1, epochs + 1)
        for i, k in enumerate(table.keys)
    ]
    return "\n".join(lines) + "\n"


def test_recorded_epochs_are_read_and_checked(tmp_path):
    table = official().take(range(5))
    text = epochs_csv(table, 11)
    (tmp_path / "e.csv").write_text(text)
    run = read_epochs(tmp_path / "e.csv", table)
    assert run.predictions.shape == (11, 5)
    assert run.predictions[9].tolist() == [(i + 10) % 3 for i in range(5)]
    for broken, words in (
        (text.rsplit("\n", 2)[0] + "\n", f"no prediction for {table.keys[4]} in epoch 11"),
        (text.replace(",1,positive", ",1,happy", 1), "predicted as 'happy'"),
        (text.replace(",1,positive", ",one,positive", 1), "epoch is not a number"),
    ):
        (tmp_path / "e.csv").write_text(broken)
        with pytest.raises(MerflowError) as caught:
            read_epochs(tmp_path / "e.csv", table)
        assert words in str(caught.value)
