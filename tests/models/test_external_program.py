"""An external program: its input files, its predictions, and its errors."""

import os
import sys

import numpy as np
import pytest
from program_clips import CLASSES, EXAMPLES, clips

from merflow.config.settings import Experiment
from merflow.errors import FAILED, MerflowError
from merflow.models.factory import load, make_method
from merflow.models.training import gpu_choice


def run(command, seed=3, count=7):
    method = make_method(
        Experiment(method="command", command=command, preparation="p", collection="c"),
        CLASSES,
        seed,
    )
    test = clips(count, seed=1)
    return method.fit(clips()).predict(test.x, test.keys), test


def program(tmp_path, text):
    path = tmp_path / "my trainer.py"
    path.write_text(
        "import sys, os, csv, json, numpy as np\nfrom pathlib import Path\nf = Path(sys.argv[-1])\n"
        "test = np.load(f / 'test.npz'); train = np.load(f / 'train.npz')\n"
        "def write(header, rows):\n"
        "    with open(f / 'predictions.csv', 'w', newline='') as h:\n"
        "        csv.writer(h).writerows([header, *rows])\n" + text
    )
    return f'python "{path}"'


@pytest.mark.parametrize("name", ["nearest_mean.py", "forest.py"])
def test_the_examples_learn(name):
    p, test = run(f"python {EXAMPLES / name}")
    assert p.shape == (7, 3)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    assert (p.argmax(1) == test.y).all()


def test_it_gets_all_inputs_and_no_test_label(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "x")
    text = f"""
assert sorted(train.files) == ['classes', 'factors', 'keys', 'x', 'y']
assert sorted(test.files) == ['keys', 'x']
assert train['x'].shape == (18, 4, 24, 24, 1) and train['x'].dtype == np.uint8
assert train['keys'][1].tolist() == ['demo', 's1', 'c1 é']
assert list(train['classes']) == ['negative', 'positive', 'surprise']
given = json.loads((f / 'settings.json').read_text())
assert given['seed'] == 3 == int(os.environ['MERFLOW_SEED'])
assert given['experiment']['training']['epochs'] == 20
assert os.getcwd() == str(f) == os.environ['HOME']
assert sorted(os.listdir()) == ['settings.json', 'test.npz', 'tmp', 'train.npz']
assert os.environ['TMPDIR'] == str(f / 'tmp') and os.environ['OMP_NUM_THREADS'] == '2'
assert 'SECRET_TOKEN' not in os.environ and 'PYTHONPATH' not in os.environ
assert sys.executable == {sys.executable!r}
write(['dataset', 'subject', 'clip', 'predicted'], [[*k, 'surprise'] for k in test['keys'][::-1]])
"""
    p, _ = run(program(tmp_path, text))
    assert p.tolist() == [[0, 0, 1]] * 7


def test_of_several_gpus_it_gets_one(tmp_path, monkeypatch):
    """With a driver of the test; no GPU was at hand."""
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'GPU-a, 9, 1'\necho 'GPU-b, 9, 2'\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,0")
    monkeypatch.setattr(gpu_choice, "_chosen", [])
    monkeypatch.setattr(gpu_choice, "_held", [])
    text = f"""
assert os.environ['CUDA_VISIBLE_DEVICES'] == '1', os.environ['CUDA_VISIBLE_DEVICES']
write({HEAD}, [[*k, 'surprise'] for k in test['keys']])
"""
    assert run(program(tmp_path, text))[0].tolist() == [[0, 0, 1]] * 7


def test_predictions_are_sorted_into_the_order_of_the_clips(tmp_path):
    text = """
rows = [[*k, 1 - i / 10, 0, i / 10] for i, k in enumerate(test['keys'])]
write(['dataset', 'subject', 'clip', 'p_positive', 'p_negative', 'p_surprise'], rows[::-1])
"""
    p, _ = run(program(tmp_path, text))
    np.testing.assert_allclose(p[:, 1], 1 - np.arange(7) / 10, atol=1e-6)
    np.testing.assert_allclose(p[:, 2], np.arange(7) / 10, atol=1e-6)


HEAD = "['dataset', 'subject', 'clip', 'predicted']"


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (f"write({HEAD}, [[*k, 'positive'] for k in test['keys'][1:]])",
         ["no prediction for 1 of 7 clips, the first is demo/s0/c0 é"]),
        (f"write({HEAD}, [[*k, 'positiv'] for k in test['keys']])",
         ["row 2", "unknown class 'positiv'", "did you mean 'positive'"]),
        ("write(['dataset', 'subject', 'clip', 'p_negative', 'p_positive', 'p_suprise'],"
         " [[*k, 1, 0, 0] for k in test['keys']])", ["p_suprise", "did you mean 'surprise'"]),
        ("write(['dataset', 'subject', 'clip', 'p_negative', 'p_positive', 'p_surprise'],"
         " [[*k, 1, 1, 1] for k in test['keys']])", ["the probabilities sum to 3"]),
        (f"write({HEAD}, [[*k, 'positive'] for k in [*test['keys'], test['keys'][0]]])",
         ["is already in row 2"]),
        ("print('thinking'); raise RuntimeError('out of ideas')",
         ["ended with code 1", "thinking", "RuntimeError: out of ideas"]),
        ("os.kill(os.getpid(), 9)", ["was stopped by signal 9", "(no output)"]),
        ("pass", ["wrote no predictions.csv"]),
        (f"write({HEAD}, [[*k, 'positive'] for k in test['keys']])\n"
         "(f / 'predictions.csv').rename(f / 'elsewhere.csv')\n"
         "(f / 'predictions.csv').symlink_to(f / 'elsewhere.csv')", ["wrote no predictions.csv"]),
    ],
    ids=["missing", "wrong", "column", "sum", "twice", "crash", "killed", "nothing", "link"],
)  # fmt: skip
def test_each_error_has_its_message(tmp_path, text, messages):
    with pytest.raises(MerflowError) as caught:
        run(program(tmp_path, text))
    assert caught.value.code == FAILED or "class" in str(caught.value)
    for message in messages:
        assert message in str(caught.value)
    assert "/merflow-fold-" not in str(caught.value), "a folder that is gone helps nobody"


def test_a_missing_program_is_reported():
    with pytest.raises(MerflowError, match="no program no-such-program"):
        run("no-such-program --train")
    with pytest.raises(MerflowError, match="No closing quotation"):
        run('python "unbalanced')
    with pytest.raises(MerflowError, match="no program is named"):
        run("  ")


def test_the_saved_file_names_the_command(tmp_path):
    experiment = Experiment(
        method="command", command="python x.py", preparation="p", collection="c"
    )
    make_method(experiment, CLASSES, 1).fit(clips()).save(tmp_path)
    with pytest.raises(MerflowError, match="holds no model of its external program"):
        load(tmp_path / "weights.weights.h5")
