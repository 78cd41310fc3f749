"""`training.gpu_share`: how many trainings run at a time on this machine, and what it leaves alone.

Trainings are external programs that count one another. No GPU is needed, and none was at hand.
"""

import os

import pytest
import yaml

from merflow.models.training import gpu_choice

PROGRAM = """
import csv, os, sys, time
from pathlib import Path
import numpy as np
room, met = (Path(__file__).with_name(name) for name in ("room", "met"))
room.mkdir(exist_ok=True)
mine = room / str(os.getpid())
mine.touch()
most, count = 0, lambda: len(list(room.iterdir()))
for _ in range(600):
    most = max(most, count())
    if most >= 2 or met.exists():  # Who comes last need not wait.
        break
    time.sleep(0.1)
time.sleep(1)
with open(met, "a") as file:
    file.write(f"{max(most, count())} ")
mine.unlink()
folder = Path(sys.argv[-1])
keys, name = np.load(folder / "test.npz")["keys"], np.load(folder / "train.npz")["classes"][0]
with open(folder / "predictions.csv", "w", newline="") as file:
    rows = [[*key, name] for key in keys]
    csv.writer(file).writerows([["dataset", "subject", "clip", "predicted"], *rows])
"""
SCORES = "results/runs/two/x1/seed0/scores.csv"


@pytest.mark.skipif(gpu_choice.possible(), reason="on a machine with a GPU they take turns")
def test_without_a_gpu_trainings_do_not_wait_for_one_another(project):
    project.path("program.py").write_text(PROGRAM)
    entry = project.config["experiments"]["quick"] | {"factors": [1], "method": "command"}
    entry |= {"command": "python program.py", "sandbox": "off", "training": {"threads": 1}}
    project.config["experiments"]["two"] = entry
    project.run(SCORES, "--cores", "3", "--resources", "gpu=1")
    assert max(map(int, project.text("met").split())) in (2, 3)


def test_as_many_trainings_run_on_a_gpu_as_share_it_and_another_number_trains_nothing(
    project, tmp_path, monkeypatch
):
    driver = tmp_path / "driver/nvidia-smi"
    driver.parent.mkdir()
    driver.write_text("#!/bin/sh\necho GPU-1, 8000, 8000\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{driver.parent}:{os.environ['PATH']}")
    project.path("program.py").write_text(PROGRAM)
    entry = project.config["experiments"]["quick"] | {"factors": [1], "method": "command"}
    entry |= {"command": "python program.py", "sandbox": "off"}
    for name, share in {"two": 2, "three": 3}.items():
        training = {"gpu_share": share, "threads": 1}
        project.config["experiments"][name] = entry | {"training": training}
    project.run(SCORES, "--cores", "8", "--resources", "gpu=1")
    met = project.text("met").split()
    assert len(met) == 6 and max(met) == "2", met

    settings = yaml.safe_load(project.text("results/config.yaml"))["experiments"]
    assert settings["two"]["training"]["gpu_share"] == 2, "for the jobs"
    for path in project.path("results/runs/two").rglob("*.json"):
        assert "gpu_share" not in path.read_text(), "for them alone"
    for share in (1, 5):
        project.config["experiments"]["two"]["training"]["gpu_share"] = share
        assert project.jobs(SCORES) == {}
