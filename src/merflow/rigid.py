"""The rigid part of many paths: which points move as one body, how, and how much of it is noise."""

from typing import NamedTuple

import cv2
import numpy as np

from merflow.geometry import fit_similarities, moved

ANCHORS = 20
"""Points that take part in the search for the rigid set, spread over the face."""
STRAY = 0.03
"""Departure from the rigid motion (px) at which a point's trust falls to a quarter."""
ROUNDS = (*(STRAY * 5 ** (1 - k / 7) for k in range(8)), STRAY, STRAY, STRAY)
"""The same departure round by round: strict from the start, a few points could rule."""
NOISE = 0.05
"""Tracking noise of one point in one frame (px)."""
BEST = 0.1
"""Share of the points that are trusted whatever their departures."""
SLOW_S = 0.03
"""Standard deviation (s) of the smoothing of departures: expressions are slow, noise is not."""


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

    A point's trust falls with its departure from the rigid motion over the clip; in one frame its
    weight also falls with its distance there. seen: (T, N); prior: (N,); start: (T, 2, 3).
    """
    transforms = start
    for stray in ROUNDS:
        rest = np.where(seen[..., None], paths - moved(transforms, points), 0)
        trust = prior * agreement(rest, fps, stray)
        distance = np.sqrt((rest**2).sum(2))
        spread = np.maximum(NOISE, 2 * np.median(distance, 1, keepdims=True))
        weights = seen * trust / (1 + (distance / spread) ** 2)
        transforms = fit_similarities(points, paths, weights)
    rest = paths - moved(transforms, points)
    residual = float(np.sqrt((weights * (rest**2).sum(2)).sum() / weights.sum()))
    return Rigid(transforms, trust, weights, residual)


def consensus(
    points: np.ndarray, paths: np.ndarray, prior: np.ndarray, unit: float, fps: float
) -> np.ndarray:
    """Return the similarities (T, 2, 3) of the anchor pair that most of the prior follows.

    Reweighting alone would settle on whatever most points do, a raised forehead for one. An
    anchor is a point with its neighbours, averaged: less noise than one point alone.
    """
    near = np.argsort(np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)), axis=1)
    near = near[_spread_out(points, ANCHORS)][:, :5]
    places, ways = points[near].mean(1), paths[:, near].mean(2)
    few = np.unique(np.linspace(0, len(paths) - 1, 24).round().astype(int))
    rate = fps * len(few) / len(paths)
    best, chosen = -1.0, None
    for i in range(len(places)):
        for j in range(i):
            pair = [i, j]
            if np.hypot(*(places[i] - places[j])) < 0.3 * unit:
                continue
            trial = fit_similarities(places[pair], ways[few][:, pair], np.ones((len(few), 2)))
            score = float(prior @ agreement(paths[few] - moved(trial, points), rate, ROUNDS[4]))
            if score > best:
                best, chosen = score, pair
    if chosen is None:
        return fit_similarities(points, paths, np.tile(prior, (len(paths), 1)))
    return fit_similarities(places[chosen], ways[:, chosen], np.ones((len(paths), 2)))


def agreement(rest: np.ndarray, fps: float, stray: float) -> np.ndarray:
    """Return 0..1 for each point's slow departures (T, N, 2) from rigid motion: 1 for none."""
    slow = blur_in_time(rest, SLOW_S * fps)
    worst = (slow**2).sum(2).max(0)
    # In noisy pictures (strong JPEG) no point is good enough: then the best tenth sets the scale.
    return 1 / (1 + worst / max(stray**2, float(np.quantile(worst, BEST)))) ** 2


def blur_in_time(values: np.ndarray, sigma: float) -> np.ndarray:
    """Return (T, ...) float64 values under a Gaussian of `sigma` frames, mirrored at the ends."""
    flat = np.ascontiguousarray(values.reshape(len(values), -1))
    if sigma < 0.1:
        return values
    reach = 2 * int(np.ceil(3 * sigma)) + 1
    return cv2.GaussianBlur(
        flat, (1, reach), sigmaX=1, sigmaY=sigma, borderType=cv2.BORDER_REFLECT
    ).reshape(values.shape)


def _spread_out(points: np.ndarray, count: int) -> np.ndarray:
    """Return positions of `count` points, each the farthest from those before it."""
    chosen = [0]
    distance = np.hypot(*(points - points[0]).T)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.hypot(*(points - points[chosen[-1]]).T))
    return np.array(chosen)


def smooth_drift(rigid: Rigid, points: np.ndarray) -> np.ndarray:
    """Return the transforms (T, 2, 3) smoothed in time as far as they look like noise.

    The four parameters are taken about the middle of the trusted points, where the errors of
    shift and of turn are apart.
    """
    transforms, weights = rigid.transforms, rigid.weights.mean(0)
    weights = weights / weights.sum()
    centre = np.einsum("n,nd->d", weights, points)
    distance = ((points - centre) ** 2).sum(1)
    # What the points' scatter makes of the parameters; windows overlap, so half count as new.
    shift_noise = rigid.residual * float(np.sqrt((weights**2).sum()))
    turn_noise = rigid.residual * float(
        np.sqrt((weights**2 * distance).sum()) / (weights * distance).sum()
    )
    shift = moved(transforms, centre[None])[:, 0]
    turn = in_time(transforms[:, :, 0], turn_noise)
    linear = np.stack([np.stack([turn[:, 0], -turn[:, 1]], 1), turn[:, ::-1]], 1)
    shift = in_time(shift, shift_noise) - linear @ centre
    return np.concatenate([linear, shift[..., None]], 2)


def in_time(values: np.ndarray, noise: float) -> np.ndarray:
    """Return (T, K) paths smoothed by splines as stiff as cross-validation finds best.

    `noise` is the paths' standard error: where smoothing would change a path by more (rms), the
    path is a jerk and not noise, and the spline gives way. Under 8 frames nothing can be told
    about noise, and the values come back as they are.
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
        stiff = _stiffness(energy[:, k], bend[:count], noise)
        out[:, k] = np.fft.irfft(spectrum[:, k] / (1 + stiff * bend), 2 * count)[:count]
    return out + base


def _stiffness(energy: np.ndarray, bend: np.ndarray, noise: float) -> float:
    """Return the stiffness of least generalised cross-validation (Craven and Wahba 1979).

    energy: squared cosine coefficients of a path, which add up to its squared values.
    """
    best, chosen = np.inf, 0.0
    for stiff in 10.0 ** np.arange(-3, 5.01, 0.25):
        lost = stiff * bend / (1 + stiff * bend)
        change = float((lost**2 * energy).sum())
        score = change / max(float(lost.sum()), 1e-12) ** 2
        if score < best and change <= len(energy) * noise**2:
            best, chosen = score, stiff
    return chosen
