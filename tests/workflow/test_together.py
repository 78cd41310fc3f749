"""One job makes several stores of a subject only where it makes none twice."""

import shlex
from pathlib import Path

import pytest
from snakemake.cli import parse_config
from snakemake_interface_executor_plugins.utils import format_cli_arg

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


def handed_over(found):
    """Return batches as a job reads them, behind a shell and Snakemake's parser of --config."""
    (word,) = shlex.split(format_cli_arg("", [f"together={text(found)}"]))
    return parsed(parse_config([word])["together"])


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_first_run_crops_for_all_preparations_and_magnifies_by_all_factors():
    found = batches(plan(p=(1, 10, 25, 50), rgb=(1, 10), flow=(1,)), ())
    assert [{*batch} for batch in found["crop"]] == [{"p", "rgb", "flow"}]
    assert found["magnify"] == [("p", "x10", "x25", "x50")], "one factor is no batch"
    assert handed_over(found) == found


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"crop": [], "magnify": []},
        {"crop": [("a", "b"), ("c=1", "d+e")], "magnify": [("p-2.5", "x10", "x2.5")]},
        {"crop": [("null", "1")]},
        {"magnify": [("1", "2"), ("3.0", "true")]},
    ],
)
def test_the_jobs_of_a_cluster_read_the_batches_of_the_main_process(found):
    assert handed_over(found) == {stage: made for stage, made in found.items() if made}


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


def test_three_factors_are_one_job_and_give_the_bytes_of_separate_jobs(project):
    project.config["experiments"]["quick"]["factors"] += [25, 50]
    project.config["keep_intermediate"] = True
    target = "results/grey32/magnified/{}/smic/s01.h5"
    wanted = [target.format(factor) for factor in ("x25", "x50")]
    assert project.jobs(*wanted)["magnify"] == 1
    project.run(*wanted)
    log = project.path("results/logs/magnify/grey32/x10+x25+x50/smic/s01.log")
    assert log.is_file()
    words = ["magnify", "results/grey32/cropped/smic/s01.h5", "alone.h5", "--factor", "x25"]
    words += ["--catalogue", "results/catalogue/smic.json", "--preparation", "grey32"]
    done = project.merflow(*words, "--config", "results/config.yaml")
    assert done.returncode == 0, done.stderr
    assert project.path("alone.h5").read_bytes() == project.path(wanted[0]).read_bytes()
