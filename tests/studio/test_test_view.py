"""Tests of a run through the routes: a dataset, a recording, a camera, and failures."""

import contextlib
import itertools
import os
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from merflow.errors import MerflowError
from merflow.evaluation.predictions import read_pooled
from merflow.io import video
from merflow.studio.project import Project
from merflow.studio.recording_files import refuse_real_recording
from merflow.studio.routes.workflow import final_targets
from merflow.studio.test_view import session
from merflow.studio.test_view.camera import decoded
from merflow.studio.test_view.recording import FaceTracker
from merflow.workflow.final_model import open_model

SVM = "results/runs/svm/x1/seed0"
RECORDING = {"run": SVM, "path": "faces/recordings/recording00.avi", "fps": None, "points": 5}
CAMERA = {"run": SVM, "window": 16, "stride": 4, "points": 5}


def ended(studio, seconds=300):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        state = studio.json("/api/test/state")
        if state["state"] != "running":
            return state
        time.sleep(0.1)
    raise AssertionError(state)


def begin(studio, kind, body):
    return studio.json(f"/api/test/{kind}", "POST", body)


def child_of(studio):
    """Return the process id of the child process that runs the tests."""
    for children in Path(f"/proc/{studio.process.pid}/task").glob("*/children"):
        for number in children.read_text().split():
            if "spawn_main" in Path(f"/proc/{number}/cmdline").read_text():
                return int(number)
    return None


@pytest.fixture(scope="module")
def tested(studio):
    """A recording that has been tested: its state and its result."""
    begin(studio, "recording", RECORDING)
    state = ended(studio)
    assert state["state"] == "done", state["error"]
    return state, studio.json(f"/api/test/{state['id']}/result")


def test_a_recording_has_its_frames_faces_and_one_movement(studio, tested):
    state, result = tested
    film = video.read(studio.folder / RECORDING["path"])
    count = len(film.frames)
    assert state["ready"] == state["recording"]["count"] == count == len(result["boxes"])
    for index in (0, count // 2, count - 1):
        sent = studio.ask(f"/api/test/{state['id']}/frames/{index}")
        shown = cv2.imdecode(np.frombuffer(sent.content, np.uint8), cv2.IMREAD_COLOR_RGB)
        assert sent.getheader("content-type") == "image/jpeg"
        assert np.abs(shown.astype(int) - film.frames[index]).mean() < 4
    assert all(len(points) == 5 for points in result["points"])
    left, top, right, bottom = result["boxes"][0]
    eyes = np.array(result["points"][0][:4])
    assert ((eyes > [left - 9, top - 9]) & (eyes < [right + 9, bottom + 9])).all()
    (event,) = result["events"]
    # faces/recordings/recording00.truth.csv: the expression lies at 33 to 52.
    assert event["first"] < 45 and event["last"] > 40
    assert sum(event["probabilities"].values()) == pytest.approx(1)


def test_window_and_stride_change_without_a_second_test(studio, tested):
    state, result = tested
    for window, stride in ((10, 5), (40, 7)):
        query = f"window={window}&stride={stride}"
        found = studio.json(f"/api/test/{state['id']}/windows?{query}")
        firsts = [row["first"] for row in found["rows"]]
        assert firsts[:3] == [0, stride, 2 * stride]
        assert all(row["last"] - row["first"] == window - 1 for row in found["rows"])
        assert {row["label"] for row in found["rows"]} > {"no expression"}
    assert studio.ask(f"/api/test/{state['id']}/windows?window=100000").status == 400
    assert len(studio.json(f"/api/test/{state['id']}/windows")["rows"]) == len(result["windows"])


def test_a_dataset_is_predicted_by_the_folds_as_in_the_run(studio, tested):
    begin(studio, "dataset", {"run": SVM, "dataset": "smic"})
    state = ended(studio)
    assert state["state"] == "done", state["error"]
    found = studio.json(f"/api/test/{state['id']}/result")
    table = read_pooled(studio.folder / SVM / "pooled.csv").part("smic")
    wrong = {tuple(row["key"]): row["predicted"] for row in found["wrong"]}
    for key, truth, said in zip(table.keys, table.truth, table.predicted, strict=True):
        assert wrong.get(tuple(key), table.classes[truth]) == table.classes[said]
    assert found["tested"] == found["by_fold"] == len(table.keys) == 5
    assert found["skipped"] == ["smic/s03/s03_sur_01"]
    full = next(row for row in found["scores"] if row["part"] == "full")
    assert full["n"] == 5


def test_a_training_subject_that_no_fold_tests_is_not_tested(studio, tested):
    weights = studio.folder / SVM / "smic-s01/weights.weights.h5"
    kept = weights.read_bytes()
    weights.unlink()
    try:
        begin(studio, "dataset", {"run": SVM, "dataset": "smic"})
        state = ended(studio)
        found = studio.json(f"/api/test/{state['id']}/result")
        assert found["untested"] == {"smic/s01": 3} and found["tested"] == 2
    finally:
        weights.write_bytes(kept)


def test_a_changed_preparation_is_refused(studio, tested):
    config = studio.folder / "config/local.yaml"
    config.write_text("preparations: {grey32: {interpolate: {length: 7}}}\n")
    try:
        begin(studio, "dataset", {"run": SVM, "dataset": "smic"})
        state = ended(studio)
        assert state["state"] == "failed"
        assert "have changed since the run was trained" in state["error"]
    finally:
        config.unlink()


def test_a_camera_has_faces_and_predictions_and_ends(studio, tested):
    film = video.read(studio.folder / RECORDING["path"])
    jpegs = [cv2.imencode(".jpg", frame[..., ::-1])[1].tobytes() for frame in film.frames]
    begin(studio, "camera", CAMERA)
    state = ended(studio)
    assert state["state"] == "watching", state["error"]
    assert studio.ask("/api/test/recording", "POST", RECORDING).status == 409
    numbers, said = set(), []
    until = time.monotonic() + 90
    for index in itertools.count():
        # The film over and over, where a busy machine answers slowly.
        if index >= len(jpegs) and (len(numbers) > 1 or time.monotonic() > until):
            break
        jpeg = jpegs[index % len(jpegs)]
        path = f"/api/test/frame?id={state['id']}&at={20 * index}"
        said.append(studio.json(path, "POST", jpeg, Content_Type="image/jpeg"))
        if said[-1]["prediction"]:
            numbers.add(said[-1]["prediction"]["number"])
        time.sleep(0.02)
    assert [one["index"] for one in said] == list(range(len(said)))
    assert all(one["box"] and len(one["points"]) == 5 for one in said)
    assert len(numbers) > 1 and said[-1]["prediction"]["fps"] == pytest.approx(50, rel=0.05)
    broken = f"/api/test/frame?id={state['id']}&at=9999"
    assert studio.ask(broken, "POST", b"\xff\xd8\xff", Content_Type="image/jpeg").status == 400
    stopped = studio.json("/api/test/stop", "POST", {"id": state["id"]})
    assert stopped["state"] == "stopped"
    late = studio.json(broken, "POST", jpegs[0], Content_Type="image/jpeg")
    assert late == {"ended": True}


def test_after_a_stopped_test_another_can_start(studio, tested):
    number = begin(studio, "recording", RECORDING)["id"]
    assert child_of(studio)
    assert studio.ask("/api/test/recording", "POST", RECORDING).status == 409
    assert studio.json("/api/test/stop", "POST", {"id": number})["state"] == "stopped"
    assert child_of(studio) is None
    begin(studio, "recording", RECORDING)
    assert ended(studio)["state"] == "done"
    assert studio.ask(f"/api/test/{number}/result").status == 404


def test_a_killed_child_process_is_reported_and_replaced(studio, tested):
    begin(studio, "recording", RECORDING)
    os.kill(child_of(studio), signal.SIGKILL)
    state = ended(studio)
    assert state["state"] == "failed" and "ended without a message" in state["error"]
    begin(studio, "recording", RECORDING)
    assert ended(studio)["state"] == "done"


def test_a_recording_without_a_face_fails_with_that_message(studio, tested):
    path = studio.folder / "faces/recordings/grey.avi"
    video.write(path, np.full((20, 96, 96, 3), 90, np.uint8), 25.0, range(20))
    begin(studio, "recording", RECORDING | {"path": "faces/recordings/grey.avi"})
    state = ended(studio)
    assert state["state"] == "failed" and "no face" in state["error"]
    path.unlink()


def test_what_is_known_is_sent_while_a_recording_is_tested(studio, tested):
    number = begin(studio, "recording", RECORDING)["id"]
    faces, partial, state = [], [], {"state": "running"}
    while state["state"] == "running":
        state = studio.json("/api/test/state")
        faces += studio.json(f"/api/test/{number}/faces?after={len(faces)}")["faces"]
        if state["answers"]:
            found = studio.json(f"/api/test/{number}/windows")
            if not found["complete"]:
                partial.append(found)
        time.sleep(0.01)
    faces += studio.json(f"/api/test/{number}/faces?after={len(faces)}")["faces"]
    result = studio.json(f"/api/test/{number}/result")
    assert [one["box"] for one in faces] == result["boxes"]
    assert state["tested"] == {"run": SVM, "path": RECORDING["path"], "spotter": ""}
    # The windows of the movement are not sent before it is classified.
    whole = studio.json(f"/api/test/{number}/windows")
    assert whole["complete"] and partial and len(partial[0]["rows"]) < len(whole["rows"])
    assert all(row["label"] == "no expression" for row in partial[0]["rows"])


def test_a_tested_recording_is_saved_as_a_video_with_box_and_label(studio, tested, tmp_path):
    begin(studio, "recording", RECORDING)
    state = ended(studio)
    answer = studio.ask(f"/api/test/{state['id']}/film")
    assert (answer.status, answer.getheader("content-type")) == (200, "video/mp4")
    path = tmp_path / "film.mp4"
    path.write_bytes(answer.content)
    film, plain = video.read(path), video.read(studio.folder / RECORDING["path"])
    assert (film.frames.shape, film.fps) == (plain.frames.shape, plain.fps)
    changed = np.abs(film.frames[44].astype(int) - plain.frames[44]).max(2) > 60
    left, top, right, _ = studio.json(f"/api/test/{state['id']}/result")["boxes"][44]
    assert changed[round(top), round(left) + 5 : round(right) - 5].mean() > 0.9
    assert changed[2:12, 2:60].mean() > 0.9 and changed.mean() < 0.2
    assert studio.ask(f"/api/test/{state['id']}/film?window=0").status == 400


def test_frame_numbers_are_those_of_the_recording(studio, tested):
    begin(studio, "recording", RECORDING)
    state = ended(studio)
    reel = studio.json(f"/api/test/{state['id']}/recording")
    assert reel["numbers"] == list(range(reel["count"])) and reel["fps"] == 50
    assert "numbers" not in state["recording"]


def test_the_target_of_a_final_model_needs_a_run_of_the_config(built):
    project = Project(built, built / "config/config.yaml")
    run = "results/runs/quick/x10/seed0"
    with contextlib.chdir(built):
        assert final_targets(project, run) == [f"{run}/final/run.json"]
        with pytest.raises(MerflowError):
            final_targets(project, "results/runs/quick/x99/seed0")


def test_a_recording_that_was_not_generated_is_refused_to_other_machines(built, tmp_path):
    refuse_real_recording(built, built / RECORDING["path"])
    with pytest.raises(MerflowError, match="a recorded person"):
        refuse_real_recording(tmp_path, tmp_path / "interview.avi")
    # A link beside generated recordings, and a project within a folder of generated clips.
    (tmp_path / "faces").mkdir()
    (tmp_path / "interview.avi").touch()
    (tmp_path / "faces/demo.json").touch()
    (tmp_path / "faces/a.avi").symlink_to(tmp_path / "interview.avi")
    (tmp_path / "faces/a/b").mkdir(parents=True)
    for root, path in ((tmp_path, "faces/a.avi"), (tmp_path / "faces/a/b", "faces/a/b/c.avi")):
        with pytest.raises(MerflowError, match="a recorded person"):
            refuse_real_recording(root, tmp_path / path)


def test_runs_and_recordings_are_listed(studio):
    found = studio.json("/api/test")
    assert found["recordings"] == ["faces/recordings/recording00.avi"]
    models = {run["folder"]: run["model"] for run in found["runs"]}
    assert models.pop(SVM)["subjects"] == 6
    assert set(models.values()) == {None}


def test_the_child_process_ends_with_the_studio(built, tmp_path):
    from studio_project import Studio, copy

    running = Studio(copy(built, tmp_path / "gone"))
    begin(running, "recording", RECORDING)
    child = child_of(running)
    assert child and Path(f"/proc/{child}").exists()
    running.close()
    assert not Path(f"/proc/{child}").exists()


def test_the_child_process_imports_nothing_from_the_project(tmp_path, monkeypatch):
    (tmp_path / "pickle.py").write_text("open('ran', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    test = session.TestSession(tmp_path, tmp_path / "config.yaml")
    test.start("dataset", "testing", {"run": "results/none", "name": "smic"})
    until = time.monotonic() + 60
    while test.state()["state"] == "running" and time.monotonic() < until:
        time.sleep(0.05)
    error = test.state()["error"]
    test.close()
    assert "results/none" in error and not (tmp_path / "ran").exists()
    assert "PYTHONSAFEPATH" not in os.environ


def test_a_lost_face_is_detected_again():
    class Finder:
        looked = 0

        def find(self, frame):
            self.looked += 1
            return None

    follow = FaceTracker(Finder())
    assert [follow(np.zeros((8, 8, 3), np.uint8)) for _ in range(3)] == [None] * 3
    assert follow.finder.looked == 3


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff\xe0" + b"\0" * 40])
def test_only_a_jpeg_is_decoded(data):
    with pytest.raises(MerflowError):
        decoded(data)


def test_a_jpeg_with_a_huge_declared_size_is_not_decoded():
    jpeg = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    at = jpeg.index(b"\xff\xc0") + 5
    with pytest.raises(MerflowError):
        decoded(jpeg[:at] + (60000).to_bytes(2, "big") * 2 + jpeg[at + 4 :])


def test_a_final_model_keeps_the_settings_of_its_pipeline(built):
    model = open_model(built / SVM)
    assert model.pipeline.factors == ("x1",) and model.score["n"] == 17


def test_movements_are_saved_as_intervals(studio, tested):
    begin(studio, "recording", RECORDING)
    number = ended(studio)["id"]
    place = f"/api/test/{number}/intervals"
    (found,) = studio.json(f"/api/test/{number}/windows")["movements"]
    lines = studio.ask(f"{place}?form=megc-str").content.decode().splitlines()
    ends = f"{found['first']},{found['last']}"
    assert lines == [
        "subject,video,onset,offset,emotion",
        f"recording00,recording00,{ends},{found['label']}",
    ]
    first = studio.ask(place).content.decode().splitlines()[0]
    assert first == "subject,video,onset,offset,emotion,confidence"
    assert studio.ask(f"{place}?form=other").status == 400


def test_a_spotter_that_the_config_does_not_have_is_refused(studio, tested):
    assert studio.json("/api/test")["spotters"] == []
    body = RECORDING | {"spotter": "results/spotting/net/seed0"}
    refused = studio.ask("/api/test/recording", "POST", body)
    assert refused.status == 400
    assert "merflow run spotters" in refused.content.decode()
