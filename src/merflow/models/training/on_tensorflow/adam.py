"""Adam and AdamW with one operation per weight array, in place of about ten.

TensorFlow's operation has the formula of Keras' own `update_step`. Small networks spend more time
in starting operations than in computing them, large ones in reading and writing memory.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf


class _OneOperation:
    def _backend_update_step(
        self,
        grads: Sequence[tf.Tensor],
        trainable_variables: Sequence[keras.Variable],
        learning_rate: tf.Tensor,
    ) -> None:
        """Update all weights, (gradient, variable) by position; called by Keras."""
        step = keras.ops.cast(self.iterations + 1, "float32")  # of updates, not of batches
        beta1, beta2 = tf.constant(self.beta_1), tf.constant(self.beta_2)
        common = {
            "beta1_power": tf.pow(beta1, step), "beta2_power": tf.pow(beta2, step),
            "lr": tf.cast(learning_rate, tf.float32), "beta1": beta1, "beta2": beta2,
            "epsilon": tf.constant(self.epsilon),
        }  # fmt: skip
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            at = self._get_variable_index(variable)
            tf.raw_ops.ResourceApplyAdam(
                var=variable.value.handle,
                m=self._momentums[at].value.handle,
                v=self._velocities[at].value.handle,
                grad=gradient,
                **common,
            )


class Adam(_OneOperation, keras.optimizers.Adam):
    """Adam."""


class AdamW(_OneOperation, keras.optimizers.AdamW):
    """Adam with decoupled weight decay, which Keras applies before the update."""
