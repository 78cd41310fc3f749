"""The whole workflow on a small demo: its files, and the same bytes when it runs again."""

import csv
import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from loaded_snakemake import dry_run
from project import ROOT

from merflow.io.files import PARTIAL


def test_it_ends_with_tables_and_a_report(finished):
    for name in ("csv", "xlsx", "md", "tex", "txt"):
        assert finished.path(f"results/tables/scores.{name}").stat().st_size > 100
    assert "<html" in finished.text("results/report.html")


def test_every_run_has_its_cost_beside_its_score_and_its_pictures(finished):
    rows = list(csv.DictReader(finished.text("results/tables/cost.csv").splitlines()))
    assert [(r["experiment"], r["method"], r["factor"]) for r in rows] == [
        ("quick", "cnn3d", "x1"),
        ("quick", "cnn3d", "x10"),
    ]
    for row in rows:
        assert int(row["folds"]) == 6 and float(row["epochs"]) == 4
        assert 0 < float(row["training_accuracy"]) <= 1
        for name in ("parameters", "flops", "seconds_a_fold", "milliseconds_a_clip"):
            assert float(row[name]) > 0
        run = finished.path(f"results/runs/quick/{row['factor']}/seed0")
        for name in ("curves", "confusion", "subjects"):
            assert ElementTree.parse(run / f"{name}.svg").getroot().tag.endswith("svg")


def test_it_leaves_what_goes_into_a_paper(finished):
    made = {path.name for path in finished.path("results/figures").iterdir()}
    stems = {"quick_magnification"}
    for factor in ("x1", "x10"):
        kinds = ("curves", "confusion", "subjects", "ranking")
        stems |= {f"quick_{factor}_seed0_{kind}" for kind in kinds}
    clips = {name for name in made if name.startswith("clip_")}
    assert made - clips == {f"{stem}.{kind}" for stem in stems for kind in ("svg", "pdf")}
    assert len(clips) == 2 * 3  # one generated face of each dataset
    page = finished.text("results/report.html")
    assert page.count("data:image/jpeg") == 3 and "F1 surprise" in page
    for form in ("onecolumn", "twocolumn"):
        assert r"\label{tab:" in finished.text(f"results/tables/scores_{form}.tex")
    methods, works = finished.text("results/methods.md"), finished.text("results/methods.bib")
    assert "Training took 4 epochs" in methods and "[@wadhwa2013phase]" in methods
    assert "{wadhwa2013phase," in works
    assert "# Model card" in finished.text("results/model_card.md")
    assert "| all | 18 | 6 |" in finished.text("results/data_card.md")


def test_it_says_how_far_it_is(finished):
    lines = [line for line in finished.output.splitlines() if line.startswith("[")]
    assert len(lines) > 30
    assert "of " in lines[0] and "left" in lines[5] and "running: " in finished.output


def test_every_clip_is_tested_once_by_a_network_that_never_saw_its_subject(finished):
    rows = list(
        csv.DictReader(finished.text("results/runs/quick/x10/seed0/pooled.csv").splitlines())
    )
    keys = [(r["dataset"], r["subject"], r["clip"]) for r in rows]
    assert len(keys) == len(set(keys)) >= 18
    for row in rows:
        assert row["fold"] == f"{row['dataset']}-{row['subject']}"
        fold = finished.text(f"results/folds/quick/{row['fold']}.csv").splitlines()
        trained = {tuple(r.split(",")[:2]) for r in fold if ",train," in r}
        assert (row["dataset"], row["subject"]) not in trained


def test_no_file_that_training_reads_holds_a_test_label(finished):
    for path in finished.path("results/folds/quick").glob("*.csv"):
        for row in csv.DictReader(path.read_text().splitlines()):
            assert bool(row["label"]) == (row["side"] == "train")
    packed = finished.path("results/grey32/packed/composite/x1.h5").read_bytes()
    for word in (b"negative", b"positive", b"surprise", b"happiness", b"disgust"):
        assert word not in packed


def test_parts_are_slices_of_the_same_predictions(finished):
    rows = list(csv.DictReader(finished.text("results/tables/scores.csv").splitlines()))
    x10 = {r["part"]: r for r in rows if r["factor"] == "x10"}
    assert set(x10) == {"full", "smic", "casme2", "samm"}
    assert int(x10["full"]["n"]) == sum(int(x10[p]["n"]) for p in x10 if p != "full")
    for row in rows:
        assert 0 < float(row["floor_uf1"]) < float(row["guess_uf1"]) < 1


def test_a_second_run_has_nothing_to_do(finished):
    assert "Nothing to be done" in finished.run()
    assert finished.jobs() == {}


def test_no_unfinished_file_is_left(finished):
    assert not [p for p in finished.folder.rglob("*") if PARTIAL in p.name]


def bytes_of(project) -> dict[str, bytes]:
    """Return the files whose bytes are promised."""
    results = project.path("results")
    promised = [*results.rglob("predictions.csv"), *results.rglob("pooled.csv")]
    promised += [p for p in (results / "tables").iterdir() if p.stem != "cost"]  # measured times
    promised += [*results.rglob("*.weights.h5"), *results.rglob("scores.csv")]
    return {str(p.relative_to(results)): p.read_bytes() for p in promised}


def stores_of(project) -> dict[str, bytes]:
    results = project.path("results")
    return {str(p.relative_to(results)): p.read_bytes() for p in results.rglob("s01.h5")}


def test_made_again_with_other_cores_and_groups_it_has_the_same_bytes(finished, project):
    """A subject's stages and a factor's folds, on one core and with folds grouped otherwise."""
    for path in project.path("results").rglob("s01.h5"):
        path.unlink()
    for folder in ("runs/quick/x10", "tables", "grey32/packed"):
        shutil.rmtree(project.path("results") / folder)
    project.config["folds_per_job"] = 4
    project.run("--cores", "1")
    one, two = bytes_of(finished), bytes_of(project)
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []
    assert stores_of(finished) == stores_of(project)


def test_changed_test_labels_leave_the_weights_byte_identical(project):
    before = bytes_of(project)
    fold = "casme2-sub01"
    truth = project.path("results/truth/quick.csv")
    turned = {"negative": "positive", "positive": "surprise", "surprise": "negative"}
    rows = list(csv.reader(truth.read_text().splitlines()))
    for row in rows:
        if row[3] == fold:
            row[4] = turned[row[4]]
    truth.write_text("\n".join(",".join(row) for row in rows) + "\n")
    words = ["train", "results/runs/quick/x10/seed0", f"results/folds/quick/{fold}.csv"]
    done = project.merflow(*words, "--config", "results/config.yaml")
    assert done.returncode == 0, done.stderr
    after = bytes_of(project)
    for name in ("weights.weights.h5", "predictions.csv"):
        path = f"runs/quick/x10/seed0/{fold}/{name}"
        assert before[path] == after[path]


def test_what_a_job_ran_can_be_pasted_into_a_shell(finished):
    text = finished.run("--dry-run", "--forceall", "--printshellcmds")
    assert "merflow align" in text and "--config results/config.yaml" in text


def test_snakemake_finds_nothing_to_mend_in_the_rules(drawn):
    assert "your workflow is in a good condition" in drawn.run("--lint")


def test_snakemake_report_works(project):
    project.run("--report", "report.zip")
    assert project.path("report.zip").stat().st_size > 10_000


def test_run_record_says_what_made_it(finished):
    record = json.loads(finished.text("results/runs/quick/x1/seed0/smic-s01/run.json"))
    assert record["fold"] == "smic-s01" and record["factor"] == "x1"
    assert record["recipe"]["training"]["epochs"] == 4
    assert str(Path.home()) not in json.dumps(record)


@pytest.mark.parametrize("name", ["config.yaml", "quick.yaml", "permuted.yaml", "zoo.yaml"])
def test_every_shipped_config_has_a_dag(finished, name, tmp_path):
    duplicate = finished.copy(tmp_path / "p")
    duplicate.path("data").mkdir()
    for folder in ("demo", "quick", "zoo"):
        duplicate.path(f"data/{folder}").symlink_to(duplicate.path("faces"))
    words = ["-s", str(ROOT / "Snakefile"), "-n", "--configfile", str(ROOT / "config" / name)]
    done = dry_run(words, duplicate.folder)
    assert done.returncode == 0, done.stdout
