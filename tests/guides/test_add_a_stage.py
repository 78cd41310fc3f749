"""The worked example of docs/add_a_stage.md, laid into a copy of the source tree, runs as printed."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from project import ROOT, job_counts

PAGE = (ROOT / "docs" / "add_a_stage.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"`((?:src|workflow)/[\w/.]+)`:\n\n((?:```\w+\n.*?```\n\n?)+)", PAGE, re.DOTALL)
STORE = "results/grey32/{}/smic/s03.h5"
ASK = """
import json, sys
import numpy as np
from merflow.config.loading import load
from merflow.io.clip_store import Store
from merflow.stages.pipeline import network_input
cropped, smoothed, prepared = map(Store, sys.argv[1:])
before, after = cropped.read(0).frames, smoothed.read(0).frames
preparation = load("results/config.yaml").preparations["grey32"]
print(json.dumps({
    "steps": list(prepared.made_by["recipe"]),
    "mean": bool((after[1] == np.rint(before[:3].mean(0, dtype=np.float32))).all()),
    "first": bool((after[0] == np.rint(before[:2].mean(0, dtype=np.float32))).all()),
    "same": all(np.array_equal(network_input(a, preparation, "x10"), b.frames)
                for a, b in zip(cropped, prepared, strict=True)),
}))
"""


def apply(text: str, diff: str) -> str:
    """Return a file's text with the added lines of a diff block."""
    lines = diff.strip("\n").split("\n")
    old = "\n".join(line[1:] for line in lines if line.startswith(" "))
    assert text.count(f"\n{old}\n") == 1, old
    return text.replace(f"\n{old}\n", "\n" + "\n".join(line[1:] for line in lines) + "\n")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Return a copy of the source tree with the page's changes."""
    copy = tmp_path_factory.mktemp("with a stage")
    for name in ("Snakefile", "workflow", "profiles", "config", "envs", "src"):
        take = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        take(ROOT / name, copy / name)
    for name, blocks in BLOCKS:
        for kind, block in re.findall(r"```(\w+)\n(.*?)```", blocks, re.DOTALL):
            path = copy / name
            text = block if kind == "python" else apply(path.read_text(encoding="utf-8"), block)
            path.write_text(text, encoding="utf-8")
    return copy


@pytest.fixture(scope="module")
def ask(tree, drawn, tmp_path_factory):
    """Return a function that runs a module of the changed tree in a small project."""
    project = drawn.copy(tmp_path_factory.mktemp("guide") / "a project")
    config = str(project.write_config())

    def run(*words: str) -> str:
        if words[0] == "snakemake":
            words = (*words, "--cores", "2", "-s", str(tree / "Snakefile"), "--configfile", config)
        done = subprocess.run(
            [sys.executable, *(() if words[0] == "-c" else ("-m",)), *words],
            cwd=project.folder,
            env={**os.environ, "PYTHONPATH": str(tree / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    run.folder = project.folder
    return run


def test_a_stage_is_five_files():
    assert len({name for name, _ in BLOCKS}) == 5


def test_the_stage_runs_between_crop_and_magnify(ask):
    counts = job_counts(ask("snakemake", "-n", "--quiet", "rules"))
    assert counts["smooth"] == counts["crop"]
    cropped, smoothed = STORE.format("cropped"), STORE.format("smoothed")
    prepared = STORE.format("interpolated/x10")
    ask("snakemake", smoothed, prepared)
    found = json.loads(ask("-c", ASK, cropped, smoothed, prepared))
    steps = ["align", "crop", "interpolate", "magnify", "select", "smooth"]
    assert found == {"steps": steps, "mean": True, "first": True, "same": True}
    assert (ask.folder / "results/logs/smooth/grey32/smic/s03.log").exists()
    assert (ask.folder / "results/benchmarks/smooth/grey32/smic/s03.tsv").exists()
    assert f"{smoothed} by smooth" in ask("merflow", "why", smoothed)
    assert "merflow smooth cropped.h5" in ask("merflow", "smooth", "--help")
    assert "Nothing to be done" in ask("snakemake", smoothed, prepared)


def test_a_raised_version_reruns_the_stage_and_what_follows(ask, tree):
    table = tree / "src/merflow/stage_table.py"
    table.write_text(table.read_text().replace('Stage("smooth", 1', 'Stage("smooth", 2'))
    jobs = job_counts(ask("snakemake", STORE.format("interpolated/x10"), "-n", "--quiet", "rules"))
    assert jobs == {"smooth": 1, "magnify": 1, "interpolate": 1}
