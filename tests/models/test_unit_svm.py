"""SVMs for action units: one a unit, unclear clips left out, back from their file."""

import numpy as np
import pytest

from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.errors import MerflowError
from merflow.models.factory import TrainingData, load, make_method

CLASSES = ("AU4", "AU12", "AU9")


def data(count=24, seed=0):
    """Pictures brighter on the left with AU4, on the right with AU12; AU9 never occurs."""
    rng = np.random.default_rng(seed)
    x = rng.integers(90, 110, (count, 20, 20, 3)).astype(np.uint8)
    y = np.zeros((count, 3), np.float32)
    y[::2, 0], y[::3, 1] = 1, 1
    x[y[:, 0] > 0, :, :10, 0] += 60
    x[y[:, 1] > 0, :, 10:, 1] += 60
    keys = tuple(ClipKey("a", f"s{i % 6}", f"c{i}") for i in range(count))
    return TrainingData(x, y, keys)


def experiment(**training):
    return Experiment(
        task="action_units",
        method="flow_pixels_svm",
        preparation="p",
        collection="c",
        training=training,
    )


def test_it_finds_each_unit_by_itself_on_new_clips():
    fitted = make_method(experiment(), CLASSES, 0).fit(data())
    new = data(seed=1)
    p = fitted.predict(new.x)
    assert p.shape == (24, 3) and ((p > 0) & (p < 1)).all()
    assert ((p[:, :2] > 0.5) == (new.y[:, :2] > 0.5)).all()
    assert (p[:, 2] < 0.01).all()  # No training clip has it.


def test_an_unclear_label_leaves_the_clip_out_of_that_unit_only():
    plain, masked = data(), data()
    masked.y[0, 0] = np.nan
    wrong = data()
    wrong.y[0, 0] = 0
    fits = [make_method(experiment(), CLASSES, 0).fit(d).predict(data(seed=1).x)
            for d in (plain, masked, wrong)]  # fmt: skip
    assert (fits[0][:, 1] == fits[1][:, 1]).all()
    assert not np.array_equal(fits[1][:, 0], fits[2][:, 0])


def test_it_comes_back_from_its_file_bit_equal(tmp_path):
    fitted = make_method(experiment(svm={"kernel": "rbf", "c": 10}), CLASSES, 0).fit(data())
    fitted.save(tmp_path)
    back = load(tmp_path / "weights.weights.h5")
    x = data(seed=2).x
    assert np.array_equal(fitted.predict(x), back.predict(x))
    assert back.facts["classes"] == list(CLASSES) and back.facts["many_labels"]


def test_labels_that_teach_nothing_are_refused():
    given = data()
    given.y[:] = 0
    with pytest.raises(MerflowError, match="none of which is present"):
        make_method(experiment(), CLASSES, 0).fit(given)
