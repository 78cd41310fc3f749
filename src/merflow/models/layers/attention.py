"""Attention between positions, with several heads."""

from collections.abc import Sequence

from keras import ops

from merflow.models.layers.blocks import Tensor

Matrix = Sequence[Sequence[float]]


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    heads: int,
    *,
    scale: float | None = None,
    mask: Matrix | None = None,
    bias: Matrix | None = None,
) -> Tensor:
    """Return values v weighted by the agreement of q and k, (N, Q, D) from (N, Q, D), (N, P, D).

    scale: of the scores, 1 / sqrt(D / heads) when None; mask, (Q, P), multiplies the scores and
    the weights; bias, (Q, P), is added to the scores.
    """
    width = q.shape[-1] // heads
    q, k, v = (ops.reshape(x, (-1, x.shape[1], heads, width)) for x in (q, k, v))
    scores = ops.einsum("nqhd,nphd->nhqp", q, k) * (scale or width**-0.5)
    if mask is not None:
        scores = scores * ops.convert_to_tensor(mask, dtype=scores.dtype)
    if bias is not None:
        scores = scores + ops.convert_to_tensor(bias, dtype=scores.dtype)
    # Keras' softmax warns where there is only one position.
    weights = ops.exp(scores - ops.logsumexp(scores, axis=-1, keepdims=True))
    if mask is not None:
        weights = weights * ops.convert_to_tensor(mask, dtype=weights.dtype)
    found = ops.einsum("nhqp,nphd->nqhd", weights, v)
    return ops.reshape(found, (-1, q.shape[1], heads * width))
