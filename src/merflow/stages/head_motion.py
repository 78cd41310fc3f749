"""Rigid head drift from points tracked in stable regions of the face.

Points of the whole face follow the expression and would remove part of it. So only regions over
bone are tracked, and a point that leaves the common rigid motion at any time loses its weight in
the whole clip (rigid_fit.py). Tracking runs twice: against the first frame, then against the
mean of all frames without drift, which has almost no noise.

All decisions are weights that fall smoothly to zero: of 100 changes of the input by single grey
levels, as between processors, 95 move no point by more than .001 px. For this the face is sampled
once at UNIT px per eye distance, where points and windows are constant.
"""

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from merflow.frame_buffer import Frames, collect
from merflow.stages.geometry import apply, compose, face_frame, invert, similarity, transform_points
from merflow.stages.resample import to_bytes, warp_float
from merflow.stages.rigid_fit import consensus, refine, smooth_drift

STABLE: dict[str, tuple[float, float, float, float, float]] = {
    "nose": (-0.17, 0.00, 0.17, 0.62, 1.3),
    "left temple": (-1.15, -0.15, -0.88, 0.40, 0.5),
    "right temple": (0.88, -0.15, 1.15, 0.40, 0.5),
    "left jaw joint": (-1.15, 0.40, -0.90, 0.90, 0.4),
    "right jaw joint": (0.90, 0.40, 1.15, 0.90, 0.4),
    "left ear": (-1.40, -0.10, -1.15, 0.70, 0.3),
    "right ear": (1.15, -0.10, 1.40, 0.70, 0.3),
    "left forehead": (-0.95, -0.95, -0.45, -0.55, 0.2),
    "right forehead": (0.45, -0.95, 0.95, -0.55, 0.2),
}
"""Regions as x0, y0, x1, y1 in face units (geometry.face_frame), and the trust in each.

The outer ones determine rotation and scale. Where they show the background they do not move with
the head, and their weight falls to zero.
"""
TRUST = sum(region[4] for region in STABLE.values())
"""Sum of the trust in all regions."""
UNIT = 80.0
"""Eye distance in the tracked image (px)."""
HALF = (1.65, 1.3)
"""Half the width and height of the tracked image (eye distances), centred between the eyes."""
SIZE = tuple(round(2 * half * UNIT) + 1 for half in HALF)
"""Width and height of the tracked image (px)."""
LIGHT = 33
"""Side of the box filter (px), applied twice, that estimates slow changes of light."""
STEP = 0.07
"""Distance of neighbouring points in a region (eye distances)."""
WINDOW = 19
"""Side of the window compared around a point (px of the tracked image)."""
PLASTIC = np.array([0.7548776662466927, 0.5698402909980532])
"""Steps of the evenly spread sequence (R2) of sub-pixel positions."""
FLAT = 0.5
"""Squared gradient of a window (grey levels^2 / px^2) below which weights fall to 0."""
STIFF = 0.01
"""Added to both squared gradients, so that a point without texture has no motion."""
ENOUGH = 0.6
"""Share of a region's points that have its full trust; fewer have a part of it."""
EDGE = (0.12, 0.30)
"""Distances from the frame's edge (eye distances) between which a weight rises from 0 to 1."""
SEEN = (0.80, 0.95)
"""Shares of frames with the point tracked between which its weight rises from 0 to 1."""
SUPPORT = (0.05, 0.15)
"""Shares of TRUST, in the frame with the least, between which the drift is faded in."""
ZOOM = (np.log(1.15), np.log(1.25))
"""Changes of scale (log) between which the drift is faded out: no head moves so fast."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Rigid motion of a clip.

    transforms: (T, 2, 3), from the reference (within noise the first frame) to frame t, px;
    points: (N, 2) px in the reference; trust: (N,) >= 0; residual: rms distance (px) of trusted
    points from that motion, tracking noise included; share: share 0..1 of the measured motion in
    `transforms`, below 1 where few points support it.
    """

    transforms: np.ndarray
    points: np.ndarray
    trust: np.ndarray
    residual: float
    share: float


def rigid_drift(frames: Frames, eyes: tuple[np.ndarray, np.ndarray], fps: float) -> Drift | None:
    """Return the motion of the head against the first frame; None without support by points.

    frames: (T, H, W[, C]) uint8; eyes: the two eye centres in the first frame, px.
    """
    view = tracked_view(eyes)
    scale = float(np.hypot(*view[:, 0]))
    flat = collect(remove_slow_light(face_part(frame, view)) for frame in frames)
    points, regions = tracked_points()
    inside = ramp(_from_edge(apply(view, points), frames.shape[1:3]) / (scale * UNIT), *EDGE)
    paths, seen = track(flat, points)
    inside *= ramp(seen.mean(0), *SEEN)
    prior = inside * trust_of(Texture(flat[0], points), regions)
    share = float(ramp((prior * seen).sum(1).min() / TRUST, *SUPPORT))
    if share == 0:
        return None
    start = consensus(points, paths, prior, anchors(), fps)
    rigid = refine(points, paths, seen, prior, start, fps)
    share *= plausible_zoom(rigid.transforms)
    if share == 0:
        return None
    texture, paths = measure_against_mean(flat, points, rigid.transforms)
    prior = inside * trust_of(texture, regions)
    rigid = refine(points, paths, np.ones_like(seen), prior, rigid.transforms, fps)
    share *= plausible_zoom(rigid.transforms)
    still = np.eye(2, 3)
    drift = still + share * (smooth_drift(rigid, points) - still)
    placed = np.stack([compose(view, compose(one, invert(view))) for one in drift])
    return Drift(placed, apply(view, points), rigid.trust, rigid.residual * scale, share)


def tracked_view(eyes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the 2x3 transform from px of the tracked image to px of the frame."""
    return compose(face_frame(eyes), similarity(1 / UNIT, 0, -np.array(HALF)))


def face_part(frame: np.ndarray, view: np.ndarray) -> np.ndarray:
    """Return the luma of a frame, (H, W[, C]) uint8, sampled by `view`, (h, w) uint8."""
    return to_bytes(warp_float(frame, view, SIZE[::-1], luma=True))


def remove_slow_light(grey: np.ndarray) -> np.ndarray:
    """Return the image without slow changes of light, which tracking would take for motion."""
    image = grey.astype(np.float32)
    side = (LIGHT, LIGHT)
    slow = cv2.blur(image, side, borderType=cv2.BORDER_REFLECT_101)
    slow = cv2.blur(slow, side, borderType=cv2.BORDER_REFLECT_101)
    return np.clip(np.rint(128 * image / (slow + 8)), 0, 255).astype(np.uint8)


@functools.cache
def tracked_points() -> tuple[np.ndarray, np.ndarray]:
    """Return the points of all regions, (N, 2) float64 px, and their regions, (N,).

    Their sub-pixel positions are evenly spread: bilinear sampling in the tracker pulls points
    towards the pixel grid by up to .03 px, in the same direction for points at the same position.
    """
    points, regions = [], []
    for number, (x0, y0, x1, y1, _) in enumerate(STABLE.values()):
        across, down = (np.arange(a + STEP / 2, b, STEP) for a, b in ((x0, x1), (y0, y1)))
        found = np.stack(np.meshgrid(across, down), -1).reshape(-1, 2)
        points.append((found + HALF) * UNIT)
        regions += [number] * len(found)
    placed = np.concatenate(points)
    off = (np.arange(len(placed))[:, None] * PLASTIC + 0.5) % 1 - 0.5
    return (placed + off).astype(np.float32).astype(np.float64), np.array(regions)


@functools.cache
def anchors() -> np.ndarray:
    """Return two positions in every region, (K, 2) px, a quarter of its length from its ends."""
    places = []
    for x0, y0, x1, y1, _ in STABLE.values():
        tall = y1 - y0 > x1 - x0
        for share in (0.25, 0.75):
            x, y = (0.5, share) if tall else (share, 0.5)
            places.append((x0 + x * (x1 - x0), y0 + y * (y1 - y0)))
    return (np.array(places) + HALF) * UNIT


class Texture:
    """Gradients of an (h, w) image, and their structure tensors around points (N, 2) px."""

    def __init__(self, image: np.ndarray, points: np.ndarray) -> None:
        self.image = image.astype(np.float32)
        self._place = points.astype(np.float32)[:, None]
        self.across = cv2.Sobel(self.image, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
        self.down = cv2.Sobel(self.image, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
        self.xx, self.xy, self.yy = (
            self._window_mean(a * b)
            for a, b in (
                (self.across, self.across), (self.across, self.down), (self.down, self.down)
            )
        )  # fmt: skip

    def _window_mean(self, values: np.ndarray) -> np.ndarray:
        """Return the mean of (h, w) values in the window of each point, (N,) float64."""
        mean = cv2.blur(values, (WINDOW, WINDOW))
        return cv2.remap(mean, self._place, None, cv2.INTER_LINEAR)[:, 0].astype(np.float64)

    def least(self) -> np.ndarray:
        """Return the smaller eigenvalue of each tensor, (N,): squared grey levels per px^2."""
        return (self.xx + self.yy) / 2 - np.hypot((self.xx - self.yy) / 2, self.xy)

    def offsets(self, image: np.ndarray) -> np.ndarray:
        """Return each point's displacement in another image, (N, 2) px.

        One step of least squares (Lucas and Kanade 1981), without an iteration to stop. Exact for
        fractions of a pixel; larger displacements, which are not rigid, come out too small.
        """
        change = self.image - image
        x, y = self._window_mean(self.across * change), self._window_mean(self.down * change)
        xx, yy = self.xx + STIFF, self.yy + STIFF
        offset = np.stack([yy * x - self.xy * y, xx * y - self.xy * x], 1)
        return offset / (xx * yy - self.xy**2)[:, None]


def trust_of(texture: Texture, regions: np.ndarray) -> np.ndarray:
    """Return the trust in each point, (N,), by the texture around it.

    A region's trust is shared among its points, so texture does not favour a region.
    """
    square = np.maximum(texture.least(), 0) ** 2
    good = square / (square + FLAT**2)
    trust = np.zeros(len(regions))
    for number, (*_, whole) in enumerate(STABLE.values()):
        here = regions == number
        trust[here] = whole * good[here] / max(float(good[here].sum()), ENOUGH * here.sum())
    return trust


def track(flat: Frames, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each point's position in each frame, (T, N, 2) px, and whether it was found, (T, N).

    Every frame is compared with the first frame, so errors do not accumulate.
    """
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01)
    paths = np.empty((len(flat), len(points), 2), np.float64)
    seen = np.zeros((len(flat), len(points)), bool)
    start = points.astype(np.float32)
    where = start
    for t, image in enumerate(flat):
        where, status, _ = cv2.calcOpticalFlowPyrLK(
            flat[0],
            image,
            start,
            where.copy(),
            winSize=(WINDOW, WINDOW),
            maxLevel=3,
            criteria=stop,
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )
        paths[t], seen[t] = where, status.ravel() == 1
    return paths, seen


def measure_against_mean(
    flat: Frames, points: np.ndarray, transforms: np.ndarray
) -> tuple[Texture, np.ndarray]:
    """Return the texture of the mean frame without drift, and the points' paths against it.

    transforms: (T, 2, 3), the drift so far; paths: (T, N, 2) px.
    """
    pairs = zip(flat, transforms, strict=True)
    still = collect(warp_float(frame, transform, SIZE[::-1]) for frame, transform in pairs)
    mean = np.zeros(SIZE[::-1])
    for frame in still:
        mean += frame
    texture = Texture(mean / len(still), points)
    offsets = np.stack([texture.offsets(frame) for frame in still])
    return texture, transform_points(transforms, points + offsets)


def ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return 0 up to `low`, 1 from `high` on, and a linear rise between."""
    return np.clip((np.asarray(values) - low) / (high - low), 0, 1)


def plausible_zoom(transforms: np.ndarray) -> float:
    """Return 1 for a change of scale that is plausible within a clip, falling to 0."""
    zoom = np.abs(np.log(np.hypot(*transforms[:, :, 0].T))).max()
    return float(1 - ramp(zoom, *ZOOM))


def _from_edge(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the distance of each point (N, 2) from the edge of an (H, W) image, px."""
    far = np.array(shape[::-1]) - 1 - points
    return np.minimum(points, far).min(1)
