"""One job makes several stores of a subject only where it makes none twice."""

from pathlib import Path

import pytest

from merflow import paths
from merflow.clip import Clip, ClipKey
from merflow.config.settings import Settings
from merflow.workflow.plan import Plan
from merflow.workflow.together import batches, parsed, text

PREPARATIONS = {"p": {}, "flow": {"kind": "flow"}, "rgb": {"crop": {"colour": "rgb"}}}
SUBJECTS = ("s1", "s2")


def plan(keep_intermediate=False, **factors) -> Plan:
    entries = {
        name: {"preparation": name, "collection": "all", "factors": list(values)}
        for name, values in factors.items()
    }
    raw = {
        "datasets": {"d": {"root": "."}},
        "collections": {"all": ["d"]},
        "preparations": PREPARATIONS,
        "experiments": entries,
        "keep_intermediate": keep_intermediate,
    }
    clips = [
        Clip(ClipKey("d", subject, emotion), ".", ("0.png",), (0,), 100.0, emotion)
        for subject in SUBJECTS
        for emotion in ("happiness", "surprise")
    ]
    return Plan(Settings.model_validate(raw), {"d": clips})


def make(stage, preparation="p", factor="x1", subjects=SUBJECTS):
    for subject in subjects:
        names = {"preparation": preparation, "factor": factor}
        path = Path(paths.store(stage).format(dataset="d", subject=subject, **names))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_first_run_crops_for_all_preparations_and_magnifies_by_all_factors():
    found = batches(plan(p=(1, 10, 25, 50), rgb=(1, 10), flow=(1,)), ())
    assert [{*batch} for batch in found["crop"]] == [{"p", "rgb", "flow"}]
    assert found["magnify"] == [("p", "x10", "x25", "x50")], "one factor is no batch"
    assert parsed(text(found)) == found
    assert parsed(text(batches(plan(p=(1,)), ()))) == {"crop": [], "magnify": []}


def test_what_is_there_is_not_made_again():
    for factor in ("x1", "x10", "x25"):
        make("interpolate", factor=factor)
    make("crop")
    assert batches(plan(p=(1, 10, 25)), ()) == {"crop": [], "magnify": []}
    more = batches(plan(p=(1, 10, 25, 50, 75), rgb=(1,)), ())
    assert more == {"crop": [], "magnify": [("p", "x50", "x75")]}
    # A new subject needs all factors, the others only the new one: the new one is made alone.
    for factor in ("x10", "x25"):
        store = paths.store("interpolate")
        Path(store.format(preparation="p", factor=factor, dataset="d", subject="s2")).unlink()
    found = batches(plan(p=(1, 10, 25, 50)), ())
    assert found["magnify"] == [("p", "x10", "x25")]


def test_stale_stores_count_as_missing():
    for factor in ("x10", "x25"):
        make("interpolate", factor=factor)
    stale = [
        paths.store("interpolate").format(preparation="p", factor=f, dataset="d", subject="s1")
        for f in ("x10", "x25")
    ]
    assert batches(plan(p=(10, 25)), stale)["magnify"] == [("p", "x10", "x25")]
    assert batches(plan(p=(10, 25)), stale[:1])["magnify"] == []


def test_magnified_stores_that_are_kept_count_too():
    for factor in ("x10", "x25"):
        make("interpolate", factor=factor)
    assert batches(plan(p=(10, 25)), ())["magnify"] == []
    assert batches(plan(keep_intermediate=True, p=(10, 25)), ())["magnify"] == [("p", "x10", "x25")]


def test_two_factors_of_a_run_are_one_job_and_a_third_is_added_alone(drawn, tmp_path):
    project = drawn.copy(tmp_path / "a project")
    factors = project.config["experiments"]["quick"]["factors"] = [1, 10, 25]
    project.run("--until", "pack")
    bytes_of = {p: p.read_bytes() for p in project.path("results").rglob("interpolated/x*/*/*.h5")}
    log = next(project.path("results/logs/magnify").rglob("*.log"))
    assert "x10+x25" in log.parts
    factors.append(50)
    assert project.jobs("--until", "pack") == {"magnify": 6, "interpolate": 6, "pack": 1}
    single = drawn.copy(tmp_path / "one by one")
    single.config["experiments"]["quick"]["factors"] = [1, 10]
    single.run("--until", "pack")
    for path, content in bytes_of.items():
        alone = single.path(path.relative_to(project.folder))
        if "x25" not in path.parts:
            assert alone.read_bytes() == content, f"{path}: other bytes made together than alone"
