"""An honest run of the official composite: look-alikes of published size, one planted fault."""

from collections import Counter, defaultdict
from dataclasses import replace

import full_size
import numpy as np
import pytest

from merflow.clip import Clip, ClipKey
from merflow.config.settings import Experiment
from merflow.datasets import labels, official_composite
from merflow.evaluation.audit.evidence import Evidence, Sides
from merflow.evaluation.audit.run import audit
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.protocols import folds

CLASSES = ("negative", "positive", "surprise")


def composite():
    """The clips of three look-alikes that the official scheme keeps, and their classes."""
    found = {}
    for name in official_composite.OFFICIAL:
        for e in full_size.plan(name).expected:
            key = ClipKey(name, e.subject, e.clip)
            span = {"onset": e.onset, "apex": e.apex, "offset": e.offset}
            clip = Clip(
                key, "/x", ("a",), (1,), 200.0, e.emotion, **span, action_units=e.action_units
            )
            if label := labels.label("megc2019", clip):
                found[clip] = label
    return list(found), list(found.values())


@pytest.fixture(scope="module")
def honest():
    """The evidence of a run that is right in two of three clips; the list is the look-alikes'."""
    clips, names = composite()
    keys = tuple(clip.key for clip in clips)
    made = folds(keys, names, "composite")
    fold_of = np.full(len(keys), "", object)
    for fold in made:
        fold_of[fold.test] = fold.name
    truth = np.array([CLASSES.index(name) for name in names])
    rng = np.random.default_rng(1)
    right = rng.random(len(truth)) < 0.6
    predicted = np.where(right, truth, rng.integers(0, 3, len(truth)))
    sides = [Sides(f.name, [keys[i] for i in f.train], [keys[i] for i in f.test]) for f in made]
    experiment = Experiment(preparation="p", collection="c", scheme="megc2019")
    facts = [{"fold": f.name, "epochs": experiment.training.epochs} for f in made]
    table = Pooled.of(keys, CLASSES, truth, predicted, tuple(fold_of))
    return Evidence(table, folds=sides, clips=clips, experiment=experiment, facts=facts)


@pytest.fixture(autouse=True)
def look_alikes_are_official(monkeypatch, honest):
    grouped = defaultdict(lambda: defaultdict(dict))
    for key, number in zip(honest.table.keys, honest.table.truth, strict=True):
        grouped[key.dataset][key.subject][key] = CLASSES[number]
    official = {
        name: {s: (len(c), official_composite.subject_digest(c)) for s, c in subjects.items()}
        for name, subjects in grouped.items()
    }
    differences = official_composite.differences
    monkeypatch.setattr(
        official_composite, "differences", lambda found: differences(found, official)
    )


def verdicts(evidence):
    return {f.trap: f.verdict for f in audit(evidence)}


def test_an_honest_run_of_the_official_composite_has_no_fail(honest):
    found = verdicts(honest)
    assert len(honest.table.keys) == 442 and len(honest.folds) == 68
    assert [name for name, verdict in found.items() if verdict == "fail"] == []
    notes = {name for name, verdict in found.items() if verdict == "note"}
    assert {"too few subjects", "noisy labels"} <= notes
    because = {f.trap: f.because for f in audit(honest)}["too few subjects"]
    assert "smic 8.8" in because and "samm" not in because
    assert Counter(found.values())["pass"] >= 10


def test_a_fault_of_that_run_still_fails(honest):
    shared = [*honest.folds]
    shared[0] = shared[0]._replace(train=[*shared[0].train, shared[0].test[0]])
    assert verdicts(replace(honest, folds=shared))["subjects on both sides"] == "fail"
    fewer = honest.table.take(range(1, 442))
    assert verdicts(replace(honest, table=fewer))["another set of clips"] == "fail"
    stopped = [{**honest.facts[0], "epochs": 3}, *honest.facts[1:]]
    assert verdicts(replace(honest, facts=stopped))["epoch chosen on the test subject"] == "fail"
