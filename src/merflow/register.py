"""Rigid head drift: tracked points in stable regions of the face, a robust similarity per frame.

Points of the whole face follow the expression and would remove part of it. So only regions that
lie on bone are tracked, and a point whose path leaves the common rigid motion anywhere in the
clip loses its say in all of it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from merflow.geometry import apply, face_frame, fit_similarities

STABLE: dict[str, tuple[float, float, float, float, float]] = {
    "nose": (-0.17, -0.08, 0.17, 0.64, 1.0),
    "left inner corner": (-0.36, 0.10, -0.17, 0.45, 0.5),
    "right inner corner": (0.17, 0.10, 0.36, 0.45, 0.5),
    "left temple": (-1.12, -0.10, -0.80, 0.50, 0.6),
    "right temple": (0.80, -0.10, 1.12, 0.50, 0.6),
    "left forehead": (-0.95, -0.95, -0.45, -0.55, 0.3),
    "right forehead": (0.45, -0.95, 0.95, -0.55, 0.3),
}
"""Regions as x0, y0, x1, y1 in face units (geometry.face_frame), and how far each is trusted."""
POINTS = 30
"""Most points tracked in one region."""
ANCHORS = 28
"""Points that take part in the search for the rigid set, spread over the face."""
ROUNDS = 10
STRAY = 0.05
"""Departure from rigid motion (px, largest in the clip) at which a point's trust is a quarter."""
SLOW_S = 0.03
"""Standard deviation (s) of the smoothing before that: expressions are slow, noise is not."""
NOISE = 0.05
"""Tracking noise of one point in one frame (px)."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Rigid motion of a clip.

    transforms: (T, 2, 3), reference frame to frame t, px; points: (N, 2) px in the reference
    frame; trust: (N,) 0..1; residual: rms distance (px) of trusted points from that motion.
    """

    transforms: np.ndarray
    points: np.ndarray
    trust: np.ndarray
    residual: float


def rigid_drift(
    greys: list[np.ndarray], eyes: tuple[np.ndarray, np.ndarray], fps: float
) -> Drift | None:
    """Return how the head moves in `greys`, (T) x (h, w) uint8, against the first; None if lost.

    eyes: the two eye centres in the first frame, px.
    """
    frame = face_frame(eyes)
    unit = float(np.hypot(*frame[:, 0]))
    reference = flatten(greys[0], unit)
    points, prior = stable_points(reference, frame)
    if len(points) < 8:
        return None
    paths, found = track(greys, reference, points, unit)
    keep = found.all(0)
    if keep.sum() < 8:
        return None
    points, paths, prior = points[keep], paths[:, keep], prior[keep]
    transforms, trust, residual = robust_similarities(points, paths, prior, unit, fps)
    smooth = smooth_drift(transforms, trust @ points / trust.sum())
    return Drift(smooth, points, trust, residual)


def flatten(grey: np.ndarray, unit: float) -> np.ndarray:
    """Return the picture without its slow light, so that a lamp is not taken for motion."""
    picture = grey.astype(np.float32)
    slow = cv2.blur(picture, (2 * int(0.2 * unit) + 1,) * 2, borderType=cv2.BORDER_REFLECT_101)
    slow = cv2.blur(slow, (2 * int(0.2 * unit) + 1,) * 2, borderType=cv2.BORDER_REFLECT_101)
    return np.clip(np.rint(128 * picture / (slow + 8)), 0, 255).astype(np.uint8)


def stable_points(picture: np.ndarray, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best-textured points of each stable region, (N, 2) px, and their trust, (N,)."""
    unit = float(np.hypot(*frame[:, 0]))
    points, trust = [], []
    for x0, y0, x1, y1, start in STABLE.values():
        corners = apply(frame, np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]))
        mask = np.zeros(picture.shape, np.uint8)
        cv2.fillConvexPoly(mask, np.rint(corners).astype(np.int32), 255)
        found = cv2.goodFeaturesToTrack(
            picture, POINTS, 0.02, max(2.0, 0.04 * unit), mask=mask, blockSize=5
        )
        if found is not None:
            points.append(found.reshape(-1, 2))
            trust += [start / len(found)] * len(found)
    return (np.concatenate(points) if points else np.empty((0, 2), np.float32)), np.array(trust)


def track(
    greys: list[np.ndarray], reference: np.ndarray, points: np.ndarray, unit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return where each point lies in each frame, (T, N, 2) px, and whether it was found.

    Every frame is compared with the reference itself, so errors do not add up over the clip.
    """
    side = max(11, 2 * int(0.11 * unit) + 1)
    paths = np.empty((len(greys), len(points), 2), np.float64)
    found = np.ones((len(greys), len(points)), bool)
    paths[0] = points
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 0.001)
    where = points.astype(np.float32)
    for t in range(1, len(greys)):
        where, status, _ = cv2.calcOpticalFlowPyrLK(
            reference,
            flatten(greys[t], unit),
            points.astype(np.float32),
            where.copy(),
            winSize=(side, side),
            maxLevel=3,
            criteria=stop,
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )
        paths[t], found[t] = where, status.ravel() == 1
    return paths, found


def robust_similarities(
    points: np.ndarray, paths: np.ndarray, prior: np.ndarray, unit: float, fps: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return similarities (T, 2, 3), trust (N,) and the rms residual of trusted points (px).

    A point's trust falls with the largest departure of its smoothed path from the rigid motion;
    in one frame its weight also falls with its distance there. Reweighting alone would settle on
    whatever most points do, so it starts from the pair of points that most of the prior agrees to.
    """
    transforms = _consensus(points, paths, prior, unit, fps)
    for _ in range(ROUNDS):
        rest = paths - moved(transforms, points)
        trust = prior * _agreement(rest, fps)
        distance = np.sqrt((rest**2).sum(2))
        spread = np.maximum(NOISE, 2 * np.median(distance, 1, keepdims=True))
        weights = trust / (1 + (distance / spread) ** 2)
        transforms = fit_similarities(points, paths, weights)
    rest = paths - moved(transforms, points)
    residual = float(np.sqrt((weights * (rest**2).sum(2)).sum() / weights.sum()))
    return transforms, trust, residual


def _consensus(points: np.ndarray, paths: np.ndarray, prior: np.ndarray, unit: float, fps: float) -> np.ndarray:
    """Return the similarities of the anchor pair that the largest share of the prior follows.

    An anchor is a point with its neighbours, averaged: less noise than one point alone.
    """
    near = np.argsort(np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)), axis=1)
    near = near[_spread_out(points, ANCHORS)][:, :5]
    places, ways = points[near].mean(1), paths[:, near].mean(2)
    few = np.unique(np.linspace(0, len(paths) - 1, 24).round().astype(int))
    best, chosen = -1.0, None
    for i in range(len(places)):
        for j in range(i):
            pair = [i, j]
            if np.hypot(*(places[i] - places[j])) < 0.3 * unit:
                continue
            weights = np.ones((len(few), 2))
            trial = fit_similarities(places[pair], ways[few][:, pair], weights)
            rest = paths[few] - moved(trial, points)
            score = float((prior * _agreement(rest, fps * len(few) / len(paths), 2 * STRAY)).sum())
            if score > best:
                best, chosen = score, pair
    if chosen is None:
        return fit_similarities(points, paths, np.tile(prior, (len(paths), 1)))
    return fit_similarities(places[chosen], ways[:, chosen], np.ones((len(paths), 2)))


def _agreement(rest: np.ndarray, fps: float, stray: float = STRAY) -> np.ndarray:
    """Return 0..1 for each point's departures (T, N, 2) from rigid motion: 1 for none."""
    slow = blur_in_time(rest, SLOW_S * fps)
    worst = (slow**2).sum(2).max(0)
    return 1 / (1 + worst / stray**2) ** 2


def blur_in_time(values: np.ndarray, sigma: float) -> np.ndarray:
    """Return (T, ...) values under a Gaussian of `sigma` frames, renormalised at the ends."""
    distance = np.subtract.outer(np.arange(len(values)), np.arange(len(values)))
    kernel = np.exp(-0.5 * (distance / max(sigma, 1e-3)) ** 2)
    kernel /= kernel.sum(1, keepdims=True)
    return (kernel @ values.reshape(len(values), -1)).reshape(values.shape)


def _spread_out(points: np.ndarray, count: int) -> np.ndarray:
    """Return positions of `count` points, each the farthest from those before it."""
    chosen = [0]
    distance = np.hypot(*(points - points[0]).T)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.hypot(*(points - points[chosen[-1]]).T))
    return np.array(chosen)


def moved(transforms: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return (T, N, 2): the points under each transform (T, 2, 3)."""
    return points @ transforms[:, :, :2].transpose(0, 2, 1) + transforms[:, None, :, 2]


def smooth_drift(transforms: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return the transforms (T, 2, 3) smoothed in time as far as they look like noise.

    The four parameters are taken about `centre`, where the errors of shift and turn are apart.
    """
    shift = moved(transforms, centre[None])[:, 0]
    parts = np.column_stack([transforms[:, 0, 0], transforms[:, 1, 0], shift])
    along, across, x, y = in_time(parts).T
    linear = np.stack([np.stack([along, -across], 1), np.stack([across, along], 1)], 1)
    shift = np.column_stack([x, y]) - linear @ centre
    return np.concatenate([linear, shift[..., None]], 2)


def in_time(values: np.ndarray) -> np.ndarray:
    """Return (T, K) paths smoothed by splines whose stiffness cross-validation chooses.

    A jerky head keeps its jerks; a smooth path loses its tracking noise. Under 8 frames nothing
    can be told about noise, and the values come back as they are.
    """
    count = len(values)
    if count < 8:
        return values
    t = np.arange(count)
    line = np.column_stack([np.ones(count), t])
    base = line @ np.linalg.lstsq(line, values, rcond=None)[0]
    # Cosine transform by the FFT of the path and its mirror image.
    spectrum = np.fft.rfft(np.concatenate([values - base, (values - base)[::-1]]), axis=0)
    bend = (2 - 2 * np.cos(np.pi * np.arange(count + 1) / count)) ** 2
    turn = np.exp(-0.5j * np.pi * np.arange(count + 1) / count)[:, None]
    energy = ((spectrum * turn).real[:count]) ** 2
    energy[0] /= 2
    out = np.empty_like(values)
    for k in range(values.shape[1]):
        best = min(
            (_cross_validation(energy[:, k], bend[:count], stiff), stiff)
            for stiff in 10.0 ** np.arange(-3, 5.01, 0.25)
        )[1]
        kept = spectrum[:, k] / (1 + best * bend)
        out[:, k] = np.fft.irfft(kept, 2 * count)[:count]
    return out + base


def _cross_validation(energy: np.ndarray, bend: np.ndarray, stiff: float) -> float:
    """Generalised cross-validation score of a stiffness (Craven and Wahba 1979)."""
    lost = 1 - 1 / (1 + stiff * bend)
    return float((lost**2 * energy).sum() / max(lost.sum(), 1e-12) ** 2)
