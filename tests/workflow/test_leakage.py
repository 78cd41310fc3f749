"""Leakage: each leak of the literature is planted, and refused or without effect.

The whole workflow with changed labels is in workflow/test_run.py.
"""

import contextlib
import json

import numpy as np
import pytest
import yaml

from merflow.clip import Clip, ClipKey
from merflow.commands.train import train as train_command
from merflow.config.loading import validate
from merflow.datasets.subject_ids import canonical_names, canonical_subject
from merflow.errors import FAILED, MerflowError
from merflow.evaluation.fold_files import FoldFile, fold_text, read_fold
from merflow.evaluation.protocols import Fold, folds
from merflow.evaluation.run_id import Run
from merflow.io.files import file_digest, write_text
from merflow.io.packed import Packed
from merflow.workflow.plan import Plan
from merflow.workflow.train_fold import RunClips, train_fold, training_data

CLASSES = ("negative", "positive", "surprise")
SUBJECTS = 4
TESTED = "casme2-s0"
ENTRY = {
    "preparation": "p",
    "collection": "c",
    "factors": ["x1"],
    "network_settings": {"filters": [4], "groups": 2},
    "training": {"epochs": 2, "device": "cpu"},
}


def config(datasets=("casme2",), **entry):
    return {
        "datasets": {name: {"root": "faces", "reader": "casme2"} for name in datasets},
        "collections": {"c": list(datasets)},
        "preparations": {"p": {}},
        "experiments": {"e": {**ENTRY, **entry}},
    }


KEYS = [ClipKey("casme2", f"s{s}", f"c{k}") for s in range(SUBJECTS) for k in range(3)]
LABELS = [CLASSES[i % 3] for i in range(len(KEYS))]


def pixels(seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (len(KEYS), 4, 8, 8, 1)).astype(np.uint8)


@pytest.fixture
def trained(tmp_path):
    """Return a function that trains one fold in a new folder and returns the folder."""
    numbers = iter(range(99))

    def train(x=None, labels=LABELS, fold=TESTED, keys=KEYS, **entry):
        settings = validate(config(sorted({key.dataset for key in keys}), **entry))
        factors = settings.experiments["e"].factors[0].split("+")
        given = pixels() if x is None else x
        packs = [
            Packed(given + np.uint8(i), keys, [4] * len(keys), [], {"i": i})
            for i in range(len(factors))
        ]
        with contextlib.chdir(tmp_path):
            made = {f.name: f for f in folds(keys, labels, "composite")}[fold]
            write_text(f"folds/{fold}.csv", fold_text(made, keys, labels))
            out = tmp_path / str(next(numbers)) / fold
            run_clips = RunClips(packs, factors, settings.experiments["e"].control)
            run = Run("e", "+".join(factors), 0)
            train_fold(
                Plan(settings), run, run_clips, read_fold(tmp_path / f"folds/{fold}.csv"), out
            )
            return out

    return train


def weights(folder):
    return (folder / "weights.weights.h5").read_bytes()


def swapped(labels, rows):
    turn = dict(zip(CLASSES, CLASSES[1:] + CLASSES[:1], strict=True))
    return [turn[label] if row in rows else label for row, label in enumerate(labels)]


def test_changed_labels_of_the_tested_subject_leave_weights_and_predictions_byte_identical(trained):
    """From the labels on: folds made, written, read, trained. Others' labels do change them."""
    as_it_is, test_changed, train_changed = (
        trained(labels=labels)
        for labels in (LABELS, swapped(LABELS, {0, 1, 2}), swapped(LABELS, {3, 4, 5}))
    )
    assert weights(as_it_is) == weights(test_changed) != weights(train_changed)
    tables = [(f / "predictions.csv").read_bytes() for f in (as_it_is, test_changed)]
    assert tables[0] == tables[1]


def test_changed_pixels_of_the_tested_subject_reach_no_scaling_and_no_weight(trained):
    """Scaling fitted with the test fold would show: its pixels are driven to white."""
    other = pixels()
    other[:3] = 255 - other[:3] // 9
    assert weights(trained()) == weights(trained(x=other))
    other = pixels()
    other[3:6] = 255 - other[3:6] // 9
    assert weights(trained()) != weights(trained(x=other))


def test_augmentation_is_drawn_for_training_clips_and_test_clips_stay_as_they_are(trained):
    """Other test clips cannot change a prediction, nor can the random changes of training."""
    augment = {"training": {"epochs": 1, "device": "cpu", "augment": {"flip": True, "noise": 5}}}
    other = pixels()
    other[1] = pixels(seed=9)[1]
    one, two = (trained(x=x, **augment) for x in (pixels(), other))
    assert weights(one) == weights(two)
    rows = [(f / "predictions.csv").read_text().splitlines() for f in (one, two)]
    assert rows[0][1] == rows[1][1] and rows[0][3] == rows[1][3] and rows[0][2] != rows[1][2]


def test_all_copies_of_a_clip_at_pooled_factors_are_on_one_side():
    packs = [Packed(pixels(), KEYS, [4] * len(KEYS), [], {}) for _ in range(3)]
    run_clips = RunClips(packs, ("x1", "x10", "x25"), "none")
    made = folds(KEYS, LABELS, "composite")[0]
    train, test = ([KEYS[i] for i in side] for side in (made.train, made.test))
    fold = FoldFile(made.name, train, [LABELS[i] for i in made.train], test)
    data = training_data(run_clips, fold, CLASSES, {})
    assert len(data.y) == 3 * len(train)
    assert {key.subject_key for key in data.keys}.isdisjoint(k.subject_key for k in test)
    assert sorted(set(data.factors)) == ["x1", "x10", "x25"]


def test_pooled_factors_train_a_fold_and_predict_each_clip_once(trained):
    out = trained(factors=["x1+x10"])
    assert len((out / "predictions.csv").read_text().splitlines()) == 1 + 3


def test_a_clip_planted_in_two_subjects_is_refused(trained):
    planted = pixels()
    planted[5] = planted[1]
    with pytest.raises(MerflowError) as caught:
        trained(x=planted)
    message = str(caught.value)
    assert "casme2/s0/c1" in message and "casme2/s1/c2" in message and "the same pixels" in message
    trained(x=planted, fold="casme2-s2")  # Both are on one side there.
    trained(x=planted, control="frozen", fold="casme2-s2")


def test_a_mirrored_recording_under_another_subject_is_refused(trained):
    """One person under two ids: each clip of s1 is one of s0, mirrored and brighter."""
    rng = np.random.default_rng(3)
    x = np.kron(rng.integers(20, 200, (len(KEYS), 1, 16, 16, 1)), np.ones((1, 4, 2, 2, 1)))
    x = (x + rng.integers(0, 20, x.shape)).astype(np.uint8)
    x[3:6] = x[:3, :, :, ::-1] + 1
    with pytest.raises(MerflowError, match="test clip casme2/s0/c0 .* casme2/s1/c0 show the same"):
        trained(x=x)
    trained(x=x, fold="casme2-s2")  # Both are on one side there.
    trained(x=x, control="frozen")


def test_clips_without_content_are_no_duplicates(trained):
    still = pixels()
    still[[1, 5]] = 128
    trained(x=still)


def clip(dataset, subject, name, emotion="happiness"):
    key = ClipKey(dataset, subject, name)
    return Clip(key=key, folder="", files=("a.png",), numbers=(1,), fps=200.0, emotion=emotion)


def plan_of(settings, subjects):
    words = ("happiness", "surprise", "disgust")
    clips = {
        name: [clip(name, s, f"c{i}", word) for s in names for i, word in enumerate(words)]
        for name, names in subjects.items()
    }
    return Plan(validate(settings), clips)


def test_a_subject_planted_in_two_datasets_is_refused():
    twice = {"casme2": ["s0", "s1"], "again": ["s1", "s2"]}
    with pytest.raises(MerflowError, match="again and casme2 have the same subject, s1"):
        plan_of(config(("casme2", "again")), twice).data.folds("e")
    apart = {"casme2": ["s0", "s1"], "again": ["s2", "s3"]}
    assert len(plan_of(config(("casme2", "again")), apart).data.folds("e")) == 4
    assert len(plan_of(config(("casme2", "again"), protocol="loso"), twice).data.folds("e")) == 4


def test_two_manifests_may_use_one_name_for_different_subjects():
    settings = config(("casme2", "again"))
    settings["schemes"] = {"own": {"any": {w: w for w in ("happiness", "surprise", "disgust")}}}
    settings["experiments"]["e"]["scheme"] = "own"
    for name, root in (("casme2", "one.csv"), ("again", "two.csv")):
        settings["datasets"][name] = {"root": root, "reader": "manifest"}
    subjects = {"casme2": ["s0", "s1"], "again": ["s1", "s2"]}
    assert len(plan_of(settings, subjects).data.folds("e")) == 4
    same = ({"root": "./one.csv"}, {"root": "x/../one.csv"}, {"root": ".", "sheet": "one.csv"})
    for entry in same:
        settings["datasets"]["again"] = {"reader": "manifest", **entry}
        with pytest.raises(MerflowError, match="have the same subject, s1"):
            plan_of(settings, subjects).data.folds("e")


def test_a_manifest_named_after_a_dataset_has_its_subjects():
    settings = config(("casme2", "CASMEII"))
    settings["datasets"]["casme2"] = {"root": "one", "reader": "casme2"}
    settings["datasets"]["CASMEII"] = {"root": "two", "reader": "manifest"}
    with pytest.raises(MerflowError, match="have the same subject"):
        plan_of(settings, {"casme2": ["sub01", "sub02"], "CASMEII": ["1"]}).data.folds("e")


def test_a_pretraining_that_saw_a_tested_subject_is_refused_under_any_name():
    settings = config(("casme2", "again"), pretrain="w")
    settings["collections"] = {"c": ["casme2"], "other": ["again"]}
    settings["pretrainings"] = {"w": {"preparation": "p", "collection": "other"}}
    with pytest.raises(MerflowError, match="trained on 1 of the tested subjects: casme2/s1"):
        plan_of(settings, {"casme2": ["s0", "s1"], "again": ["s1", "s2"]}).data.folds("e")
    plan_of(settings, {"casme2": ["s0", "s1"], "again": ["s2"]}).data.folds("e")


def start(path):
    training = {**ENTRY["training"], "start_weights": str(path)}
    return {"training": {**training, "start_sha256": file_digest(path)}}


def test_a_file_of_weights_that_saw_the_tested_subject_is_refused(trained):
    """Weights list the subjects they were trained on, also those of their own start weights."""
    first = trained(fold="casme2-s1") / "weights.weights.h5"
    with pytest.raises(MerflowError, match="were trained on casme2/s0, tested here"):
        trained(**start(first))
    second = trained(fold="casme2-s1", **start(first)) / "weights.weights.h5"
    with pytest.raises(MerflowError, match="were trained on casme2/s2, tested here"):
        trained(fold="casme2-s2", **start(second))


def test_a_file_of_weights_that_saw_the_tested_clip_under_another_name_is_refused(trained):
    """The names do not tell, the pixels do, through every start before."""
    first = trained(fold="casme2-s1") / "weights.weights.h5"
    planted = pixels(1)
    planted[3:6] = pixels()[0:3]  # Subject s1 is now who was s0 then.
    with pytest.raises(MerflowError, match="weights.h5 saw the pixels of casme2/s1/c0, tested"):
        trained(x=planted, fold="casme2-s1", **start(first))
    second = trained(x=pixels(2), fold="casme2-s1", **start(first)) / "weights.weights.h5"
    with pytest.raises(MerflowError, match="weights.h5 saw the pixels of casme2/s1/c0, tested"):
        trained(x=planted, fold="casme2-s1", **start(second))


def test_weights_know_a_subject_whatever_its_dataset_was_called(trained):
    """Trained as `c2`, which is read as casme2; tested as casme2, from other pixels."""
    renamed = [key._replace(dataset="c2") for key in KEYS]
    first = trained(fold="c2-s1", keys=renamed) / "weights.weights.h5"
    with pytest.raises(MerflowError, match="were trained on casme2/s0, tested here"):
        trained(x=pixels(1), **start(first))
    trained(x=pixels(1), fold="casme2-s1", **start(first))


def test_subjects_of_a_manifest_go_by_their_own_datasets_name():
    raw = config(("casme2", "c2", "mine"))
    raw["datasets"]["mine"]["reader"] = "manifest"
    raw["collections"]["c"] = ["casme2"]
    settings = validate(raw)
    assert canonical_names(settings) == {"casme2": "casme2", "c2": "casme2", "mine": "mine"}
    assert canonical_subject(ClipKey("mine", "s1", "a"), canonical_names(settings)) == "mine/s1"


def test_the_seconds_of_a_fold_include_an_external_program(trained, tmp_path):
    """It runs in `predict`, not in `fit`."""
    (tmp_path / "slow.py").write_text(
        "import sys, time, csv, numpy as np\ntime.sleep(0.5)\nf = sys.argv[-1]\n"
        "keys = np.load(f + '/test.npz')['keys']\n"
        "rows = [('dataset', 'subject', 'clip', 'predicted'), *((*k, 'positive') for k in keys)]\n"
        "csv.writer(open(f + '/predictions.csv', 'w', newline='')).writerows(rows)\n"
    )
    fold = trained(method="command", command=f"python {tmp_path / 'slow.py'}")
    assert json.loads((fold / "run.json").read_text())["seconds"] >= 0.5


def test_a_fold_killed_halfway_is_retrained_to_the_same_bytes(trained, monkeypatch):
    """Its other files are in its folder; predictions are written last, so they are missing."""
    from merflow.workflow import train_fold as train

    whole = trained()
    kept = train.write_json

    def killed(path, value):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        trained()
    folder = whole.parents[1] / "1" / whole.name
    assert (folder / "history.csv").exists() and not (folder / "predictions.csv").exists()
    monkeypatch.setattr(train, "write_json", kept)
    settings = validate(config())
    run_clips = RunClips([Packed(pixels(), KEYS, [4] * len(KEYS), [], {"i": 0})], ["x1"], "none")
    fold = read_fold(whole.parents[1] / f"folds/{TESTED}.csv")
    train_fold(Plan(settings), Run("e", "x1", 0), run_clips, fold, folder)
    for name in ("weights.weights.h5", "history.csv", "predictions.csv"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()


def run_command(tmp_path, x, labels, sides, **training):
    """Run `merflow train` on folds given as {name: (train, test)} subjects; return error, folds."""
    packed = Packed(x, KEYS, [4] * len(KEYS), [], {})
    settings = config(network="ststnet", network_settings={})
    settings["experiments"]["e"]["training"] = {"epochs": 2, "device": "cpu", **training}
    with contextlib.chdir(tmp_path), pytest.MonkeyPatch.context() as patch:
        patch.setattr("merflow.commands.train.read_packed", lambda _: packed)
        write_text("config.yaml", yaml.safe_dump(settings))
        for name, (train, test) in sides.items():
            rows = [[i for i, k in enumerate(KEYS) if k.subject in side] for side in (train, test)]
            write_text(f"{name}.csv", fold_text(Fold.of(name, *rows), KEYS, labels))
        files = [tmp_path / f"{name}.csv" for name in sides]
        with pytest.raises(MerflowError) as caught:
            train_command(tmp_path / "runs/e/x1/seed0", *files, config=tmp_path / "config.yaml")
    return caught.value, sorted(p.parent.name for p in tmp_path.rglob("predictions.csv"))


def flow():
    return np.random.default_rng(0).normal(0, 1, (len(KEYS), 8, 8, 3)).astype(np.float16)


def test_a_loss_that_is_no_number_stops_its_fold_and_the_others_go_on(tmp_path, caplog):
    x = flow()
    x[4, 0, 0, 0] = np.inf
    sides = {"bad": (("s1", "s2"), ("s0",)), "good": (("s2", "s3"), ("s0",))}
    error, done = run_command(tmp_path, x, LABELS, sides, scaling="none")
    assert done == ["good"]
    assert error.code == FAILED and "1 of 2 folds failed: bad" in str(error)
    assert "fold bad: training, epoch 1, batch 1" in caplog.text
    assert "the loss is nan" in caplog.text and "casme2/s1/c1" in caplog.text


def test_an_error_of_all_folds_is_printed_once(tmp_path, caplog):
    labels = ["positive"] * len(KEYS)
    sides = dict.fromkeys(("a", "b", "c"), (("s1", "s2"), ("s0",)))
    run_command(tmp_path, flow(), labels, sides)
    messages = [record.getMessage() for record in caplog.records]
    assert messages[0].startswith("fold a: ") and "no training clip of class" in messages[0]
    assert messages[1:] == ["fold b: same error", "fold c: same error"]


def test_a_class_without_training_clips_stops_its_fold_and_the_others_go_on(tmp_path, caplog):
    labels = [CLASSES[i % 2] for i in range(len(KEYS))]
    labels[0] = "surprise"  # of s0 alone
    sides = {"lacks": (("s1", "s2"), ("s0",)), "has": (("s0", "s1"), ("s2",))}
    error, done = run_command(tmp_path, flow(), labels, sides)
    assert done == ["has"]
    assert "fold lacks: training data: no training clip of class surprise" in caplog.text
    assert "1 of 2 folds failed: lacks" in str(error)
