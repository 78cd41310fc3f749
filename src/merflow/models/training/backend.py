"""The backend of Keras: started once per process, seeded for each training.

All other modules use Keras alone: they run on TensorFlow (the default, and the one installed), JAX
and PyTorch.
"""

import contextlib
import gc
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from merflow import arithmetic
from merflow.errors import FAILED, MerflowError
from merflow.models.training import gpu_choice
from merflow.models.training.backend_start import START, memory_limit

MAX_RESIDENT = 4 * 2**30
"""Bytes of clips that may stay on a GPU beside network and activations; less where it is shared."""
UNUSED = ("sklearn", "matplotlib", "pandas", "IPython")
"""What Keras imports where it is installed, for features that merflow does not use.

They are half of the time and a sixth of the memory of its start.
"""
_prepared: dict[str, Any] = {}
"""The settings of the first call, fixed for the process: a backend starts only once."""


def prepare(threads: int, device: str, deterministic: bool, gpu_share: int = 1) -> str:
    """Start Keras' backend once per process and return the device's name.

    threads: of one training job, within and between operations; bytes depend on it.
    device: `auto` is a usable GPU, else the processor; `gpu` fails without one; `cpu`.
    gpu_share: how many trainings share the memory of a GPU.
    """
    wanted = {"threads": threads, "device": device, "deterministic": deterministic}
    if _prepared:
        _refuse_change(wanted)
        return _prepared["name"]
    limit = None
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    else:
        limit = memory_limit(gpu_choice.choose_gpu(gpu_share), gpu_share)
    load()
    name = START[backend()](limit, **wanted)
    if device == "gpu" and name == "cpu":
        raise MerflowError(
            "training.device",
            f"gpu is set and {backend()} finds no usable GPU",
            "a GPU with its driver and libraries installed",
            "run `merflow doctor` to see what is missing, or set training.device: auto",
            code=FAILED,
        )
    _prepared.update(wanted, name=name, gpu_share=gpu_share)
    # The objects of the libraries stay for the life of the process: searching them for garbage took
    # a tenth of a second of every fold.
    gc.collect()
    gc.freeze()
    return name


def load() -> None:
    """Import Keras and its backend; no device is looked at and no thread is started yet."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    # TensorFlow disables oneDNN on processors without AVX512-VNNI, where a step of the default
    # network then took 2.8 s of CPU instead of 0.04 s.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with _silent(), _hidden(UNUSED):
        import keras  # noqa: F401


def backend() -> str:
    """Return the name of Keras' backend: tensorflow, jax or torch."""
    import keras

    return keras.backend.backend()


def reset(seed: int, mixed_precision: bool, device: str) -> None:
    """Remove every earlier network and seed all generators.

    Names, seeds and policies are those of a new process, so a fold trained after another gives the
    same bytes as one trained alone.
    """
    import keras

    if mixed_precision and device == "cpu" and arithmetic.level() == "portable":
        raise arithmetic.no_sixteen_bits("training.mixed_precision")
    keras.backend.clear_session()
    sixteen = "mixed_bfloat16" if device == "cpu" else "mixed_float16"
    keras.config.set_dtype_policy(sixteen if mixed_precision else "float32")
    keras.utils.set_random_seed(seed % 2**32)


def resident(x: np.ndarray, device: str) -> Any:  # noqa: ANN401
    """Copy a whole fold to the GPU once if it is small enough; otherwise return it unchanged."""
    if device == "cpu" or x.nbytes > MAX_RESIDENT // _prepared.get("gpu_share", 1):
        return x
    import keras

    return keras.ops.convert_to_tensor(x)


def rows(x: Any, index: np.ndarray) -> Any:  # noqa: ANN401
    """Return `x[index]` from the memory of x: the device's or the host's."""
    if isinstance(x, np.ndarray):
        return x[index]
    import keras

    return keras.ops.take(x, index, axis=0)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Suppress the output of native libraries while they load; show it if loading fails."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


@contextlib.contextmanager
def _hidden(packages: Sequence[str]) -> Iterator[None]:
    """Have packages that are not loaded yet seem not installed."""
    absent = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # None: an import then says that there is none
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def _refuse_change(wanted: dict[str, Any]) -> None:
    have = dict(_prepared)
    if wanted["device"] == "auto" or (wanted["device"] == "cpu") == (have["name"] == "cpu"):
        have["device"] = wanted["device"]  # The device in use is one that fits.
    for key, value in wanted.items():
        if have[key] != value:
            raise MerflowError(
                f"training.{key}",
                f"is {value!r}, but this process started with {have[key]!r}",
                "one value for all folds of a process",
                "train experiments with different values in different processes",
                code=FAILED,
            )


def steps(model: Any) -> Callable[[Any, np.ndarray, np.ndarray], np.ndarray]:  # noqa: ANN401
    """Return a function that trains a compiled model on batches, one step each.

    It takes clips (S, B, *shape), labels (S, B, K) and weights (S, B), and returns (S, 2): loss and
    accuracy of each step.
    """
    if backend() == "tensorflow":
        from merflow.models.training.on_tensorflow.steps import looped

        return looped(model)

    def run(x: Any, y: np.ndarray, weights: np.ndarray) -> np.ndarray:  # noqa: ANN401
        logs = [
            model.train_on_batch(*batch, return_dict=True)
            for batch in zip(x, y, weights, strict=True)
        ]
        return np.array([(row["loss"], row["accuracy"]) for row in logs])

    return run


def adam(name: str) -> Any:  # noqa: ANN401
    """Return the class of the optimiser `adam` or `adamw` that is fastest on the backend."""
    import keras

    if backend() == "tensorflow":
        from merflow.models.training.on_tensorflow import adam as kinds
    else:
        kinds = keras.optimizers
    return {"adam": kinds.Adam, "adamw": kinds.AdamW}[name]


def prepare_once() -> str:
    """Return the device's name; start the backend with default settings if it has not started."""
    if _prepared:
        return _prepared["name"]
    return prepare(threads=os.cpu_count() or 1, device="auto", deterministic=True)


def write_events(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write TensorFlow's event file of a history: one curve per column over `epoch`."""
    import tensorflow as tf

    # The same event as `tf.summary.scalar`, which needs the tensorboard package.
    kinds = tf.compat.v1.SummaryMetadata
    scalar = kinds(plugin_data=kinds.PluginData(plugin_name="scalars"))
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        for row in history:
            for name, value in row.items():
                if name != "epoch":
                    value = tf.constant(value, tf.float32)
                    tf.summary.write(name, value, step=row["epoch"], metadata=scalar)
    writer.close()


def describe() -> dict[str, Any]:
    """Return Keras' version, the backend and its usable GPUs; of TensorFlow also its version."""
    import keras

    about: dict[str, Any] = {"keras": keras.__version__, "backend": backend(), "gpus": []}
    if backend() == "tensorflow":
        import tensorflow as tf

        gpus = [device.name for device in tf.config.list_physical_devices("GPU")]
        about |= {"tensorflow": tf.__version__, "gpus": gpus}
    elif backend() == "jax":
        import jax

        about["gpus"] = [str(device) for device in jax.devices() if device.platform != "cpu"]
    else:
        import torch

        about["gpus"] = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return about
