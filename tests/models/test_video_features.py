"""A frozen network from a file, its features, and the linear probe on them."""

import contextlib
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from onnx_file import write_onnx

from merflow.clip import ClipKey
from merflow.config.feature_settings import VideoFeatures
from merflow.config.loading import validate
from merflow.config.settings import Experiment, Training
from merflow.errors import MerflowError
from merflow.evaluation.fold_files import fold_text, read_fold
from merflow.evaluation.protocols import folds
from merflow.evaluation.run_id import Run
from merflow.io.files import file_digest, write_text
from merflow.io.packed import Packed
from merflow.models import backbone_file, video_features
from merflow.models.factory import TrainingData, load, make_method
from merflow.models.training import backend
from merflow.models.video_features import clip_features, features, inputs
from merflow.stages.flow_picture import flow_picture
from merflow.workflow import run_fingerprints
from merflow.workflow.plan import Plan
from merflow.workflow.preflight import check_experiment
from merflow.workflow.protocol_text import protocol_lines
from merflow.workflow.train_fold import RunClips, train_fold

CLASSES = ("negative", "positive", "surprise")
CPU = {"threads": 2, "device": "cpu"}
VIDEO = {"layout": "NTHWC", "frames": 4, "size": 8}


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path, monkeypatch):
    """No test finds features that another one stored."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    backend.prepare(2, "cpu", deterministic=True)
    backbone_file._opened.cache_clear()


def video_network(path, seed=0, frames=4, size=8, width=5):
    """A Keras file with random weights: tokens (N, P, width) and their last one, (N, width)."""
    import keras

    keras.utils.set_random_seed(seed)
    x = keras.Input((frames, size, size, 3), name="clips")
    y = keras.layers.Conv3D(width, (2, 4, 4), strides=(2, 4, 4), activation="tanh")(x)
    tokens = keras.layers.Reshape((-1, width), name="tokens")(y)
    last = keras.layers.Cropping1D((frames // 2 * (size // 4) ** 2 - 1, 0))(tokens)
    model = keras.Model(x, [tokens, keras.layers.Flatten(name="last")(last)])
    model.save(path)
    return model


def image_network(path, seed=0, size=8, width=6):
    import keras

    keras.utils.set_random_seed(seed)
    x = keras.Input((size, size, 3))
    y = keras.layers.Conv2D(width, 3, activation="relu")(x)
    model = keras.Model(x, keras.layers.GlobalAveragePooling2D()(y))
    model.save(path)
    return model


def moving(count=18, frames=6, side=12, channels=1, seed=0):
    """Clips of grain in which a bright bar's place names the class."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 3
    x = rng.integers(60, 120, (count, frames, side, side, channels))
    for row, k in enumerate(y):
        x[row, :, 4 * k : 4 * k + 4] += rng.integers(20, 90)
    return x.astype(np.uint8), y


def data(x, y):
    keys = tuple(ClipKey("demo", f"s{i}", "c") for i in range(len(x)))
    return TrainingData(x, np.asarray(y, np.int64), keys)


def probe(path, **settings):
    chosen = {"file": str(path), **VIDEO, **settings}
    return Experiment(
        method="video_features",
        preparation="p",
        collection="c",
        training={**CPU, "features": chosen},
    )


def training(path, **settings):
    return Training(**CPU, features={"file": str(path), **VIDEO, **settings})


# Input


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        ("NTHWC", (4, 8, 8, 3)),
        ("NCTHW", (3, 4, 8, 8)),
        ("NTCHW", (4, 3, 8, 8)),
        ("NHWC", (8, 8, 3)),
        ("NCHW", (3, 8, 8)),
    ],
)
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_each_layout_puts_every_pixel_where_the_network_has_it(layout, shape, channels):
    clip = np.random.default_rng(0).integers(0, 256, (7, 8, 8, 3)).astype(np.uint8)
    mean, deviation = (0.5, 0.4, 0.3), (0.2, 0.25, 0.5)
    settings = VideoFeatures(
        layout=layout, frames=4, size=8, channels=channels, mean=mean, deviation=deviation
    )
    found = inputs(clip, settings)
    assert [one.shape for one in found] == [shape] * (1 if "T" in layout else 4)
    axes = layout[1:]
    for number, t in enumerate((0, 2, 4, 6)):
        for channel in range(3):
            place = {"T": number, "H": 3, "W": 5, "C": channel}
            one = found[0] if "T" in layout else found[number]
            of = channel if channels == "rgb" else 2 - channel
            wanted = (clip[t, 3, 5, of] / 255 - mean[of]) / deviation[of]
            assert one[tuple(place[axis] for axis in axes)] == pytest.approx(wanted, abs=1e-6)


def test_grey_clips_short_clips_and_flow_become_the_input_too():
    grey = np.random.default_rng(0).integers(0, 256, (2, 10, 10, 1)).astype(np.uint8)
    (video,) = inputs(grey, VideoFeatures(frames=4, size=10))
    assert np.array_equal(video[..., 0], video[..., 2]) and np.array_equal(video[0], video[1])
    assert len(inputs(grey, VideoFeatures(layout="NHWC", frames=4, size=10))) == 2
    (one,) = inputs(grey[:1], VideoFeatures(layout="NCHW", channels="grey", size=4))
    assert one.shape == (1, 4, 4)
    flow = np.random.default_rng(0).normal(0, 1, (10, 10, 3)).astype(np.float16)
    (picture,) = inputs(flow, VideoFeatures(layout="NHWC", size=10))
    np.testing.assert_allclose(picture, flow_picture(flow) / 255, atol=1e-6)


# Features


def test_features_are_the_mean_token_of_the_network_in_the_file(tmp_path):
    model = video_network(tmp_path / "net.keras")
    x, _ = moving(3)
    found = features(training(tmp_path / "net.keras"), x, "cpu")
    settings = VideoFeatures(**VIDEO)
    for row, clip in zip(found, x, strict=True):
        tokens, last = (np.asarray(one) for one in model(inputs(clip, settings)[0][None]))
        np.testing.assert_allclose(row, tokens[0].mean(0), atol=1e-6)
    named = features(training(tmp_path / "net.keras", output="last"), x, "cpu")
    np.testing.assert_allclose(named[-1], last[0], atol=1e-6)
    with pytest.raises(MerflowError, match="(?s)no output 'frist'.*tokens, last"):
        features(training(tmp_path / "net.keras", output="frist"), x, "cpu")


def test_features_of_an_image_network_are_the_mean_over_the_frames(tmp_path):
    model = image_network(tmp_path / "net.keras")
    x, _ = moving(2)
    chosen = {"layout": "NHWC", "frames": 3}
    found = features(training(tmp_path / "net.keras", **chosen), x, "cpu")
    pictures = np.stack(inputs(x[1], VideoFeatures(**{**VIDEO, **chosen})))
    np.testing.assert_allclose(found[1], np.asarray(model(pictures)).mean(0), atol=1e-6)


@pytest.mark.parametrize(("axis", "kept"), [("last", 2), ("first", 0)])
def test_maps_are_averaged_over_all_axes_but_that_of_the_features(axis, kept):
    maps = np.random.default_rng(0).normal(0, 1, (1, 3, 4, 5)).astype(np.float32)
    settings = VideoFeatures(feature_axis=axis, layout="NHWC", size=4)
    found = clip_features(lambda x: maps, settings, np.zeros((1, 4, 4, 3), np.uint8))
    others = tuple(i for i in range(3) if i != kept)
    np.testing.assert_allclose(found, maps[0].mean(others), rtol=1e-5)


def test_a_clip_runs_through_the_network_once_and_a_damaged_store_does_no_harm(
    tmp_path, monkeypatch
):
    video_network(tmp_path / "net.keras")
    x, _ = moving(4)
    runs = []
    opened = backbone_file.open_backbone

    def counting(*given):
        run = opened(*given)
        return lambda clip: (runs.append(1), run(clip))[1]

    monkeypatch.setattr(backbone_file, "open_backbone", counting)
    first = features(training(tmp_path / "net.keras"), x, "cpu")
    again = features(training(tmp_path / "net.keras", c=3.0, pretraining="K400"), x[::-1], "cpu")
    assert len(runs) == 4 and np.array_equal(first[::-1], again)
    stored = sorted(Path(tempfile.gettempdir()).glob("merflow-*-features/*/*.npy"))
    assert len(stored) == 4
    stored[0].write_bytes(b"\x93NUMPY no")
    np.save(stored[1], np.full(5, np.nan, np.float32))
    np.save(stored[2], np.array([{}], object), allow_pickle=True)
    assert np.array_equal(features(training(tmp_path / "net.keras"), x, "cpu"), first)
    assert len(runs) == 7
    video_network(tmp_path / "net.keras", seed=1)  # Another file at the same path.
    assert not np.allclose(features(training(tmp_path / "net.keras"), x, "cpu"), first)
    assert len(runs) == 11


def test_a_store_of_someone_else_is_not_used(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    planted = Path(tempfile.gettempdir()) / video_features._own_folder().name
    planted.rmdir()
    planted.symlink_to(theirs)
    assert video_features._own_folder() != planted


# The probe


@pytest.mark.parametrize("classes", [2, 3])
def test_the_probe_is_logistic_regression_on_features_standardised_in_training(tmp_path, classes):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    video_network(tmp_path / "net.keras")
    x, y = moving(24)
    x, y = x[y < classes], y[y < classes]
    new = moving(9, seed=1)[0]
    entry = probe(tmp_path / "net.keras", c=0.5)
    assert entry.training.class_weights == "none"
    fitted = make_method(entry, CLASSES[:classes], 0).fit(data(x, y))
    raw = features(entry.training, x, "cpu").astype(float)
    scale = StandardScaler().fit(raw)
    machine = LogisticRegression(C=0.5, max_iter=9999, tol=1e-6).fit(scale.transform(raw), y)
    wanted = machine.predict_proba(scale.transform(features(entry.training, new, "cpu")))
    got = fitted.predict(new)
    np.testing.assert_allclose(got, wanted, atol=1e-5)
    assert got.dtype == np.float32 and fitted.history[0]["accuracy"] > 0.5
    fitted.save(tmp_path)
    again = load(tmp_path / "weights.weights.h5")
    assert again.predict(new).tobytes() == got.tobytes()
    assert fitted.predict(new[:0]).shape == (0, classes)
    assert fitted.facts["backbone"] == file_digest(tmp_path / "net.keras")
    video_network(tmp_path / "net.keras", seed=3)
    with pytest.raises(MerflowError, match="features of another file"):
        load(tmp_path / "weights.weights.h5")


def test_class_weights_change_the_probe(tmp_path):
    video_network(tmp_path / "net.keras")
    x, y = moving(18)
    y = np.where(np.arange(18) < 9, 0, y)
    plain, balanced = (probe(tmp_path / "net.keras") for _ in range(2))
    balanced = balanced.model_copy(
        update={"training": balanced.training.model_copy(update={"class_weights": "balanced"})}
    )
    p, q = (make_method(e, CLASSES, 0).fit(data(x, y)).predict(x) for e in (plain, balanced))
    assert q[:, 1:].sum() > p[:, 1:].sum()


KEYS = [ClipKey("casme2", f"s{s}", f"c{k}") for s in range(4) for k in range(3)]
LABELS = [CLASSES[i % 3] for i in range(len(KEYS))]


def config(path, **entry):
    return validate(
        {
            "datasets": {"casme2": {"root": "faces"}},
            "collections": {"c": ["casme2"]},
            "preparations": {"p": {}},
            "experiments": {
                "e": {
                    "preparation": "p",
                    "collection": "c",
                    "factors": ["x1"],
                    "method": "video_features",
                    "training": {**CPU, "features": {"file": str(path), **VIDEO}},
                    **entry,
                }
            },
        }
    )


def trained(folder, path, x):
    with contextlib.chdir(folder):
        made = {f.name: f for f in folds(KEYS, LABELS, "composite")}["casme2-s0"]
        write_text("fold.csv", fold_text(made, KEYS, LABELS))
        clips = RunClips([Packed(x, KEYS, [6] * len(KEYS), [], {})], ("x1",), "none")
        out = folder / "out" / "casme2-s0"
        facts = train_fold(
            Plan(config(path)), Run("e", "x1", 0), clips, read_fold(Path("fold.csv")), out
        )
    return (out / "weights.weights.h5").read_bytes(), facts


def test_test_clips_reach_no_scaling_and_no_coefficient(tmp_path):
    """Scaling fitted with the test fold would show: its pixels are driven to white."""
    video_network(tmp_path / "net.keras")
    x = moving(len(KEYS))[0]
    white, other = x.copy(), x.copy()
    white[:3] = 255 - white[:3] // 9
    other[3:6] = 255 - other[3:6] // 9
    as_it_is, facts = trained(tmp_path, tmp_path / "net.keras", x)
    assert trained(tmp_path, tmp_path / "net.keras", white)[0] == as_it_is
    assert trained(tmp_path, tmp_path / "net.keras", other)[0] != as_it_is
    digest = file_digest(tmp_path / "net.keras")
    assert facts["backbone"] == facts["recipe"]["backbone"] == digest
    with contextlib.chdir(tmp_path):
        shown = (tmp_path / "out/casme2-s0/run.json").read_text()
    assert digest in shown


def test_another_network_file_at_the_same_path_trains_again(tmp_path):
    made, files = [], []
    for seed in (0, 1):
        video_network(tmp_path / "net.keras", seed=seed)
        files.append((tmp_path / "net.keras").read_bytes())
    for content in (files[0], files[1], files[0]):
        (tmp_path / "net.keras").write_bytes(content)
        plan = Plan(config(tmp_path / "net.keras"))
        made.append(run_fingerprints.training(plan, "e")["backbone"])
    assert made[0] == made[2] == file_digest(tmp_path / "net.keras") != made[1]


def test_the_notes_name_the_file_and_what_it_was_trained_on(tmp_path):
    video_network(tmp_path / "net.keras")
    lines = [
        protocol_lines(
            Plan(
                config(
                    tmp_path / "net.keras",
                    training={**CPU, "features": {"file": str(tmp_path / "net.keras"), **more}},
                )
            )
        )["e"]
        for more in ({"pretraining": "VideoMAE, Kinetics-400"}, {})
    ]
    assert "frozen net.keras, pretrained on: VideoMAE, Kinetics-400" in lines[0]
    assert "pretrained on: data that the config does not name" in lines[1]
    assert "one logistic regression a fold, fixed before testing" in lines[0]


# Refusals


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"training": CPU}, "training.features.file: goes with `method: video_features`"),
        ({"method": "keras"}, "training.features.file: goes with `method: video_features`"),
        ({"training": {"epochs": 3}}, "has no effect on method video_features"),
        ({"task": "action_units"}, "method: does not go with `task: action_units`"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(entry, words):
    if "epochs" in entry.get("training", {}):
        entry = {"training": {**entry["training"], "features": {"file": "a.onnx"}}}
    with pytest.raises(MerflowError, match=words):
        config("a.onnx", **entry)


@pytest.mark.parametrize(
    ("name", "words"),
    [("a.keras", "no file"), ("a.pt", "(?s)is no file that merflow reads.*torch.onnx.export")],
)
def test_a_file_that_is_missing_or_of_another_format_stops_before_a_run(tmp_path, name, words):
    with pytest.raises(MerflowError, match=words) as caught:
        check_experiment(config(tmp_path / name), "e")
    assert caught.value.where == "experiments.e.training.features.file"


def test_a_keras_file_with_python_code_is_refused(tmp_path):
    import keras

    x = keras.Input((4, 8, 8, 3))
    keras.Model(x, keras.layers.Lambda(lambda y: y * 2)(x)).save(tmp_path / "code.keras")
    with pytest.raises(MerflowError, match="cannot be loaded as a frozen network"):
        features(training(tmp_path / "code.keras"), moving(1)[0], "cpu")
    (tmp_path / "cut.keras").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(MerflowError, match="cannot be loaded as a frozen network"):
        features(training(tmp_path / "cut.keras"), moving(1)[0], "cpu")


def test_another_input_than_the_network_takes_is_named(tmp_path):
    video_network(tmp_path / "net.keras")
    with pytest.raises(MerflowError, match=r"cannot take input of shape \(1, 3, 8, 8, 3\)"):
        features(training(tmp_path / "net.keras", frames=3), moving(1)[0], "cpu")


def test_without_onnxruntime_the_message_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "net.onnx").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MerflowError, match="onnxruntime, which is not installed") as caught:
        check_experiment(config(tmp_path / "net.onnx"), "e")
    assert caught.value.fix == backbone_file.INSTALL


def test_an_onnx_file_gives_the_same_features_as_the_product_it_holds(tmp_path):
    pytest.importorskip("onnxruntime", reason="the optional package of .onnx files")
    kernel = np.random.default_rng(0).normal(0, 1, (3, 5)).astype(np.float32)
    write_onnx(tmp_path / "net.onnx", kernel, (1, 4, 8, 8, 3))
    x, y = moving(9)
    found = features(training(tmp_path / "net.onnx"), x, "cpu")
    videos = np.stack([inputs(clip, VideoFeatures(**VIDEO))[0] for clip in x])
    np.testing.assert_allclose(found, (videos @ kernel).mean((1, 2, 3)), atol=1e-5)
    plain = features(training(tmp_path / "net.onnx", output="plain"), x, "cpu")
    np.testing.assert_allclose(plain, videos.mean((1, 2, 3)), atol=1e-5)
    make_method(probe(tmp_path / "net.onnx"), CLASSES, 0).fit(data(x, y)).save(tmp_path)
    assert load(tmp_path / "weights.weights.h5").predict(x).shape == (9, 3)
    with pytest.raises(MerflowError, match="cannot take input of shape"):
        features(training(tmp_path / "net.onnx", frames=3), x, "cpu")
    (tmp_path / "cut.onnx").write_bytes((tmp_path / "net.onnx").read_bytes()[:40])
    with pytest.raises(MerflowError, match="cannot be loaded as a frozen network"):
        features(training(tmp_path / "cut.onnx"), x, "cpu")
