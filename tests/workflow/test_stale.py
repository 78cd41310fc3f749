"""merflow knows what is stale without Snakemake's notes: contents and records, not times."""

import contextlib
import json
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from merflow.config import source_digest
from merflow.config.loading import load
from merflow.config.source_digest import network_digest, stage_digest
from merflow.errors import MerflowError
from merflow.evaluation.run_id import Run
from merflow.workflow import run_fingerprints, stale
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import check_folds
from merflow.workflow.setup import start

FOLD = "results/runs/quick/x1/seed0/smic-s01"


def found(project) -> stale.Findings:
    """Return what merflow finds stale in a project, from records and datasets alone."""
    with contextlib.chdir(project.folder):
        return stale.find_stale(start(yaml.safe_load(project.write_config().read_text())))


def steps(project) -> dict[str, int]:
    """Return command -> number of jobs with stale files."""
    return dict(Counter(one.step for one in found(project).stale))


def frame_of(project) -> Path:
    """Return a frame of the first clip of smic/s01."""
    clip = next(p for p in project.path("faces/smic").rglob("micro/*/s1_*") if p.is_dir())
    return sorted(clip.iterdir())[1]


def test_nothing_of_a_finished_run_is_stale(project):
    assert found(project) == ([], {})


def test_a_touched_frame_is_not_stale(project):
    frame_of(project).touch()
    assert found(project) == ([], {})


def test_a_changed_byte_is_that_subject_and_what_sees_it(project):
    frame = frame_of(project)
    data = bytearray(frame.read_bytes())
    data[-1] ^= 1
    frame.write_bytes(data)
    assert steps(project) == {
        **{"align": 1, "crop": 1, "magnify": 1, "interpolate": 2, "pack": 2},
        **{"train": 12, "score": 2, "skipped": 1, "table": 1, "report": 1, "manifest": 1},
    }
    text = stale.message(found(project))
    assert f"/{frame.name} has other bytes: results/aligned/smic/s01.h5" in text


def test_a_copy_of_a_project_has_nothing_to_do(project, tmp_path):
    """`cp -r`: every file has another time and inode; planning reads the frames once."""
    twin = project.copy(tmp_path / "other")
    shutil.rmtree(twin.folder)
    shutil.copytree(project.folder, twin.folder, copy_function=shutil.copyfile)
    output = twin.run("--dry-run")
    assert "Nothing to be done" in output and "of frames hashed in" in output
    assert "of frames hashed in" not in twin.run("--dry-run")


def lose_notes(project) -> None:
    shutil.rmtree(project.path(".snakemake"))


def touch(project) -> None:
    project.run("--touch", "--forceall")


@pytest.mark.parametrize("happened", [lose_notes, touch])
def test_what_snakemake_forgot_is_stale_all_the_same(project, happened):
    project.config["experiments"]["quick"]["training"]["epochs"] = 5
    happened(project)
    jobs = project.jobs("--rerun-triggers", "mtime")
    assert jobs == {"train": 12, "score": 2, "table": 1, "report": 1, "manifest": 1}
    assert "training.epochs 5, was 4" in stale.message(found(project))


def test_a_removed_subject_is_noticed_without_notes(project):
    project.draw(subjects=1)
    shutil.rmtree(project.path(".snakemake/metadata"))
    jobs = project.jobs("--rerun-triggers", "mtime")
    assert jobs["pack"] == 2 and jobs["split"] == 1 and jobs["train"] == 6 and "align" not in jobs


@pytest.mark.parametrize("name", ["", "weights.weights.h5", "history.csv", "predictions.csv"])
def test_a_deleted_part_of_a_fold_is_noticed(project, name):
    path = project.path(f"{FOLD}/{name}")
    if name:
        path.unlink()
    else:
        shutil.rmtree(path)
    (one,) = found(project).stale
    assert one.step == "train" and f"{FOLD}/predictions.csv" in one.outputs
    assert one.why.endswith("was deleted")


def test_a_deleted_store_is_made_again_only_where_it_is_needed(project):
    shutil.rmtree(project.path("results/grey32/interpolated"))
    assert found(project) == ([], {})


def test_an_edited_network_trains_its_experiments_and_no_others(project, monkeypatch):
    quick = project.config["experiments"]["quick"]
    settings = {"network": "joshi_3dcnn", "factors": [1], "training": {"epochs": 1}}
    project.config["experiments"]["other"] = {**quick, **settings}
    edited = {"cnn3d": "another"}
    monkeypatch.setattr(
        run_fingerprints, "network_digest", lambda name: edited.get(name) or network_digest(name)
    )
    trained = [one for one in found(project).stale if one.step == "train"]
    assert len(trained) == 12 and all("/quick/" in one.outputs[0] for one in trained)
    assert {one.why for one in trained} == {"the network's code is another"}


def test_other_code_of_a_stage_is_noted_with_the_command_that_makes_it_again(project, monkeypatch):
    monkeypatch.setattr(
        stale, "stage_digest", lambda name: "x" if name == "crop" else stage_digest(name)
    )
    result = found(project)
    assert result == ([], {"crop": 6})
    assert "merflow run -- --forcerun crop" in stale.message(result)


def test_results_without_records_are_said_once_and_made_again(project):
    shutil.rmtree(project.path("results/records"))
    text = stale.message(found(project))
    assert text.count("\n") == 2 and "made before merflow kept records" in text
    assert project.jobs()["train"] == 12


def test_folds_trained_in_different_ways_are_not_scored_together(project):
    record = project.path("results/records/runs/quick/x1/seed0/smic-s01.json")
    kept = json.loads(record.read_text())
    kept["made"]["recipe"]["training"]["epochs"] = 9
    record.write_text(json.dumps(kept))
    with contextlib.chdir(project.folder):
        plan = Plan(load("results/config.yaml"))
        check_folds(plan, Run("quick", "x10", 0))
        with pytest.raises(MerflowError, match=r"smic-s01.*training.epochs 4, was 9"):
            check_folds(plan, Run("quick", "x1", 0))


def test_a_store_made_again_alone_makes_what_read_it_stale(project):
    """As after a kill between two stages, with Snakemake's notes lost."""
    record = project.path("results/records/aligned/smic/s01.json")
    kept = json.loads(record.read_text())
    kept["wrote"]["results/aligned/smic/s01.h5"] = "0" * 64
    record.write_text(json.dumps(kept))
    (one,) = found(project).stale
    assert one.step == "crop" and one.why == "s01.h5 was made again since"


SOURCES = {
    "models/networks/a.py": '"""A."""\nfrom merflow.models.layers.b import wide\nWIDTH = 3\n',
    "models/layers/b.py": "def wide(x):\n    return 2 * x\n",
}


@pytest.mark.parametrize(
    ("file", "old", "new", "same"),
    [
        ("models/networks/a.py", "A.", "Another text.", True),
        ("models/networks/a.py", "WIDTH = 3", "WIDTH  =  (3)  # px", True),
        ("models/networks/a.py", "WIDTH = 3", "WIDTH = 4", False),
        ("models/layers/b.py", "2 * x", "3 * x", False),
        ("models/layers/b.py", "def wide(x):\n", 'def wide(x):\n    """Twice."""\n', True),
    ],
)
def test_what_counts_as_code(tmp_path, monkeypatch, file, old, new, same):
    monkeypatch.setattr(source_digest, "SOURCE", tmp_path)
    for name, text in SOURCES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    source_digest.source_digest.cache_clear()
    before = network_digest("a")
    path = tmp_path / file
    path.write_text(path.read_text().replace(old, new))
    source_digest.source_digest.cache_clear()
    assert (network_digest("a") == before) == same
    source_digest.source_digest.cache_clear()


def test_every_stage_has_code_of_its_own():
    names = ("align", "crop", "magnify", "interpolate", "flow")
    assert len({stage_digest(name) for name in names}) == len(names)
    assert os.path.exists(source_digest.SOURCE / "stages/align.py")
