"""Pooled predictions and score rows that the tests of tables share."""

import numpy as np

from merflow.clip import ClipKey
from merflow.evaluation.columns import SCORES
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.schema import stacked
from merflow.evaluation.score_table import About, score_rows

CLASSES = ("negative", "positive", "surprise")


def pooled(seed=0, skill=0.6, datasets=("smic", "casme2", "samm"), subjects=12):
    rng = np.random.default_rng(seed)
    keys = [
        ClipKey(d, f"s{s:02}", f"c{c}") for d in datasets for s in range(subjects) for c in range(6)
    ]
    truth = np.tile([0, 0, 0, 1, 1, 2], len(keys) // 6)
    answers = np.where(rng.random(len(keys)) < skill, truth, rng.integers(0, 3, len(keys)))
    table = Pooled.of(tuple(keys), CLASSES, truth, answers, tuple(k.subject for k in keys))
    return table.take(sorted(range(len(keys)), key=lambda i: keys[i]))


def rows(*abouts, **options):
    made = [
        score_rows(pooled(number, **options), about, resamples=200)
        for number, about in enumerate(abouts)
    ]
    return stacked(made, SCORES)


def run(experiment, factor="x1", seed=0):
    return About(experiment, "cnn3d", "grey", factor, seed, "composite", "three")
