"""Class probabilities from a trained network."""

import keras
import numpy as np


def probabilities(
    model: keras.Model, x: np.ndarray, batch: int, one_class: bool = True
) -> np.ndarray:
    """Return (M, K) float32 probabilities of x, (M, *shape).

    one_class: each clip is of one class, so each row sums to 1.

    All batches have one size, the last one filled up, so that a clip's probabilities come from the
    same compiled step and do not depend on the other clips.
    """
    if not len(x):
        return np.zeros((0, model.output_shape[-1]), np.float32)
    parts = []
    for start in range(0, len(x), batch):
        index = np.minimum(np.arange(start, start + batch), len(x) - 1)
        out = keras.ops.convert_to_numpy(model.predict_on_batch(x[index]))
        parts.append(out[: len(x) - start].astype(np.float64))
    p = np.concatenate(parts)
    return (p / p.sum(1, keepdims=True) if one_class else p).astype(np.float32)
