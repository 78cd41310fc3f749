"""Measure the device that Keras uses, and print the result: a script for a separate process.

A driver that crashes then ends only that process.
"""

import contextlib
import json
import os
import time
from typing import Any

import numpy as np

MARK = "RESULT "
SIDE = 1024


def measure() -> dict[str, Any]:
    """Return backend, GPUs, and the time of a 1024 x 1024 product (median of 5) with a check."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from merflow.models.training import backend

    about = backend.describe()
    # JAX and PyTorch choose the device themselves.
    device = keras.device("gpu:0" if about["gpus"] else "cpu:0")
    with device if "tensorflow" in about else contextlib.nullcontext():
        a = keras.ops.convert_to_tensor(np.random.default_rng(0).random((SIDE, SIDE), np.float32))
        np.asarray(keras.ops.matmul(a, a))  # The first call is slower.
        times = []
        for _ in range(5):
            start = time.perf_counter()
            product = np.asarray(keras.ops.matmul(a, a))
            times.append(time.perf_counter() - start)
    x, median = np.asarray(a, np.float64), sorted(times)[2]
    return about | {
        "right": bool(np.allclose(product, x @ x, rtol=1e-2)),
        "milliseconds": 1000 * median,
        "gflops": 2 * SIDE**3 / median / 1e9,
    }


if __name__ == "__main__":
    print(MARK + json.dumps(measure()))
