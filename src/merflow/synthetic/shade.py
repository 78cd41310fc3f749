"""Light on a height field, textures and layers, shared by all painters."""

from dataclasses import dataclass

import cv2
import numpy as np

from merflow.synthetic.face import Grid, height
from merflow.synthetic.identity import Identity

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Light:
    """Light on the skin: `diffuse` multiplies a colour, `shine` is added; (H, W)."""

    diffuse: Array
    shine: Array
    lambert: Array


def over(under: Array, colour: Array | tuple, mask: Array) -> Array:
    """Lay `colour` ((H, W, 3) or one RGB) over `under` where `mask` (H, W), 0..1, is not 0."""
    m = mask[..., None].astype(np.float32)
    return under * (1 - m) + np.asarray(colour, np.float32) * m


def texture(
    rng: np.random.Generator, shape: tuple[int, int], scales: tuple[tuple[float, float], ...]
) -> Array:
    """Sum of smooth noises (H, W) float32: one (grain size in px, amplitude) pair per noise."""
    out = np.zeros(shape, np.float32)
    for grain, amplitude in scales:
        small = (max(2, int(shape[0] / grain) + 2), max(2, int(shape[1] / grain) + 2))
        noise = rng.standard_normal(small, dtype=np.float32)
        out += amplitude * cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return out


def blur(image: Array, sigma: float) -> Array:
    """Gaussian blur, sigma in px."""
    return cv2.GaussianBlur(image, (0, 0), sigma)


def _unit(vector: tuple[float, float, float] | Array) -> Array:
    vector = np.asarray(vector, np.float32)
    return vector / np.linalg.norm(vector)


def light_face(identity: Identity, grid: Grid, rng: np.random.Generator) -> Light:
    """Shade the head: one lamp, a weak fill from the other side, soft occlusion in hollows."""
    z = blur(height(identity, grid).astype(np.float32), 0.025 / grid.step)
    pores = texture(rng, z.shape, ((2.5, 0.0012), (6, 0.0018), (20, 0.003)))
    gy, gx = np.gradient(z + pores, grid.step)
    gx, gy = np.clip(gx, -6, 6), np.clip(gy, -6, 6)
    length = np.sqrt(gx * gx + gy * gy + 1)

    def facing(direction: Array) -> Array:
        return np.clip((direction[2] - direction[0] * gx - direction[1] * gy) / length, 0, 1)

    lamp = _unit(identity.light)
    lambert = facing(lamp)
    fill = facing(_unit((-np.copysign(0.6, identity.light[0]), -0.1, 1.0)))
    shine = facing(_unit(lamp + np.array([0, 0, 1], np.float32))) ** 24
    hollow = np.clip(blur(z, 0.22 / grid.step) - z, 0, 0.5)
    occlusion = np.clip(1 - 1.4 * hollow, 0.38, 1)
    diffuse = (0.28 + 0.60 * lambert + 0.20 * fill) * occlusion
    return Light(*(v.astype(np.float32) for v in (diffuse, shine, lambert)))
