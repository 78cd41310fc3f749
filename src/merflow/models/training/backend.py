"""The only module that imports a backend: threads, device, determinism, seeds.

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
from typing import Any, NamedTuple

import numpy as np

from merflow import arithmetic
from merflow.errors import FAILED, MerflowError
from merflow.models.training import gpu_choice

MAX_RESIDENT = 4 * 2**30
"""Bytes of clips that may stay on a GPU beside network and activations; less where it is shared."""
ALLOCATED = 0.9
"""Share of a training's memory that the backend may allocate: CUDA itself needs the rest."""
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
        limit = _limit(gpu_choice.choose_gpu(gpu_share), gpu_share)
    load()
    name = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[backend()](limit, **wanted)
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


class Limit(NamedTuple):
    """The memory that a training may allocate on a GPU: a fraction of it, in MiB; 0: unknown."""

    fraction: float
    mebibytes: int


def _limit(gpu: gpu_choice.Gpu | None, share: int) -> Limit | None:
    """Return the limit of a training that shares its GPU; None for the only one on it."""
    if share == 1:
        return None
    fraction = ALLOCATED / share
    return Limit(fraction, int(fraction * gpu.total) if gpu else 0)


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


def _tensorflow(limit: Limit | None, threads: int, device: str, deterministic: bool) -> str:
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        found = tf.config.list_physical_devices("GPU")
        for gpu in found:
            _bound(tf.config, gpu, limit)
    except RuntimeError as error:
        raise MerflowError(
            "training.threads",
            "TensorFlow was already running in this process with its own threads",
            "training to be the first to use TensorFlow",
            "train in a separate process",
            code=FAILED,
        ) from error
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    if not found:
        if arithmetic.level() == "portable":
            _without_estimates(tf)
        from merflow.models.training.on_tensorflow import conv3d

        conv3d.install()
        return "cpu"
    details = tf.config.experimental.get_device_details(found[0])
    return details.get("device_name", "gpu")


def _bound(config: Any, gpu: Any, limit: Limit | None) -> None:  # noqa: ANN401
    """Have TensorFlow take the memory of a GPU as it needs it, or at most a limit."""
    if limit and limit.mebibytes:
        most = config.LogicalDeviceConfiguration(memory_limit=limit.mebibytes)
        config.set_logical_device_configuration(gpu, [most])
        return
    if limit:
        print("note: nvidia-smi does not tell the GPU's memory; no limit on it", file=sys.stderr)
    config.experimental.set_memory_growth(gpu, True)


def _without_estimates(tf: Any) -> None:  # noqa: ANN401
    """Prevent the processor's estimates of 1/x and 1/sqrt(x) in training.

    In single precision Eigen uses them (`rcpps`, `rsqrtps`), and Intel's differ from AMD's. So
    normalisations compute 1/sqrt(x) in double precision and round it (Keras' own and
    `tf.nn.batch_normalization` find the function by name), and TensorFlow must not rewrite
    x / sqrt(y), as in RMSprop, or 1 / x to such functions.
    """
    rewriting = {"arithmetic_optimization": False, "constant_folding": False}
    tf.config.optimizer.set_experimental_options(rewriting)
    from keras.src.backend.tensorflow import math
    from tensorflow.python.ops import math_ops

    def rsqrt(x: Any, name: str | None = None) -> Any:  # noqa: ANN401
        x = tf.convert_to_tensor(x)
        return tf.cast(tf.math.rsqrt(tf.cast(x, tf.float64), name), x.dtype)

    for module in (math, math_ops):
        if not hasattr(module, "rsqrt"):
            raise AttributeError(f"{module.__name__} has no rsqrt to replace")
        module.rsqrt = rsqrt


def _jax(limit: Limit | None, threads: int, device: str, deterministic: bool) -> str:
    # Read when JAX first looks for devices, not when it is imported. It refuses both names at once.
    if limit and "XLA_CLIENT_MEM_FRACTION" not in os.environ:
        os.environ.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", f"{limit.fraction:.4f}")
    if deterministic:
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=1"
    import jax

    # XLA chooses its own number of threads on the processor.
    first = jax.devices("cpu" if device == "cpu" else None)[0]
    return "cpu" if first.platform == "cpu" else first.device_kind


def _torch(limit: Limit | None, threads: int, device: str, deterministic: bool) -> str:
    import torch

    torch.set_num_threads(threads)
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
    if not torch.cuda.is_available():
        return "cpu"
    if limit:
        torch.cuda.set_per_process_memory_fraction(limit.fraction, 0)
    return torch.cuda.get_device_name(0)


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
