"""The one shell that may touch a backend: threads, device, determinism, seeds.

Everything else in `networks/` and `training/` speaks Keras alone, so it runs on TensorFlow (the
default and the one installed), JAX and PyTorch.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from merflow import arithmetic
from merflow.errors import FAILED, MerflowError

_prepared: dict[str, Any] = {}
"""What the first call fixed for the life of the process: a backend starts only once."""


def prepare(threads: int, device: str, deterministic: bool) -> str:
    """Start Keras' backend once per process and return the device's name.

    threads: of one training job, within and between operations; bytes depend on it.
    device: `auto` takes a usable GPU, else the processor; `gpu` fails without one; `cpu`.
    """
    asked = {"threads": threads, "device": device, "deterministic": deterministic}
    if _prepared:
        _refuse_change(asked)
        return _prepared["name"]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    # TensorFlow leaves oneDNN off on processors without AVX512-VNNI, where a step of the default
    # network then took 2.8 s of CPU in place of 0.04.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    from merflow.models.training import gpus

    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    else:
        gpus.take_one()
    with _hushed():
        import keras  # noqa: F401
    name = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[backend()](**asked)
    if device == "gpu" and name == "cpu":
        raise MerflowError(
            "training.device",
            f"a GPU was asked for and {backend()} can use none",
            "a GPU with its driver and libraries in place",
            "run `merflow doctor` to see what is missing, or set training.device: auto",
            code=FAILED,
        )
    _prepared.update(asked, name=name)
    return name


def backend() -> str:
    """Return the name of Keras' backend: tensorflow, jax or torch."""
    import keras

    return keras.backend.backend()


def fresh(seed: int, mixed_precision: bool, device: str) -> None:
    """Forget every earlier network and reseed all generators.

    Names, seeds and policies start as in a new process, so a fold trained after another gives the
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
    """Put a whole fold on the GPU once if it is small enough; elsewhere return it as it is."""
    if device == "cpu" or x.nbytes > gpus_limit():
        return x
    import keras

    return keras.ops.convert_to_tensor(x)


def rows(x: Any, index: np.ndarray) -> Any:  # noqa: ANN401
    """Return `x[index]` where x lies: on the device or in the host's memory."""
    if isinstance(x, np.ndarray):
        return x[index]
    import keras

    return keras.ops.take(x, index, axis=0)


def gpus_limit() -> int:
    """Return how many bytes of clips may stay on the GPU beside network and activations."""
    return 4 * 2**30


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Hold back what native libraries print while they load; show it if loading fails."""
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


def _refuse_change(asked: dict[str, Any]) -> None:
    have = dict(_prepared)
    if asked["device"] == "auto" or (asked["device"] == "cpu") == (have["name"] == "cpu"):
        have["device"] = asked["device"]  # Whatever was asked for then, it is what is wanted now.
    for key, value in asked.items():
        if have[key] != value:
            raise MerflowError(
                f"training.{key}",
                f"{value!r} asked for, but this process was started with {have[key]!r}",
                "one value for all folds of a process",
                "train experiments with different values in different processes",
                code=FAILED,
            )


def _tensorflow(threads: int, device: str, deterministic: bool) -> str:
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        found = tf.config.list_physical_devices("GPU")
        for gpu in found:
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError as error:
        raise MerflowError(
            "training.threads",
            "TensorFlow was already running in this process with its own threads",
            "training to be the first to use TensorFlow",
            "train in a process of its own",
            code=FAILED,
        ) from error
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    if not found:
        if arithmetic.level() == "portable":
            _without_estimates(tf)
        return "cpu"
    details = tf.config.experimental.get_device_details(found[0])
    return details.get("device_name", "gpu")


def _without_estimates(tf: Any) -> None:  # noqa: ANN401
    """Keep the processor's estimates of 1/x and 1/sqrt(x) out of training.

    In single precision Eigen starts from them (`rcpps`, `rsqrtps`), and Intel's are not AMD's. So
    normalisations compute 1/sqrt(x) in double precision and round it: Keras' own and
    `tf.nn.batch_normalization` find the function by name. And TensorFlow does not rewrite
    x / sqrt(y), as of RMSprop, or 1 / x by such functions.
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


def _jax(threads: int, device: str, deterministic: bool) -> str:
    if deterministic:
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=1"
    import jax

    # XLA sizes its own pool on the processor: `threads` cannot be set there.
    first = jax.devices("cpu" if device == "cpu" else None)[0]
    return "cpu" if first.platform == "cpu" else first.device_kind


def _torch(threads: int, device: str, deterministic: bool) -> str:
    import torch

    torch.set_num_threads(threads)
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu"


def prepare_once() -> str:
    """Return the device's name, starting the backend with its defaults if nothing has yet."""
    if _prepared:
        return _prepared["name"]
    return prepare(threads=os.cpu_count() or 1, device="auto", deterministic=True)


def write_events(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write TensorFlow's event file of a history: its columns, over its `epoch`."""
    import tensorflow as tf

    # `tf.summary.scalar` needs the tensorboard package; this is what it writes.
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
