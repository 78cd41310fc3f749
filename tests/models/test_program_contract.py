"""Contract 2 of external programs: one file of clips for all folds, and a model that is kept."""

import json
from pathlib import Path

import numpy as np
import pytest
from program_clips import CLASSES, EXAMPLES, clips

from merflow.config.loading import validate
from merflow.config.settings import Experiment
from merflow.errors import MerflowError
from merflow.io.packed import Packed, Place
from merflow.models import program_sandbox
from merflow.models.factory import TrainingData, load, make_method
from merflow.models.method_interface import ClipFile
from merflow.models.weights_file import write_arrays
from merflow.paths import WEIGHTS
from merflow.workflow.train_fold import RunClips

SANDBOXES = ["off", *([] if program_sandbox.missing() else ["required"])]

needs_bwrap = pytest.mark.skipif(bool(program_sandbox.missing()), reason="no sandbox")

READ = """
import csv, json, os, sys
from pathlib import Path
import numpy as np
folder = Path(sys.argv[-1])
settings = json.loads((folder / "settings.json").read_text())
def table(name):
    with open(folder / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
def array(name):
    at = settings["clips"][name]
    return np.memmap(folder / name, at["dtype"], "r", at["offset"], tuple(at["shape"]))
def answer(label="surprise"):
    with open(folder / "predictions.csv", "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["dataset", "subject", "clip", "predicted"])
        out.writerows([r["dataset"], r["subject"], r["clip"], label] for r in table("test.csv"))
"""


def method(command, sandbox="off", classes=CLASSES, **more):
    entry = Experiment(
        method="command", command=command, contract=2, sandbox=sandbox, preparation="p",
        collection="c", **more,
    )  # fmt: skip
    return make_method(entry, classes, 3)


def program(tmp_path, text):
    path = tmp_path / "tools" / "train.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(READ + text)
    return f"python {path}"


def shared(tmp_path, factors=("x1",), held=lambda key: key.subject == "s0"):
    """A fold of clips that lie in files, one per factor, each in another order."""
    full, files = clips(), []
    for number, factor in enumerate(factors):
        order = np.roll(np.arange(len(full.y)), number + 1)
        path = tmp_path / f"store{number}" / f"{factor}.npy"
        path.parent.mkdir(parents=True)
        np.save(path, full.x[order] + np.uint8(number))
        rows = {full.keys[i]: row for row, i in enumerate(order)}
        offset = path.stat().st_size - full.x.nbytes
        files.append(ClipFile(path, offset, full.x.shape, full.x.dtype.str, factor, rows))
    kept = np.flatnonzero([not held(key) for key in full.keys])
    keys, many = tuple(full.keys[i] for i in kept), len(factors)
    x = np.concatenate([full.x[kept] + np.uint8(k) for k in range(many)])
    names = tuple(f for f in factors for _ in kept) if many > 1 else ()
    return TrainingData(x, np.tile(full.y[kept], many), keys * many, names, (), tuple(files))


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("factors", [("x1",), ("x1", "x10")])
def test_the_rows_of_the_shared_files_are_the_training_clips(tmp_path, sandbox, factors):
    data = shared(tmp_path, factors)
    text = """
rows = table("train.csv")
x = np.stack([array(r["file"])[int(r["row"])] for r in rows])
(folder / "model").mkdir()
np.savez(folder / "model/seen.npz", x=x, y=[int(r["y"]) for r in rows])
labels = [r["label"] for r in rows]
(folder / "model/seen.json").write_text(json.dumps({
    "labels": labels, "keys": [[r["dataset"], r["subject"], r["clip"]] for r in rows],
    "factors": [r["factor"] for r in rows], "files": sorted(os.listdir()),
    "test": table("test.csv"), "steps": settings["steps"],
    "contract": settings["experiment"]["contract"], "new": array("test.npy").tolist()}))
answer()
"""
    fitted = method(program(tmp_path, text), sandbox).fit(data)
    new = clips(5, seed=2)
    assert fitted.predict(new.x, new.keys).tolist() == [[0, 0, 1]] * 5
    seen = json.loads(fitted.model["seen.json"].tobytes())
    path = tmp_path / "seen.npz"
    fitted.model["seen.npz"].tofile(path)
    np.testing.assert_array_equal(np.load(path)["x"], data.x)
    assert np.load(path)["y"].tolist() == data.y.tolist()
    assert seen["labels"] == [CLASSES[k] for k in data.y]
    assert [tuple(key) for key in seen["keys"]] == [tuple(key) for key in data.keys]
    assert seen["factors"] == list(data.factors or ["x1"] * len(data.y))
    names = [f"clips-{f}.npy" for f in factors]
    assert seen["files"] == sorted(
        [*names, "model", "settings.json", "test.csv", "test.npy", "tmp", "train.csv"]
    )
    assert [list(row) for row in seen["test"]] == [
        ["dataset", "subject", "clip", "file", "row"]
    ] * 5
    assert (seen["steps"], seen["contract"]) == (["train", "predict"], 2)
    np.testing.assert_array_equal(np.array(seen["new"], np.uint8), new.x)


@pytest.mark.parametrize("sandbox", SANDBOXES[1:])
def test_a_sandboxed_program_cannot_change_the_shared_clips(tmp_path, sandbox):
    data = shared(tmp_path)
    before = data.files[0].path.read_bytes()
    text = """
try:
    os.chmod(folder / "clips-x1.npy", 0o666)
except OSError:
    pass
try:
    open(folder / "clips-x1.npy", "r+b").write(b"x" * 200)
except OSError:
    answer()
"""
    p = method(program(tmp_path, text), sandbox).fit(data).predict(clips(2).x)
    assert p.argmax(1).tolist() == [2, 2]
    assert data.files[0].path.read_bytes() == before


@needs_bwrap
def test_a_sandboxed_program_sees_the_shared_file_of_results_and_nothing_beside_it(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/truth").mkdir(parents=True)
    (tmp_path / "results/truth/e.csv").write_text("truth")
    data = shared(tmp_path / "results")
    text = f"""
results = Path({str(tmp_path / "results")!r})
seen = [p for p in (results / "truth/e.csv", results / "store0") if p.exists()]
assert not seen and not list(results.glob("*")), seen
assert not (folder / "clips-x1.npy").is_symlink() and array("clips-x1.npy").shape[0] == 18
answer()
"""
    assert method(program(tmp_path, text), "required").fit(data).predict(clips(2).x).shape == (2, 3)


def test_a_packed_file_is_shared_as_it_is_and_a_control_is_not(tmp_path):
    full = clips()
    packed = Packed(full.x, list(full.keys), [4] * 18, [], {}, Place(tmp_path / "x1.h5", 2048))
    (found,) = RunClips([packed], ["x1"], "none").files
    assert (found.path, found.offset, found.shape) == (tmp_path / "x1.h5", 2048, full.x.shape)
    assert found.rows[full.keys[7]] == 7
    assert RunClips([packed], ["x1"], "reversed").files == ()
    assert RunClips([Packed(full.x, list(full.keys), [4] * 18, [], {})], ["x1"], "none").files == ()


def test_a_real_packed_file_has_its_pixels_at_the_offset(tmp_path):
    from merflow.io.hdf5 import create_hdf5, put_json
    from merflow.io.packed import KIND, read_packed

    x = np.arange(2 * 3 * 4 * 4, dtype=np.uint8).reshape(2, 3, 4, 4, 1)
    with create_hdf5(tmp_path / "x1.h5", KIND) as file:
        file.create_dataset("x", data=x)
        for name, value in (("keys", [["d", "s", "a"], ["d", "s", "b"]]), ("lengths", [3, 3])):
            put_json(file, name, value)
        put_json(file, "skipped", [])
        put_json(file, "made_by", {})
    place = read_packed(tmp_path / "x1.h5").place
    found = np.memmap(place.path, x.dtype, "r", place.offset, x.shape)
    np.testing.assert_array_equal(found, x)


@needs_bwrap
@pytest.mark.parametrize("classes", [CLASSES, CLASSES[:2]])
def test_the_svm_example_learns_and_its_model_is_used_again(tmp_path, classes):
    full = clips(30)
    kept = np.flatnonzero(full.y < len(classes))
    fitted = method(f"python {EXAMPLES / 'linear_svm.py'}", classes=classes).fit(full.take(kept))
    new = clips(9, seed=1)
    new = new.take(np.flatnonzero(new.y < len(classes)))
    p = fitted.predict(new.x, new.keys)
    assert (p.argmax(1) == new.y).all()
    fitted.save(tmp_path)
    again = load(tmp_path / WEIGHTS)
    assert again.data is None and again.clip_hashes == fitted.clip_hashes
    np.testing.assert_array_equal(again.predict(new.x), p)


def test_the_svm_example_predicts_as_scikit_learn_does():
    from sklearn.svm import SVC

    rng = np.random.default_rng(5)
    x = rng.integers(0, 255, (60, 3, 6, 6, 1), np.uint8)
    y = np.arange(60) % 3
    data = TrainingData(x[:45], y[:45], clips(45).keys)
    p = method(f"python {EXAMPLES / 'linear_svm.py'}").fit(data).predict(x[45:])
    flat = x.reshape(60, -1).astype(np.float32) / 255
    expected = SVC(kernel="linear").fit(flat[:45], y[:45]).predict(flat[45:])
    assert p.argmax(1).tolist() == expected.tolist()


@needs_bwrap
def test_training_alone_has_no_test_clips_and_predicting_alone_no_training_clips(tmp_path):
    text = """
(folder / "model").mkdir(exist_ok=True)
mark = folder / "model" / "calls"
mark.write_text((mark.read_text() if mark.exists() else "") + " ".join(settings["steps"]) + ": "
                + " ".join(sorted(set(os.listdir()) - {"tmp", "model", "settings.json"})))
if "predict" in settings["steps"]:
    answer(settings["classes"]["train" in mark.read_text()])
"""
    fitted = method(program(tmp_path, text)).fit(clips())
    fitted.save(tmp_path)
    kept = load(tmp_path / WEIGHTS)
    assert kept.model["calls"].tobytes() == b"train: clips-train.npy train.csv"
    assert kept.predict(clips(2).x).argmax(1).tolist() == [1, 1], "the model is there"
    assert kept.model["calls"].tobytes() == b"train: clips-train.npy train.csv", "and stays"


def test_pooled_factors_train_once_when_a_model_is_kept(tmp_path):
    count = tmp_path / "count"
    text = f"""
if "train" in settings["steps"]:
    open({str(count)!r}, "a").write("x")
    (folder / "model").mkdir()
    (folder / "model" / "w").write_text("w")
answer()
"""
    fitted = method(program(tmp_path, text)).fit(clips())
    for _ in range(2):
        fitted.predict(clips(2).x)
    assert count.read_text() == "x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(folder / 'model').mkdir(); (folder / 'model/a').symlink_to('/etc/passwd')",
         "model/a is not a plain file"),
        ("(folder / 'model').mkdir(); os.mkfifo(folder / 'model/pipe')",
         "model/pipe is not a plain file"),
        ("(folder / 'model').mkdir()\nfor i in range(1001): (folder / 'model' / str(i)).touch()",
         "more than 1000 files"),
        ("raise SystemExit(4)", "ended with code 4"),
    ],
    ids=["link", "pipe", "many", "fails"],
)  # fmt: skip
def test_a_model_that_cannot_be_kept_is_refused(tmp_path, text, message):
    with pytest.raises(MerflowError, match=message):
        method(program(tmp_path, "answer() if 'predict' in settings['steps'] else 0\n" + text)).fit(
            clips()
        ).predict(clips(2).x)


def test_a_program_that_keeps_no_model_cannot_be_loaded(tmp_path):
    method(program(tmp_path, "")).fit(clips()).save(tmp_path)
    with pytest.raises(MerflowError, match=r"no model of its external program(?s:.)*contract: 2"):
        load(tmp_path / WEIGHTS)


@needs_bwrap
def test_a_program_that_changed_since_its_training_is_refused(tmp_path):
    command = program(tmp_path, "(folder / 'model').mkdir(); (folder / 'model/w').write_text('w')")
    method(command).fit(clips()).save(tmp_path)
    assert list(load(tmp_path / WEIGHTS).model) == ["w"]
    Path(command.split()[1]).write_text("other")
    with pytest.raises(MerflowError, match=r"train\.py: is not the file that trained the model"):
        load(tmp_path / WEIGHTS)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"method": "keras", "contract": 2}, "experiments.e.contract: goes with `method: command`"),
        ({"method": "lbptop_svm", "contract": 2}, "experiments.e.contract: goes with"),
        ({"method": "command", "command": "true", "contract": 3}, "experiments.e.contract"),
        ({"method": "command", "command": "true", "contract": "two"}, "experiments.e.contract"),
    ],
)
def test_a_contract_of_another_method_or_number_is_refused(entry, message):
    config = {
        "datasets": {"smic": {"root": "x"}},
        "collections": {"c": ["smic"]},
        "preparations": {"p": {}},
        "experiments": {"e": {"preparation": "p", "collection": "c", **entry}},
    }
    with pytest.raises(MerflowError, match=message):
        validate(config)


@needs_bwrap
@pytest.mark.parametrize(
    ("names", "arrays", "message"),
    [
        (["../outside"], None, "named '../outside'"),
        (["/tmp/outside"], None, "named '/tmp/outside'"),
        (["a/../../b"], None, "named 'a/../../b'"),
        (["a//b"], None, "named 'a//b'"),
        ([5], None, "named 5"),
        (["w"], {"file0": np.zeros(3)}, "float64 numbers"),
        (["w"], {"file0": np.zeros((2, 2), np.uint8)}, "numbers for the file w"),
        (["w", "v"], None, "description is not an external program's"),
        ("w" * 3, None, "description is not an external program's"),
    ],
    ids=["up", "absolute", "through", "empty", "number", "type", "shape", "missing", "text"],
)
def test_a_hostile_model_cannot_write_outside_its_folder(tmp_path, names, arrays, message):
    facts = {"kind": "command", "classes": list(CLASSES), "seed": 1, "program_files": {}}
    facts["experiment_settings"] = {
        "method": "command", "command": "true", "contract": 2, "preparation": "p",
        "collection": "c",
    }  # fmt: skip
    path = tmp_path / WEIGHTS
    write_arrays(path, arrays or {"file0": np.zeros(3, np.uint8)}, {**facts, "model_files": names})
    with pytest.raises(MerflowError, match=message):
        load(path)


def test_a_loaded_program_runs_in_a_sandbox_only_whatever_its_file_says(tmp_path, monkeypatch):
    """A weights file from elsewhere names a command: no sandbox, no run."""
    command = program(tmp_path, "(folder / 'model').mkdir(); (folder / 'model/w').write_text('w')")
    method(command, sandbox="off").fit(clips()).save(tmp_path)
    monkeypatch.setattr(program_sandbox, "missing", lambda: "bwrap is not installed")
    with pytest.raises(MerflowError, match="runs in a sandbox only(?s:.)*install bubblewrap"):
        load(tmp_path / WEIGHTS)


def test_the_pytorch_example_is_planned_with_its_final_model(tmp_path):
    """`make pytorch` runs it; PyTorch is not installed for the tests."""
    from merflow.config.loading import load as load_config
    from merflow.workflow import run_fingerprints
    from merflow.workflow.plan import Plan

    folder = EXAMPLES / "pytorch_program"
    plan = Plan(load_config(folder / "config.yaml"))
    assert plan.experiment("torch").contract == 2
    assert run_fingerprints.training(plan, "torch")["contract"] == 2
    compile((folder / "train.py").read_text(), "train.py", "exec")
