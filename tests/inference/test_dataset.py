"""Evaluate: training subjects are refused, the others go through the whole pipeline."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from merflow.clip import Clip, ClipKey
from merflow.config.settings import Align, Preparation, Settings
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.evaluation.duplicate_clips import clip_hashes
from merflow.inference.dataset import (
    labelled_for,
    predict_clips,
    trained_on_error,
    training_subjects,
    with_dataset,
    without_subjects,
)
from merflow.stages.pipeline import Pipeline
from merflow.workflow.final_model import Model

SETTINGS = Settings(datasets={"smic": {"root": "a"}, "again": {"root": "b", "reader": "smic"}})


def model(**changes):
    facts = {
        "folder": Path("final"),
        "name": "demo x1 seed 0",
        "classes": ("negative", "positive", "surprise"),
        "subjects": ("smic/s01",),
        "scheme": "megc2019",
        "control": "none",
        "permuted": False,
        "pipeline": Pipeline(Align(), Preparation(), ("x1",)),
        "score": None,
    }
    return Model(**facts | changes)


def clip(subject, name, emotion="positive", dataset="smic", folder="", files=()):
    key = ClipKey(dataset, subject, name)
    return Clip(key, folder, files, (), 100.0, emotion, enters_at="interpolated")


def test_a_subject_is_recognised_under_another_name_of_its_dataset():
    keys = [clip("s01", "a", dataset="again").key, clip("s02", "a", dataset="again").key]
    assert training_subjects(keys, model(), SETTINGS) == ["again/s01"]
    other = [ClipKey("casme2", "s01", "a")]
    assert training_subjects(other, model(), SETTINGS) == []


def test_two_manifests_do_not_share_their_subjects():
    mine = {"root": "a", "reader": "manifest"}, {"root": "b", "reader": "manifest"}
    settings = Settings(datasets=dict(zip(("mine", "yours"), mine, strict=True)))
    keys = [clip("s01", "a", dataset=name).key for name in ("mine", "yours")]
    assert training_subjects(keys, model(subjects=("mine/s01",)), settings) == ["mine/s01"]


def test_training_subjects_are_listed_or_left_out():
    tested = labelled_for(model(), [clip("s02", "b"), clip("s01", "a")], SETTINGS)
    assert "smic/s01" in str(trained_on_error(["smic/s01"], "run"))
    assert "--exclude-seen" in trained_on_error(["smic/s01"], "run").fix
    assert "another dataset" in trained_on_error(["smic/s01"], "run", others=False).fix
    left = without_subjects(tested, ["smic/s01"])
    assert [c.key.subject for c in left.clips] == ["s02"]
    with pytest.raises(MerflowError, match="every subject"):
        without_subjects(tested, ["smic/s01", "smic/s02"])


def test_clips_without_one_of_the_classes_are_counted():
    clips = [clip("s02", "a"), clip("s02", "b", "surprise"), clip("s02", "c", "neutral")]
    tested = labelled_for(model(), clips, SETTINGS)
    assert (tested.labels, tested.without_class) == (("positive", "surprise"), 1)
    with pytest.raises(MerflowError, match="none of its 1 clips"):
        labelled_for(model(), clips[2:], SETTINGS)


def test_a_dataset_needs_a_root_or_an_entry_in_the_config(tmp_path):
    mine = with_dataset(SETTINGS, "mine", str(tmp_path))
    with pytest.raises(MerflowError, match="--reader manifest"):
        read_dataset("mine", mine.datasets["mine"])
    (tmp_path / "manifest.csv").write_text("")
    assert with_dataset(SETTINGS, "mine", str(tmp_path)).datasets["mine"].reader == "manifest"
    with pytest.raises(MerflowError, match="did you mean 'smic'"):
        with_dataset(SETTINGS, "smik", "")
    assert with_dataset(SETTINGS, "smic", "c").datasets["smic"].root == "c"
    with pytest.raises(MerflowError, match="reads 'smic' as smic"):
        with_dataset(SETTINGS, "smic", "c", "manifest")
    assert with_dataset(SETTINGS, "mine", "d", "manifest").datasets["mine"].reader == "manifest"


class Brightest:
    """Predicts the class by the mean brightness of a clip: 0, 100, 200."""

    clip_hashes = ()
    facts: ClassVar = {}

    def predict(self, x, keys=None):
        return np.eye(3, dtype=np.float32)[np.rint(x.mean((1, 2, 3, 4)) / 100).astype(int)]


def test_predictions_have_their_truth_and_unreadable_clips_are_listed(tmp_path):
    clips = []
    for number, emotion in enumerate(("negative", "positive", "surprise")):
        frames = np.full((4, 8, 8, 3), 100 * number, np.uint8)
        np.save(tmp_path / f"{emotion}.npy", frames)
        clips.append(clip("s02", emotion, emotion, "smic", str(tmp_path), (f"{emotion}.npy",)))
    clips.append(clip("s03", "gone", "positive", "smic", str(tmp_path), ("gone.npy",)))
    tested = labelled_for(model(), clips, SETTINGS)
    pooled, skipped = predict_clips(tested, model(), Brightest(), None)
    np.testing.assert_array_equal(pooled.predicted, pooled.truth)
    assert [key.clip for key in pooled.keys] == ["negative", "positive", "surprise"]
    assert [row.clip for row in skipped] == ["gone"]


def test_a_training_clip_is_refused_under_any_name(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    np.save(tmp_path / "a.npy", frames)
    known = Brightest()
    known.clip_hashes = clip_hashes(frames[None])
    mine = clip("s09", "a", folder=str(tmp_path), files=("a.npy",))
    tested = labelled_for(model(), [mine], SETTINGS)
    with pytest.raises(MerflowError, match="smic/s09/a: it has the same pixels"):
        predict_clips(tested, model(), known, None)
