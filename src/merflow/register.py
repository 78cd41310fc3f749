"""Rigid head drift: points tracked in stable regions of the face, one robust path for the head.

Points of the whole face follow the expression and would take part of it away. So only regions
that lie on bone are tracked, and a point that leaves the common rigid motion anywhere in the clip
loses its say in all of it (rigid.py). Tracking runs twice: against the first frame, then against
the mean of all frames brought together, which has next to no noise of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from merflow.geometry import apply, face_frame
from merflow.reel import Frames, held
from merflow.rigid import consensus, refine, smooth_drift

STABLE: dict[str, tuple[float, float, float, float, float]] = {
    "nose": (-0.17, 0.00, 0.17, 0.62, 1.0),
    "left temple": (-1.15, -0.15, -0.88, 0.40, 0.5),
    "right temple": (0.88, -0.15, 1.15, 0.40, 0.5),
    "left jaw joint": (-1.15, 0.40, -0.90, 0.90, 0.4),
    "right jaw joint": (0.90, 0.40, 1.15, 0.90, 0.4),
    "left ear": (-1.40, -0.10, -1.15, 0.70, 0.3),
    "right ear": (1.15, -0.10, 1.40, 0.70, 0.3),
    "left forehead": (-0.95, -0.95, -0.45, -0.55, 0.2),
    "right forehead": (0.45, -0.95, 0.95, -0.55, 0.2),
}
"""Regions as x0, y0, x1, y1 in face units (geometry.face_frame), and how far each is trusted.

The wide ones fix turn and scale; where they show the wall instead, they do not move with the head
and fall out.
"""
POINTS = 40
"""Most points tracked in one region."""
ENOUGH = 20
"""Points that share a region's whole trust; fewer get a part each, so that no point rules."""
PLASTIC = np.array([0.7548776662466927, 0.5698402909980532])
"""Steps of the evenly spread sequence (R2) of sub-pixel places."""
LARGEST_ZOOM = np.log(1.25)
"""Change of scale beyond which the points were lost: no head nears a camera so fast."""
FEWEST = 8
"""Points without which no drift is told."""
SEEN = 0.9
"""Share of the frames in which a point must be found to be used."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Rigid motion of a clip.

    transforms: (T, 2, 3), from the common picture (within noise the first frame) to frame t, px;
    points: (N, 2) px in the common picture; trust: (N,) >= 0; residual: rms distance (px) of
    trusted points from that motion, tracking noise included.
    """

    transforms: np.ndarray
    points: np.ndarray
    trust: np.ndarray
    residual: float


def rigid_drift(
    greys: Iterable[np.ndarray], eyes: tuple[np.ndarray, np.ndarray], fps: float
) -> Drift | None:
    """Return how the head moves in `greys`, (T) x (h, w) uint8, against the first; None if lost.

    eyes: the two eye centres in the first frame, px.
    """
    frame = face_frame(eyes)
    unit = float(np.hypot(*frame[:, 0]))
    flat = held(flatten(grey, unit) for grey in greys)
    points, prior = stable_points(flat[0], frame)
    paths, seen = track(flat, flat[0], points, unit)
    keep = seen.mean(0) >= SEEN
    if keep.sum() < FEWEST:
        return None
    points, prior = points[keep], prior[keep]
    start = consensus(points, paths[:, keep], prior, unit, fps)
    rough = refine(points, paths[:, keep], seen[:, keep], prior, start, fps)
    paths, seen = track(flat, together(flat, rough.transforms), points, unit, rough.transforms)
    if (seen.mean(0) >= SEEN).sum() < FEWEST:
        return None
    fine = refine(points, paths, seen, prior, rough.transforms, fps)
    scales = np.hypot(fine.transforms[:, 0, 0], fine.transforms[:, 1, 0])
    if not (np.abs(np.log(scales)) < LARGEST_ZOOM).all():
        return None
    return Drift(smooth_drift(fine, points), points, fine.trust, fine.residual)


def flatten(grey: np.ndarray, unit: float) -> np.ndarray:
    """Return the picture without its slow light, so that a lamp is not taken for motion."""
    picture = grey.astype(np.float32)
    side = (2 * int(0.2 * unit) + 1,) * 2
    slow = cv2.blur(picture, side, borderType=cv2.BORDER_REFLECT_101)
    slow = cv2.blur(slow, side, borderType=cv2.BORDER_REFLECT_101)
    return np.clip(np.rint(128 * picture / (slow + 8)), 0, 255).astype(np.uint8)


def stable_points(picture: np.ndarray, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best-textured points of each stable region, (N, 2) px, and their trust, (N,).

    A region's trust is shared among its points, so that none wins by texture.
    """
    unit = float(np.hypot(*frame[:, 0]))
    points, trust = [np.empty((0, 2), np.float32)], []
    for x0, y0, x1, y1, start in STABLE.values():
        corners = apply(frame, np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]))
        mask = np.zeros(picture.shape, np.uint8)
        cv2.fillConvexPoly(mask, np.rint(corners).astype(np.int32), 255)
        found = cv2.goodFeaturesToTrack(
            picture, POINTS, 0.005, max(2.0, 0.04 * unit), mask=mask, blockSize=5
        )
        if found is not None:
            points.append(found.reshape(-1, 2))
            trust += [start / max(len(found), ENOUGH)] * len(found)
    found = np.concatenate(points)
    # Off the pixel grid, evenly: bilinear look-ups in the tracker pull points towards the grid by
    # up to .03 px, the same way for all points that lie on it.
    off = (np.arange(len(found))[:, None] * PLASTIC + 0.5) % 1 - 0.5
    return (found + off).astype(np.float32), np.array(trust)


def track(
    flat: Frames,
    reference: np.ndarray,
    points: np.ndarray,
    unit: float,
    guess: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return where each point lies in each frame, (T, N, 2) px, and whether it was found, (T, N).

    Every frame is compared with the reference itself, so errors do not add up over the clip.
    """
    side = max(11, 2 * int(0.11 * unit) + 1)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 0.001)
    paths = np.empty((len(flat), len(points), 2), np.float64)
    seen = np.zeros((len(flat), len(points)), bool)
    where = points.astype(np.float32)
    if not len(points):
        return paths, seen
    for t, picture in enumerate(flat):
        if guess is not None:
            where = apply(guess[t], points).astype(np.float32)
        where, status, _ = cv2.calcOpticalFlowPyrLK(
            reference,
            picture,
            points.astype(np.float32),
            where.copy(),
            winSize=(side, side),
            maxLevel=3,
            criteria=stop,
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )
        paths[t], seen[t] = where, status.ravel() == 1
    return paths, seen


def together(flat: Frames, transforms: np.ndarray) -> np.ndarray:
    """Return the mean, (h, w) uint8, of the frames with their drift taken out."""
    total = np.zeros(flat.shape[1:], np.float32)
    for picture, transform in zip(flat, transforms, strict=True):
        total += cv2.warpAffine(
            picture,
            transform,
            picture.shape[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )
    return np.rint(total / len(flat)).astype(np.uint8)
