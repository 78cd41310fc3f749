"""Many training steps in one call: a loop inside TensorFlow around Keras' own step.

A call from Python costs about a millisecond in checks, metrics and conversions: half of the step
of a small network.
"""

import functools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

Run = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def looped(model: keras.Model) -> Run:
    """Return a function that trains a compiled model on batches, one step each.

    It takes clips (S, B, *shape), labels (S, B, K) and weights (S, B), and returns (S, 2): loss and
    accuracy of each step.
    """

    # Metrics make their variables when they are first called. The loop is traced once, and a reset
    # of variables that do not exist yet would not be in it.
    some = tf.zeros((1, model.output_shape[-1]))
    model.compute_metrics(None, some, some)

    def loop(x: tf.Tensor, y: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        steps = tf.shape(y)[0]
        results = tf.TensorArray(tf.float32, steps, element_shape=(2,))

        def step(number: tf.Tensor, results: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            model.reset_metrics()
            logs = model.train_step((x[number], y[number], weights[number]))
            row = tf.stack([logs["loss"], logs["accuracy"]])
            return number + 1, results.write(number, row)

        ended = tf.while_loop(
            lambda number, _: number < steps, step, (0, results), parallel_iterations=1
        )
        return ended[1].stack()

    @functools.cache
    def traced(*kinds: tuple[tuple[int, ...], np.dtype]) -> tf.types.experimental.ConcreteFunction:
        """Return the loop for any number of batches of these shapes and types."""
        specs = [tf.TensorSpec((None, *shape), dtype) for shape, dtype in kinds]
        return tf.function(loop, autograph=False).get_concrete_function(*specs)

    def run(*batches: np.ndarray) -> np.ndarray:
        given = [tf.convert_to_tensor(array) for array in batches]
        kinds = ((tuple(array.shape[1:]), array.dtype) for array in given)
        return traced(*kinds)(*given).numpy()

    return run
