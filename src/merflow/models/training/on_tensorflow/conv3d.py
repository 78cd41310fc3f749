"""Weight gradients of 3D convolutions, computed by 2D convolutions over frames.

On a processor with AVX2, oneDNN computes a 3D convolution and its input gradient at the speed of a
matrix product, but its weight gradient at a third of this: it copies every neighbourhood in three
dimensions. The weights of one frame of the kernel see pairs of frames only, so their gradient is
that of a 2D convolution over all these frames at once, which is up to 2.4 times faster.
"""

from collections.abc import Callable

import tensorflow as tf
from keras.src.backend.tensorflow import nn

ENOUGH_CHANNELS = 8
"""Of the input; below, at stride 1, the product of two dimensions is too small to be faster."""


def install() -> None:
    """Have Keras' 3D convolutions use these weight gradients, once per process."""
    plain = nn.conv
    if not getattr(plain, "by_frames", False):
        nn.conv = _replacing(plain)


def _replacing(plain: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    def conv(
        inputs: tf.Tensor,
        kernel: tf.Tensor,
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
    ) -> tf.Tensor:
        x, weights = tf.convert_to_tensor(inputs), tf.convert_to_tensor(kernel)
        steps = (strides,) * 3 if isinstance(strides, int) else tuple(strides)
        if data_format == "channels_last" and _suits(x, weights, steps, dilation_rate):
            return conv3d(x, weights, steps, padding.upper())
        return plain(inputs, kernel, strides, padding, data_format, dilation_rate)

    conv.by_frames = True
    return conv


def _suits(
    x: tf.Tensor, kernel: tf.Tensor, strides: tuple[int, ...], dilation: int | tuple[int, ...]
) -> bool:
    if len(x.shape) != 5 or x.dtype != tf.float32 or kernel.dtype != tf.float32:
        return False
    same_channels = x.shape[-1] == kernel.shape[-2]
    plain = {dilation} if isinstance(dilation, int) else set(dilation)
    if None in x.shape[1:] or not same_channels or plain != {1}:
        return False
    return x.shape[-1] >= ENOUGH_CHANNELS or max(strides[1:]) > 1 or kernel.shape[0] == 1


def conv3d(x: tf.Tensor, kernel: tf.Tensor, strides: tuple[int, ...], padding: str) -> tf.Tensor:
    """Return the convolution of x, (N, T, H, W, C), with a kernel, (t, h, w, C, K).

    padding: SAME or VALID.
    """
    steps = (1, *strides, 1)

    @tf.custom_gradient
    def forward(x: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        def gradients(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # Not computed where nothing needs it, as for the first layer: the graph is pruned.
            to_input = tf.raw_ops.Conv3DBackpropInputV2(
                input_sizes=tf.shape(x), filter=kernel, out_backprop=dy, strides=steps,
                padding=padding,
            )  # fmt: skip
            return to_input, kernel_gradient(x, dy, kernel.shape, strides, padding)

        return tf.nn.conv3d(x, kernel, steps, padding), gradients

    return forward(x, kernel)


def kernel_gradient(
    x: tf.Tensor, dy: tf.Tensor, kernel: tuple[int, ...], strides: tuple[int, ...], padding: str
) -> tf.Tensor:
    """Return the gradient of the kernel from that of the output, dy (N, T', H', W', K)."""
    frames, out = x.shape[1], dy.shape[1]
    before = 0
    if padding == "SAME":
        before = max(0, (out - 1) * strides[0] + kernel[0] - frames) // 2
    parts = []
    for offset in range(kernel[0]):
        pairs = [
            (at * strides[0] + offset - before, at)
            for at in range(out)
            if 0 <= at * strides[0] + offset - before < frames
        ]
        if not pairs:  # This frame of the kernel lies in the padding at every place.
            parts.append(tf.zeros(kernel[1:], x.dtype))
            continue
        seen = _frames(x, [frame for frame, _ in pairs])
        given = _frames(dy, [at for _, at in pairs])
        parts.append(
            tf.raw_ops.Conv2DBackpropFilter(
                input=seen,
                filter_sizes=kernel[1:],
                out_backprop=given,
                strides=(1, *strides[1:], 1),
                padding=padding,
            )
        )
    return tf.stack(parts)


def _frames(x: tf.Tensor, ids: list[int]) -> tf.Tensor:
    """Return frames of all clips, (N * len(ids), H, W, C); ids: rising at even steps."""
    first, step = ids[0], ids[1] - ids[0] if len(ids) > 1 else 1
    if step > 1:
        x = tf.gather(x, ids, axis=1)  # Faster than a slice with a step.
    elif len(ids) < x.shape[1]:
        x = x[:, first : ids[-1] + 1]
    return tf.reshape(x, (-1, *x.shape[2:]))
