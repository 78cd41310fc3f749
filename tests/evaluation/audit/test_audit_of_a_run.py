"""The audit of a run of the workflow, from the files that the run leaves."""

import contextlib
import json

import numpy as np
import pytest
import yaml
from audit_makers import CLASSES, table
from kept_records import keep_records

from merflow.commands.audit import audit as command
from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.evaluation.audit.checklist import CHECKS
from merflow.evaluation.audit.run import audit
from merflow.evaluation.fold_files import fold_text
from merflow.evaluation.predictions import write_pooled
from merflow.evaluation.protocols import folds
from merflow.evaluation.score_table import About, score_rows, write_scores
from merflow.io.files import write_text
from merflow.workflow.audit_inputs import evidence_of_run
from merflow.workflow.plan import Plan

RUN = "results/runs/cnn/x10/seed0"


@pytest.fixture
def run(tmp_path):
    """A run of the composite with three permuted copies, as files; the working folder is its."""
    entry = {"preparation": "p", "collection": "c", "factors": ["x1", "x10"]}
    names = ("smic", "casme2", "samm")
    config = {
        "datasets": {name: {"root": str(tmp_path)} for name in names},
        "collections": {"c": list(names)},
        "preparations": {"p": {}},
        "experiments": {
            "cnn": entry,
            **{f"permuted{k}": {**entry, "permute_labels": k} for k in range(3)},
            "other": {**entry, "permute_labels": 9, "network": "ststnet"},
        },
    }
    made = table(0.7)
    labels = [CLASSES[t] for t in made.truth]
    with contextlib.chdir(tmp_path):
        write_text("results/config.yaml", yaml.safe_dump(config))
        for fold in folds(made.keys, labels, "composite"):
            text = fold_text(fold, list(made.keys), labels)
            write_text(f"results/folds/cnn/{fold.name}.csv", text)
            facts = {"fold": fold.name, "epochs": 20, "skipped": []}
            write_text(f"{RUN}/{fold.name}/run.json", json.dumps(facts))
        write_pooled(f"{RUN}/pooled.csv", made)
        for seed, name in enumerate(("permuted0", "permuted1", "permuted2", "other")):
            rows = score_rows(table(0.0, seed), About(name), resamples=100)
            write_scores(f"results/runs/{name}/x10/seed0/scores.csv", rows)
        keep_records()
        yield tmp_path


def found(folder=RUN):
    from pathlib import Path

    evidence = evidence_of_run(Path(folder), Plan(load("results/config.yaml")))
    return evidence, {f.trap: f for f in audit(evidence)}


def test_a_run_is_audited_from_its_own_files(run):
    evidence, verdicts = found()
    assert len(evidence.folds) == len(evidence.facts) == 68
    assert verdicts["epoch chosen on the test subject"].verdict == "pass"
    assert verdicts["subjects on both sides"].verdict == "pass"
    assert verdicts["protocols mixed"].verdict == "pass"


def test_only_copies_with_permuted_labels_are_ranked(run):
    evidence, verdicts = found()
    assert len(evidence.permuted) == 3
    assert verdicts["no better than permuted labels"].because.startswith("0 of 3 permuted runs")
    assert np.mean(evidence.permuted) < 0.4


def test_a_fold_that_stopped_early_is_seen(run):
    facts = {"fold": "samm-s40", "epochs": 7, "skipped": []}
    write_text(f"{RUN}/samm-s40/run.json", json.dumps(facts))
    keep_records(again=True)
    verdict = found()[1]["epoch chosen on the test subject"]
    assert verdict.verdict == "fail"
    assert "samm-s40 stopped at 7 of 20" in verdict.because


def test_a_test_label_in_a_fold_file_is_refused(run):
    path = run / "results/folds/cnn/samm-s40.csv"
    text = path.read_text()
    path.write_text(text.replace(",test,\n", ",test,negative\n", 1))
    with pytest.raises(MerflowError, match="changed since `merflow split` wrote it"):
        found()
    keep_records(again=True)
    with pytest.raises(MerflowError, match="test labels must not reach training"):
        found()


def test_the_command_needs_the_config_of_a_run(run, capsys):
    with pytest.raises(MerflowError, match="without its config"):
        command(run / RUN)
    other = run / "results/runs/nope/x10/seed0"
    other.mkdir(parents=True)
    for permute in (0, 1):
        with pytest.raises(MerflowError, match="unknown experiment 'nope'"):
            command(other, config=run / "results/config.yaml", permute=permute)
    command(run / RUN, config=run / "results/config.yaml", json=True)
    assert len(json.loads(capsys.readouterr().out)) == len(CHECKS)
