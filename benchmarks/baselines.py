"""What merflow is measured against, written from the literature's descriptions.

`linear_baseline`: Wu et al. 2012 as its common Python versions do it, every level of an RGB
Laplacian pyramid filtered in time by two causal recursions. `riesz_baseline`: the pseudo-code of
Wadhwa et al. 2014, frame by frame. Both in float64, the
default of NumPy and MATLAB. `tim_baseline`: Zhou et al. 2011 with its singular value
decomposition. They follow the papers, not merflow's own formulation.
"""

import cv2
import numpy as np

MIRROR = cv2.BORDER_REFLECT_101


def laplacian(picture: np.ndarray, levels: int) -> list[np.ndarray]:
    """Return `levels` Laplacian bands, finest first, and the low-pass last."""
    bands = []
    for _ in range(levels):
        low = cv2.pyrDown(picture)
        bands.append(picture - cv2.pyrUp(low, dstsize=picture.shape[1::-1]))
        picture = low
    return [*bands, picture]


def collapse(bands: list[np.ndarray]) -> np.ndarray:
    """Return the picture whose bands and low-pass these are."""
    picture = bands[-1]
    for band in bands[-2::-1]:
        picture = cv2.pyrUp(picture, dstsize=band.shape[1::-1]) + band
    return picture


def linear_baseline(
    frames: np.ndarray, alpha: float, lambda_c: float = 16, fast: float = 0.4, slow: float = 0.05
) -> np.ndarray:
    """Return (T, H, W, 3) uint8 frames magnified by the linear Eulerian method."""
    height, width = frames.shape[1:3]
    levels = max(2, int(np.log2(min(height, width) / 5)))
    lows, highs, out = None, None, np.empty_like(frames)
    delta = lambda_c / (8 * (1 + alpha))
    for time, frame in enumerate(frames):
        bands = laplacian(frame.astype(np.float64), levels)
        if lows is None:
            lows, highs = [b.copy() for b in bands], [b.copy() for b in bands]
        wavelength = np.hypot(height, width) / 3
        change = [np.zeros_like(band) for band in bands]
        for level in range(levels - 1, -1, -1):
            highs[level] = (1 - fast) * highs[level] + fast * bands[level]
            lows[level] = (1 - slow) * lows[level] + slow * bands[level]
            gain = min(alpha, 2 * (wavelength / (8 * delta) - 1))
            if level > 0 and gain > 0:
                change[level] = gain * (highs[level] - lows[level])
            wavelength /= 2
        result = frame + collapse(change)
        out[time] = np.clip(np.rint(result), 0, 255).astype(np.uint8)
    return out


def riesz_baseline(
    frames: np.ndarray,
    alpha: float,
    fps: float,
    low_hz: float = 0.3,
    high_hz: float = 15,
    blur: float = 2.0,
) -> np.ndarray:
    """Return (T, H, W, 3) uint8 frames magnified by the Riesz pyramid, frame by frame."""
    height, width = frames.shape[1:3]
    levels = max(1, int(np.log2(min(height, width) / 8)))
    fast, slow = (1 - np.exp(-2 * np.pi * hz / fps) for hz in (high_hz, low_hz))
    before, states, out = None, None, np.empty_like(frames)
    for time, frame in enumerate(frames):
        colour = cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2YCrCb)
        bands = laplacian(colour[..., 0].astype(np.float64), levels)
        parts = [_riesz(band) for band in bands[:-1]]
        if before is None:
            zero = [np.zeros((2, *band.shape)) for band in bands[:-1]]
            states = [[z.copy(), z.copy(), z.copy()] for z in zero]
        else:
            for level, (now, past) in enumerate(zip(parts, before, strict=True)):
                total, high, low = states[level]
                total += _phase_difference(now, past)
                high += fast * (total - high)
                low += slow * (total - low)
                bands[level] = _turned(now, high - low, alpha, blur)
        before = parts
        colour[..., 0] = collapse(bands)
        rgb = cv2.cvtColor(colour, cv2.COLOR_YCrCb2RGB)
        out[time] = np.clip(np.rint(rgb * 255), 0, 255).astype(np.uint8)
    return out


def _riesz(band: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    taps, one = np.array([-0.5, 0, 0.5]), np.ones(1)
    x = cv2.sepFilter2D(band, -1, taps, one, borderType=MIRROR)
    return band, x, cv2.sepFilter2D(band, -1, one, taps, borderType=MIRROR)


def _phase_difference(now: tuple, past: tuple) -> np.ndarray:
    """Return (2, h, w): the quaternionic phase difference times its orientation."""
    (c, x, y), (c0, x0, y0) = now, past
    real = c * c0 + x * x0 + y * y0
    i, j = -c * x0 + x * c0, -c * y0 + y * c0
    amplitude = np.sqrt(real**2 + i**2 + j**2) + 1e-12
    angle = np.arccos(np.clip(real / amplitude, -1, 1))
    length = np.sqrt(i**2 + j**2) + 1e-12
    return np.stack([angle * i / length, angle * j / length])


def _turned(now: tuple, phase: np.ndarray, alpha: float, blur: float) -> np.ndarray:
    c, x, y = now
    amplitude = np.sqrt(c * c + x * x + y * y) + 1e-9
    weight = cv2.GaussianBlur(amplitude, (0, 0), blur)
    one, two = (cv2.GaussianBlur(p * amplitude, (0, 0), blur) / weight for p in phase)
    size = np.sqrt(one**2 + two**2) + 1e-12
    turn = alpha * size
    return np.cos(turn) * c - np.sin(turn) * (one * x + two * y) / size


def tim_baseline(frames: np.ndarray, length: int) -> np.ndarray:
    """Return (length, H, W, C) uint8 frames by the literal temporal interpolation model."""
    count = len(frames)
    clip = frames.reshape(count, -1).T.astype(np.float64)
    links = np.eye(count, k=1) + np.eye(count, k=-1)
    _, vectors = np.linalg.eigh(np.diag(links.sum(0)) - links)
    mean = clip.mean(axis=1, keepdims=True)
    left, values, right = np.linalg.svd(clip - mean, full_matrices=False)
    embedded = values[:-1, None] * right[:-1]
    order = np.arange(1, count)
    weights = np.linalg.lstsq(embedded.T, vectors[:, 1:], rcond=None)[0]

    def curve(share: np.ndarray) -> np.ndarray:
        return np.sin(np.pi * order[:, None] * share + np.pi * (count - order[:, None]) / 2 / count)

    at_frames = curve((np.arange(count) + 1) / count)
    scale = (vectors[:, 1:].T * at_frames).sum(axis=1) / (at_frames**2).sum(axis=1)
    where = 1 / count + np.linspace(0, 1, length) * (1 - 1 / count)
    wanted = scale[:, None] * curve(where)
    new = mean + left[:, :-1] @ (np.linalg.inv(weights).T @ wanted)
    return np.clip(np.rint(new.T), 0, 255).astype(np.uint8).reshape(length, *frames.shape[1:])
