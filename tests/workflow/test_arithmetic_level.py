"""The arithmetic level of the config or the shell reaches the jobs and their records."""

import json
import re

import pytest

from merflow import arithmetic
from merflow.io.clip_store import Store
from merflow.io.packed import read_packed

STORE = "results/aligned/smic/s01.h5"


@pytest.mark.parametrize(
    ("config", "shell", "level"),
    [("native", None, "native"), ("native", "portable", "portable"), (None, "native", "native")],
)
def test_jobs_run_at_the_configs_level_unless_the_shell_says_another(
    fresh, monkeypatch, config, shell, level
):
    monkeypatch.delenv(arithmetic.VARIABLE, raising=False)
    if shell:
        monkeypatch.setenv(arithmetic.VARIABLE, shell)
    if config:
        fresh.config["arithmetic"] = config
    fresh.run(STORE)
    with Store(fresh.path(STORE)) as store:
        assert store.made_by["arithmetic"].split(" ")[0] == level
        assert store.made_by["libraries"]["opencv-python"].startswith("5.")


def test_a_command_by_hand_says_that_it_does_not_follow_the_configs_level(fresh):
    fresh.config["arithmetic"] = "native"
    done = fresh.merflow("split", "quick", "--config", str(fresh.write_config()))
    assert "MERFLOW_ARITHMETIC=native" in done.stderr


def test_every_record_keeps_level_and_versions_and_why_shows_them(finished):
    here = arithmetic.level()
    packed = read_packed(finished.path("results/grey32/packed/composite/x10.h5"))
    assert packed.made_by["arithmetic"] == here
    fold = "results/runs/quick/x10/seed0/smic-s01"
    facts = json.loads(finished.text(f"{fold}/run.json"))
    assert facts["arithmetic"] == here
    assert {"numpy", "keras", "tensorflow", "python", "libc"} <= set(facts["libraries"])
    manifest = json.loads(finished.text("results/manifest.json"))
    folds = manifest["runs"]["results/runs/quick/x10/seed0"]["folds"]
    assert folds["smic-s01"]["arithmetic"] == here
    assert folds["smic-s01"]["libraries"] == facts["libraries"]
    why = finished.merflow("why", f"{fold}/predictions.csv").stdout
    assert len(re.findall(rf"^ +arithmetic: {re.escape(here)}$", why, re.MULTILINE)) >= 4
    assert "tensorflow" in why and "opencv-python" in why
    report = finished.text("results/report.html")
    assert f"arithmetic {here}" in report
    costs = finished.text("results/tables/cost.csv").splitlines()
    assert costs[0].endswith(",arithmetic") and costs[1].endswith(f",{here}")
