"""The loss of action units: by hand, with labels that are unclear, and what training makes of it."""

import numpy as np
import pytest

from merflow.clip import ClipKey
from merflow.config.settings import Experiment, Training
from merflow.models.factory import TrainingData, load, make_method
from merflow.models.training import backend
from merflow.models.training.class_weights import unit_weights

CLASSES = ("AU4", "AU12")


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


def loss_of(training, weights, y, p):
    from merflow.models.training.losses import unit_loss

    value = unit_loss(training, np.asarray(weights, np.float32))(
        np.asarray(y, np.float32), np.asarray(p, np.float32)
    )
    return float(value)


def test_it_is_the_mean_binary_cross_entropy():
    found = loss_of(Training(), [1, 1], [[1, 0]], [[0.8, 0.3]])
    assert found == pytest.approx(-(np.log(0.8) + np.log(0.7)) / 2, rel=1e-5)


def test_an_unclear_label_adds_nothing_and_a_weight_counts_for_present_only():
    assert loss_of(Training(), [1, 1], [[1, -1]], [[0.8, 0.3]]) == pytest.approx(
        -np.log(0.8) / 2, rel=1e-5
    )
    assert loss_of(Training(), [5, 5], [[1, 0]], [[0.8, 0.3]]) == pytest.approx(
        -(5 * np.log(0.8) + np.log(0.7)) / 2, rel=1e-5
    )


def test_focal_lowers_what_is_already_right_and_smoothing_moves_both_ends():
    focal = loss_of(Training(loss="focal", focal_gamma=2), [1, 1], [[1, 0]], [[0.8, 0.3]])
    wanted = -(0.2**2 * np.log(0.8) + 0.3**2 * np.log(0.7)) / 2
    assert focal == pytest.approx(wanted, rel=1e-4)
    smooth = loss_of(Training(label_smoothing=0.2), [1, 1], [[1, 0]], [[0.8, 0.3]])
    one = -(0.9 * np.log(0.8) + 0.1 * np.log(0.2))
    other = -(0.1 * np.log(0.3) + 0.9 * np.log(0.7))
    assert smooth == pytest.approx((one + other) / 2, rel=1e-4)


def test_accuracy_counts_known_labels_only():
    from merflow.models.training.losses import unit_accuracy

    found = unit_accuracy(np.array([[1, -1.0], [0, 1]]), np.array([[0.9, 0.9], [0.9, 0.9]]))
    assert np.asarray(found).tolist() == [1.0, 0.5]


def test_balanced_weights_are_absent_over_present_of_the_training_labels():
    y = np.array([[1, 0], [0, 0], [0, np.nan], [0, 0]], np.float32)
    assert unit_weights(Training(), y, CLASSES).tolist() == [3, 1]
    assert unit_weights(Training(class_weights="none"), y, CLASSES).tolist() == [1, 1]
    assert unit_weights(Training(class_weights=(2, 4)), y, CLASSES).tolist() == [2, 4]


def flow(seed=0, count=16):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 0.05, (count, 12, 12, 3)).astype(np.float16)
    y = np.zeros((count, 2), np.float32)
    y[::2, 0], y[::3, 1] = 1, 1
    x[y[:, 0] > 0, :6, :, 1] += 1
    x[y[:, 1] > 0, 6:, :, 0] += 1
    return TrainingData(x, y, tuple(ClipKey("a", f"s{i % 4}", f"c{i}") for i in range(count)))


EXPERIMENT = Experiment(
    task="action_units",
    network="ststnet",
    preparation="p",
    collection="c",
    training={"epochs": 30, "learning_rate": 0.02, "device": "cpu", "class_weights": "none"},
)


def test_a_network_learns_units_that_occur_together_and_comes_back_from_its_file(tmp_path):
    fitted = make_method(EXPERIMENT, CLASSES, 1).fit(flow())
    new = flow(seed=1)
    p = fitted.predict(new.x)
    assert ((p > 0.5) == (new.y > 0.5)).mean() > 0.9
    both = (new.y == 1).all(1)
    assert (p[both] > 0.5).all() and (np.abs(p.sum(1) - 1) > 0.1).any()
    fitted.save(tmp_path)
    assert np.array_equal(load(tmp_path / "weights.weights.h5").predict(new.x), p)


def test_the_value_under_a_mask_changes_no_weight():
    """A label that is unclear cannot reach training, whatever the network predicts there."""
    one, other = flow(), flow()
    one.y[0, 0] = np.nan
    other.y[0, 0] = np.nan
    other.y[1:] = one.y[1:]
    fits = [make_method(EXPERIMENT.model_copy(update={"training": Training(
        epochs=2, device="cpu", class_weights="none")}), CLASSES, 1).fit(d)
        for d in (one, other, flow())]  # fmt: skip
    weights = [[w.numpy() for w in f.model.weights] for f in fits]
    assert all(np.array_equal(a, b) for a, b in zip(weights[0], weights[1], strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(weights[0], weights[2], strict=True))
