"""Predictions, epochs and folds with and without faults, for the tests of the audit."""

import sys
from pathlib import Path

import numpy as np

from merflow.clip import Clip, ClipKey
from merflow.config.settings import Experiment
from merflow.evaluation.audit.evidence import Evidence, FoldScore, Printed, Sides
from merflow.evaluation.audit.test_set_selection import Epochs
from merflow.evaluation.metrics import confusion, uf1
from merflow.evaluation.predictions import Pooled

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from composite_counts import CLASSES, composite

SETS = ("smic", "casme2", "samm")
EXPERIMENT = Experiment(preparation="p", collection="c")


def table(skill=0.6, seed=0):
    """Answers to clips with the official subjects' class counts; names are made up."""
    counts, strata = composite()
    keys, truth = [], []
    for subject, (row, stratum) in enumerate(zip(counts, strata, strict=True)):
        for label, count in enumerate(row):
            keys += [ClipKey(SETS[stratum], f"s{subject:02}", f"{label}_{i}") for i in range(count)]
            truth += [label] * int(count)
    rng, truth = np.random.default_rng(seed), np.array(truth)
    answers = np.where(rng.random(len(truth)) < skill, truth, rng.integers(0, 3, len(truth)))
    folds = tuple(f"{k.dataset}-{k.subject}" for k in keys)
    return Pooled.of(tuple(keys), CLASSES, truth, answers, folds)


def epochs(count=12):
    """Twelve epochs of equal skill: nothing but luck tells them apart."""
    made = [table(0.4, seed).predicted for seed in range(count)]
    return Epochs(table(), np.stack(made))


def best_per_fold(run):
    answers = run.predictions[-1].copy()
    for fold in set(run.table.folds):
        rows = [i for i, name in enumerate(run.table.folds) if name == fold]
        right = (run.predictions[:, rows] == run.table.truth[rows]).sum(1)
        answers[rows] = run.predictions[int(np.argmax(right))][rows]
    return answers


def answered(answers):
    return table().changed(predicted=answers)


def sides(pooled=None, within=False):
    """Folds of the composite, or of LOSO within each set."""
    pooled = pooled or table()
    made = []
    for fold in sorted(set(pooled.folds)):
        test = [k for k, name in zip(pooled.keys, pooled.folds, strict=True) if name == fold]
        train = [
            k
            for k in pooled.keys
            if k.subject_key != test[0].subject_key and (not within or k.dataset == test[0].dataset)
        ]
        made.append(Sides(fold, train, test))
    return made


def annotated(**changes):
    key = table().keys[0]
    return [Clip(key, "/x", ("a",), (1,), 100.0, "negative", 10, 15, 20, **changes)]


def matrix(pooled=None):
    pooled = pooled or table()
    return confusion(pooled.truth, pooled.predicted, 3)


def mean_of_folds(pooled, score=uf1):
    values = []
    for fold in set(pooled.folds):
        rows = [i for i, name in enumerate(pooled.folds) if name == fold]
        values.append(float(score(matrix(pooled.take(rows)))))
    return np.mean(values)


def curves(run, chosen):
    """A training log of accuracies, and the table that ends where `chosen` says."""
    lines = []
    for fold in sorted(set(run.table.folds)):
        rows = [i for i, name in enumerate(run.table.folds) if name == fold]
        for epoch, answers in enumerate(run.predictions, 1):
            right = float(np.mean(answers[rows] == run.table.truth[rows]))
            lines.append(FoldScore(fold, epoch, right))
    return Evidence(answered(chosen), log=lines)


def printed(score, digits=4):
    """A score as a paper prints it."""
    return Printed(round(float(score), digits), digits)


def claim(value, recall=None, digits=4, part="full"):
    figures = {"UF1": printed(value, digits)}
    figures |= {} if recall is None else {"UAR": printed(recall, digits)}
    return Evidence(table(), claimed={part: figures})
