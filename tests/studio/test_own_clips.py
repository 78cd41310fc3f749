"""Handlers of own clips, called directly: the table of a folder, its save, segments."""

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from clip_makers import picture, video
from studio_project import asked

from merflow.datasets.manifest_table import read_manifest_table
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.studio import decoded_recording
from merflow.studio.context import Studio
from merflow.studio.decoded_recording import DecodedRecording
from merflow.studio.project import Project
from merflow.studio.routes import datasets, own_clips
from merflow.studio.routing import Conflict
from merflow.studio.test_view.recording import jpeg_of
from merflow.workflow.project_template import create_project


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home folder with clips of two subjects, and a new project."""
    home = tmp_path_factory.mktemp("home")
    for path in ("s01/joy/a.avi", "s01/fear/b.avi", "s02/joy/a.avi"):
        video(home / "clips" / path)
    picture(home / "clips/s02/fear/take/1.png")
    picture(home / "clips/s02/fear/take/2.png")
    create_project(home / "project", "own")
    return home


@pytest.fixture
def home(made, tmp_path, monkeypatch):
    folder = shutil.copytree(made, tmp_path / "home")
    monkeypatch.chdir(folder / "project")
    return folder


@pytest.fixture
def studio(home):
    root = home / "project"
    opened = Studio(Project(root, root / "config/config.yaml"), browse=home)
    yield opened
    opened.close()


def shown(studio, folder, more=""):
    return own_clips.show_folder(studio, asked("/", f"folder={folder}{more}"))


def saved(studio, found, dataset="mine", **change):
    body = {"folder": found["folder"], "header": found["header"], "rows": found["rows"]} | change
    body["dataset"] = dataset
    before = own_clips.check_rows(studio, asked("/"), dict(body))["digest"]
    return own_clips.save_rows(studio, asked("/"), {**body, "before": before})


def rated(found):
    """Return a table in which folders of frames have a rate."""
    at = {name: found["fields"][name] for name in ("path", "fps")}
    for row in found["rows"]:
        row[at["fps"]] = "" if row[at["path"]].endswith(".avi") else "200"
    return found


def test_a_folder_becomes_a_manifest_and_a_dataset_of_the_config(studio, home):
    found = shown(studio, home / "clips")
    assert not found["exists"] and found["dataset"] == "mine" and len(found["rows"]) == 4
    checked = own_clips.check_rows(
        studio, asked("/"), {k: found[k] for k in ("folder", "header", "rows")}
    )
    (fault,) = checked["faults"]
    assert checked["errors"] == 1 and found["header"][fault["column"]] == "fps"
    with pytest.raises(MerflowError, match="no frame rate"):
        saved(studio, found)
    assert not (home / "clips/manifest.csv").exists()
    made = saved(studio, rated(found))
    assert made["clips"] == 4 and made["config"] == ["config.yaml"]
    config = (home / "project/config/config.yaml").read_text()
    entry = yaml.safe_load(config)["datasets"]["mine"]
    assert entry == {"reader": "manifest", "root": str(home / "clips")}
    assert "# The folder of the clips." in config
    reading = read_dataset("mine", studio.project.settings().datasets["mine"])
    assert len(reading.clips) == 4 and not reading.problems


def test_another_name_gets_a_collection_of_its_own(studio, home):
    saved(studio, rated(shown(studio, home / "clips")), "pilot")
    settings = studio.project.settings()
    assert settings.collections == {"everyone": ("mine",), "pilot": ("pilot",)}
    assert settings.datasets["mine"].root == "data/clips"


def test_a_folder_in_the_project_is_named_relative_to_it(studio, home):
    (home / "clips").rename(home / "project/data/videos")
    saved(studio, rated(shown(studio, "data/videos")))
    assert studio.project.settings().datasets["mine"].root == "data/videos"


def test_a_local_root_of_the_dataset_is_changed_where_it_is_written(studio, home):
    local = home / "project/config/local.yaml"
    local.write_text("# this machine\ndatasets:\n  mine: {root: elsewhere}\n")
    made = saved(studio, rated(shown(studio, home / "clips")))
    assert made["config"] == ["local.yaml"] and "# this machine" in local.read_text()
    assert studio.project.settings().datasets["mine"].root == str(home / "clips")


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "empty"), ("a b", "wrong setting"), ("../x", "wrong setting"), ("smic2", "")],
)
def test_a_name_is_checked_before_anything_is_written(studio, home, name, words):
    config = (home / "project/config/config.yaml").read_bytes()
    if name == "smic2":
        saved(studio, rated(shown(studio, home / "clips")), name)
        return
    with pytest.raises(MerflowError, match=words):
        saved(studio, rated(shown(studio, home / "clips")), name)
    assert (home / "project/config/config.yaml").read_bytes() == config
    assert not (home / "clips/manifest.csv").exists()


def test_a_dataset_of_another_folder_or_reader_keeps_its_name(studio, home):
    saved(studio, rated(shown(studio, home / "clips")))
    video(home / "more/s09/joy/x.avi")
    with pytest.raises(MerflowError, match="with the folder"):
        saved(studio, shown(studio, home / "more"))
    config = home / "project/config/config.yaml"
    config.write_text(config.read_text().replace("datasets:\n", "datasets:\n  smic: {root: x}\n"))
    with pytest.raises(MerflowError, match="another reader"):
        saved(studio, shown(studio, home / "more"), "smic")


def test_an_edited_manifest_is_merged_compared_and_not_overwritten_unseen(studio, home):
    saved(studio, rated(shown(studio, home / "clips")))
    path = home / "clips/manifest.csv"
    lines = path.read_text().splitlines()
    edited = [f"{lines[0]},age", *(f"{line},30" for line in lines[1:])]
    path.write_text("\n".join(edited).replace(",joy,", ",happiness,") + "\n")
    video(home / "clips/s03/joy/new.avi")
    (home / "clips/s01/joy/a.avi").unlink()
    found = shown(studio, home / "clips")
    assert found["exists"] and len(found["new"]) == 1 and len(found["gone"]) == 1
    assert found["header"][-1] == "age" and "happiness" in found["rows"][found["gone"][0]]
    found["rows"].pop(found["gone"][0])
    body = {k: found[k] for k in ("folder", "header", "rows")}
    checked = own_clips.check_rows(studio, asked("/"), dict(body))
    assert checked["change"]["counts"]["added"] == checked["change"]["counts"]["removed"] == 1
    path.write_text(path.read_text() + "s08,z,s02/joy/a.avi,,,,,joy,,30\n")
    with pytest.raises(Conflict, match="changed since"):
        own_clips.save_rows(
            studio, asked("/"), {**body, "dataset": "mine", "before": checked["digest"]}
        )
    assert "s08" in path.read_text()
    saved(studio, found)
    table = read_manifest_table(path)
    assert "age" in table.header and len(table.rows) == 4 and "s08" not in path.read_text()


@pytest.fixture
def read_only(monkeypatch):
    """Folders with the name `clips` that cannot be written to."""
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path).name != "clips" and access(path, mode)
    )


def emotions(studio, dataset):
    """Return the emotions of a dataset as the workflow reads it."""
    reading = read_dataset(dataset, studio.project.settings().datasets[dataset]).required()
    return {clip.emotion for clip in reading.clips}


def test_a_folder_that_cannot_be_written_to_has_its_manifest_in_the_project(
    studio, home, read_only, monkeypatch
):
    made = saved(studio, rated(shown(studio, home / "clips")), "pilot")
    sheet = str(home / "project/config/manifests/pilot.csv")
    assert made["manifest"] == sheet
    assert studio.project.settings().datasets["pilot"].sheet == sheet
    assert emotions(studio, "pilot") == {"joy", "fear"}
    # Saved again, also after the folder can be written to: it stays the file that is read.
    for _ in range(2):
        again = shown(studio, home / "clips")
        assert again["exists"] and again["manifest"] == sheet and again["dataset"] == "pilot"
        assert saved(studio, renamed(again), "pilot")["manifest"] == sheet
        monkeypatch.undo()
        monkeypatch.chdir(home / "project")
    assert emotions(studio, "pilot") == {"joy2", "fear2"}


def renamed(found):
    at = found["fields"]["emotion"]
    for row in found["rows"]:
        row[at] = f"{row[at][:4].rstrip('2')}2"
    return found


def test_two_folders_of_one_name_that_cannot_be_written_to_keep_their_manifests(
    studio, home, read_only
):
    saved(studio, rated(shown(studio, home / "clips")), "pilot")
    path = home / "project/config/manifests/pilot.csv"
    first = path.read_bytes()
    video(home / "more/clips/s09/sad/x.avi")
    found = shown(studio, home / "more/clips")
    assert not found["exists"] and found["dataset"] == "mine" and len(found["rows"]) == 1
    with pytest.raises(MerflowError, match="with the folder"):
        saved(studio, found, "pilot")
    config = home / "project/config/config.yaml"
    config.write_text(config.read_text().replace("  pilot:\n", "  first:\n"))
    config.write_text(config.read_text().replace("[pilot]", "[first]"))
    with pytest.raises(MerflowError, match="the manifest of dataset 'first'"):
        saved(studio, found, "pilot")
    assert path.read_bytes() == first
    saved(studio, found, "second")
    assert emotions(studio, "first") == {"joy", "fear"} and emotions(studio, "second") == {"sad"}


def test_the_sheet_that_the_config_names_is_the_one_that_is_edited(studio, home):
    saved(studio, rated(shown(studio, home / "clips")))
    (home / "clips/lists").mkdir()
    (home / "clips/manifest.csv").rename(home / "clips/lists/own.csv")
    config = home / "project/config/config.yaml"
    text = config.read_text()
    named = text.replace(f"root: {home}/clips", f"root: {home}/clips\n    sheet: lists/own.csv")
    config.write_text(named)
    found = shown(studio, home / "clips")
    assert found["exists"] and found["manifest"] == str(home / "clips/lists/own.csv")
    saved(studio, renamed(found))
    assert emotions(studio, "mine") == {"joy2", "fear2"} and config.read_text() == named
    assert not (home / "clips/manifest.csv").exists()
    listed = own_clips.list_own(studio, asked("/"))["datasets"]
    assert [one["manifest"] for one in listed] == [True]
    for other in ("lists/own.xlsx", "/etc/own.csv"):
        config.write_text(named.replace("lists/own.csv", other))
        with pytest.raises(MerflowError, match="cannot be edited here"):
            shown(studio, home / "clips")


def test_thousands_of_clips_are_listed_and_checked_in_seconds(studio, home):
    for number in range(3000):
        path = home / "many" / f"s{number % 50:02d}/joy/clip {number}.avi"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    start = time.monotonic()
    found = shown(studio, home / "many")
    body = {k: found[k] for k in ("folder", "header", "rows")}
    assert own_clips.check_rows(studio, asked("/"), body)["errors"] == 0
    assert len(found["rows"]) == 3000 and time.monotonic() - start < 20


def test_a_root_outside_the_project_is_written_absolute(studio, home):
    request = asked("/api/datasets/{dataset}/root", dataset="mine")
    body = {"root": str(home / "clips"), "before": "data/clips"}
    datasets.set_root(studio, request, body)
    assert studio.project.settings().datasets["mine"].root == str(home / "clips")
    row = datasets.list_datasets(studio, asked("/"))["datasets"][0]
    assert row["root_exists"] and row["own"] and row["folder"] == str(home / "clips")


@pytest.fixture
def recording(studio, home):
    """A recording of 8 frames, each brighter than the one before, all decoded."""
    path = home / "clips/s01/joy/a.avi"
    video(path, frames=8)
    wait_for(opened(studio, path))
    return studio


def opened(studio, path):
    """Open a recording as a window does; return the request that the window then makes."""
    state = own_clips.open_recording(studio, asked("/"), {"path": str(path)})
    return studio, asked("/", f"id={state['id']}")


def wait_for(window):
    """Wait until a recording is not being decoded; return its state."""
    for _ in range(200):
        state = own_clips.recording_state(*window)
        if state["state"] != "reading":
            return state
        time.sleep(0.05)
    raise TimeoutError


def test_frames_of_a_recording_are_those_of_the_manifest(recording):
    import cv2

    here = f"id={recording.recording.id}"
    state = own_clips.recording_state(recording, asked("/", here))
    assert (state["state"], state["count"], state["fps"]) == ("done", 8, 50.0)
    for index in (7, 0, 3):
        answer = own_clips.recording_frame(recording, asked("/", here, index=str(index)))
        picture_of = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert abs(picture_of.mean() - 30 * index) < 4
    with pytest.raises(MerflowError):
        own_clips.recording_frame(recording, asked("/", here, index="8"))


SEGMENT = {
    "onset": 1,
    "apex": 2,
    "offset": 5,
    "emotion": "joy",
    "action_units": "AU12",
    "clip": "x",
    "subject": "s01",
}


@pytest.mark.parametrize("kind", ["eaf", "csv"])
def test_exported_segments_are_imported_as_they_were(recording, kind):
    segments = [
        SEGMENT,
        SEGMENT | {"onset": 6, "apex": None, "offset": 7, "clip": "y", "emotion": ""},
    ]
    here = {"id": recording.recording.id}
    body = here | {"kind": kind, "segments": segments}
    out = own_clips.export_segments(recording, asked("/"), body)
    assert out["name"] == f"a.{kind}"
    back = own_clips.import_segments(recording, asked("/"), here | out)
    assert back["segments"] == segments


@pytest.mark.parametrize(
    "change",
    [{"onset": -1}, {"onset": 8}, {"onset": True}, {"onset": None}, {"apex": 0}, {"offset": 0},
     {"emotion": 3}, {"emotion": "a\nb"}, {"clip": "x" * 501}, {"row": []}, {"offset": 1.5}],
)  # fmt: skip
def test_a_segment_that_is_none_is_not_exported(recording, change):
    body = {"id": recording.recording.id, "kind": "eaf", "segments": [SEGMENT | change]}
    with pytest.raises(MerflowError, match="segment 1"):
        own_clips.export_segments(recording, asked("/"), body)


@pytest.mark.parametrize(
    ("name", "text"),
    [("x.txt", "a"), ("x.eaf", "<a/>"), ("x.csv", "a,b\n1,2\n"), ("x.csv", "subject,clip,path,onset\ns,c,a.avi,z\n"),
     ("x.csv", "subject,clip,path,onset,offset\ns,c,a.avi,2,99\n"), ("x.eaf", None), (3, "")],
)  # fmt: skip
def test_a_file_without_segments_is_refused(recording, name, text):
    body = {"id": recording.recording.id, "name": name, "text": text}
    with pytest.raises(MerflowError) as refused:
        own_clips.import_segments(recording, asked("/"), body)
    assert not isinstance(refused.value, Conflict)


def test_a_file_that_is_no_video_is_not_opened_and_one_recording_is_open_at_a_time(recording, home):
    (home / "clips/x.avi").write_bytes(b"no video")
    for path in ("clips/x.avi", "clips/manifest.csv", "clips"):
        with pytest.raises(MerflowError):
            own_clips.open_recording(recording, asked("/"), {"path": str(home / path)})
    first = recording.recording
    _, there = opened(recording, home / "clips/s01/fear/b.avi")
    assert recording.recording is not first
    with pytest.raises(MerflowError):
        first.frame(0)
    body, here = {"id": first.id}, asked("/", f"id={first.id}", index="0")
    for handler, *given in (
        (own_clips.recording_state, here),
        (own_clips.recording_frame, here),
        (own_clips.import_segments, here, body | {"name": "x.csv", "text": "subject\n"}),
        (own_clips.export_segments, here, body | {"kind": "csv", "segments": []}),
        (own_clips.close_recording, here, body),
    ):
        with pytest.raises(Conflict, match="another window has opened another recording"):
            handler(recording, *given)
    body = {"id": recording.recording.id}
    # The same recording in a third window keeps its frames, and the window before loses it.
    kept = recording.recording
    _, third = opened(recording, kept.path)
    with pytest.raises(Conflict):
        own_clips.close_recording(recording, there, body)
    assert recording.recording is kept
    own_clips.close_recording(recording, third, {"id": kept.id})
    with pytest.raises(MerflowError, match="no recording is open"):
        own_clips.recording_state(recording, third)


def test_recordings_opened_at_once_leave_one_that_is_decoded(studio, home, monkeypatch):
    made, paths = [], [home / "clips" / one for one in ("s01/joy/a.avi", "s01/fear/b.avi")]
    begin = DecodedRecording.__init__

    def slowly(self, path):
        begin(self, path)
        made.append(self)
        time.sleep(0.1)

    monkeypatch.setattr(DecodedRecording, "__init__", slowly)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda path: opened(studio, path), paths))
    assert [one._closed for one in made] == [True, False]


def test_a_recording_that_cannot_be_shown_ends_as_failed(studio, home, monkeypatch):
    path = home / "clips/s01/joy/a.avi"

    def broken(frame):
        raise ArithmeticError("no picture")

    with monkeypatch.context() as patch:
        patch.setattr(decoded_recording, "jpeg_of", broken)
        state = wait_for(opened(studio, path))
    assert state["state"] == "failed" and "no picture" in state["error"]
    full = SimpleNamespace(free=decoded_recording.SPARE)
    monkeypatch.setattr(decoded_recording.shutil, "disk_usage", lambda _: full)
    state = wait_for(opened(studio, home / "clips/s01/fear/b.avi"))
    assert state["ready"] == 0 and "must stay free" in state["error"]


def test_a_very_flat_frame_has_a_picture():
    assert jpeg_of(np.zeros((2, 3000, 3), np.uint8))


def test_a_page_on_another_machine_cannot_make_a_recorded_face_one_that_may_be_shown(studio, home):
    found = rated(shown(studio, home / "clips"))
    (home / "project/faces").mkdir()
    studio.remote = True
    with pytest.raises(MerflowError, match="not possible with --host"):
        own_clips.save_rows(
            studio, asked("/"), {"folder": "data/clips", "dataset": "mine", "before": "",
                                 "header": [*found["header"], "publishable"],
                                 "rows": [[*row, "yes"] for row in found["rows"]]},
        )  # fmt: skip
    with pytest.raises(MerflowError, match="not possible with --host"):
        datasets.set_root(
            studio, asked("/", dataset="mine"), {"root": "faces", "before": "data/clips"}
        )
    assert not (home / "project/config/local.yaml").exists()


def test_a_name_that_is_too_long_is_no_recording(studio, home):
    with pytest.raises(MerflowError, match="no recording"):
        shown(studio, home / "clips", f"&only={'a' * 300}")


def test_recordings_of_people_are_not_opened_for_another_machine(recording, home):
    recording.remote = True
    with pytest.raises(MerflowError):
        own_clips.open_recording(
            recording, asked("/"), {"path": str(home / "clips/s01/fear/b.avi")}
        )
