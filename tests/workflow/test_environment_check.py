"""Doctor: what is missing is said with what to do, and a GPU asked for is not shrugged off."""

import importlib.metadata
import json

import pytest

from merflow.commands import doctor
from merflow.errors import MerflowError
from merflow.models import program_sandbox
from merflow.workflow.environment_check import (
    Check,
    arithmetic_level,
    as_json,
    cluster,
    device,
    packages,
    pins,
    probe,
    sandbox,
    text,
)

TOLD = {
    "keras": "3.1",
    "backend": "tensorflow",
    "tensorflow": "2.2",
    "gpus": [],
    "right": True,
    "milliseconds": 4.0,
    "gflops": 500.0,
}


def version(name):
    known = {"numpy": "2.0", "h5py": "3.0"}
    if name not in known:
        raise importlib.metadata.PackageNotFoundError(name)
    return known[name]


def test_packages_are_compared_with_the_lock(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("# made\nnumpy==2.0 \\\n    --hash=sha256:00\nh5py==3.0\n")
    assert packages(lock, version).state == "found"
    lock.write_text("numpy==2.1\n")
    other = packages(lock, version)
    assert other.state == "warning" and "numpy 2.0 (locked: 2.1)" in other.found
    lock.write_text("numpy==2.0\nkeras==3.0\n")
    gone = packages(lock, version)
    assert gone.state == "missing" and "keras 3.0" in gone.found and "pip install" in gone.todo


def test_pins_of_other_systems_are_left_out():
    lines = 'a==1 ; sys_platform == "nowhere"\nb[x]==2.0\nc==3; python_version >= "3.0"\n'
    assert pins(lines) == [("b", "2.0"), ("c", "3")]


def test_a_gpu_asked_for_and_not_there_is_missing():
    assert device(TOLD, gpu=False).state == "found"
    asked = device(TOLD, gpu=True)
    assert asked.state == "missing" and asked.todo
    assert device({**TOLD, "gpus": ["/GPU:0"]}, gpu=True).state == "found"
    assert device({**TOLD, "right": False}, gpu=False).state == "missing"
    assert device({"error": "no keras"}, gpu=False).state == "missing"


def test_a_level_that_is_not_kept_is_missing(monkeypatch):
    assert arithmetic_level().state != "missing"
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", "AVX1024")
    found = arithmetic_level()
    assert (found.state, "AVX1024" in found.found) == ("missing", True)
    assert "MERFLOW_ARITHMETIC" in found.todo


def test_no_sandbox_is_no_fault(monkeypatch):
    monkeypatch.setattr(program_sandbox, "missing", lambda: "bwrap is not installed")
    assert sandbox().state == "warning" and as_json([sandbox()])["ok"]
    assert "install bubblewrap" in text([sandbox()])
    monkeypatch.setattr(program_sandbox, "missing", lambda: "")
    assert sandbox().state == "found"


def test_no_cluster_client_is_no_fault(tmp_path):
    check = cluster(tmp_path, lambda _: None)
    assert check.state == "warning" and as_json([check])["ok"]
    assert "not needed" in text([check])


def test_what_is_missing_ends_in_exit_code_3(monkeypatch, capsys):
    gone = [Check("dlib", "missing", "not there", "pip install dlib")]
    monkeypatch.setattr(doctor, "examine", lambda *_: gone)
    with pytest.raises(MerflowError, match="dlib") as error:
        doctor.doctor(json=True)
    assert error.value.code == 3
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_the_device_really_multiplies():
    told = probe()
    assert told["right"] and told["milliseconds"] > 0, told
