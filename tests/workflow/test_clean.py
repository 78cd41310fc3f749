"""`merflow clean` removes all files that its option names, and none that a run still needs."""

import os
import subprocess
import sys

from merflow.config.loading import load
from merflow.config.settings import Settings
from merflow.io.files import HOST, PARTIAL
from merflow.workflow.cleanup import wanted
from merflow.workflow.plan import Plan

RUN = "results/runs/quick/x1/seed0"


def clean(project, *words) -> str:
    done = project.merflow("clean", *words, "--config", project.write_config())
    assert done.returncode == 0, done.stderr
    return done.stdout


def pictures(project) -> list[str]:
    found = project.path("results").rglob("*.h5")
    return [p.name for p in found if not p.name.endswith(".weights.h5")]


def write(project, *names):
    for name in names:
        path = project.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def test_images_are_removed_and_weights_and_scores_stay(project):
    write(project, "results/previews/a.PNG", "results/b.mp4", "results/.part-1-2-3-x1.h5")
    kept = {p: project.text(f"results/tables/{p}") for p in ("scores.csv", "scores.txt")}
    before = pictures(project)
    listed = clean(project, "--faces")
    assert "would be removed" in listed and pictures(project) == before != []
    assert all(name in listed for name in ("a.PNG", "b.mp4", "packed", "aligned", ".part-1-2-3"))
    clean(project, "--faces", "--delete")
    assert pictures(project) == [] and not project.path("results/b.mp4").exists()
    assert not project.path("results/aligned").exists(), "empty folders go too"
    assert all(project.text(f"results/tables/{p}") == text for p, text in kept.items())
    assert project.path(f"{RUN}/smic-s01/weights.weights.h5").exists()
    assert project.jobs() == {}, "the finished run is still finished"


def test_intermediate_stores_are_removed_and_nothing_reruns(project):
    clean(project, "--intermediate", "--delete")
    assert not project.path("results/grey32/interpolated").exists()
    assert (
        project.path("results/aligned").exists() and project.path("results/grey32/packed").exists()
    )
    assert project.jobs() == {}
    project.config["experiments"]["quick"]["training"]["epochs"] = 3
    needs = {"train", "score", "table", "report", "manifest"}
    assert set(project.jobs()) == needs, "training needs the packs"


def test_stale_is_what_no_experiment_makes(project):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    gone = [
        "results/runs/old/x1/seed0/final/weights.weights.h5",
        "results/runs/quick/x1/seed7/smic-s01/run.json",
        f"{RUN}/smic-s99/predictions.csv",
        "results/aligned/smic/s99.h5",
        "results/old/packed/composite/x1.h5",
        "results/pretrained/old/history.csv",
        f"results/aligned/smic/{PARTIAL}{HOST}-{dead.pid}-0-s01.h5",
    ]
    kept = [
        f"{RUN}/final/weights.weights.h5",
        f"{RUN}/smic-s01/events/events.1",
        f"results/aligned/smic/{PARTIAL}{HOST}-{os.getpid()}-0-s01.h5",
    ]
    write(project, *gone, *kept)
    assert clean(project, "--stale").splitlines()[:-1] == sorted(gone)


def test_what_a_pretraining_is_made_from_is_not_stale(project, monkeypatch):
    words = ["demo", "faces", "--small", "--subjects", "1", "--clips", "7", "--dataset", "jaffe"]
    assert project.merflow(*words).returncode == 0
    project.config["datasets"]["jaffe"] = {"root": "faces/jaffe"}
    project.config["collections"]["stills"] = ["jaffe"]
    entry = {"preparation": "grey32", "collection": "stills", "factor": "x10"}
    project.config["pretrainings"] = {"begun": entry}
    project.config["experiments"]["quick"]["pretrain"] = "begun"
    monkeypatch.chdir(project.folder)
    plan = Plan.read(load(project.write_config()))
    (subject,) = plan.data.subjects("jaffe")
    stages = ("grey32/interpolated/x10", "grey32/cropped", "aligned")
    stores = [f"results/{stage}/jaffe/{subject}.h5" for stage in stages]
    begun = ["results/grey32/packed/stills/x10.h5", "results/pretrained/begun/weights.weights.h5"]
    write(project, *stores, *begun)
    assert clean(project, "--stale") == "nothing to remove\n"
    assert not wanted(Plan(Settings())), "and an empty config makes nothing"
