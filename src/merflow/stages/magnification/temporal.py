"""Operators in time: (T, T) matrices that turn T frames into T changes since the onset.

Every operator has row sums 0 (constants give 0) and a zero row at the reference frame (the onset
frame never changes).
"""

import numpy as np

from merflow.stages.threads import multiply


def default_high_hz(fps: float) -> float:
    """Return the default highest frequency: 15 Hz, at most 0.4 fps."""
    return min(15.0, 0.4 * fps)


def cosine_basis(length: int) -> np.ndarray:
    """Return the orthonormal DCT-II basis as the columns of a (T, T) float64 matrix."""
    time, order = np.arange(length)[:, None], np.arange(length)[None]
    basis = np.cos(np.pi * order * (time + 0.5) / length) * np.sqrt(2 / length)
    basis[:, 0] /= np.sqrt(2)
    return basis


def low_pass(length: int, fps: float, high_hz: float) -> np.ndarray:
    """Return the (T, T) float64 zero-phase low-pass 1 / (1 + (f / high_hz)^8).

    The clip is mirrored at its ends. Clips under 4 frames are not filtered.
    """
    if length < 4:
        return np.eye(length)
    basis = cosine_basis(length)
    frequency = np.arange(length) * fps / (2 * length)
    return basis @ ((1 / (1 + (frequency / high_hz) ** 8))[:, None] * basis.T)


def recursive_operator(length: int, fast: float, slow: float, reference: int = 0) -> np.ndarray:
    """Return the literature's band-pass (T, T) float64: two causal first-order recursions.

    y_t = (1 - r) y_(t-1) + r x_t, started at the first frame; `fast` minus `slow` is the band.
    Both are coefficients per frame, 0 < slow < fast <= 1. The reference's row is subtracted from
    all rows, which changes nothing when the reference is the first frame.
    """
    operator = np.zeros((length, length))
    impulses = np.eye(length)
    fast_row = slow_row = impulses[0]
    for time, impulse in enumerate(impulses[1:], 1):
        fast_row = (1 - fast) * fast_row + fast * impulse
        slow_row = (1 - slow) * slow_row + slow * impulse
        operator[time] = fast_row - slow_row
    return anchored(operator, reference)


def recursive_coefficient(cutoff_hz: float, fps: float) -> float:
    """Return the per-frame coefficient of a first-order low-pass with this cut-off (Hz)."""
    return float(1 - np.exp(-2 * np.pi * cutoff_hz / fps))


def apply_in_time(operator: np.ndarray, stack: np.ndarray) -> None:
    """Replace `stack`, (T, ...) float32 contiguous, by operator @ stack, in place."""
    flat = stack.reshape(len(stack), -1)

    def put_back(where: slice, block: np.ndarray) -> None:
        flat[:, where] = block

    multiply(operator, flat, put_back)


def anchored(operator: np.ndarray, reference: int) -> np.ndarray:
    """Return `operator` applied to changes since the reference, as a change since the reference.

    The reference's row becomes 0 and all row sums 0; (T, T) float64. With `low_pass`, without a
    high-pass, an expression that does not return to neutral is kept.
    """
    change = np.eye(len(operator))
    change[:, reference] -= 1
    operator = operator @ change
    operator = operator - operator[reference]
    # Without the mean, so that rounding cannot leave a part of a constant.
    operator -= operator.mean(axis=1, keepdims=True)
    operator[reference] = 0
    return operator
