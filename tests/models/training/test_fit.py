"""Training: the same bytes for the same seed, and the effect of every setting."""

import hashlib
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from merflow import arithmetic
from merflow.clip import ClipKey
from merflow.config.settings import Augment, Experiment, Training
from merflow.errors import FAILED, MerflowError
from merflow.io.csv_table import read_csv
from merflow.models.factory import TrainingData, load, make_method
from merflow.models.training import backend, batches, class_weights
from merflow.workflow.training_log import LIVE, curve_so_far

CLASSES = ("negative", "positive", "surprise")
SRC = Path(__file__).parents[3] / "src"


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


def clips(count=12, subjects=4, seed=0, shape=(4, 16, 16, 1)):
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 3
    x = rng.integers(90, 110, (count, *shape)).astype(np.uint8)
    for row, k in enumerate(y):
        x[row, ..., k * 5 : k * 5 + 5, :, :] += 100
    keys = tuple(ClipKey("demo", f"s{i // 3 % subjects}", f"c{i}") for i in range(count))
    return TrainingData(x, y.astype(np.int64), keys)


def experiment(network="cnn3d", settings=None, **training):
    settings = {"filters": (8,)} if settings is None and network == "cnn3d" else settings or {}
    training = {"epochs": 2, "batch_size": 4, "device": "cpu", **training}
    return Experiment(
        network=network,
        network_settings=settings,
        preparation="p",
        collection="c",
        training=Training(**training),
    )


def fitted(data=None, seed=0, **training):
    return make_method(experiment(**training), CLASSES, seed).fit(data or clips())


def digest(model):
    return hashlib.sha256(b"".join(np.asarray(w).tobytes() for w in model.weights)).hexdigest()


# -- the same bytes ------------------------------------------------------------------------

ALONE = """
import hashlib, sys
import merflow  # first, as every entry does
sys.path.insert(0, {tests!r})
import test_fit as t
for seed in map(int, sys.argv[2:]):
    data = t.clips(seed=seed)
    f = t.make_method(t.experiment("joshi_2dcnn_vote", {{"form": "binary"}}, augment={{"flip": True,
        "noise": 3}}), t.CLASSES, seed).fit(data)
    f.save(t.Path(sys.argv[1]) / str(seed))
    print(t.digest(f.model), f.predict(data.x).tobytes().hex()[:32])
"""


def in_its_own_process(folder, *seeds):
    script = ALONE.format(tests=str(Path(__file__).parent))
    ended = subprocess.run(
        [sys.executable, "-c", script, str(folder), *map(str, seeds)],
        env={"PYTHONPATH": str(SRC), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == ""
    return ended.stdout.splitlines()


def test_folds_trained_together_give_the_bytes_of_folds_trained_alone(tmp_path):
    """Dropout, batch normalisation, augmentation: all randomness at once. Nothing is printed."""
    together = in_its_own_process(tmp_path / "together", 5, 6)
    alone = in_its_own_process(tmp_path / "alone", 6)
    assert together[1] == alone[0]
    assert together[0] != together[1]
    files = [tmp_path / how / "6" / "weights.weights.h5" for how in ("together", "alone")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_another_seed_gives_other_weights():
    assert digest(fitted(seed=1).model) == digest(fitted(seed=1).model)
    assert digest(fitted(seed=1).model) != digest(fitted(seed=2).model)


def test_the_order_in_which_folds_are_trained_does_not_matter():
    first = digest(fitted(seed=1).model)
    fitted(seed=3, data=clips(9))
    assert digest(fitted(seed=1).model) == first


# -- the compiled step that folds share ------------------------------------------------------


@pytest.fixture
def kept():
    """The steps that are kept, none at the start."""
    # Imports Keras, which must start after its backend is prepared.
    from merflow.models.training import compiled_steps

    compiled_steps._kept.clear()
    return compiled_steps._kept


def fit_seed(seed, data=None, network="cnn3d", settings=None, **training):
    return make_method(experiment(network, settings, **training), CLASSES, seed).fit(
        data or clips(seed=seed)
    )


def test_a_kept_step_is_used_again_and_gives_the_bytes_of_a_new_one(kept):
    alone = digest(fit_seed(2).model)
    kept.clear()
    fit_seed(1)
    first = next(iter(kept.values()))
    assert digest(fit_seed(2).model) == alone
    assert next(iter(kept.values())) is first


def test_a_later_fold_does_not_change_a_fitted_network(kept):
    fitted = fit_seed(1)
    x = clips(seed=7).x
    before, weights = fitted.predict(x), digest(fitted.model)
    fit_seed(2)
    assert digest(fitted.model) == weights
    np.testing.assert_array_equal(fitted.predict(x), before)


@pytest.mark.parametrize(
    "other",
    [
        {"learning_rate": 0.02},
        {"optimiser": "sgd"},
        {"settings": {"filters": (16,)}},
        {"data": clips(shape=(4, 24, 24, 1))},
    ],
)
def test_another_training_has_its_own_step(kept, other):
    fit_seed(1)
    first = next(iter(kept.values()))
    fit_seed(1, **other)
    (second,) = kept.values()
    assert second is not first


def test_a_large_network_is_compiled_itself(kept, monkeypatch):
    expected = digest(fit_seed(1).model)
    kept.clear()
    monkeypatch.setattr("merflow.models.training.compiled_steps.LARGEST", 10)
    assert digest(fit_seed(1).model) == expected
    assert kept == {}


# -- predictions ---------------------------------------------------------------------------


def test_a_prediction_does_not_depend_on_the_other_clips():
    method, x = fitted(), clips(seed=7).x
    together = method.predict(x)
    assert together.shape == (12, 3)
    assert together.dtype == np.float32
    for row in range(len(x)):
        assert method.predict(x[row : row + 1]).tobytes() == together[row].tobytes()
    assert method.predict(x[:0]).shape == (0, 3)


def test_history_has_a_row_per_epoch_and_facts_describe_the_training():
    method = fitted(epochs=3)
    assert [row["epoch"] for row in method.history] == [1, 2, 3]
    assert set(method.history[0]) == {"epoch", "loss", "accuracy", "learning_rate"}
    assert method.facts["epochs"] == 3
    assert method.facts["training_clips"] == 12
    assert method.facts["parameters"] == method.model.layers[-1].count_params()
    assert method.facts["flops"] > 0


# -- input scaling, class weights --------------------------------------------------------


def test_scaling_comes_from_the_training_clips_alone():
    data = clips()
    facts = fitted(data).facts
    assert facts["mean"][0] == pytest.approx(data.x.mean(), abs=1e-9)
    assert facts["deviation"][0] == pytest.approx(data.x.std(), abs=1e-9)


def test_scaling_of_flow_is_per_channel():
    from merflow.models.training.input_scaling import statistics

    x = np.random.default_rng(0).normal((1, -2, 0), (0.5, 3, 1), (6, 9, 9, 3)).astype(np.float16)
    x[..., 2] = 0.25
    mean, deviation = statistics(x, "fold")
    np.testing.assert_allclose(mean, x.astype(float).mean((0, 1, 2)))
    np.testing.assert_allclose(deviation[:2], x.astype(float).std((0, 1, 2))[:2])
    assert deviation[2] == 1, "a channel that never changes is not blown up"
    assert [v.tolist() for v in statistics(x, "unit")] == [[0, 0, 0], [255, 255, 255]]
    assert [v.tolist() for v in statistics(x, "none")] == [[0, 0, 0], [1, 1, 1]]


def test_class_weights_balance_the_training_labels():
    y = np.array([0] * 6 + [1] * 3 + [2])
    weights = class_weights.class_weights(Training(), y, CLASSES)
    np.testing.assert_allclose(weights * [6, 3, 1], [10 / 3] * 3, rtol=1e-6)
    assert class_weights.class_weights(Training(class_weights="none"), y, CLASSES).tolist() == [
        1,
        1,
        1,
    ]
    given = Training(class_weights=(0.3, 0.35, 0.35))
    np.testing.assert_allclose(class_weights.class_weights(given, y, CLASSES), [0.3, 0.35, 0.35])
    assert class_weights.class_weights(Training(balanced_sampling=True), y, CLASSES).tolist() == [
        1,
        1,
        1,
    ]


def test_class_weights_for_other_classes_are_refused():
    with pytest.raises(MerflowError, match=r"2 numbers: 1, 2"):
        class_weights.class_weights(Training(class_weights=(1, 2)), np.arange(3), CLASSES)


@pytest.mark.parametrize("given", [(-1, 1, 1), (0, 0, 0), (float("nan"), 1, 1)])
def test_class_weights_that_weigh_nothing_are_refused(given):
    with pytest.raises(MerflowError, match="none negative, for negative, positive, surprise"):
        class_weights.class_weights(Training(class_weights=given), np.arange(3), CLASSES)


def test_class_weights_reach_the_loss():
    """With weight on one class only, the network learns only that class."""
    method = fitted(class_weights=(0.0, 0.0, 1.0), epochs=8, learning_rate=0.01)
    assert (method.predict(clips().x).argmax(1) == 2).all()


# -- batches -------------------------------------------------------------------------------


def test_every_clip_comes_once_an_epoch_and_the_last_batch_is_filled_up():
    order = batches.epoch(np.random.default_rng(0), np.zeros(10, int), 4, balanced=False)
    assert order.shape == (3, 4)
    assert sorted(order.ravel()[:10]) == list(range(10))
    assert order.ravel()[10:].tolist() == order.ravel()[:2].tolist()
    assert batches.epoch(np.random.default_rng(0), np.zeros(3, int), 8, False).shape == (1, 3)


def test_balanced_sampling_draws_classes_equally_and_their_clips_in_turn():
    y = np.array([0] * 90 + [1] * 9 + [2])
    rng = np.random.default_rng(0)
    drawn = np.concatenate([batches.epoch(rng, y, 10, True).ravel() for _ in range(60)])
    shares = np.bincount(y[drawn]) / len(drawn)
    np.testing.assert_allclose(shares, 1 / 3, atol=0.02)
    of_class_1 = np.bincount(drawn[y[drawn] == 1])[90:99]
    assert of_class_1.max() - of_class_1.min() < 0.25 * of_class_1.mean()


# -- optimisers, schedules, losses ---------------------------------------------------------


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop"])
def test_every_optimiser_learns(name):
    method = fitted(optimiser=name, epochs=10, learning_rate=0.01)
    assert method.history[-1]["loss"] < method.history[0]["loss"]


def rates(**training):
    method = fitted(epochs=10, learning_rate=0.01, **training)
    return [row["learning_rate"] for row in method.history]


def test_schedules_span_the_training():
    assert rates() == pytest.approx([0.01] * 10)
    cosine = rates(schedule="cosine")
    assert cosine[4] == pytest.approx(0.005, rel=1e-4)
    assert cosine[9] == pytest.approx(0, abs=1e-8)
    stepped = rates(schedule="step", step_epochs=4, step_factor=0.1)
    assert stepped == pytest.approx([0.01] * 3 + [0.001] * 4 + [0.0001] * 3, rel=1e-3)


def test_one_cycle_rises_to_its_peak_and_falls_to_almost_nothing():
    from merflow.models.training.optimisers import OneCycle

    cycle = OneCycle(0.5, 101)
    values = [float(np.asarray(cycle(step))) for step in range(101)]
    assert values[0] == pytest.approx(0.5 / 25)
    assert np.argmax(values) == 30
    assert values[30] == pytest.approx(0.5, rel=1e-4)
    assert values[100] == pytest.approx(0.5 / 500, rel=1e-3)


def test_the_schedule_counts_updates_when_gradients_are_added_up():
    assert rates(schedule="cosine", accumulate=3)[9] == pytest.approx(0, abs=1e-8)


def test_added_gradients_equal_those_of_a_larger_batch():
    common = {"optimiser": "sgd", "momentum": 0.0, "epochs": 1, "learning_rate": 0.1}
    large = fitted(batch_size=12, **common)
    small = fitted(batch_size=4, accumulate=3, **common)
    for a, b in zip(large.model.weights, small.model.weights, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=2e-6)


def test_weight_decay_shrinks_weights():
    plain = fitted(optimiser="adamw", learning_rate=1e-3, epochs=5)
    decayed = fitted(optimiser="adamw", learning_rate=1e-3, epochs=5, weight_decay=5.0)
    norms = [
        np.linalg.norm(np.asarray(m.model.layers[-1].layers[1].kernel)) for m in (plain, decayed)
    ]
    assert norms[1] < 0.95 * norms[0]


def test_losses_match_their_formulas():
    from merflow.models.training.losses import loss

    y, p = np.array([[1.0, 0, 0]]), np.array([[0.5, 0.3, 0.2]])
    assert float(loss(Training())(y, p)) == pytest.approx(-np.log(0.5), rel=1e-5)
    focal = loss(Training(loss="focal", focal_gamma=2))
    assert float(focal(y, p)) == pytest.approx(-np.log(0.5) * 0.25, rel=1e-5)
    smooth = loss(Training(label_smoothing=0.3))
    expected = -(0.8 * np.log(0.5) + 0.1 * np.log(0.3) + 0.1 * np.log(0.2))
    assert float(smooth(y, p)) == pytest.approx(expected, rel=1e-5)


MIXED = """
import merflow, sys
sys.path.insert(0, {tests!r})
import test_fit as t
before = t.digest(t.fitted().model)
method = t.fitted(mixed_precision=True, epochs=12, learning_rate=0.01)
p = method.predict(t.clips().x)
print(method.model.layers[-1].layers[1].compute_dtype, p.dtype)
print((p.argmax(1) == t.clips().y).mean() > 0.8, t.digest(t.fitted().model) == before)
"""


def test_mixed_precision_predicts_in_float32_and_ends_with_its_fold():
    ended = subprocess.run(
        [sys.executable, "-c", MIXED.format(tests=str(Path(__file__).parent))],
        env={"PYTHONPATH": str(SRC), "PATH": "/usr/bin:/bin", "MERFLOW_ARITHMETIC": "native"},
        capture_output=True,
        text=True,
    )
    assert ended.stdout.split() == ["bfloat16", "float32", "True", "True"], ended.stderr


@pytest.mark.skipif(arithmetic.level() != "portable", reason="not at the portable level here")
def test_mixed_precision_on_a_processor_is_refused_at_the_portable_level():
    with pytest.raises(MerflowError, match="mixed_precision") as caught:
        fitted(mixed_precision=True)
    assert "arithmetic: native" in str(caught.value)


# -- errors that stop a fold ---------------------------------------------------------------------


def test_a_loss_that_is_not_a_number_names_the_batch_and_its_clips():
    with pytest.raises(MerflowError) as caught:
        fitted(optimiser="sgd", learning_rate=1e30, epochs=3)
    assert caught.value.code == FAILED
    text = str(caught.value)
    assert "epoch" in text
    assert "batch" in text
    assert "the loss is nan" in text
    assert "demo/s" in text


def test_training_data_that_cannot_be_fitted_is_refused():
    data = clips()
    only_two = TrainingData(data.x[:2], data.y[:2], data.keys[:2])
    with pytest.raises(MerflowError, match="no training clip of class surprise"):
        fitted(only_two)
    twice = data.take(np.array([0, 1, 2, 2]))
    with pytest.raises(MerflowError, match="demo/s0/c2 is listed twice"):
        fitted(twice)
    with pytest.raises(MerflowError, match="12 clips with 11 labels"):
        fitted(TrainingData(data.x, data.y[:11], data.keys))


def test_copies_of_a_clip_at_several_factors_are_one_clip_each():
    data = clips(6)
    both = TrainingData(
        np.concatenate([data.x, data.x]),
        np.tile(data.y, 2),
        data.keys * 2,
        ("x1",) * 6 + ("x10",) * 6,
    )
    assert fitted(both).facts["training_clips"] == 12
    assert both.rows[7] == "demo/s0/c1 x10"


@pytest.mark.parametrize(
    ("network", "settings", "message"),
    [
        ("cnn4d", {}, "did you mean 'cnn3d'"),
        ("cnn3d", {"filter": (4,)}, "did you mean 'filters'"),
        ("cnn3d", {"dropout": "much"}, "setting 'dropout' cannot be 'much'"),
        ("joshi_3dcnn", {"form": "ternary"}, "setting 'form' cannot be 'ternary'"),
        ("ststnet", {}, "cannot take input of shape"),
        ("joshi_2dcnn_vote", {}, "height and width of at least 22 with these settings"),
    ],
)
def test_the_error_of_a_network_that_cannot_be_built_has_a_remedy(network, settings, message):
    with pytest.raises(MerflowError, match=message):
        make_method(experiment(network, settings), CLASSES, 0).fit(clips())


# -- epochs chosen on inner folds ----------------------------------------------------------


def test_inner_folds_keep_subjects_whole_and_spread_classes():
    from merflow.models.training import inner_folds

    def held_by(data):
        wanted = Training(inner_folds=3)
        return inner_folds.folds(data.keys, data.y, CLASSES, wanted, "nested: true")

    rng = np.random.default_rng(0)
    keys = tuple(
        ClipKey(d, f"s{s}", f"c{i}") for d in ("a", "b") for s in range(9) for i in range(1 + s % 4)
    )
    y = rng.integers(0, 3, len(keys))
    data = TrainingData(np.zeros((len(keys), 1)), y, keys)
    held = held_by(data)
    for subject in {key.subject_key for key in keys}:
        assert len({held[i] for i, key in enumerate(keys) if key.subject_key == subject}) == 1
    for dataset in ("a", "b"):
        sizes = np.bincount([held[i] for i, k in enumerate(keys) if k.dataset == dataset])
        assert sizes.max() - sizes.min() <= 4
    shuffled = data.take(rng.permutation(len(keys)))
    again = dict(zip(shuffled.keys, held_by(shuffled), strict=True))
    assert [again[key] for key in keys] == held.tolist()


def test_inner_folds_without_support_for_a_class_are_refused():
    with pytest.raises(MerflowError, match=r"clips? of class (negative|positive|surprise) ") as e:
        fitted(stopping="inner", inner_folds=4, inner_support=2)
    assert e.value.where.startswith("training.stopping: inner, inner fold ")
    assert e.value.fix.endswith("`stopping: fixed`")


def test_inner_folds_of_a_nested_choice_are_not_blamed_on_stopping():
    from merflow.models.training import inner_folds

    keys = [ClipKey("a", f"s{i}", "c") for i in range(7)]
    y = np.array([0, 0, 0, 1, 1, 1, 2])
    with pytest.raises(MerflowError) as e:
        inner_folds.folds(keys, y, CLASSES, Training(), "nested: true")
    assert "stopping" not in str(e.value) and e.value.where == "nested: true, inner fold 1 of 3"
    assert "of class surprise" in e.value.found and "`nested: false`" in e.value.fix


def test_the_median_of_the_best_epochs_is_trained_for():
    from merflow.models.training import epoch_choice

    curves = [[{"val_loss": v} for v in values] for values in ([3, 1, 2], [1, 1, 2], [3, 2, 1])]
    assert epoch_choice.chosen_epoch(curves) == (2, [2, 1, 3])
    assert epoch_choice.chosen_epoch(curves[1:]) == (1, [1, 3])
    method = fitted(stopping="inner", inner_folds=2, epochs=4)
    assert (
        len(method.history)
        == method.facts["epochs"]
        == sorted(method.facts["inner_best_epochs"])[0]
    )
    assert {"val_loss", "val_accuracy"} <= set(method.history[0])
    assert len(method.facts["inner_val_loss"]) == 4


def test_a_fold_refitted_after_inner_folds_equals_one_trained_for_as_many_epochs():
    chosen = fitted(stopping="inner", inner_folds=2, epochs=3)
    if chosen.facts["epochs"] == 3:
        assert digest(chosen.model) == digest(fitted(epochs=3).model)
    else:
        cut = [row["loss"] for row in fitted(epochs=3).history][: chosen.facts["epochs"]]
        assert [row["loss"] for row in chosen.history] == cut


# -- weights to start from -----------------------------------------------------------------


def test_a_network_starts_from_the_weights_of_another_training(tmp_path):
    source = fitted(seed=5)
    source.save(tmp_path)
    path = tmp_path / "weights.weights.h5"
    started = make_method(experiment(learning_rate=1e-12), ("no", "yes"), 1, path).fit(
        TrainingData(clips().x[:4], np.array([0, 1, 0, 1]), clips().keys[:4])
    )
    ours, theirs = (m.model.layers[-1].layers for m in (started, source))
    np.testing.assert_allclose(np.asarray(ours[1].kernel), np.asarray(theirs[1].kernel), atol=1e-6)
    assert ours[-1].kernel.shape[-1] == 2
    assert started.facts["start_layers"] == 2


def test_weights_of_another_network_or_another_file_are_refused(tmp_path):
    fitted().save(tmp_path)
    path = tmp_path / "weights.weights.h5"
    with pytest.raises(MerflowError, match="holds weights of cnn3d"):
        make_method(experiment("joshi_cnn_lstm"), CLASSES, 0, path).fit(clips())
    with pytest.raises(MerflowError, match="layer conv3d"):
        make_method(experiment(settings={"filters": (16,)}), CLASSES, 0, path).fit(clips())
    with pytest.raises(MerflowError, match="its SHA-256 is"):
        fitted(start_weights=str(path), start_sha256="00")
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    assert fitted(start_weights=str(path), start_sha256=right).facts["start"] == right
    with pytest.raises(MerflowError, match="no file"):
        fitted(start_weights=str(tmp_path / "none"))
    (tmp_path / "bad.h5").write_bytes(b"no HDF5")
    with pytest.raises(MerflowError, match="does not end with a merflow checksum"):
        load(tmp_path / "bad.h5")


def write_as_keras_does(path, layers):
    """Keras' own collection is in the older form: names in attributes, arrays in groups."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([name.encode() for name, _ in layers])
        for name, arrays in layers:
            group = file.create_group(name)
            names = [f"{name}/{part}:0" for part in ("kernel", "bias")[: len(arrays)]]
            group.attrs["weight_names"] = np.array([n.encode() for n in names])
            for key, array in zip(names, arrays, strict=True):
                group[key] = array


def test_vgg_takes_the_imagenet_file_of_keras_after_its_digest_is_checked(tmp_path):
    from merflow.models.networks.vgg16_transfer import vgg_features

    rng, features = np.random.default_rng(0), vgg_features((32, 32, 3))
    layers = [
        (layer.name, [rng.normal(0, 0.01, w.shape).astype(np.float32) for w in layer.weights])
        for layer in features.layers[1:]
    ]
    path = tmp_path / "notop.h5"
    write_as_keras_does(path, layers)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    begin = {"start_weights": str(path), "start_sha256": digest, "epochs": 1}
    begin["learning_rate"] = 1e-12
    data = clips(3, shape=(1, 32, 32, 1))
    settings = {"weights": "given", "units": 4, "freeze": True}
    made = make_method(experiment("vgg16_transfer", settings, **begin), CLASSES, 0).fit(data)
    got = made.model.layers[-1].get_layer("features").get_layer("block3_conv2").kernel
    np.testing.assert_array_equal(np.asarray(got), dict(layers)["block3_conv2"][0])
    assert made.facts["start"] == digest and made.facts["start_layers"] == 13
    with pytest.raises(MerflowError, match="weights: given, which scales"):
        make_method(experiment("vgg16_transfer", {"units": 4}, **begin), CLASSES, 0).fit(data)
    write_as_keras_does(path, layers[:4])
    begin["start_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(MerflowError, match="not the weights of VGG16's thirteen"):
        make_method(experiment("vgg16_transfer", settings, **begin), CLASSES, 0).fit(data)
    with pytest.raises(MerflowError, match="its SHA-256 is"):
        begin["start_sha256"] = "00"
        make_method(experiment("vgg16_transfer", settings, **begin), CLASSES, 0).fit(data)


# -- batch normalisation, cost -------------------------------------------------------------


def test_batch_normalisation_ends_with_the_statistics_of_the_training_clips():
    import keras

    from merflow.models.training import batch_norm

    inputs = keras.Input((3,))
    norm = keras.layers.BatchNormalization()
    model = keras.Model(inputs, norm(keras.layers.Dropout(0.9)(inputs)))
    x = np.random.default_rng(0).normal((1, -2, 5), (1, 2, 3), (40, 3)).astype(np.float32)
    batch_norm.settle(model, x, 8)
    np.testing.assert_allclose(np.asarray(norm.moving_mean), x.mean(0), rtol=1e-4)
    within = np.mean([x[i : i + 8].var(0) for i in range(0, 40, 8)], axis=0)
    np.testing.assert_allclose(np.asarray(norm.moving_variance), within, rtol=1e-3)
    assert norm.momentum == 0.99
    assert model.layers[1].rate == 0.9


def test_operations_are_counted_as_by_hand():
    import keras
    from keras import layers

    from merflow.models.training.flops import forward_flops

    inputs = keras.Input((5, 8, 8, 2))
    x = layers.Conv3D(4, (3, 3, 3), padding="same")(inputs)
    x = layers.Reshape((5, -1))(x)
    x = layers.GRU(7)(x)
    model = keras.Model(inputs, layers.Dense(3)(x))
    by_hand = 2 * (5 * 8 * 8 * 4 * 27 * 2 + 5 * 3 * 7 * (256 + 7) + 7 * 3)
    assert forward_flops(model, (5, 8, 8, 2)) == by_hand
    assert forward_flops(model, (5, 8, 8, 2)) == by_hand, "watching leaves nothing behind"


def test_augmentation_is_only_for_training():
    plain, changed = fitted(epochs=1), fitted(epochs=1, augment=Augment(flip=True, noise=20))
    assert digest(plain.model) != digest(changed.model)
    assert plain.facts["mean"] == changed.facts["mean"]
    x = clips(seed=9).x
    assert changed.predict(x).tobytes() == changed.predict(x).tobytes()


def test_curves_for_tensorboard_hold_the_history(tmp_path):
    import tensorflow as tf

    method = fitted(epochs=3, tensorboard=True)
    method.save(tmp_path)
    method.save(tmp_path)
    (path,) = (tmp_path / "tensorboard").iterdir()
    found = {}
    for record in tf.data.TFRecordDataset(str(path)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name in ("", "scalars")
            found[value.tag, event.step] = float(tf.make_ndarray(value.tensor))
    assert len(found) == 9
    for row in method.history:
        for name in ("loss", "accuracy", "learning_rate"):
            assert found[name, row["epoch"]] == pytest.approx(row[name], rel=1e-6)


def test_the_live_file_of_epochs_exists_only_during_training(tmp_path, monkeypatch):
    monkeypatch.setattr("merflow.workflow.training_log.LIVE_SECONDS", 0.0)
    method, seen = make_method(experiment(epochs=3), CLASSES, 0), []
    with curve_so_far(method, tmp_path):
        write = method.on_epoch

        def on_epoch(row):
            write(row)
            seen.append(read_csv(tmp_path / LIVE, ("epoch", "loss"))["epoch"])

        method.on_epoch = on_epoch
        method.fit(clips())
    assert [list(epochs) for epochs in seen] == [["1"], ["1", "2"], ["1", "2", "3"]]
    assert list(tmp_path.iterdir()) == []
