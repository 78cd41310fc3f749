"""SVMs on hand-made features: the features by a slow count, the machine against scikit-learn."""

import numpy as np
import pytest

from merflow.clip import ClipKey
from merflow.config.settings import Experiment, Svm, Training
from merflow.errors import MerflowError
from merflow.models.factory import TrainingData, load, make_method
from merflow.models.method_interface import refuse_other_input
from merflow.models.svm_features import bi_woof as woof
from merflow.models.svm_features import lbp_top as lbptop
from merflow.models.svm_machine import votes
from merflow.stages.flow_picture import flow_picture

CLASSES = ("negative", "positive", "surprise")


def experiment(method, **svm):
    return Experiment(
        method=method, preparation="p", collection="c", training=Training(svm=Svm(**svm))
    )


def data(x, y):
    keys = tuple(ClipKey("demo", f"s{i}", "c") for i in range(len(x)))
    return TrainingData(x, np.asarray(y, np.int64), keys)


def moving_bars(count=18, shape=(10, 30, 30, 1), seed=0):
    """Grain that drifts right, down or not at all: what LBP-TOP sees and single frames do not."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 3
    x = np.empty((count, *shape), np.uint8)
    for row, k in enumerate(y):
        grain = rng.integers(0, 256, (60, 60)).astype(np.uint8)
        for t in range(shape[0]):
            left, top = (15 - t if k == 1 else 15), (15 - t if k == 2 else 15)
            x[row, t, ..., 0] = grain[top : top + 30, left : left + 30]
    return x, y


def slow_lbptop(clip, blocks, radii):
    """The definition, pixel by pixel."""
    frames, height, width = clip.shape[:3]
    v, (rx, ry, rt) = clip[..., 0].astype(int), radii
    rt = min(rt, (frames - 1) // 2)
    planes = {
        "xy": ((0, 0, rx), (0, 0, -rx), (0, ry, 0), (0, -ry, 0)),
        "xt": ((0, 0, rx), (0, 0, -rx), (rt, 0, 0), (-rt, 0, 0)),
        "yt": ((0, ry, 0), (0, -ry, 0), (rt, 0, 0), (-rt, 0, 0)),
    }
    found = []
    for steps in planes.values():
        counts = np.zeros((blocks * blocks, 16))
        for t in range(rt, frames - rt):
            for i in range(ry, height - ry):
                for j in range(rx, width - rx):
                    code = sum(
                        (v[t + a, i + b, j + c] >= v[t, i, j]) << bit
                        for bit, (a, b, c) in enumerate(steps)
                    )
                    block = (i - ry) * blocks // (height - 2 * ry) * blocks
                    block += (j - rx) * blocks // (width - 2 * rx)
                    counts[block, code] += 1
        found.append(counts / counts.sum(1, keepdims=True))
    return np.concatenate(found).ravel()


@pytest.mark.parametrize(("frames", "radii"), [(10, (1, 1, 4)), (5, (1, 1, 4)), (7, (2, 1, 2))])
def test_lbptop_counts_what_its_definition_counts(frames, radii):
    x = np.random.default_rng(0).integers(0, 9, (2, frames, 13, 12, 1)).astype(np.uint8)
    got = lbptop(x, 3, radii)
    assert got.shape == (2, 3 * 9 * 16)
    for row in range(2):
        np.testing.assert_allclose(got[row], slow_lbptop(x[row], 3, radii), atol=1e-6)


def test_lbptop_of_colour_is_that_of_its_brightness():
    x = np.random.default_rng(0).integers(0, 256, (1, 9, 12, 12, 1)).astype(np.uint8)
    np.testing.assert_allclose(
        lbptop(np.repeat(x, 3, -1), 2, (1, 1, 4)).reshape(-1, 16).sum(1), 1, rtol=1e-5
    )


def test_clips_too_small_for_lbptop_are_refused():
    for shape in ((2, 20, 20, 1), (10, 6, 20, 1)):
        with pytest.raises(MerflowError, match="at least 3 frames"):
            lbptop(np.zeros((1, *shape), np.uint8), 5, (1, 1, 4))


def test_woof_puts_motion_into_the_bin_of_its_direction_and_the_block_of_its_place():
    x = np.zeros((1, 8, 8, 3), np.float16)
    x[..., 2] = 1
    for direction, (u, v) in enumerate([(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1)]):
        x[0, :4, 4:, 0], x[0, :4, 4:, 1] = u, v
        got = woof(x, 2, 8)[0].reshape(4, 8)
        assert np.flatnonzero(got).tolist() == [8 + direction]
        assert got[1, direction] == pytest.approx(np.hypot(u, v), rel=1e-3)
    x[..., 2] = 0
    assert not woof(x, 2, 8).any(), "a block that is not strained does not count"


def test_woof_wants_flow():
    with pytest.raises(MerflowError, match="kind: flow"):
        woof(np.zeros((2, 10, 8, 8, 1), np.uint8), 2, 8)
    with pytest.raises(MerflowError, match="kind: frames"):
        make_method(experiment("lbptop_svm"), CLASSES, 0).fit(
            data(np.zeros((3, 28, 28, 3), np.float16), [0, 1, 2])
        )


@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_stored_planes_answer_as_scikit_learn_does(count):
    from sklearn.svm import SVC

    rng = np.random.default_rng(count)
    y = np.arange(60) % count
    x = rng.normal(0, 1, (60, 7)) + y[:, None] * rng.normal(0, 0.7, 7)
    machine = SVC(kernel="linear").fit(x, y)
    new = rng.normal(0, 2, (300, 7))
    sign = -1 if count == 2 else 1
    ours = votes(sign * (new @ machine.coef_.T + machine.intercept_), count)
    theirs = machine.decision_function(new)
    if count == 2:
        assert ((ours.argmax(1) == 1) == (theirs > 0)).all()
    else:
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_lbptop_svm_learns_motion_and_comes_back_from_its_file(tmp_path):
    x, y = moving_bars()
    fitted = make_method(experiment("lbptop_svm", blocks=2, radii=(1, 1, 1)), CLASSES, 0).fit(
        data(x, y)
    )
    new, truth = moving_bars(seed=1)
    p = fitted.predict(new)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    assert (p.argmax(1) == truth).mean() > 0.9
    assert fitted.history[0]["accuracy"] == 1
    assert fitted.facts["features"] == 3 * 4 * 16
    fitted.save(tmp_path / "a")
    again = load(tmp_path / "a" / "weights.weights.h5")
    assert again.predict(new).tobytes() == p.tobytes()
    make_method(experiment("lbptop_svm", blocks=2, radii=(1, 1, 1)), CLASSES, 7).fit(
        data(x, y)
    ).save(tmp_path / "b")
    files = [tmp_path / side / "weights.weights.h5" for side in "ab"]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_two_classes_keep_their_order():
    x, y = moving_bars(24)
    keep = y < 2
    fitted = make_method(experiment("lbptop_svm", blocks=2, radii=(1, 1, 1)), ("no", "yes"), 0)
    p = fitted.fit(data(x[keep], y[keep])).predict(x[keep])
    assert (p.argmax(1) == y[keep]).all()


def test_flow_svm_learns_direction():
    rng = np.random.default_rng(0)
    y = np.arange(18) % 3
    x = rng.normal(0, 0.1, (18, 28, 28, 3)).astype(np.float16)
    x[..., 2] = np.abs(x[..., 2]) + 0.5
    for row, k in enumerate(y):
        x[row, 10 * k : 10 * k + 8, :, k % 2] += 1
    fitted = make_method(experiment("flow_svm"), CLASSES, 0).fit(data(x, y))
    assert (fitted.predict(x).argmax(1) == y).all()
    assert fitted.facts["features"] == 25 * 8


def test_an_svm_refuses_a_class_of_weight_0_in_its_own_words():
    made = Experiment(
        method="flow_svm",
        preparation="p",
        collection="c",
        training=Training(class_weights=(0, 1, 1)),
    )
    x = np.random.default_rng(0).normal(size=(6, 8, 8, 3)).astype(np.float16)
    with pytest.raises(MerflowError, match="3 numbers, all above 0"):
        make_method(made, CLASSES, 0).fit(data(x, np.arange(6) % 3))


def noisy_pictures(count=45, seed=0):
    """Return pictures (N, 6, 6, 3) uint8 that tell their class (N,) now and then."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 3
    x = rng.integers(0, 200, (count, 6, 6, 3)) + 18 * y[:, None, None, None]
    return x.astype(np.uint8), y


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(("kernel", "c"), [("linear", 1.0), ("rbf", 1.0), ("rbf", 10.0)])
def test_pixels_of_flow_predict_as_scikit_learn_on_pixels_over_255(tmp_path, kernel, c, classes):
    from sklearn.svm import SVC

    x, y = noisy_pictures()
    x, y = x[y < classes], y[y < classes]
    new = noisy_pictures(seed=1)[0]
    entry = Experiment(
        method="flow_pixels_svm",
        preparation="p",
        collection="c",
        training={"svm": {"kernel": kernel, "c": c}},
    )
    assert entry.training.class_weights == "none", "nothing but pixels over 255 unless asked for"
    fitted = make_method(entry, CLASSES[:classes], 0).fit(data(x, y))
    flat = x.reshape(len(x), -1) / 255
    machine = SVC(kernel=kernel, C=c).fit(flat, y)
    ours, theirs = fitted.predict(new).argmax(1), machine.predict(new.reshape(len(new), -1) / 255)
    assert ours.tolist() == theirs.tolist()
    assert 0.3 < (ours == np.arange(len(new)) % 3).mean() < 1, "a task with errors"
    fitted.save(tmp_path)
    again = load(tmp_path / "weights.weights.h5")
    assert again.predict(new).tobytes() == fitted.predict(new).tobytes()


def test_equal_votes_go_to_the_first_class_as_in_scikit_learn():
    from sklearn.svm import SVC

    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 256, (60, 4, 4, 3)).astype(np.uint8), np.arange(60) % 3
    new = rng.integers(0, 256, (3000, 4, 4, 3)).astype(np.uint8)
    entry = Experiment(method="flow_pixels_svm", preparation="p", collection="c")
    fitted = make_method(entry, CLASSES, 0).fit(data(x, y))
    machine = SVC(kernel="linear", C=1).fit(x.reshape(60, -1) / 255, y)
    flat = new.reshape(len(new), -1) / 255
    ties = machine.predict(flat) != machine.decision_function(flat).argmax(1)
    assert ties.sum() > 20, "in which the sum of distances would decide otherwise"
    assert fitted.predict(new).argmax(1).tolist() == machine.predict(flat).tolist()


def test_signed_flow_becomes_a_picture_first():
    x, y = noisy_pictures()
    entry = Experiment(method="flow_pixels_svm", preparation="p", collection="c")
    signed = (x.astype(np.float32) / 7 - 3).astype(np.float16)
    fitted = make_method(entry, CLASSES, 0).fit(data(signed, y))
    stretched = np.stack([flow_picture(image) for image in signed])
    pictures = make_method(entry, CLASSES, 0).fit(data(stretched, y))
    assert np.array_equal(fitted.predict(signed), pictures.predict(stretched))
    assert stretched.min((1, 2)).max() == 0 and stretched.max((1, 2)).min() == 255


@pytest.mark.parametrize("trained", [np.uint8, np.float16])
def test_pictures_and_signed_flow_are_not_taken_for_one_another(trained):
    x, y = noisy_pictures()
    entry = Experiment(method="flow_pixels_svm", preparation="p", collection="c")
    fitted = make_method(entry, CLASSES, 0).fit(data(x.astype(trained), y))
    refuse_other_input(fitted.facts, x.astype(trained))
    other = np.float16 if trained == np.uint8 else np.uint8
    with pytest.raises(MerflowError, match="the model was trained on"):
        refuse_other_input(fitted.facts, x.astype(other))


def test_bi_woof_refuses_pictures_without_a_zero():
    x, y = noisy_pictures()
    with pytest.raises(MerflowError, match="no grey level stands for no motion"):
        make_method(experiment("flow_svm"), CLASSES, 0).fit(data(x, y))
