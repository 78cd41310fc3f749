"""Start TensorFlow, JAX or PyTorch: threads, device, determinism, and memory on a shared GPU."""

import os
import sys
from typing import Any, NamedTuple

from merflow import arithmetic
from merflow.errors import FAILED, MerflowError
from merflow.models.training import gpu_choice

ALLOCATED = 0.9
"""Share of a training's memory that the backend may allocate: CUDA itself needs the rest."""


class Limit(NamedTuple):
    """The memory that a training may allocate on a GPU: a fraction of it, in MiB; 0: unknown."""

    fraction: float
    mebibytes: int


def memory_limit(gpu: gpu_choice.Gpu | None, share: int) -> Limit | None:
    """Return the limit of a training that shares its GPU; None for the only one on it."""
    if share == 1:
        return None
    fraction = ALLOCATED / share
    return Limit(fraction, int(fraction * gpu.total) if gpu else 0)


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


START = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
"""Backend -> function that starts it and returns the device's name."""
