"""Preview: traced points, image and video output, and refusal to show recorded subjects."""

import json
import re

import cv2
import numpy as np
import pytest
from kept_records import keep_records
from moving_textures import still_picture, truths

from merflow.clip import ClipArrays, ClipKey
from merflow.commands.preview import preview
from merflow.datasets.registry import GENERATED
from merflow.errors import MerflowError
from merflow.inference.preview import anchors, traces
from merflow.io.clip_store import write_store

LANDMARKS = np.array([(94, 40), (78, 40), (34, 40), (50, 40), (64, 60)], np.float32)


def clip_of(farthest, count=12, onset=0):
    """A texture of 128 px that moves `farthest` px and half of the way back."""
    course = farthest * np.interp(np.arange(count), [0, count * 0.6, count - 1], [0, 1, 0.5])
    moving = truths.MovingTexture(still_picture(), 1.0, course, uniform=True)
    key = ClipKey("smic", "s01", "s01_po_01")
    given = {"numbers": np.arange(count), "onset": onset, "apex": None, "offset": count - 1}
    clip = ClipArrays(key, moving.clip(), 25.0, **given, landmarks=LANDMARKS, enters_at="raw")
    return clip, course


@pytest.mark.parametrize(("farthest", "onset"), [(0.4, 0), (18.0, 0), (6.0, 5)])
def test_points_are_followed_near_and_far(farthest, onset):
    clip, course = clip_of(farthest, onset=onset)
    found = traces(clip)
    true = (course - course[onset])[:, None] * [np.cos(truths.ANGLE), np.sin(truths.ANGLE)]
    assert set(found) == set(anchors(clip))
    for name in ("left brow", "right mouth corner"):
        assert found[name] == pytest.approx(true, abs=max(0.05, 0.02 * farthest))
        assert np.all(found[name][onset] == 0)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a cropped store and its config; the dataset counts as recorded."""
    monkeypatch.chdir(tmp_path)
    clip, _ = clip_of(0.4)
    path = tmp_path / "results" / "p" / "cropped" / "smic" / "s01.h5"
    write_store(path, "crop", [clip], {}, {})
    config = {
        "datasets": {"smic": {"root": "data"}},
        "collections": {"c": ["smic"]},
        "preparations": {"p": {"crop": {"working_size": 128}}},
        "experiments": {"e": {"preparation": "p", "collection": "c"}},
    }
    (tmp_path / "results" / "config.yaml").write_text(json.dumps(config))
    (tmp_path / "data").mkdir()
    keep_records()
    return tmp_path


def test_impossible_output_types_and_factors_are_refused_first(project):
    clip = "smic/s01/s01_po_01"
    with pytest.raises(MerflowError, match="a file of type '.jpg'") as error:
        preview(clip, project / "smile.jpg", i_may_show_this_subject=True)
    assert ".png for an image" in error.value.expected
    with pytest.raises(MerflowError, match="--factors: 0.0"):
        preview(clip, project / "smile.png", factors="0", i_may_show_this_subject=True)


def test_a_recorded_person_is_refused_unless_permitted(project):
    with pytest.raises(MerflowError, match="recorded person"):
        preview("smic/s01/s01_po_01", project / "a.png")
    assert not (project / "a.png").exists()
    preview("smic/s01/s01_po_01", project / "a.png", factors="x1,5", i_may_show_this_subject=True)
    assert cv2.imread(str(project / "a.png")).std() > 10


def test_a_generated_face_gives_a_video_of_all_factors(project, capsys):
    (project / "data" / GENERATED).write_text("{}")
    preview("smic/s01/s01_po_01", project / "a.avi", factors="1,x10,25")
    video = cv2.VideoCapture(str(project / "a.avi"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 12
    assert video.read()[1].shape == (128, 3 * 128, 3)
    said = capsys.readouterr().out
    assert "x1: the original clip" in said
    # 0.4 px of the clip's 128 px: both figures of a line are for one size of picture.
    assert re.search(r"x10: phase, largest movement 0\.[89]\d px at a frame size of 256 px, ", said)


@pytest.mark.parametrize(
    ("clip", "out", "factors", "word"),
    [
        ("smic/s01/nobody", "a.png", "x1", "nobody"),
        ("smic/s01", "a.png", "x1", "dataset/subject/clip"),
        ("smic/s02/c", "a.png", "x1", "not been cropped"),
        ("smic/s01/s01_po_01", "a.png", "ten", "'ten'"),
        ("smic/s01/s01_po_01", "a.gif", "x1", "a video file name"),
    ],
)
def test_messages_name_what_cannot_be_shown(project, clip, out, factors, word):
    (project / "data" / GENERATED).write_text("{}")
    with pytest.raises(MerflowError) as error:
        preview(clip, project / out, factors=factors)
    assert word in str(error.value)
