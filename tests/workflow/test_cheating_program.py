"""A program that looks for the truth: what it scores without a sandbox, and what catches it."""

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from kept_records import keep_records

from merflow import paths
from merflow.clip import Clip, ClipKey
from merflow.config.loading import load
from merflow.datasets.catalogue import catalogue_text
from merflow.evaluation.audit.program_checks import TRUSTING
from merflow.evaluation.audit.run import audit
from merflow.evaluation.run_id import Run
from merflow.io.files import write_text
from merflow.io.packed import Packed
from merflow.models.program_sandbox import missing
from merflow.workflow import permutation_runs, run_fingerprints
from merflow.workflow.audit_inputs import evidence_of_run
from merflow.workflow.permutation_runs import run_copies, with_permuted_copies
from merflow.workflow.plan import Plan

needs_bwrap = pytest.mark.skipif(bool(missing()), reason=f"no sandbox: {missing()}")

CHEAT = """
import csv, json, os, sys
from pathlib import Path
import numpy as np
job = Path(sys.argv[-1])
keys, classes = np.load(job / "test.npz")["keys"], np.load(job / "train.npz")["classes"]
seed = json.loads((job / "settings.json").read_text())["experiment"]["permute_labels"]
name = "results/truth/e" + ("" if seed is None else f"-permute_labels={seed}") + ".csv"
looked = [Path(__file__), job, Path.cwd(), *Path("/proc").glob("[0-9]*/cwd"), Path(sys.argv[1])]
known = {}
for start in looked:
    for folder in (start, *start.parents):
        try:
            with open(folder / name, newline="") as file:
                rows = csv.DictReader(file)
                known |= {(r["dataset"], r["subject"], r["clip"]): r["truth"] for r in rows}
        except OSError:
            pass
with open(job / "predictions.csv", "w", newline="") as file:
    rows = [[*key, known.get(tuple(key), classes[0])] for key in keys]
    csv.writer(file).writerows([["dataset", "subject", "clip", "predicted"], *rows])
"""
"""Looks above its own file, its folder, in other processes' folders, and in a path written down."""

EMOTIONS = ("disgust", "happiness", "surprise")
KEYS = [ClipKey("casme2", f"s{s}", f"c{k}") for s in range(3) for k in range(3)]


@pytest.fixture
def score(tmp_path, monkeypatch):
    """Return a function: run the cheating program, return its UF1, permuted UF1s and evidence."""
    clips = [
        Clip(key, str(tmp_path), ("1.png",), (1,), 200, EMOTIONS[i % 3])
        for i, key in enumerate(KEYS)
    ]
    x = np.random.default_rng(0).integers(0, 256, (len(KEYS), 4, 8, 8, 1)).astype(np.uint8)
    packed = Packed(x, KEYS, [4] * len(KEYS), [], {"any": 1})
    monkeypatch.setattr(permutation_runs, "read_packed", lambda path: packed)

    def of(sandbox, place=".", permuted=0):
        folder = tmp_path / sandbox
        program = folder / place / "train.py"
        write_text(program, CHEAT)
        entry = {"preparation": "p", "collection": "c", "factors": ["x1"], "method": "command"}
        entry |= {"command": f"python {place}/train.py {folder}=x", "sandbox": sandbox}
        config = {
            "datasets": {"casme2": {"root": "faces"}},
            "collections": {"c": ["casme2"]},
            "preparations": {"p": {}},
            "experiments": {"e": entry},
            "bootstrap": 100,
        }
        write_text(folder / "results/config.yaml", yaml.safe_dump(config))
        write_text(folder / "results/catalogue/casme2.json", catalogue_text(clips))
        write_text(folder / paths.packed("p", "c", "x1")[0], "read_packed gives it")
        with contextlib.chdir(folder):
            keep_records()
            settings, run = load("results/config.yaml"), Run("e", "x1", 0)
            [(_, _, own)] = run_copies(settings, [run])
            settings, copies = with_permuted_copies(settings, run, permuted)
            others = [uf1 for _, _, uf1 in run_copies(settings, copies)] if copies else []
            return own, others, evidence_of_run(Path(run.folder), Plan(settings))

    return of


def test_permuted_labels_catch_a_program_that_reads_the_truth(score):
    own, permuted, evidence = score("off", permuted=1)
    assert (own, permuted) == (1, [1])
    assert {fold["sandbox"] for fold in evidence.facts} == {"none"}
    found = {finding.trap: finding for finding in audit(evidence)}
    caught = found["no better than permuted labels"]
    assert caught.verdict == "fail" and "1 of 1 permuted runs score as well" in caught.because
    for name in ("subjects on both sides", "no better than a guess", "tuned on the table"):
        assert found[name].verdict == "cannot tell"
        assert "no sandbox in 3 folds (sandbox: off)" in found[name].because
    assert found["absent classes"].verdict == "pass", "which no training can change"


@needs_bwrap
@pytest.mark.parametrize("place", [".", "tools"])
def test_in_the_sandbox_it_finds_nothing(score, place):
    own, _, evidence = score("required", place)
    assert own == pytest.approx(1 / 6), "every clip is of the first class"
    folds = evidence.facts
    assert [fold["sandbox"] for fold in folds] == ["bwrap"] * 3
    assert [list(fold["program_files"]) for fold in folds] == [[str(Path(place, "train.py"))]] * 3
    for finding in audit(evidence):
        assert "sandbox" not in finding.because


def test_a_program_without_records_is_doubted(score):
    from dataclasses import replace

    evidence = replace(score("off")[2], permuted=[0.3] * 19)
    proof = {"sandbox": "bwrap"}
    for facts, doubt in (
        ((), "a run without records (not recorded)"),
        (({},), "1 fold (not recorded)"),
        ((proof, {"sandbox": "none", "sandbox_reason": "no bwrap"}), "1 fold (no bwrap)"),
        ((proof, proof), ""),
    ):
        findings = audit(replace(evidence, facts=facts))
        passed = [f.trap for f in findings if f.verdict == "pass"]
        doubted = [f for f in findings if "could read the test labels" in f.because]
        assert ("no better than permuted labels" in passed) == (not doubt)
        assert all(f.verdict == "cannot tell" and doubt in f.because for f in doubted)
        assert len(doubted) == (5 if doubt else 0) < len(TRUSTING), "three never pass a program"


def test_an_edited_program_or_a_required_sandbox_trains_again_and_nothing_else(tmp_path):
    with contextlib.chdir(tmp_path):
        Path("train.py").write_text("1")

        def recipe(**entry):
            entry = {"preparation": "p", "collection": "c", **entry}
            config = {"datasets": {"casme2": {"root": "f"}}, "collections": {"c": ["casme2"]}}
            config |= {"preparations": {"p": {}}, "experiments": {"e": entry}}
            write_text("config.yaml", yaml.safe_dump(config))
            plan = Plan(load("config.yaml"))
            return json.dumps(run_fingerprints.training(plan, "e"))

        own = {"method": "command", "command": "python train.py"}
        first = recipe(**own)
        assert recipe(**own, sandbox="off") == recipe(**own, sandbox="auto") == first
        assert recipe(**own, sandbox="required") != first
        Path("helper.py").write_text("2")
        assert recipe(**own) == first
        Path("train.py").write_text("2")
        assert recipe(**own) != first
        assert "program_files" not in recipe()
