"""The sandbox of an external program: what it shows, what it hides, what it refuses.

The command line is tested everywhere; what a program can do in it only where bwrap works.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

import merflow
from merflow.errors import MerflowError
from merflow.models import program_command, program_sandbox
from merflow.models.program_sandbox import arguments, choose, missing

needs_bwrap = pytest.mark.skipif(bool(missing()), reason=f"no sandbox: {missing()}")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A working folder with a program, results, a dataset, a sheet; jobs run in `temporary`."""
    folder = tmp_path / "project"
    for name in ("results/truth", "faces/smic", "tools", "temporary"):
        (folder / name).mkdir(parents=True)
    (folder / "results/truth/e.csv").write_text("truth")
    (folder / "faces/smic/labels.csv").write_text("labels")
    (folder / "sheet.xlsx").write_text("labels")
    (folder / "tools/train.py").write_text("import helper\n")
    (folder / "tools/helper.py").write_text("")
    (folder / "train.py").write_text("")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "temporary"))
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if "tests" not in entry])
    return folder


HIDDEN = (Path("faces/smic"), Path("sheet.xlsx"), Path("not there"))


def line(command, gpu=False, variables=None):
    parsed = program_command.parse(command, "command")
    job = Path(tempfile.gettempdir(), "job")
    return arguments(parsed, job, variables or {}, hidden=HIDDEN, gpu=gpu)


def pairs(words, how, count=1):
    """Return what follows each `how` in a command line."""
    return [tuple(words[i + 1 : i + 1 + count]) for i, word in enumerate(words) if word == how]


def shown(words):
    return {place for _, place in pairs(words, "--ro-bind", 2)}


def test_a_program_in_a_folder_of_its_own_is_shown_with_this_folder_only(project):
    words = line("python tools/train.py --epochs 3")
    assert words[-4:-2] == [
        str(Path(sys.executable).parent / "python"),
        f"{project}/tools/train.py",
    ]
    assert f"{project}/tools" in shown(words)
    seen = [name for name in shown(words) if name != f"{project}/tools"]
    assert not [name for name in seen if Path(name).is_relative_to(project)]
    assert not [name for name in seen if project.is_relative_to(name)]
    assert pairs(words, "--bind", 2) == [(f"{project}/temporary/job",) * 2], "the only one to write"
    for flag in ("--unshare-all", "--die-with-parent", "--new-session"):
        assert flag in words
    assert pairs(words, "--cap-drop") == [("ALL",)]


def test_what_is_secret_in_a_shown_folder_is_covered(project):
    words = line("python train.py")
    assert str(project) in shown(words)
    covered = {*pairs(words, "--tmpfs")}
    for name in ("results", "faces/smic", "temporary"):
        assert (f"{project}/{name}",) in covered
    assert ("/dev/null", f"{project}/sheet.xlsx") in pairs(words, "--ro-bind", 2)
    place = words.index(f"{project}/results")
    assert place > words.index(str(project)), "a cover comes after what it covers"
    assert place < words.index(f"{project}/temporary/job")


def test_merflow_itself_is_hidden_with_its_official_labels(project):
    package = Path(merflow.__file__).parent
    words = line(f"python {package.parents[1] / 'examples/forest.py'} --with {package.parent}/x=1")
    (project / "src").symlink_to(package.parent)
    words = line("python train.py ./src")
    assert (str(package),) in pairs(words, "--tmpfs")


def test_links_hide_nothing_from_the_sandbox(project, tmp_path):
    """results/ elsewhere, a dataset by another name: covered where they really are."""
    store = tmp_path / "store"
    store.mkdir()
    (project / "results").rename(store / "results")
    (project / "results").symlink_to(store / "results")
    (store / "tool.py").write_text("")
    words = line(f"python {store}/tool.py")
    assert (f"{store}/results",) in pairs(words, "--tmpfs")
    (project / "by-link").symlink_to(store)
    words = line("python by-link/tool.py")
    assert (f"{project}/by-link/results",) in pairs(words, "--tmpfs")
    assert (f"{store}/results",) in pairs(words, "--tmpfs")


def test_a_dataset_root_that_is_a_folder_of_the_system_is_covered(project):
    parsed = program_command.parse("python train.py", "command")
    words = arguments(parsed, Path("job"), {}, hidden=[Path("/opt")], gpu=False)
    assert ("/opt",) in pairs(words, "--tmpfs")


@pytest.mark.parametrize(
    "command",
    [
        "python results/train.py",
        "python faces/smic/train.py",
        "python train.py results/truth",
        "python train.py --truth=results/truth/e.csv",
        "python link.py",
        "./results/train.py",
    ],
)
def test_a_command_that_names_hidden_files_is_refused(project, command):
    for folder in ("results", "faces/smic"):
        (project / folder / "train.py").write_text("#!/bin/sh\n")
        (project / folder / "train.py").chmod(0o755)
    (project / "link.py").symlink_to(project / "results/train.py")
    with pytest.raises(MerflowError, match="which the sandbox hides"):
        line(command)


def test_a_program_in_the_temporary_folder_is_shown_alone(project):
    (project / "temporary/train.py").write_text("")
    words = line(f"python {project}/temporary/train.py")
    assert f"{project}/temporary/train.py" in shown(words)
    assert f"{project}/temporary" not in shown(words)
    words = line(f"python train.py {project}/temporary/")
    assert (f"{project}/temporary",) in pairs(words, "--tmpfs")


def test_another_environment_is_shown_with_what_its_links_lead_to(project, tmp_path):
    base, own = tmp_path / "base", tmp_path / "own"
    for folder in (base / "bin", own / "bin"):
        folder.mkdir(parents=True)
    (base / "bin/python3").write_text("#!/bin/sh\n")
    (base / "bin/python3").chmod(0o755)
    (own / "bin/python").symlink_to(base / "bin/python3")
    words = line(f"{own}/bin/python tools/train.py", variables={"LD_LIBRARY_PATH": "/no:x"})
    assert {str(base), str(own)} <= shown(words)
    assert words[words.index("--") + 1] == f"{own}/bin/python", "a link names its environment"


def test_gpu_devices_only_when_asked(project, monkeypatch):
    monkeypatch.setattr(program_sandbox, "GPU", ("/dev/nul[l]",))
    assert pairs(line("python train.py", gpu=True), "--dev-bind", 2) == [("/dev/null",) * 2]
    assert not pairs(line("python train.py"), "--dev-bind")


def test_words_that_name_files_become_absolute(project):
    (project / "demo").mkdir()
    (project / "a b.json").write_text("{}")
    found = program_command.parse(
        "python train.py demo ./demo --c='a b.json' X=tools/ none/x 3 -m 'x=' ''", "command"
    )
    assert list(found.words[1:]) == [
        *(f"{project}/train.py", "demo", f"{project}/demo", f"--c={project}/a b.json"),
        *(f"X={project}/tools", "none/x", "3", "-m", "x=", ""),
    ]
    assert list(found.digests()) == ["train.py", "a b.json"]
    (project / "run").write_text("#!/bin/sh\n")
    (project / "run").chmod(0o755)
    assert program_command.parse("./run", "command").words == (f"{project}/run",)


def test_a_module_of_the_working_folder_is_refused_with_its_file(project):
    with pytest.raises(MerflowError, match=r"name the file: python tools/train\.py"):
        program_command.parse("python -m tools.train", "command")
    assert program_command.parse("python -m json.tool", "command").words[1:] == ("-m", "json.tool")


def test_the_environment_has_nothing_of_the_users_but_what_a_gpu_needs(tmp_path, monkeypatch):
    for name in ("AWS_SECRET", "LD_PRELOAD", "PYTHONPATH", "OMP_NUM_THREADS", "HOME"):
        monkeypatch.setenv(name, "mine")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    found = program_command.environment(tmp_path, 7, 3, "auto")
    assert "mine" not in found.values() and found["CUDA_VISIBLE_DEVICES"] == "1"
    assert (found["MERFLOW_SEED"], found["OMP_NUM_THREADS"]) == ("7", "3")
    assert found["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert program_command.environment(tmp_path, 7, 3, "cpu")["CUDA_VISIBLE_DEVICES"] == "-1"


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A PATH of one folder; `missing` looks again."""
    monkeypatch.setenv("PATH", str(tmp_path))
    missing.cache_clear()
    yield tmp_path
    missing.cache_clear()


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("", "bwrap is not installed"),
        ("echo 'bwrap: No permissions to create new namespace' >&2; exit 1", "No permissions"),
        ("exit 9", "code 9"),
    ],
)
def test_without_a_working_bwrap_the_record_says_why_and_required_is_refused(
    tools, program, reason
):
    if program:
        (tools / "bwrap").write_text(f"#!/bin/sh\n{program}\n")
        (tools / "bwrap").chmod(0o755)
    found = choose("auto", "e.sandbox").facts()
    assert found["sandbox"] == "none" and reason in found["sandbox_reason"]
    with pytest.raises(MerflowError, match=r"e\.sandbox: no sandbox.*(?s:.)*install bubblewrap"):
        choose("required", "e.sandbox")
    assert choose("off", "e").facts() == {"sandbox": "none", "sandbox_reason": "sandbox: off"}


LOOK = r"""
import ctypes, json, os, socket, subprocess, sys
from pathlib import Path
import helper
here, job = Path(__file__).parent, Path(sys.argv[-1])
libc = ctypes.CDLL(None, use_errno=True)
def attempt(action):
    try:
        return action()
    except OSError as error:
        return type(error).__name__
found = {
    "neighbour": helper.VALUE,
    "cwd": os.getcwd() == str(job) == os.environ["HOME"],
    "results": sorted(os.listdir(here / "results")),
    "dataset": sorted(os.listdir(here / "faces/smic")),
    "sheet": attempt((here / "sheet.xlsx").read_text),
    "outside": [p for p in OUTSIDE if os.path.exists(p)],
    "write": attempt(lambda: (here / "left.txt").write_text("x")),
    "network": attempt(lambda: socket.create_connection(ADDRESS, timeout=5)),
    "processes": len([p for p in os.listdir("/proc") if p.isdigit()]) < 5,
    "umount": libc.umount2(str(here / "results").encode(), 2),
    "merflow": attempt(lambda: subprocess.run(
        [sys.executable, "-c", "import merflow.errors"], stderr=-3).returncode),
    "nested": subprocess.run(["unshare", "-Urm", "sh", "-c",
        f"umount -l '{here}/results'; cat '{here}/results/truth/e.csv'"],
        capture_output=True, text=True).stdout,
}
(job / "found.json").write_text(json.dumps(found))
"""


@needs_bwrap
def test_a_program_in_the_sandbox_sees_no_truth_no_dataset_no_network(project, monkeypatch):
    import socket
    import subprocess

    secret = project.parent / "elsewhere.txt"
    secret.write_text("of another project")
    (project / "helper.py").write_text("VALUE = 3\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()  # it does answer outside
        values = f"OUTSIDE = {[str(secret), os.path.expanduser('~/.bashrc'), '/root/.profile']}\n"
        text = f"{values}ADDRESS = {server.getsockname()!r}\n{LOOK}"
        (project / "train.py").write_text(text)
        job = project / "temporary/job"
        (job / "tmp").mkdir(parents=True)
        words = line(f"python train.py {job}")
        variables = program_command.environment(job, 1, 1, "cpu")
        subprocess.run(words, check=True, env=variables)
    assert json.loads((job / "found.json").read_text()) == {
        "neighbour": 3,
        "cwd": True,
        "results": [],
        "dataset": [],
        "sheet": "PermissionError",
        "outside": [],
        "write": "OSError",
        "network": "ConnectionRefusedError",
        "processes": True,
        "umount": -1,
        "merflow": 1,
        "nested": "",
    }
    assert (project / "results/truth/e.csv").read_text() == "truth"
