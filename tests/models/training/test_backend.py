"""The backend module: device, threads, memory of a shared GPU, and no output.

No GPU was at hand: that its memory is limited is tested on stand-ins for the backends.
"""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
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
def one_gpu(tmp_path, monkeypatch):
    """A process that has not started, on a machine with one GPU of 40,000 MiB for nvidia-smi."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU-a, 40000, 39000'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name in ("XLA_PYTHON_CLIENT_MEM_FRACTION", "XLA_CLIENT_MEM_FRACTION"):
        monkeypatch.setenv(name, "1")
        monkeypatch.delenv(name)  # and what a test sets is undone
    monkeypatch.setattr(backend, "_prepared", {})
    monkeypatch.setattr(gpu_choice, "_chosen", [])
    return tool


def fake_tensorflow(calls):
    """Return the functions of TensorFlow that a start calls, which note their arguments."""

    def note(name):
        return lambda *values, **named: calls.append((name, *values, *named.items()))

    config = SimpleNamespace(
        threading=SimpleNamespace(
            set_intra_op_parallelism_threads=note("within"),
            set_inter_op_parallelism_threads=note("between"),
        ),
        experimental=SimpleNamespace(
            set_memory_growth=note("growth"),
            enable_op_determinism=note("deterministic"),
            get_device_details=lambda gpu: {"device_name": f"model of {gpu}"},
        ),
        list_physical_devices=lambda kind: ["gpu"],
        LogicalDeviceConfiguration=lambda memory_limit: memory_limit,
        set_logical_device_configuration=note("limit"),
    )
    logger = SimpleNamespace(setLevel=lambda level: None)
    return SimpleNamespace(config=config, get_logger=lambda: logger)


def start_on(name, module, monkeypatch, share):
    monkeypatch.setattr(backend, "backend", lambda: name)
    monkeypatch.setitem(sys.modules, name, module)
    return backend.prepare(2, "gpu", False, share)


@pytest.mark.parametrize(
    ("share", "call"), [(1, ("growth", "gpu", True)), (4, ("limit", "gpu", [9000]))]
)
def test_tensorflow_takes_its_part_of_the_memory(one_gpu, monkeypatch, share, call):
    calls = []
    name = start_on("tensorflow", fake_tensorflow(calls), monkeypatch, share)
    assert name == "model of gpu"
    assert calls == [("within", 2), ("between", 2), call]


def test_tensorflow_has_no_limit_where_the_memory_is_unknown(one_gpu, monkeypatch, capsys):
    one_gpu.write_text("#!/bin/sh\necho 'GPU-a, [N/A], [N/A]'\n")
    calls = []
    start_on("tensorflow", fake_tensorflow(calls), monkeypatch, 4)
    assert calls[-1] == ("growth", "gpu", True)
    assert "no limit" in capsys.readouterr().err


@pytest.mark.parametrize(("share", "set_by_user", "read"), [
    (1, {}, [None, None]), (2, {}, ["0.4500", None]),
    (2, {"XLA_PYTHON_CLIENT_MEM_FRACTION": ".3"}, [".3", None]),
    (2, {"XLA_CLIENT_MEM_FRACTION": ".3"}, [None, ".3"]),
])  # fmt: skip
def test_jax_takes_its_part_of_the_memory(one_gpu, monkeypatch, share, set_by_user, read):
    for name, value in set_by_user.items():
        monkeypatch.setenv(name, value)
    found = []

    def devices(kind):
        names = ("XLA_PYTHON_CLIENT_MEM_FRACTION", "XLA_CLIENT_MEM_FRACTION")
        found.extend(map(os.environ.get, names))
        return [SimpleNamespace(platform="gpu", device_kind="H")]

    assert start_on("jax", SimpleNamespace(devices=devices), monkeypatch, share) == "H"
    assert found == read


@pytest.mark.parametrize(("share", "fractions"), [(1, []), (3, [(pytest.approx(0.3), 0)])])
def test_pytorch_takes_its_part_of_the_memory(one_gpu, monkeypatch, share, fractions):
    calls = []
    cuda = SimpleNamespace(
        is_available=lambda: True,
        get_device_name=lambda number: "P",
        set_per_process_memory_fraction=lambda *values: calls.append(values),
    )
    torch = SimpleNamespace(cuda=cuda, set_num_threads=lambda threads: None)
    assert start_on("torch", torch, monkeypatch, share) == "P"
    assert calls == fractions


def test_fewer_clips_stay_on_a_shared_gpu(monkeypatch):
    monkeypatch.setattr(backend, "MAX_RESIDENT", 100)
    for share, stay in ((1, True), (2, False)):
        monkeypatch.setattr(backend, "_prepared", {"gpu_share": share})
        x = np.zeros(80, np.uint8)
        assert (backend.resident(x, "gpu") is not x) == stay


def test_light_commands_import_no_backend():
    ended = python(
        "import sys\nimport merflow.models.factory, merflow.models.network_registry\n"
        "from merflow.config.settings import Experiment\n"
        "merflow.models.network_registry.check_settings('cnn3d', {'dropout': 0.5})\n"
        "print(sorted({'tensorflow', 'keras', 'sklearn', 'cv2'} & set(sys.modules)))",
    )
    assert ended.stdout.strip() == "[]", ended.stderr
