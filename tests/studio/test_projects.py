"""Handlers of projects, folders and uploads, called directly: what they write, what they refuse."""

import asyncio
import json
import os
import threading
from contextvars import copy_context
from threading import Thread
from types import SimpleNamespace

import pytest
from clip_makers import picture, video
from studio_project import asked

from merflow.errors import MerflowError
from merflow.studio import recent_projects, uploads
from merflow.studio.browse import Browse
from merflow.studio.context import Studio
from merflow.studio.project import Project
from merflow.studio.project_creation import share_done
from merflow.studio.routes import files, projects, workflow
from merflow.studio.routes.projects import CONFIG
from merflow.studio.routing import Conflict, Missing


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder with a dataset, and a list of recent projects of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "home"
    video(folder / "videos/a.avi")
    video(folder / "videos/b.avi")
    picture(folder / "frames/1.png")
    (folder / ".ssh").mkdir()
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def studio(home):
    made = Studio(None, browse=home)
    yield made
    made.close()


def new(studio, home, name, template="own"):
    body = {"name": name, "parent": str(home), "template": template}
    return projects.new_project(studio, asked("/"), body)


def test_without_a_project_only_projects_can_be_asked_for(studio):
    assert projects.project_state(studio, asked("/"))["open"] is False
    with pytest.raises(Conflict, match="no project is open"):
        workflow.workflow_state(studio, asked("/"))


def test_a_new_project_is_written_opened_and_remembered(studio, home):
    new(studio, home, "pilot")
    state = projects.project_state(studio, asked("/"))
    assert state["open"] and state["folder"] == str(home / "pilot") == os.getcwd()
    assert (home / "pilot/config/config.yaml").is_file()
    assert recent_projects.recent() == [str(home / "pilot")]
    with pytest.raises(MerflowError, match="a project already"):
        new(studio, home, "pilot")


@pytest.mark.parametrize("name", ["hidden", "outside", "dangling", "config"])
def test_a_new_project_is_not_written_through_a_link(studio, home, tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    places = {
        "hidden": home / ".ssh",
        "outside": tmp_path / "elsewhere",
        "dangling": tmp_path / "no",
    }
    if name == "config":
        (home / name).mkdir()
        os.symlink(tmp_path / "elsewhere", home / "config/config")
    else:
        os.symlink(places[name], home / name)
    with pytest.raises(MerflowError):
        new(studio, home, name)
    assert not [*(tmp_path / "elsewhere").iterdir(), *(home / ".ssh").iterdir()]
    assert not (tmp_path / "no").exists() and not studio.is_open


def test_the_demo_imports_nothing_from_the_folder_it_is_written_to(studio, home):
    (home / "demo").mkdir()
    (home / "demo/numpy.py").write_text("open('ran', 'w').close()\n")
    studio.creation.start(home / "demo", ["classes"])
    studio.creation.job.wait(60)
    assert studio.creation.state()["state"] != "running"
    assert not (home / "demo/ran").exists()


def test_opening_another_project_changes_everything_that_belongs_to_it(studio, home):
    new(studio, home, "one")
    first = studio.opened
    new(studio, home, "two")
    assert studio.opened.id != first.id and studio.project.root == home / "two"
    projects.open_project(studio, asked("/"), {"folder": str(home / "one")})
    assert studio.project.root == home / "one" and studio.workflow is not first.workflow
    assert recent_projects.recent() == [str(home / "one"), str(home / "two")]


def test_a_running_job_keeps_its_project_open(studio, home, monkeypatch):
    new(studio, home, "one")
    new(studio, home, "two")
    studio.workflow.start("waiting", ["sleep", "60"])
    with pytest.raises(Conflict, match="'waiting' is running"):
        projects.open_project(studio, asked("/"), {"folder": str(home / "one")})
    with pytest.raises(Conflict, match="'waiting' is running"):
        new(studio, home, "three")
    with monkeypatch.context() as patch, pytest.raises(Conflict, match="is being written"):
        patch.setattr(studio.creation, "job", SimpleNamespace(running=True))
        new(studio, home, "four", "demo")
    assert not (home / "three").exists() and not (home / "four").exists()
    assert studio.project.root == home / "two" and studio.workflow.job.running


def test_a_request_stays_in_the_project_that_its_page_shows(studio, home):
    """Another window opens another project between the check of a request and its work."""
    new(studio, home, "one")
    new(studio, home, "two")
    first, started = studio.opened, []

    def begin():
        studio.begin_request(first.id)
        other = Thread(target=studio.open, args=(Project(home / "one", home / "one" / CONFIG),))
        other.start()
        other.join()
        assert studio.project is first.project
        with pytest.raises(Conflict, match="not open any more"):
            workflow.unlock_workflow(studio, asked("/"), {})
        started.append(studio.opened)

    copy_context().run(begin)
    assert started == [first] and studio.project.root == home / "one"
    with pytest.raises(Conflict, match="another window has opened another project"):
        studio.begin_request(first.id)


def test_a_project_with_a_broken_config_leaves_the_open_one(studio, home):
    new(studio, home, "one")
    new(studio, home, "two")
    (home / "one/config/config.yaml").write_text("experiments: 3\n")
    with pytest.raises(MerflowError):
        projects.open_project(studio, asked("/"), {"folder": str(home / "one")})
    assert studio.project.root == home / "two" == type(home)(os.getcwd())


def test_recent_projects_that_are_gone_or_outside_are_shown_and_removed(studio, home, tmp_path):
    new(studio, home, "gone")
    new(studio, home, "kept")
    (home / "gone/config/config.yaml").unlink()
    outside = tmp_path / "outside/config"
    outside.mkdir(parents=True)
    (outside / "config.yaml").write_text("")
    recent_projects.remember(outside.parent)
    found = projects.list_recent(studio, asked("/"))["projects"]
    assert [(one["name"], one["state"]) for one in found] == [
        ("outside", "outside"), ("kept", "found"), ("gone", "missing"),
    ]  # fmt: skip
    left = projects.forget_recent(studio, asked("/"), {"folder": str(home / "gone")})["projects"]
    assert [one["name"] for one in left] == ["outside", "kept"] and (home / "gone").is_dir()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"projects": [3, "relative", "/a", "/a"]}', '{"projects": 1}']
)
def test_a_damaged_list_of_recent_projects_is_no_error(home, text):
    path = recent_projects.state_file()
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert recent_projects.recent() in ([], ["/a"])
    recent_projects.remember(home)
    assert json.loads(path.read_text())["projects"][0] == str(home)


def test_the_progress_of_the_demo_is_a_share_of_its_clips():
    lines = ["casme2: 10 of 20 clips drawn", "samm: 18 clips in data/demo/samm", "other"]
    assert share_done([]) == 0 and share_done(lines) == pytest.approx(0.5)


def test_a_folder_is_listed_with_what_its_folders_hold(studio, home):
    os.symlink(home.parent, home / "out")
    os.symlink(home / "videos", home / "inside")
    os.symlink("gone.avi", home / "videos/broken.avi")
    (home / "clip10").mkdir()
    (home / "clip9").mkdir()
    found = files.list_folder(studio, asked("/", "files=videos"))
    assert [one["name"] for one in found["folders"]] == [
        "clip9",
        "clip10",
        "frames",
        "inside",
        "videos",
    ]
    held = {one["name"]: one["holds"] for one in found["folders"]}
    assert held["videos"]["videos"] == 3 and held["frames"]["images"] == 1
    assert found["up"] == "" and [one["name"] for one in found["crumbs"]] == ["home"]
    inner = files.list_folder(studio, asked("/", f"at={home}/videos&files=videos"))
    assert [one["name"] for one in inner["files"]] == ["a.avi", "b.avi"] and inner["up"] == str(
        home
    )


@pytest.mark.parametrize(
    "path", ["out", "out/state", ".ssh", "../home", "videos/../..", "videos/..", "~"]
)
def test_links_out_hidden_folders_and_parents_are_not_listed(home, path):
    os.symlink(home.parent, home / "out")
    with pytest.raises(MerflowError):
        Browse(home).folder(f"{home}/{path}")


def test_the_open_project_is_listed_wherever_it_lies(home):
    project = home / ".work/pilot"
    (project / "data").mkdir(parents=True)
    both = Browse(home, project)
    assert both.folder(f"{project}/data") == project / "data"
    assert [one["name"] for one in both.listing(project)["crumbs"]] == ["pilot"]
    with pytest.raises(MerflowError, match="no hidden one"):
        both.folder(str(project.parent))


def test_a_folder_that_became_a_link_out_is_refused(home):
    browse = Browse(home)
    assert browse.folder(f"{home}/videos") == home / "videos"
    (home / "videos").rename(home / "moved")
    os.symlink("/etc", home / "videos")
    with pytest.raises(MerflowError, match="outside"):
        browse.folder(f"{home}/videos")


def test_a_link_to_a_hidden_folder_is_neither_listed_nor_a_recent_project(studio, home):
    os.symlink(home / ".ssh", home / "keys")
    (home / ".ssh/config").mkdir()
    (home / ".ssh/config/config.yaml").touch()
    listed = files.list_folder(studio, asked("/", f"at={home}"))["folders"]
    assert [one["name"] for one in listed] == ["frames", "videos"]
    recent_projects.remember(home / "keys")
    (row,) = projects.list_recent(studio, asked("/"))["projects"]
    assert row["state"] == "outside"


def test_a_page_on_another_machine_sees_the_project_only(home):
    made = Studio(None, browse=home)
    new(made, home, "pilot")
    made.remote = True
    assert made.browsed().roots == (home / "pilot",)
    assert projects.project_state(made, asked("/"))["home"] == ""
    for handler, body in (
        (projects.open_project, {"folder": str(home / "pilot")}),
        (projects.new_project, {"name": "x", "parent": str(home), "template": "own"}),
        (projects.forget_recent, {"folder": str(home / "pilot")}),
    ):
        with pytest.raises(MerflowError, match="not possible with --host"):
            handler(made, asked("/"), body)
    with pytest.raises(MerflowError, match="not possible with --host"):
        projects.list_recent(made, asked("/"))
    with pytest.raises(MerflowError, match="outside"):
        files.list_folder(made, asked("/", f"at={home}"))
    with pytest.raises(MerflowError, match="not possible with --host"):
        asyncio.run(files.upload(made, asked("/", "name=a.mp4")))
    made.close()


async def chunks(data, size=1000):
    for start in range(0, len(data), size):
        yield data[start : start + size]


def sent(project, name, data, folder=""):
    place = uploads.upload_folder(project, folder)
    return asyncio.run(
        uploads.receive_upload(project, uploads.clean_name(name), place, chunks(data), len(data))
    )


@pytest.fixture
def project(studio, home):
    new(studio, home, "pilot")
    return studio.project


def test_an_upload_is_kept_byte_by_byte_and_never_overwrites(project, home):
    data = (home / "videos/a.avi").read_bytes()
    first = sent(project, "Clip 1.AVI", data)
    second = sent(project, "Clip 1.AVI", data)
    assert first == project.root / "data/uploads/Clip 1.AVI" and first.read_bytes() == data
    assert second.name == "Clip 1-2.AVI" and second.read_bytes() == data
    tree = sent(project, "s01/joy/a.avi", data, "data/dropped")
    assert tree == project.root / "data/dropped/s01/joy/a.avi"
    assert not [*project.root.rglob(".part-*")]


def test_uploads_of_one_name_at_once_are_all_kept(project, home):
    data = (home / "videos/a.avi").read_bytes()
    made, together = [], threading.Barrier(4)

    def send():
        together.wait()
        made.append(sent(project, "a.avi", data))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({*made}) == 4 and all(path.read_bytes() == data for path in made)


@pytest.mark.parametrize(
    ("data", "words"), [(b"", "is empty"), (b"no video" * 500, "cannot be opened")]
)
def test_an_upload_that_is_no_video_leaves_nothing(project, data, words):
    with pytest.raises(MerflowError, match=words):
        sent(project, "a.mp4", data)
    assert not [path for path in (project.root / "data").rglob("*") if path.is_file()]


def test_an_upload_that_is_too_large_or_does_not_fit_says_so(project, home, monkeypatch):
    data = (home / "videos/a.avi").read_bytes()
    monkeypatch.setattr(uploads, "UPLOAD_LIMIT", 100)
    with pytest.raises(MerflowError, match="larger than") as refused:
        sent(project, "a.avi", data)
    assert "Browse" in refused.value.fix
    full = SimpleNamespace(free=uploads.SPARE)
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda _: full)
    with pytest.raises(MerflowError, match="GiB are free"):
        sent(project, "a.avi", data)


def test_an_upload_of_unknown_length_ends_before_the_disk_is_full(project, home, monkeypatch):
    data, sizes = (home / "videos/a.avi").read_bytes(), []
    monkeypatch.setattr(uploads, "CHECK_BYTES", 1000)
    left = iter([uploads.SPARE * 2, uploads.SPARE, uploads.SPARE - 1])
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda _: SimpleNamespace(free=next(left)))

    async def endless():
        while True:
            sizes.append(len(data))
            yield data

    place = uploads.upload_folder(project, "")
    with pytest.raises(MerflowError, match="must stay free"):
        asyncio.run(
            uploads.receive_upload(project, uploads.clean_name("a.avi"), place, endless(), 0)
        )
    assert len(sizes) == 2 and not [p for p in place.rglob("*") if p.is_file()]


def test_an_upload_through_a_link_out_of_the_project_is_refused(project, home):
    (project.root / "data").mkdir(exist_ok=True)
    os.symlink(home / "videos", project.root / "data/uploads")
    with pytest.raises(MerflowError, match="leads outside"):
        uploads.upload_folder(project, "")
    with pytest.raises(MerflowError):
        sent(project, "a.avi", (home / "videos/a.avi").read_bytes())


LONG = "".join(map(str, range(100, 160)))
NAMES = {
    "s01/joy/My clip: 1.MP4": "s01/joy/My clip_ 1.MP4",
    "C:\\fake\\path\\x.mov": "C_/fake/path/x.mov",
    "../../x.mp4": "x.mp4",
    "./a/./x.mp4": "a/x.mp4",
    "=cmd.mp4": "_cmd.mp4",
    "CON.mp4": "_CON.mp4",
    "Bjo\u0308rn.mp4": "Björn.mp4",
    "a\x00b\n.webm": "a_b_.webm",
    "x" * 400 + ".mp4": "x" * 146 + ".mp4",
    "笑い.mp4": "笑い.mp4",
    f"1. {LONG}/x.mp4": f"1. {LONG[:147]}/x.mp4",
    f"{LONG[:149]}.{LONG}/x.mp4": f"{LONG[:149]}/x.mp4",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_uploads_become_safe_and_keep_their_folders(name):
    assert str(uploads.clean_name(name)) == NAMES[name]


@pytest.mark.parametrize(
    "name",
    ["", "x", "x.txt", "x.mp4.exe", None, 3, "a/b/c/d/e/f/g/x.mp4", ".mp4", "/", f"x.{LONG}"],
)
def test_other_names_are_refused(name):
    with pytest.raises(MerflowError):
        uploads.clean_name(name)


def test_missing_folders_are_named(studio, home):
    with pytest.raises(Missing):
        files.list_folder(studio, asked("/", f"at={home}/nothing"))
