"""Write a results folder like that of the workflow, with merflow's writers and random predictions."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import yaml
from kept_records import keep_records

from merflow.clip import Clip, ClipKey
from merflow.config.loading import load
from merflow.datasets.catalogue import catalogue_path, catalogue_text
from merflow.evaluation.columns import SCORES, SKIPPED
from merflow.evaluation.fold import Fold
from merflow.evaluation.fold_files import truth_text
from merflow.evaluation.predictions import write_pooled
from merflow.evaluation.run_id import Run
from merflow.evaluation.schema import stacked
from merflow.evaluation.score_table import score_rows, write_confusion, write_scores
from merflow.io.clip_store import Skipped
from merflow.io.files import digest, write_text
from merflow.workflow import run_fingerprints
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import about, pool_run
from merflow.workflow.training_log import history_text

CLASSES = ("negative", "positive", "surprise")
GUESS = (0.5, 0.3, 0.2)
BENCHMARK = (
    "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    "{:.4f}\t0:00:01\t{:.2f}\t1\t1\t1\t0\t0\t99\t1\n"
)


@dataclass
class Tree:
    """A results folder to write: experiments of the config, clips by dataset and subject."""

    experiments: dict
    clips: list[ClipKey]
    labels: list[str]
    skill: dict
    skipped: tuple[Skipped, ...] = ()
    epochs: int = 20
    bootstrap: int = 100
    score_once: bool = False
    """Score only the first run and copy its scores to all runs; enough to test sizes."""


def official_like(seed: int = 0) -> tuple[list[ClipKey], list[str]]:
    """Return 442 clips of 68 subjects in three datasets, with sizes as unequal as in the composite."""
    rng = np.random.default_rng(seed)
    keys = []
    for dataset, subjects, clips in (("smic", 16, 164), ("casme2", 24, 145), ("samm", 28, 133)):
        shares = np.maximum(1, rng.dirichlet(np.full(subjects, 0.9)) * clips).astype(int)
        shares[0] += clips - shares.sum()
        for subject, count in enumerate(shares):
            keys += [ClipKey(dataset, f"s{subject:02d}", f"c{n:02d}") for n in range(count)]
    labels = [CLASSES[k] for k in rng.choice(3, len(keys), p=(0.57, 0.24, 0.19))]
    return sorted(keys), labels


def few(subjects: int = 3, clips: int = 6) -> tuple[list[ClipKey], list[str]]:
    """Return the demo's shape: three datasets, three subjects each, every class in each."""
    keys = [
        ClipKey(d, f"s{s:02d}", f"c{c:02d}")
        for d in ("casme2", "samm", "smic")
        for s in range(subjects)
        for c in range(clips)
    ]
    return keys, [CLASSES[i % 3] for i in range(len(keys))]


def write_tree(tree: Tree) -> Plan:
    """Write the tree below the working directory and return its plan."""
    datasets = sorted({key.dataset for key in tree.clips})
    config = {
        "datasets": {name: {"root": str(Path.cwd() / "data" / name)} for name in datasets},
        "collections": {"all": datasets},
        "preparations": {"grey": {}},
        "experiments": {
            name: {"preparation": "grey", "collection": "all", **entry}
            for name, entry in tree.experiments.items()
        },
        "bootstrap": tree.bootstrap,
    }
    write_text("results/config.yaml", yaml.safe_dump(config))
    keep_records()
    plan = Plan(load("results/config.yaml"))
    _catalogues(tree, datasets)
    subjects = sorted({key.subject_key for key in tree.clips})
    folds = [_fold(tree.clips, subject) for subject in subjects]
    for name in plan.experiments:
        write_text(plan.truth_file(name), truth_text(folds, tree.clips, tree.labels))
    for run in plan.runs():
        for fold in folds:
            _train(tree, plan, run, fold)
    keep_records()
    rows, made = [], []
    for run in plan.runs():
        pooled = pool_run(plan, run)
        if rows and tree.score_once:
            made = made.assign(**asdict(about(plan, run)))
        else:
            made = score_rows(pooled, about(plan, run), resamples=tree.bootstrap)
        write_pooled(f"{run.folder}/pooled.csv", pooled)
        write_confusion(f"{run.folder}/confusion.csv", pooled)
        rows.append(made)
    write_scores("results/tables/scores.csv", stacked(rows, SCORES))
    SKIPPED.write("results/skipped.csv", SKIPPED.frame(row._asdict() for row in tree.skipped))
    for stage, seconds in (("align/smic/s01", 12.5), ("train/demo/x1/seed0/group0", 75.0)):
        write_text(f"results/benchmarks/{stage}.tsv", BENCHMARK.format(seconds, 812.4))
    keep_records()
    return plan


def _fold(keys, subject):
    test = [i for i, key in enumerate(keys) if key.subject_key == subject]
    train = [i for i, key in enumerate(keys) if key.subject_key != subject]
    return Fold.of("-".join(subject), train, test)


def _catalogues(tree, datasets):
    for name in datasets:
        clips = [
            Clip(key, "", ("a.jpg",), tuple(range(20 + i % 9)), 200.0, "happiness")
            for i, key in enumerate(tree.clips)
            if key.dataset == name
        ]
        write_text(catalogue_path(name), catalogue_text(clips))


def _train(tree, plan, run: Run, fold):
    """Write a fold as training would; `skill` is the probability of a correct prediction."""
    folder = Path(run.folder) / fold.name
    lost = {ClipKey(*row[:3]) for row in tree.skipped}
    test = [i for i in fold.test if tree.clips[i] not in lost]
    rng = np.random.default_rng(int(digest([run.folder, fold.name])[:8], 16))
    skill = tree.skill.get((run.experiment, run.factor), tree.skill.get(run.experiment, 0.0))
    predicted = [
        CLASSES.index(tree.labels[i]) if rng.random() < skill else int(rng.choice(3, p=GUESS))
        for i in test
    ]
    probabilities = rng.dirichlet(np.ones(3), len(test)) * 0.3
    probabilities[np.arange(len(test)), predicted] += 0.7
    method = plan.experiment(run.experiment).method
    network = method == "keras"
    inner = plan.experiment(run.experiment).training.stopping == "inner"
    epochs = {
        "keras": tree.epochs - len(fold.name + str(fold.test[0])) % 3 * inner,
        "lbptop_svm": 1,
        "command": 0,
    }
    history = [_epoch(number, rng, inner) for number in range(1, epochs[method] + 1)]
    folder.mkdir(parents=True)
    # Plain writes: the sync of thousands of small files would be most of a test's time.
    (folder / "history.csv").write_text(history_text(history))
    facts = {
        "merflow": "0.1.0",
        "fold": fold.name,
        "recipe": run_fingerprints.training(plan, run.experiment),
        "train_clips": len(fold.train),
        "test_clips": len(test),
        "skipped": sorted(lost & {tree.clips[i] for i in fold.test}),
        "weights": digest([run.folder, fold.name]) * 4,
        "seconds": round(8 + 4 * rng.random(), 3),
    }
    if network:
        facts |= {"epochs": len(history)}
        facts |= {"parameters": 46323, "device": "cpu", "backend": "tensorflow", "keras": "3.15.1"}
    (folder / "run.json").write_text(json.dumps(facts))
    probabilities /= probabilities.sum(1, keepdims=True)
    text = _predictions([tree.clips[i] for i in test], probabilities)
    (folder / "predictions.csv").write_text(text, encoding="utf-8")


def _predictions(keys, probabilities):
    """Return what `predictions_text` would, without its tables: thousands of folds are written."""
    rows = sorted(zip(keys, probabilities.tolist(), strict=True))
    lines = [",".join((*key, *(f"{p:.9g}" for p in row))) for key, row in rows]
    header = ",".join(("dataset", "subject", "clip", *(f"p_{name}" for name in CLASSES)))
    return "\n".join((header, *lines, ""))


def _epoch(number, rng, inner):
    """Return a row of a history; with inner folds also that of the held-out subjects."""
    row = {
        "epoch": number,
        "loss": 1.1 * math.exp(-number / 9) + 0.05 * rng.random(),
        "accuracy": 1 - 0.65 * math.exp(-number / 8) - 0.02 * rng.random(),
        "learning_rate": 1e-3,
    }
    held = {"val_loss": 1 - 0.01 * number, "val_accuracy": 0.4 + 0.01 * number}
    return row | (held if inner else {})
