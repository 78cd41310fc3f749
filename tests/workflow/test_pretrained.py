"""A run that starts from a pretraining: all its trainings start there and record it."""

import contextlib
import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from kept_records import keep_records

from merflow import paths
from merflow.clip import Clip, ClipKey
from merflow.commands.oracle import oracle
from merflow.config.loading import validate
from merflow.evaluation.audit.data_checks import pretrained_on_test
from merflow.evaluation.fold_files import fold_text, read_fold
from merflow.evaluation.predictions import Pooled, read_predictions, write_pooled
from merflow.evaluation.protocols import folds
from merflow.evaluation.run_id import Run
from merflow.io import records
from merflow.io.csv_table import csv_text
from merflow.io.files import write_text
from merflow.io.packed import Packed
from merflow.models.factory import TrainingData, make_method
from merflow.workflow.audit_inputs import evidence_of_run
from merflow.workflow.final_model import train_final
from merflow.workflow.plan import Plan
from merflow.workflow.train_fold import RunClips, train_fold

CLASSES = ("negative", "positive", "surprise")
KEYS = [ClipKey("casme2", f"s{s}", f"c{k}") for s in range(3) for k in range(3)]
LABELS = [CLASSES[i % 3] for i in range(len(KEYS))]
RUN = Run("e", "x1", 0)
NESTED = "casme2-s0"
"""The fold with inner predictions."""
START = Path("results/pretrained/stills/weights.weights.h5")
NETWORK = {"network": "ststnet", "network_settings": {}}
TRAINING = {"epochs": 2, "learning_rate": 0.1, "device": "cpu", "inner_folds": 2}
CONFIG = {
    "datasets": {"casme2": {"root": "a"}, "samm": {"root": "b"}},
    "collections": {"c": ["casme2"], "other": ["samm"]},
    "preparations": {"p": {"kind": "flow"}},
    "pretrainings": {"stills": {"preparation": "p", "collection": "other", **NETWORK}},
    "experiments": {
        "e": {
            "preparation": "p",
            "collection": "c",
            "factors": ["x1"],
            "pretrain": "stills",
            "training": TRAINING,
            **NETWORK,
        }
    },
}


def clips(seed, keys=KEYS):
    x = np.random.default_rng(seed).normal(0, 1, (len(keys), 28, 28, 3)).astype(np.float16)
    return Packed(x, keys, [4] * len(keys), [], {})


def annotated(dataset):
    words = ("disgust", "happiness", "surprise") * 3
    return [
        Clip(key._replace(dataset=dataset), "", ("a.png",), (1,), 200.0, word)
        for key, word in zip(KEYS, words, strict=True)
    ]


def pretrain(seed):
    """Write the weights of a pretraining on another dataset."""
    like = validate(CONFIG).experiments["e"].model_copy(update={"pretrain": ""})
    keys = tuple(key._replace(dataset="samm") for key in KEYS)
    data = TrainingData(clips(seed).x, np.arange(len(keys)) % 3, keys)
    shutil.rmtree(START.parent, ignore_errors=True)
    START.parent.mkdir(parents=True)
    make_method(like, CLASSES, seed).fit(data).save(START.parent)
    keep_records(again=True)


def train(name, nested):
    """Train one fold of the run; nested folds also predict their training clips."""
    settings = validate(CONFIG)
    entry = settings.experiments["e"].model_copy(update={"nested": nested})
    plan = Plan(settings.model_copy(update={"experiments": {"e": entry}}))
    run_clips = RunClips([clips(0)], ["x1"], "none")
    fold = read_fold(Path(f"results/folds/e/{name}.csv"))
    train_fold(plan, RUN, run_clips, fold, Path(RUN.folder) / name)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with a pretraining and the trained folds of a run that starts from it."""
    folder = tmp_path_factory.mktemp("pretrained")
    with contextlib.chdir(folder):
        write_text("results/p/packed/c/x1.h5", "its clips are made here")
        for fold in folds(KEYS, LABELS, "composite"):
            write_text(f"results/folds/e/{fold.name}.csv", fold_text(fold, KEYS, LABELS))
        pretrain(1)
        for fold in folds(KEYS, LABELS, "composite"):
            train(fold.name, nested=fold.name == NESTED)
    return folder


def test_inner_predictions_start_there_and_the_fold_records_the_weights(run, tmp_path):
    shutil.copytree(run, tmp_path, dirs_exist_ok=True)
    with contextlib.chdir(tmp_path):
        pretrain(2)
        train(NESTED, nested=True)
    one, two = (folder / RUN.folder / NESTED for folder in (run, tmp_path))
    first, second = (read_predictions(fold / "inner.csv").probabilities for fold in (one, two))
    assert not np.array_equal(first, second)
    kept = paths.record(f"{RUN.folder}/{NESTED}/run.json")
    first, second = (records.read(folder / kept).read for folder in (run, tmp_path))
    assert {path for path in first if first[path] != second[path]} == {START.as_posix()}


def test_the_final_model_lists_the_subjects_of_its_pretraining(run):
    with contextlib.chdir(run):
        plan = Plan(validate(CONFIG), {name: annotated(name) for name in CONFIG["datasets"]})
        run_clips = RunClips([clips(0)], ["x1"], "none")
        facts = train_final(plan, RUN, run_clips, Path(RUN.folder) / "final")
        read = records.record_of(f"{RUN.folder}/final/run.json").read
        assert read[START.as_posix()] == records.checksum(START)
    assert facts["subjects"] == [f"{d}/s{s}" for d in ("casme2", "samm") for s in range(3)]


def pooled():
    """Write the predictions of the run, all correct."""
    truth = np.arange(len(KEYS)) % 3
    home = tuple("-".join(key.subject_key) for key in KEYS)
    table = Pooled.of(tuple(KEYS), CLASSES, truth, truth, home, None)
    write_pooled(f"{RUN.folder}/pooled.csv", table)
    keep_records(again=True)
    return table


def test_the_audit_reads_the_subjects_of_the_weights(run, tmp_path):
    shutil.copytree(run, tmp_path, dirs_exist_ok=True)
    same = {"casme2": {"root": "a", "reader": "samm"}, "samm": {"root": "b"}}

    def verdict_of(config=CONFIG):
        return pretrained_on_test(evidence_of_run(Path(RUN.folder), Plan(validate(config))))

    with contextlib.chdir(tmp_path):
        pooled()
        assert verdict_of() == ("pass", "none of the 3 pretraining subjects is tested")
        verdict, because = verdict_of({**CONFIG, "datasets": same})
        assert verdict == "fail" and because.startswith("3 tested subjects")
        named = {"pretrain": "", "training": {**TRAINING, "start_weights": str(START)}}
        by_file = {**CONFIG, "experiments": {"e": {**CONFIG["experiments"]["e"], **named}}}
        assert verdict_of(by_file)[0] == "pass"
        pretrain(2)
        assert verdict_of()[0] == "cannot tell", "other weights than those the folds started from"
        START.write_text("not weights")
        assert verdict_of()[0] == "cannot tell"
        START.unlink()
        assert verdict_of()[0] == "cannot tell"


def test_forbidden_rules_are_applied_to_the_same_training(run, monkeypatch):
    """The oracle stops when training again gives other weights."""
    monkeypatch.setattr("merflow.commands.oracle.read_packed", lambda _: clips(0))
    with contextlib.chdir(run):
        write_text("config.yaml", yaml.safe_dump(CONFIG))
        home = pooled().folds
        rows = [(*key, fold) for key, fold in zip(KEYS, home, strict=True)]
        write_text("results/truth/e.csv", csv_text(("dataset", "subject", "clip", "fold"), rows))
        keep_records(again=True)
        oracle(Path(RUN.folder), out=Path("oracle"), config=Path("config.yaml"))
        assert "random split by clip" in Path("oracle/oracle.csv").read_text()
        with open("oracle/epochs.csv", newline="") as file:
            last = {row["clip"] + row["subject"]: row["predicted"] for row in csv.DictReader(file)}
        for fold in set(home):
            found = read_predictions(Path(RUN.folder) / fold / "predictions.csv")
            for key, p in zip(found.keys, found.probabilities, strict=True):
                assert last[key.clip + key.subject] == found.classes[p.argmax()]
