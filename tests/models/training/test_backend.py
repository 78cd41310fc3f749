"""The backend module: device, threads, choice of a GPU, and no output."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from merflow.errors import FAILED, MerflowError
from merflow.models.training import backend, gpu_choice

SRC = str(Path(__file__).parents[3] / "src")


def python(code, **env):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": SRC, "PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
    )


def test_a_gpu_in_the_config_that_cannot_be_used_is_an_error():
    ended = python(
        "from merflow.models.training import backend\n"
        "from merflow.errors import MerflowError\n"
        "try: backend.prepare(1, 'gpu', True); print('one is here')\n"
        "except MerflowError as error: print(error.code, error)",
    )
    if "one is here" in ended.stdout:
        pytest.skip("this machine has a GPU")
    assert ended.stdout.startswith(
        f"{FAILED} training.device: gpu is set and tensorflow finds no usable GPU"
    )
    assert "merflow doctor" in ended.stdout


def test_a_backend_starts_silently_with_the_threads_it_is_given():
    ended = python(
        "from merflow.models.training import backend\n"
        "print(backend.prepare(3, 'cpu', True))\n"
        "import tensorflow as tf\n"
        "print(tf.config.threading.get_intra_op_parallelism_threads(),"
        " tf.config.threading.get_inter_op_parallelism_threads())",
    )
    assert ended.stderr == ""
    assert ended.stdout.split() == ["cpu", "3", "3"]


def test_keras_starts_without_what_is_not_used_of_it_and_that_can_be_imported_later():
    ended = python(
        "import sys\n"
        "from merflow.models.training import backend\n"
        "backend.prepare(1, 'cpu', True)\n"
        "print(sorted({'keras', *backend.UNUSED} & set(sys.modules)))\n"
        "import sklearn.svm, pandas, matplotlib.pyplot\n"
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "['keras']"


def test_training_uses_no_estimates_of_the_processor():
    ended = python(
        "from merflow.models.training import backend\n"
        "import numpy as np\n"
        "backend.prepare(1, 'cpu', True)\n"
        "import keras, tensorflow as tf\n"
        "x = np.random.default_rng(0).uniform(1e-3, 9, 4096).astype(np.float32)\n"
        "one = np.ones_like(x)\n"
        "exact = (1 / np.sqrt(x.astype(np.float64))).astype(np.float32)\n"
        "norm = tf.nn.batch_normalization(one, 0 * x, x, None, None, 0.0)\n"
        "print((keras.ops.rsqrt(x).numpy() == exact).all(), (norm.numpy() == exact).all())\n"
        "divided = tf.function(lambda x: (x + 1) / tf.sqrt(x))(x).numpy()\n"
        "inverse = tf.function(lambda x: tf.constant(one) / x)(x).numpy()\n"
        "print((divided == (x + 1) / np.sqrt(x)).all(), (inverse == one / x).all())\n",
    )
    assert ended.stdout.split() == ["True"] * 4, ended.stderr


def test_settings_of_a_started_process_cannot_be_changed():
    backend.prepare(threads=2, device="cpu", deterministic=True)
    for device in ("cpu", "auto"):
        assert backend.prepare(threads=2, device=device, deterministic=True) == "cpu"
    with pytest.raises(MerflowError, match=r"training\.device: is 'gpu'"):
        backend.prepare(threads=2, device="gpu", deterministic=True)
    with pytest.raises(MerflowError, match=r"training\.threads: is 4"):
        backend.prepare(threads=4, device="cpu", deterministic=True)


@pytest.fixture
def two_gpus(tmp_path, monkeypatch):
    """A machine with two GPUs according to nvidia-smi."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho '0, 1000'\necho '1, 80000'\n")
    tool.chmod(tool.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


TAKE = "import os, sys\nfrom merflow.models.training import gpu_choice\ngpu_choice.choose_gpu()\n" \
    "print(os.environ.get('CUDA_VISIBLE_DEVICES'), flush=True)\nsys.stdin.read()"  # fmt: skip


def test_jobs_on_one_machine_use_different_gpus_and_release_them(two_gpus):
    environment = {**os.environ, "PYTHONPATH": SRC}

    def start():
        return subprocess.Popen(
            [sys.executable, "-c", TAKE],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    jobs = [start() for _ in range(2)]
    assert gpu_choice.installed() == ["1", "0"], "most free memory first"
    taken = sorted(job.stdout.readline().strip() for job in jobs)
    assert taken == ["0", "1"]
    third = start()
    assert third.stdout.readline().strip() == "1", (
        "all are in use: the one with most free memory is shared"
    )
    for job in (*jobs, third):
        job.communicate("")
    again = start()
    assert again.stdout.readline().strip() == "1"
    again.communicate("")


def test_a_gpu_chosen_by_the_user_and_a_machine_without_gpus_stay_unchanged(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    gpu_choice.choose_gpu()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "7"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_choice.installed() == []


def test_light_commands_import_no_backend():
    ended = python(
        "import sys\nimport merflow.models.factory, merflow.models.network_registry\n"
        "from merflow.config.settings import Experiment\n"
        "merflow.models.network_registry.check_settings('cnn3d', {'dropout': 0.5})\n"
        "print(sorted({'tensorflow', 'keras', 'sklearn', 'cv2'} & set(sys.modules)))",
    )
    assert ended.stdout.strip() == "[]", ended.stderr
