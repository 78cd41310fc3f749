"""What is told of a finished run afterwards: its record, its oracle, what made each file."""

import csv
import json
from pathlib import Path

import openpyxl
import pytest


def digests(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for pattern in ("runs/**/*.h5", "runs/**/*.csv", "tables/*")
        for p in folder.glob(pattern)
    }


def test_the_manifest_holds_digests_of_all_that_a_table_rests_on(finished):
    text = finished.text("results/manifest.json")
    made = json.loads(text)
    assert str(finished.folder) not in text and str(Path.home()) not in text
    assert made["datasets"]["casme2"]["clips"] == 8
    assert made["datasets"]["casme2"]["sheets"] == ["CASME2-coding-20140508.xlsx"]
    assert made["splits"]["quick"]["classes"] == ["negative", "positive", "surprise"]
    run = made["runs"]["results/runs/quick/x10/seed0"]
    assert len(run["folds"]) == 6
    facts = json.loads(finished.text("results/runs/quick/x10/seed0/smic-s01/run.json"))
    assert run["folds"]["smic-s01"]["weights"] == facts["weights"]
    assert made["packages"]["keras"][0].isdigit()


def test_the_protocol_line_names_sheet_folds_stopping_and_seeds(finished):
    for form in ("txt", "md", "tex"):
        words = " ".join(
            finished.text(f"results/tables/scores.{form}")
            .replace("\\allowbreak{}", "")
            .replace("\\", "")
            .split()
        )
        for said in (
            "casme2 (CASME2-coding-20140508.xlsx)",
            "smic (labels in folder names)",
            "protocol composite, 6 folds",
            "4 epochs, fixed before testing",
            "seeds 0",
            "negative 2, positive 2, surprise 2",
        ):
            assert said in words, (form, said)
    book = openpyxl.load_workbook(finished.path("results/tables/scores.xlsx"))
    assert book.sheetnames == ["Full", "SMIC", "CASME II", "SAMM", "magnification", "settings"]


def test_no_line_of_the_terminal_table_is_wider_than_a_terminal(finished):
    assert max(map(len, finished.text("results/tables/scores.txt").splitlines())) <= 100


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (
            "results/tables/scores.csv",
            [
                "by table",
                "by score",
                "by train",
                "by pack",
                "by interpolate",
                "by crop",
                "by align",
            ],
        ),
        ("results/manifest.json", ["by provenance", "by table"]),
        ("results/report.html", ["by report"]),
    ],
)
def test_why_goes_back_to_the_raw_frames(finished, file, said):
    done = finished.merflow("why", file)
    assert done.returncode == 0, done.stderr
    for words in said:
        assert words in done.stdout
    if "scores" in file:
        assert "seed: " in done.stdout and "merflow: 0." in done.stdout


def test_the_oracle_is_made_on_request_beside_an_untouched_run(project):
    before = digests(project.path("results"))
    project.config["experiments"]["quick"]["record_oracle"] = True
    assert set(project.jobs()) == {"oracle", "table", "report", "manifest"}
    oracle = "results/oracle/quick/x10/seed0/oracle.csv"  # that of x1 would cost as much again
    project.run("--cores", "2", oracle, "results/report.html")
    after = digests(project.path("results"))
    changed = [name for name in before | after if before.get(name) != after.get(name)]
    assert changed == ["tables/scores.xlsx"], "the sheet of settings alone knows of the oracle"
    settings = openpyxl.load_workbook(project.path("results/tables/scores.xlsx"))["settings"]
    held = {str(row[0].value): str(row[1].value) for row in settings}
    assert held["experiments.quick.record_oracle"] == "True"
    lines = project.text("results/oracle/quick/x10/seed0/oracle.csv").splitlines()
    assert lines[0].startswith("# FORBIDDEN RULES")
    rows = list(csv.DictReader(lines[1:]))
    score = {(r["rule"], r["part"]): float(r["uf1"]) for r in rows}
    table = list(csv.DictReader(project.text("results/tables/scores.csv").splitlines()))
    mine = {r["part"]: float(r["uf1"]) for r in table if r["factor"] == "x10"}
    for part, value in mine.items():
        assert score["honest", part] == pytest.approx(value, abs=1e-6)
    assert score["best epoch of each fold, pooled", "full"] >= mine["full"]
    assert ("random split by clip", "full") in score
    words = ["audit", "results/runs/quick/x10/seed0", "--config", "results/config.yaml"]
    said = project.merflow(*words).stdout
    assert "every prediction is that of the last epoch" in said and "FORBIDDEN RULES" in said
    assert "FORBIDDEN" not in project.text("results/report.html")


def test_the_region_oracle_writes_beside_an_untouched_run(project):
    before = digests(project.path("results"))
    run = ["results/runs/quick/x1/seed0", "--config", "results/config.yaml"]
    done = project.merflow("region-oracle", *run)
    assert done.returncode == 0, done.stderr
    assert "FORBIDDEN RULES" in done.stdout and "clips by region" in done.stdout
    assert digests(project.path("results")) == before
    made = project.path("results/oracle/quick/x1/seed0/regions/region_oracle.csv")
    lines = made.read_text().splitlines()
    assert lines[0].startswith("# FORBIDDEN RULES")
    rows = list(csv.DictReader(lines[1:]))
    assert {r["rule"] for r in rows} == {
        "whole face as in the run", "region by annotated units", "region alone without pixels"
    }  # fmt: skip
    table = list(csv.DictReader(project.text("results/tables/scores.csv").splitlines()))
    full = next(float(r["uf1"]) for r in table if (r["factor"], r["part"]) == ("x1", "full"))
    assert float(rows[0]["uf1"]) == pytest.approx(full, abs=1e-6)
    assert project.jobs() == {}, "nothing becomes stale"
    assert "region_oracle" not in project.merflow("verify").stdout, "its record names it"


def test_permuted_labels_are_trained_on_request_and_ranked(project):
    """One permutation of the small run; what was trained once is not trained again."""
    words = ["audit", "results/runs/quick/x10/seed0", "--config", "results/config.yaml"]
    before = digests(project.path("results"))
    said = project.merflow(*words, "--permute", "1")
    assert said.returncode == 0, said.stderr
    assert "[1 of 1] labels permuted, seed 1: UF1 0." in said.stdout
    assert "of 1 permuted runs score as well" in said.stdout
    own = {k: v for k, v in digests(project.path("results")).items() if "permute" not in k}
    assert own == before
    run = project.path("results/runs/quick-permute_labels=1/x10/seed0")
    stamp = (run / "smic-s01/predictions.csv").stat().st_mtime_ns
    assert project.merflow(*words, "--permute", "1").stdout == said.stdout
    assert (run / "smic-s01/predictions.csv").stat().st_mtime_ns == stamp
