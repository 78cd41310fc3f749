"""The workflow started and stopped through the routes, with real Snakemake."""

import os
import time
from pathlib import Path

import pytest
from studio_project import Studio, copy


@pytest.fixture
def fresh(built, tmp_path):
    running = Studio(copy(built, tmp_path / "fresh"))
    yield running
    if running.process.poll() is None:
        running.close()


def start(studio, name="smic"):
    return studio.json("/api/workflow/start", "POST", {"what": "dataset", "name": name})


def wait(studio, wanted, seconds=240):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        state = studio.json("/api/workflow")
        if wanted(state):
            return state
        time.sleep(0.3)
    raise AssertionError(state)


def working_in(folder: Path) -> list[str]:
    """Return the commands of other processes whose working folder is `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd") == str(folder):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return [command for command in found if " studio " not in command]


def test_a_stopped_preparation_leaves_nothing_running_and_can_be_started_again(fresh):
    job = start(fresh)
    assert job["state"] == "running"
    again = {"what": "dataset", "name": "samm"}
    assert fresh.ask("/api/workflow/start", "POST", again).status == 409
    wait(fresh, lambda state: state["total"] > 0)
    assert working_in(fresh.folder)
    fresh.json("/api/workflow/stop", "POST", {"id": job["id"]})
    ended = wait(fresh, lambda state: state["state"] == "stopped")
    assert ended["code"] != 0
    assert working_in(fresh.folder) == []
    start(fresh)
    done = wait(fresh, lambda state: state["state"] not in ("running", "stopping"))
    assert done["state"] == "done", "\n".join(done["lines"])
    assert done["done"] == done["total"] > 0
    for factor in ("x1", "x10"):
        made = fresh.folder / f"results/grey32/interpolated/{factor}/smic/s01.h5"
        assert made.is_file()


def test_the_workflow_ends_with_the_studio(fresh):
    start(fresh)
    wait(fresh, lambda state: state["total"] > 0)
    fresh.close()
    assert working_in(fresh.folder) == []


def test_a_failed_start_names_the_invalid_setting(fresh):
    (fresh.folder / "config/config.yaml").write_text("experiments: 3\n")
    answer = fresh.ask("/api/workflow/start", "POST", {"what": "experiment", "name": "quick"})
    assert answer.status == 400
    assert b"experiments" in answer.content
