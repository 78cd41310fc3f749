"""Handlers called directly, without a server: what each returns, and what it refuses."""

import json

import pytest
from studio_project import SIDE, asked, copy

from merflow.errors import MerflowError
from merflow.studio.app import ROUTES
from merflow.studio.context import Studio
from merflow.studio.project import Project
from merflow.studio.routes import clips, datasets, marks, runs, test_view, workflow
from merflow.studio.routing import Conflict, Missing, sendable
from merflow.studio.test_view import session

CLIP = {"dataset": "smic", "subject": "s01", "clip": "s01_ne_01"}
RUN = {"experiment": "quick", "factor": "x1", "seed": "0"}


@pytest.fixture
def project(built, tmp_path):
    folder = copy(built, tmp_path / "project")
    studio = Studio(Project(folder, folder / "config/config.yaml"))
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def opened(built):
    """A studio over the shared project, for handlers that write nothing."""
    return Studio(Project(built, built / "config/config.yaml"))


def test_every_address_has_one_handler_with_a_description():
    addresses = [(row.method, row.path) for row in ROUTES]
    assert len(addresses) == len(set(addresses))
    assert all(row.handler.__doc__ for row in ROUTES)


def test_clips_are_listed_with_their_preparations(opened):
    found = clips.list_clips(opened, asked("/api/clips"))
    assert len(found["clips"]) == 21 and found["errors"] == []
    row = next(row for row in found["clips"] if row["key"] == list(CLIP.values()))
    assert row["preparations"] == ["grey32"] and row["corrected"] == []


def test_a_frame_has_the_size_of_the_clip_and_an_index_within_it(opened):
    shown = clips.show_clip(opened, asked(clips.CLIP, **CLIP))
    assert shown["size"] == [SIDE, SIDE]
    image = clips.clip_frame(opened, asked(clips.CLIP, **CLIP, index="0"))
    assert image.media_type == "image/png"
    with pytest.raises(Missing, match="of a clip of"):
        clips.clip_frame(opened, asked(clips.CLIP, **CLIP, index=str(len(shown["numbers"]))))


def test_a_selection_keeps_positions_between_onset_and_offset(opened):
    query = "frames=apex-nine&onset=2&apex=5&offset=11"
    kept = clips.clip_selection(opened, asked(clips.CLIP, query, **CLIP))["positions"]
    assert len(kept) == 9 and min(kept) >= 2 and max(kept) <= 11
    with pytest.raises(MerflowError, match="marks out of order"):
        clips.clip_selection(opened, asked(clips.CLIP, "onset=9&apex=3", **CLIP))


def test_saved_marks_are_shown_and_an_outdated_page_is_refused(project):
    request = asked(clips.CLIP, **CLIP)
    shown = clips.show_clip(project, request)
    moved = shown["marks"] | {"apex": shown["numbers"][4]}
    body = {"marks": moved, "before": shown["marks"], "source": "A. B."}
    assert marks.save_marks(project, request, body)["file"] == "config/corrections/smic.csv"
    assert clips.show_clip(project, request)["marks"] == moved
    later = body | {"marks": moved | {"apex": shown["numbers"][5]}}
    with pytest.raises(Conflict, match="changed elsewhere") as refused:
        marks.save_marks(project, request, later)
    assert refused.value.versions == {"file": moved, "page": later["marks"]}


def test_experiments_have_their_runs_and_scores(opened):
    found = {e["name"]: e for e in runs.list_experiments(opened, asked("/"))["experiments"]}
    assert found["quick"]["method"] == "cnn3d" and found["svm"]["method"] == "lbptop_svm"
    scored = {row["factor"]: bool(row["score"]) for row in found["quick"]["runs"]}
    assert scored["x1"] and scored["x10"]


def test_experiments_have_their_labels(project):
    config = project.project.config
    config.write_text(
        config.read_text().replace("  quick:\n", "  quick:\n    label: Small 3D CNN\n")
    )
    found = runs.list_experiments(project, asked("/"))["experiments"]
    assert {one["name"]: one["label"] for one in found}["quick"] == "Small 3D CNN"


def test_a_run_shows_its_wrong_predictions_by_falling_probability(opened):
    found = runs.show_run(opened, asked(runs.RUN, **RUN))
    values = [row["p"] for row in found["wrong"]]
    assert len(values) == 6 and values == sorted(values, reverse=True)
    assert sum(row["right"] for row in found["subjects"]) == 12
    json.dumps(sendable(found))


def test_a_run_that_the_config_lacks_has_no_curves(opened):
    curves = runs.training_curves(opened, asked(runs.RUN, **RUN))["folds"]
    assert len(curves) == 6 and all(not fold["live"] for fold in curves.values())
    with pytest.raises(Missing):
        runs.training_curves(opened, asked(runs.RUN, **RUN | {"factor": "x99"}))


def test_datasets_are_counted_by_subject_and_emotion(opened):
    found = datasets.list_datasets(opened, asked("/api/datasets"))
    smic = next(row for row in found["datasets"] if row["name"] == "smic")
    assert sum(sum(row.values()) for row in smic["subjects"].values()) == smic["clips"] == 6
    assert smic["root_exists"] and smic["used"] and smic["prepared"] == {"grey32": 2}
    assert "manifest" in found["readers"]


def test_a_chosen_root_is_written_to_the_local_config(project):
    request = asked("/api/datasets/{dataset}/root", dataset="smic")
    written = datasets.set_root(project, request, {"root": "faces/samm", "before": "faces/smic"})
    assert written == {"file": "config/local.yaml"}
    assert project.project.settings().datasets["smic"].root == "faces/samm"
    with pytest.raises(Missing):
        datasets.set_root(project, request, {"root": "faces/nothing", "before": "faces/samm"})


def test_a_root_that_was_changed_meanwhile_is_refused_with_both_versions(project):
    request = asked("/api/datasets/{dataset}/root", dataset="smic")
    body = {"root": "faces/samm", "before": "faces/smic"}
    datasets.set_root(project, request, body)
    with pytest.raises(Conflict) as refused:
        datasets.set_root(project, request, body | {"root": "faces/casme2"})
    assert refused.value.versions == {"file": "faces/samm", "page": "faces/casme2"}
    assert project.project.settings().datasets["smic"].root == "faces/samm"


def test_the_workflow_is_idle_and_starts_known_targets_only(opened):
    assert workflow.workflow_state(opened, asked("/"))["state"] == "idle"
    for body in ({"what": "shell", "name": "x"}, {"what": "dataset", "name": "nobody"}):
        with pytest.raises(MerflowError):
            workflow.start_workflow(opened, asked("/"), body)
    with pytest.raises(Missing):
        workflow.stop_workflow(opened, asked("/"), {"id": 1})


def test_an_invalid_rate_of_a_recording_is_refused_before_a_test_starts(opened, monkeypatch):
    monkeypatch.setattr(
        session.TestSession, "_spawn", lambda _: pytest.fail("a process was started")
    )
    body = {"run": "results/runs/svm/x1/seed0", "path": "faces/recordings/recording00.avi"}
    for fps in (0, True, "25"):
        with pytest.raises(MerflowError, match="request: fps"):
            test_view.start_recording(opened, asked("/"), body | {"fps": fps})


def test_a_clip_is_saved_as_video_at_a_speed(opened, tmp_path):
    import av

    request = asked(clips.CLIP, "factor=x10&beside=x1&percent=50", **CLIP)
    made = clips.clip_as_video(opened, request)
    (tmp_path / "clip.mp4").write_bytes(made.body)
    shown = clips.show_clip(opened, asked(clips.CLIP, **CLIP))
    with av.open(tmp_path / "clip.mp4") as film:
        stream = film.streams.video[0]
        assert sum(1 for _ in film.decode(video=0)) == len(shown["numbers"])
        assert float(stream.average_rate) == shown["fps"] / 2
        assert stream.width >= 2 * 384
    with pytest.raises(MerflowError, match="percent"):
        clips.clip_as_video(opened, asked(clips.CLIP, "percent=0", **CLIP))


def test_two_runs_are_compared_subject_by_subject(opened):
    other = {"other_experiment": "quick", "other_factor": "x10", "other_seed": "0"}
    found = runs.compare_runs(opened, asked(runs.RUN, **RUN, **other))
    full = next(row for row in found["effects"] if row["part"] == "full" and row["metric"] == "uf1")
    assert full["difference"] == 0 and full["subjects"] == 6
    svm = {"other_experiment": "svm", "other_factor": "x1", "other_seed": "0"}
    unlike = runs.compare_runs(opened, asked(runs.RUN, **RUN, **svm))  # One clip was skipped there.
    assert "the same clips" in unlike["unlike"] and not unlike["effects"]
