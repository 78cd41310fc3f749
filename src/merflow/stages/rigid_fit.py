"""Robust rigid motion of tracked points, and its smoothing in time."""

from typing import NamedTuple

import cv2
import numpy as np

from merflow.stages.geometry import fit_similarities, transform_points

REACH = 8.0
"""Standard deviation (px) of the weights of points around an anchor."""
WEAK = 0.01
"""Share of all trust around an anchor at which its weight is a half."""
SHARP = 30
"""Power of a score: a score 10% lower has a twentieth of the weight."""
STRAY = 0.03
"""Departure from the rigid motion (px) at which a point's trust falls to a quarter."""
ROUNDS = (*(STRAY * 5 ** (1 - k / 7) for k in range(8)), STRAY, STRAY, STRAY)
"""The same departure in each iteration; starting strict, a few points could dominate."""
NOISE = 0.05
"""Tracking noise of one point in one frame (px)."""
BEST = 0.1
"""Share of the points that are always trusted."""
BAND = 0.1
"""Range of shares over which a quantile is averaged."""
SLOW_S = 0.03
"""Standard deviation (s) of the smoothing of departures: expressions are slow, noise is not."""
STIFF = 10.0 ** np.arange(-3, 5.01, 0.25)
"""Stiffnesses of the smoothing splines in time."""


class Rigid(NamedTuple):
    """Similarities (T, 2, 3), trust (N,), weights (T, N), rms residual of trusted points (px)."""

    transforms: np.ndarray
    trust: np.ndarray
    weights: np.ndarray
    residual: float


def refine(
    points: np.ndarray,
    paths: np.ndarray,
    seen: np.ndarray,
    prior: np.ndarray,
    start: np.ndarray,
    fps: float,
) -> Rigid:
    """Return the rigid motion of `points` (N, 2) with `paths` (T, N, 2), from a first guess.

    A point's trust falls with its departure from the rigid motion over the clip, its weight in a
    frame also with its distance there. seen: (T, N); prior: (N,); start: (T, 2, 3).
    """
    transforms = start
    for stray in ROUNDS:
        rest = np.where(seen[..., None], paths - transform_points(transforms, points), 0)
        trust = prior * agreement(rest, prior, fps, stray)
        distance = np.sqrt((rest**2).sum(2))
        spread = np.maximum(NOISE, 2 * weighted_quantile(distance, prior, 0.5))
        weights = seen * trust / (1 + (distance / spread[:, None]) ** 2)
        transforms = fit_similarities(points, paths, weights)
    rest = paths - transform_points(transforms, points)
    residual = float(np.sqrt((weights * (rest**2).sum(2)).sum() / weights.sum()))
    return Rigid(transforms, trust, weights, residual)


def consensus(
    points: np.ndarray, paths: np.ndarray, prior: np.ndarray, anchors: np.ndarray, fps: float
) -> np.ndarray:
    """Return the similarities (T, 2, 3) of the anchor pairs that most of the prior follows.

    Reweighting alone would follow the motion of most points, such as a raised forehead. An anchor,
    (K, 2) px, is the mean of the points around it, with less noise than one point. All pairs are
    averaged, with weights that fall fast below the best score.
    """
    # einsum, not matmul: the order of sums in BLAS may depend on its threads.
    apart = ((anchors[:, None] - points) ** 2).sum(2)
    near = prior * np.exp(-apart / (2 * REACH**2))
    support = near.sum(1) / (near.sum(1) + WEAK * prior.sum())
    near /= near.sum(1, keepdims=True) + 1e-300
    positions, paths_at = (
        np.einsum("kn,nd->kd", near, points),
        np.einsum("kn,tnd->tkd", near, paths),
    )
    few = np.unique(np.linspace(0, len(paths) - 1, 24).round().astype(int))
    rate = fps * len(few) / len(paths)
    pairs = np.array([
        (i, j) for i in range(len(anchors)) for j in range(i)
        if np.hypot(*(anchors[i] - anchors[j])) > 3 * REACH
    ])  # fmt: skip
    scores = np.empty(len(pairs))
    for k, pair in enumerate(pairs):
        trial = fit_similarities(positions[pair], paths_at[few][:, pair], np.ones((len(few), 2)))
        rest = paths[few] - transform_points(trial, points)
        scores[k] = (prior * agreement(rest, prior, rate, ROUNDS[4])).sum() * support[pair].prod()
    weights = (scores / scores.max()) ** SHARP
    total = np.zeros((len(paths), 2, 3))
    for weight, pair in zip(weights / weights.sum(), pairs, strict=True):
        total += weight * fit_similarities(
            positions[pair], paths_at[:, pair], np.ones((len(paths), 2))
        )
    return total


def agreement(rest: np.ndarray, prior: np.ndarray, fps: float, stray: float) -> np.ndarray:
    """Return 0..1 for each point's slow departures (T, N, 2) from rigid motion: 1 for none."""
    slow = blur_in_time(rest, SLOW_S * fps)
    worst = (slow**2).sum(2).max(0)
    # In noisy images (strong JPEG) no point is good enough: then the best tenth sets the scale.
    return 1 / (1 + worst / np.maximum(stray**2, weighted_quantile(worst[None], prior, BEST))) ** 2


def weighted_quantile(
    values: np.ndarray, weights: np.ndarray, share: float, band: float = BAND
) -> np.ndarray:
    """Return the weighted quantile of each row of (T, N), averaged over a band around `share`.

    Averaged, because a plain weighted quantile jumps when two values change order.
    """
    order = np.argsort(values, axis=1)
    high = np.cumsum((weights / weights.sum())[order], axis=1)
    low = np.concatenate([np.zeros((len(values), 1)), high[:, :-1]], axis=1)
    first, last = share - band / 2, share + band / 2
    inside = np.maximum(np.minimum(high, last) - np.maximum(low, first), 0)
    return (inside * np.take_along_axis(values, order, 1)).sum(1) / inside.sum(1)


def blur_in_time(values: np.ndarray, sigma: float) -> np.ndarray:
    """Return (T, ...) float64 values blurred by `sigma` frames, mirrored at the ends."""
    flat = np.ascontiguousarray(values.reshape(len(values), -1))
    if sigma < 0.1:
        return values
    reach = 2 * int(np.ceil(3 * sigma)) + 1
    return cv2.GaussianBlur(
        flat, (1, reach), sigmaX=1, sigmaY=sigma, borderType=cv2.BORDER_REFLECT
    ).reshape(values.shape)


def smooth_drift(rigid: Rigid, points: np.ndarray) -> np.ndarray:
    """Return the transforms (T, 2, 3) smoothed in time as far as their changes are noise.

    The four parameters refer to the centre of the trusted points, where the errors of translation
    and rotation are independent.
    """
    transforms, weights = rigid.transforms, rigid.weights.mean(0)
    weights = weights / weights.sum()
    centre = np.einsum("n,nd->d", weights, points)
    distance = ((points - centre) ** 2).sum(1)
    # Standard errors from the points' scatter; windows overlap, so half of them count.
    shift_noise = rigid.residual * float(np.sqrt((weights**2).sum()))
    turn_noise = rigid.residual * float(
        np.sqrt((weights**2 * distance).sum()) / (weights * distance).sum()
    )
    shift = transform_points(transforms, centre[None])[:, 0]
    turn = smooth_paths(transforms[:, :, 0], turn_noise)
    linear = np.stack([np.stack([turn[:, 0], -turn[:, 1]], 1), turn[:, ::-1]], 1)
    shift = smooth_paths(shift, shift_noise) - linear @ centre
    return np.concatenate([linear, shift[..., None]], 2)


def smooth_paths(values: np.ndarray, noise: float) -> np.ndarray:
    """Return (T, K) paths smoothed by splines with a stiffness from cross-validation.

    noise: the paths' standard error; where smoothing would change a path by more (rms), the change
    is motion, and the spline is less stiff. Paths under 8 frames are returned unchanged, since
    their noise cannot be estimated.
    """
    count = len(values)
    if count < 8:
        return values
    t = np.arange(count) - (count - 1) / 2
    slope = np.einsum("t,tk->k", t, values) / (t**2).sum()
    base = values.mean(0) + t[:, None] * slope
    # Cosine transform by the FFT of the path and its mirror image.
    spectrum = np.fft.rfft(np.concatenate([values - base, (values - base)[::-1]]), axis=0)
    angle = np.pi * np.arange(count + 1) / count
    energy = (spectrum * np.exp(-0.5j * angle)[:, None]).real[:count] ** 2 / (2 * count)
    energy[0] /= 2
    bend = (2 - 2 * np.cos(angle)) ** 2
    out = np.empty_like(values)
    for k in range(values.shape[1]):
        kept = _damping(energy[:, k], bend, noise)
        out[:, k] = np.fft.irfft(spectrum[:, k] * kept, 2 * count)[:count]
    return out + base


def _damping(energy: np.ndarray, bend: np.ndarray, noise: float) -> np.ndarray:
    """Return the gain of smoothing at each frequency, (count + 1,), averaged over stiffnesses.

    The weight of a stiffness falls with its generalised cross-validation score (Craven and Wahba
    1979), and to zero where it would change the path by more than `noise` (rms).
    energy: squared cosine coefficients of a path, (count,), which add up to its squared values.
    """
    kept = 1 / (1 + STIFF[:, None] * bend)
    lost = 1 - kept[:, : len(energy)]
    change = np.einsum("sf,f->s", lost**2, energy)
    score = change / lost.sum(1) ** 2
    allowed = np.clip(2 - 2 * change / max(len(energy) * noise**2, 1e-300), 0, 1)
    allowed[0] = 1
    least = max(float(score.min()), 1e-300)
    weights = allowed * (least / np.maximum(score, least)) ** SHARP
    return np.einsum("s,sf->f", weights / weights.sum(), kept)
