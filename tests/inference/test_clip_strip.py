"""Example clips of the report: only faces that may be shown, at the factors of the config."""

from pathlib import Path

import cv2
import numpy as np
import pypdf
import pytest
from kept_records import keep_records
from moving_textures import still_picture, truths

from merflow.clip import ClipArrays, ClipKey
from merflow.config.loading import validate
from merflow.datasets.registry import GENERATED
from merflow.inference import clip_strip
from merflow.inference.clip_strip import examples, faces, factors_of, remove_strips, write_strips
from merflow.io import records
from merflow.io.clip_store import write_store
from merflow.workflow.plan import Plan

LANDMARKS = np.array([(94, 40), (78, 40), (34, 40), (50, 40), (64, 60)], np.float32)


def plan_of(factors=(1, 10), **smic):
    """Return a plan with one dataset and one experiment."""
    entry = {"preparation": "grey", "collection": "all", "factors": list(factors)}
    return Plan(
        validate({
            "datasets": {"smic": {"root": "data", **smic}},
            "collections": {"all": ["smic"]},
            "preparations": {"grey": {}},
            "experiments": {"e": entry},
        }),
        {"smic": []},
    )  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return a folder with the cropped clips of two subjects; the second moves more."""
    folder = tmp_path_factory.mktemp("strip")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for subject in ("s01", "s02"):
            course = np.interp(np.arange(12), [0, 6, 11], [0, 0.5, 0.2])
            frames = truths.MovingTexture(still_picture(), 1.0, course, uniform=True).clip()
            key = ClipKey("smic", subject, f"{subject}_po_01")
            given = {"numbers": np.arange(12), "onset": 0, "apex": None, "offset": 11}
            clip = ClipArrays(key, frames, 25.0, **given, landmarks=LANDMARKS, enters_at="raw")
            path = folder / f"results/grey/cropped/smic/{subject}.h5"
            write_store(path, "crop", [clip], {"crop": {"version": 1}}, {"frames": "ab"})
        keep_records()
    return folder


@pytest.fixture
def inside(project, monkeypatch):
    monkeypatch.chdir(project)
    (project / "data").mkdir(exist_ok=True)
    (project / "data" / GENERATED).unlink(missing_ok=True)
    return project


def test_a_recorded_subject_without_consent_is_never_shown(inside):
    assert examples(plan_of()) == ([], [])


def test_the_subject_with_consent_is_shown_and_no_other(inside):
    ((found,), problems) = examples(plan_of(publishable=["s02"]))
    assert found.key == ClipKey("smic", "s02", "s02_po_01") and problems == []
    assert [*found.clips] == ["x1", "x10"]


def test_a_clip_that_is_too_long_leaves_the_next_one_to_be_shown(inside, monkeypatch):
    monkeypatch.setattr(clip_strip, "LONGEST", 12)
    chosen = plan_of(publishable=["s01", "s02"])
    assert examples(chosen)[0][0].key.subject == "s01"
    lengths = iter([((13, 256, 256, 1), None), ((12, 256, 256, 1), None)])
    monkeypatch.setattr(clip_strip.Store, "shape", lambda *_: next(lengths))
    assert examples(chosen)[0][0].key.subject == "s02"


def test_a_generated_face_is_shown_as_a_picture_and_as_a_figure(inside, tmp_path):
    (inside / "data" / GENERATED).write_text("{}")
    found, _ = examples(plan_of())
    (face,) = faces(found)
    picture = cv2.imdecode(np.frombuffer(face.picture, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (face.height, face.width, 3) == (2 * 96, 5 * 96, 3)
    assert face.clip == "smic/s01/s01_po_01" and "x1, x10" in face.about
    assert face.about.endswith("frames at 0, 120, 240, 320, 440 ms after the onset")
    still = picture[:96].astype(int)
    moved = np.abs(still[:, 96:192] - still[:, :96]).mean()
    magnified = picture[96:].astype(int)
    assert np.abs(magnified[:, 96:192] - magnified[:, :96]).mean() > 2 * moved
    pdf, svg = sorted(write_strips(tmp_path, found))
    page = pypdf.PdfReader(pdf).pages[0]
    text = page.extract_text()
    assert round(float(page.mediabox.width) / 72, 2) == 7.16
    for word in ("time after onset (ms)", "px at 256 px", "x10", "240 ms"):
        assert word in text
    first = svg.read_bytes()
    write_strips(tmp_path, found)
    assert svg.read_bytes() == first


def test_a_withdrawn_consent_removes_the_figure_of_the_clip(inside, tmp_path):
    shown, _ = examples(plan_of(publishable=["s02"]))
    made = write_strips(tmp_path, shown)
    stems = ("e_magnification", "clip_smic_magnification", "clip_smic_x1+x10_seed0_confusion")
    stems += ("clip_art",)  # The user's own.
    others = [tmp_path / f"{stem}.svg" for stem in stems]
    for other in others:
        other.write_text("<svg/>")
    remove_strips(tmp_path, examples(plan_of())[0], ["smic"])
    assert not any(path.exists() for path in made) and all(path.exists() for path in others)


def test_a_removed_figure_leaves_its_record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path("results/figures")
    folder.mkdir(parents=True)
    kept, gone = folder / "e_magnification.svg", folder / "clip_smic_s01_c.svg"
    for path in (kept, gone):
        path.write_text("<svg/>")
    with records.job("report", folder / "all") as job:
        job.done({}, [kept, gone])
    remove_strips(folder, [], ["smic"])
    assert [*records.record_of(kept).wrote] == [str(kept)] and not gone.exists()


def test_a_store_that_cannot_be_read_is_listed_and_stops_nothing(inside):
    store = inside / "results/grey/cropped/smic/s02.h5"
    kept = store.read_bytes()
    store.write_bytes(b"no store")
    found, (problem,) = examples(plan_of(publishable=["s02"]))
    store.write_bytes(kept)
    assert found == [] and "s02.h5" in problem


@pytest.mark.parametrize(
    ("factors", "shown"),
    [
        ((1, 10, 25, 50), [1, 10, 25]),
        ((5,), [1, 5]),
        ((1, "x1+x10"), [1, 10]),
        ((2, 3, 4), [1, 2, 3]),
    ],
)
def test_three_factors_at_most_are_shown_always_with_x1(factors, shown):
    assert factors_of(plan_of(factors)) == shown
