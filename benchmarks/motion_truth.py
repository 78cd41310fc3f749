"""Clips with exactly known motion, and measures of the delivered motion.

A procedural texture moves under a smooth local displacement: the point p of the onset frame lies
at p + s(t) g(p) d. Frames are sampled from a quintic spline of the texture at coordinates found
by inverting that map, so a clip with multiplied motion is rendered, not warped.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

PAD = 40
WEIGHTS = np.array([0.299, 0.587, 0.114])
SPREAD = 0.12
"""Standard deviation of the moving patch, in sides of the picture."""
ANGLE = np.deg2rad(35)


def luma(frames: np.ndarray) -> np.ndarray:
    """Return float64 luma of (..., 3) RGB."""
    return np.asarray(frames, np.float64) @ WEIGHTS


def texture(size: int, seed: int = 1) -> np.ndarray:
    """Return (size, size, 3) float64, 0..255: 1 / f^1.2 noise below 0.25 cycles per pixel."""
    rng = np.random.default_rng(seed)
    axis = np.fft.fftfreq(size)
    radius = np.hypot(axis[:, None], axis[None])
    radius[0, 0] = 1
    shape = np.exp(-((radius / 0.25) ** 4)) / radius**1.2
    shape[0, 0] = 0
    planes = [
        np.fft.ifft2(np.fft.fft2(rng.standard_normal((size, size))) * shape).real for _ in "rgb"
    ]
    picture = np.stack(planes, -1)
    picture = 0.8 * picture.mean(-1, keepdims=True) + 0.2 * picture
    return np.clip((picture - picture.mean()) / picture.std() * 40 + 128, 0, 255)


def bump(length: int) -> np.ndarray:
    """Return (length,) 0..1: an expression's rise to its apex at 0.4 and its fall to neutral."""
    share = np.arange(length) / (length - 1)
    rise, fall = np.sin(np.pi * share / 0.8), np.sin(np.pi * (1 - share) / 1.2)
    return np.where(share < 0.4, rise, fall) ** 2


@dataclass
class MovingTexture:
    """A picture whose middle moves by at most `amplitude` px; `times` gives the course, 0..1."""

    picture: np.ndarray
    amplitude: float
    times: np.ndarray
    uniform: bool = False
    splines: list[np.ndarray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        padded = np.pad(self.picture, ((PAD, PAD), (PAD, PAD), (0, 0)), mode="reflect")
        planes = [*np.moveaxis(padded, 2, 0), padded @ WEIGHTS]
        self.splines = [ndimage.spline_filter(plane, order=5) for plane in planes]
        size = len(self.picture)
        self.y, self.x = np.mgrid[0:size, 0:size].astype(np.float64)
        self.moving = self.shape(self.y, self.x) > 0.35

    def shape(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return the share of the displacement at points of the onset frame, 0..1."""
        size = len(self.picture)
        if self.uniform:
            return np.ones_like(x)
        distance = (y - 0.52 * size) ** 2 + (x - 0.48 * size) ** 2
        return np.exp(-distance / (2 * (SPREAD * size) ** 2))

    def origin(self, shift: float, y: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
        """Return where in the onset frame the points (y, x) of a frame shifted so came from."""
        from_y, from_x = y, x
        for _ in range(3 if abs(shift) < 0.5 else 25):
            weight = shift * self.shape(from_y, from_x)
            from_y, from_x = y - weight * np.sin(ANGLE), x - weight * np.cos(ANGLE)
        return [from_y + PAD, from_x + PAD]

    def sample(self, plane: int, where: list[np.ndarray]) -> np.ndarray:
        """Return the values of a colour plane (3: luma) at padded coordinates."""
        return ndimage.map_coordinates(
            self.splines[plane], where, order=5, prefilter=False, mode="nearest"
        )

    def frame(self, shift: float) -> np.ndarray:
        """Return the exact (H, W, 3) float64 frame with the patch's middle moved by `shift` px."""
        where = self.origin(shift, self.y, self.x)
        return np.clip(np.stack([self.sample(plane, where) for plane in range(3)], -1), 0, 255)

    def clip(self, noise: float = 0.0, seed: int = 0) -> np.ndarray:
        """Return the (T, H, W, 3) uint8 clip with sensor noise of this standard deviation."""
        frames = np.stack([self.frame(self.amplitude * share) for share in self.times])
        frames += np.random.default_rng(seed).normal(0, 1, frames.shape) * noise
        return np.clip(np.rint(frames), 0, 255).astype(np.uint8)


class Ruler:
    """Measures the shift of a frame: the known motion that matches it best, in luma."""

    def __init__(self, truth: MovingTexture, largest: float, step: float = 0.25) -> None:
        self.truth, self.step = truth, max(step, largest / 100)
        self.grid = np.arange(-8, int(np.ceil(largest / self.step)) + 1) * self.step
        y, x = truth.y[truth.moving], truth.x[truth.moving]
        rows = [truth.sample(3, truth.origin(shift, y, x)) for shift in self.grid]
        self.rows = np.stack([unit(row) for row in rows]).astype(np.float32)

    def shift(self, frame: np.ndarray) -> float:
        """Return the shift of one (H, W, 3) frame in px."""
        return match_shift(self.grid, self.rows, luma(frame)[self.truth.moving])


def match_shift(grid: np.ndarray, rows: np.ndarray, seen: np.ndarray) -> float:
    """Return the shift that matches best, from a parabola through the best of evenly spaced ones.

    grid: (n,) shifts; rows: (n, pixels) float32, each row's `unit` values; seen: (pixels,).
    """
    match = rows @ unit(seen).astype(np.float32)
    best = int(match.argmax())
    if not 0 < best < len(match) - 1:
        return float(grid[best])
    left, here, right = (float(v) for v in match[best - 1 : best + 2])
    bend, step = left - 2 * here + right, float(grid[1] - grid[0])
    return float(grid[best] + step * (0.5 * (left - right) / bend if bend else 0))


def unit(values: np.ndarray) -> np.ndarray:
    """Return `values` centred and scaled to length 1."""
    values = values - values.mean()
    return values / (np.linalg.norm(values) + 1e-12)


def ssim(one: np.ndarray, two: np.ndarray, where: np.ndarray) -> float:
    """Return the mean structural similarity of two luma planes over the mask `where`."""
    first, second = 6.5025, 58.5225

    def mean(plane: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(plane, 1.5, truncate=3.5)

    m1, m2 = mean(one), mean(two)
    v1, v2, shared = mean(one * one) - m1**2, mean(two * two) - m2**2, mean(one * two) - m1 * m2
    score = (2 * m1 * m2 + first) * (2 * shared + second)
    score /= (m1**2 + m2**2 + first) * (v1 + v2 + second)
    return float(score[where].mean())


def score(truth: MovingTexture, given: np.ndarray, out: np.ndarray, factor: float) -> dict:
    """Return gain, relative error, ssim, psnr and background noise of a magnified clip.

    gain: slope of measured on requested displacement (1: as asked); error: root mean square of
    measured minus requested over that of requested; ssim, psnr (dB): against the clip rendered
    with the motion multiplied, luma, over the moving region; noise: background root mean square
    against the still picture, out over in.
    """
    times = [t for t in range(0, len(out), 4) if truth.times[t] > 0.05]
    asked = np.array([truth.amplitude * truth.times[t] for t in times]) * factor
    ruler = Ruler(truth, 1.3 * factor * truth.amplitude + 1, 0.25)
    seen = np.array([ruler.shift(out[t]) for t in times])
    near = ndimage.binary_dilation(truth.moving, iterations=3)
    similar, errors = [], []
    for t, shift in zip(times, asked, strict=True):
        true, made = luma(truth.frame(shift)), luma(out[t])
        similar.append(ssim(true, made, near))
        errors.append(np.mean((true - made)[near] ** 2))
    away = truth.shape(truth.y, truth.x) < 0.003
    still = luma(truth.frame(0.0))[away]

    def spread(frames: np.ndarray) -> float:
        return float(np.sqrt(np.mean([np.mean((luma(f)[away] - still) ** 2) for f in frames])))

    return {
        "gain": float(seen @ asked / (asked @ asked)),
        "error": float(np.sqrt(np.mean((seen - asked) ** 2) / np.mean(asked**2))),
        "ssim": float(np.mean(similar)),
        "psnr": float(10 * np.log10(255**2 / np.mean(errors))),
        "noise": spread(out[1::4]) / spread(given[1::4]) if away.any() else float("nan"),
    }
