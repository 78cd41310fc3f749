"""Paint the parts of a face: skin, lips, nostrils, brows and eyes."""

import cv2
import numpy as np

from merflow.synthetic.face import Grid, brow, bump, lids, lips, ramp
from merflow.synthetic.identity import Identity
from merflow.synthetic.shade import Light, over, texture

Array = np.ndarray


def skin(identity: Identity, grid: Grid, light: Light, rng: np.random.Generator) -> Array:
    """Skin (H, W, 3): blotches, blush, moles, shadow under the eyes, stubble; lit."""
    x, y, ax = grid.x, grid.y, grid.ax
    mottle = texture(rng, x.shape, ((3, 0.010), (11, 0.010), (40, 0.012), (120, 0.014)))
    colour = np.asarray(identity.skin, np.float32) * (1 + mottle[..., None])
    red = 0.10 * bump(ax, y, 1.25, 1.1, 0.45, 0.40)
    red += 0.10 * bump(x, y, 0, identity.nose_length * 0.85, 0.35, 0.22)
    red = (identity.blush * red)[..., None]
    colour = colour * (1 - red * np.array([-0.1, 0.8, 0.8], np.float32))
    dark = 0.10 * bump(ax, y, 0.95, 0.27, 0.36, 0.10)
    beard = ramp(y, 1.75, 2.1) * ramp(ax, 0.2, 0.9) + bump(x, y, 0, identity.chin, 0.9, 0.8)
    grain = texture(rng, x.shape, ((1.6, 0.30),))
    dark = dark + 0.16 * identity.stubble * np.clip(beard, 0, 1) * (1 + grain)
    for _ in range(identity.moles):
        mx, my, radius = rng.uniform(-1.7, 1.7), rng.uniform(-1.1, 2.9), rng.uniform(0.018, 0.035)
        dark = dark + 0.45 * ramp(np.hypot(x - mx, y - my), radius * 1.6, radius * 0.5)
    lit = light.diffuse * (1 - np.clip(dark, 0, 0.8))
    return colour * lit[..., None] + (0.075 * light.shine)[..., None]


def mouth(
    identity: Identity, grid: Grid, light: Light, rng: np.random.Generator, image: Array
) -> Array:
    """Paint the lips and the line between them."""
    y, ax = grid.y, grid.ax
    soft = 3 * grid.step
    upper, line, lower = lips(identity, ax)
    width = identity.mouth_width
    inside = ramp(ax, width * 1.02, width * 0.95)
    mask = ramp(y, upper - soft, upper + soft) * ramp(y, lower + soft, lower - soft) * inside
    tone = np.where(y < line, 0.84, 1.02) * light.diffuse
    # Fine vertical folds, as lips have.
    fold = texture(rng, (1, y.shape[1]), ((3, 0.06),)) + texture(rng, y.shape, ((5, 0.03),))
    lip = np.asarray(identity.lip, np.float32) * (tone * (1 + fold))[..., None]
    image = over(image, lip + (0.10 * light.shine)[..., None], 0.86 * mask)
    gap = np.exp(-0.5 * ((y - line) / (0.026 + 0.010 * (1 - ax / width))) ** 2)
    gap = 0.70 * gap * ramp(ax, width * 1.04, width * 0.9)
    corner = 0.30 * bump(ax, y, width * 1.03, float(lips(identity, np.array(width))[1]), 0.06, 0.06)
    return image * ((1 - gap) * (1 - corner))[..., None]


def nostrils(identity: Identity, grid: Grid, image: Array) -> Array:
    """Paint the nostrils, the crease beside the wing and the shadow under the nose."""
    x, y, ax = grid.x, grid.y, grid.ax
    width, length = identity.nose_width, identity.nose_length
    dx = ax - width * 0.46
    hole = ((dx / 0.088) ** 2 + ((y - length * 0.965 + 0.12 * dx) / 0.045) ** 2) ** 1.4
    shade = (1 - 0.74 * np.exp(-0.5 * hole)) * (
        1 - 0.32 * bump(ax, y, width * 0.98, length * 0.88, 0.05, 0.13)
    )
    shade = shade * (1 - 0.20 * bump(x, y, 0, length + 0.06, width * 0.7, 0.07))
    return image * shade[..., None]


def brows(
    identity: Identity, grid: Grid, light: Light, rng: np.random.Generator, image: Array
) -> Array:
    """Paint brows of single hairs that lie along the brow, outwards and a little up."""
    y, ax = grid.y, grid.ax
    centre, thickness = brow(identity, ax)
    kernel = np.zeros((15, 15), np.float32)
    cv2.line(kernel, (1, 10), (13, 4), 1.0, 1, cv2.LINE_AA)
    hair = cv2.filter2D(rng.standard_normal(y.shape, dtype=np.float32), -1, kernel / kernel.sum())
    hair /= hair.std()
    hair = np.where(grid.x < 0, hair[:, ::-1], hair)
    # The hairs move the edge as well as the density: a brow has no clean outline.
    edge = np.abs(y - centre) / thickness + 0.14 * hair
    mask = ramp(edge, 1.30, 0.50) * ramp(ax, 0.33, 0.50) * ramp(ax, 1.92, 1.62)
    mask = np.clip(mask * (identity.brow_density + 0.16 * hair), 0, 1)
    # Darker than fair hair: face detectors need brows, and brows show most of the movements.
    colour = np.asarray(identity.hair, np.float32) * min(0.9, 0.24 / max(identity.hair))
    return over(image, colour * (0.6 + 0.5 * light.diffuse)[..., None], mask)


def eyes(identity: Identity, grid: Grid, light: Light, closed: float, image: Array) -> Array:
    """Paint the eyes over skin; `closed` is 0 (open) to 1 (the lids meet)."""
    ax = grid.ax
    outward = ax - 1.0
    y = grid.y + identity.eye_tilt * outward
    t = outward / identity.eye_width
    upper, lower = lids(identity, t)
    upper = upper + closed * (lower - upper)
    soft = 1.5 * grid.step
    inside = ramp(y, upper - soft, upper + soft) * ramp(y, lower + soft, lower - soft)
    inside = inside * (np.abs(t) < 1)
    image = over(image, _eyeball(identity, grid, light, y, outward, upper), inside)
    ends = ramp(np.abs(t), 1.12, 0.95)
    lash = 0.85 * np.exp(-0.5 * ((y - upper + 0.014) / (0.020 + 0.006 * (t + 1))) ** 2) * ends
    rim = 0.35 * np.exp(-0.5 * ((y - lower - 0.008) / 0.018) ** 2) * ends
    fold = lids(identity, np.clip(t * 0.9, -1, 1))[0] * (1 - 0.5 * closed)
    crease = np.exp(-0.5 * ((y - fold + 0.11) / 0.024) ** 2) * ramp(np.abs(t), 1.15, 0.7)
    crease = (0.32 - 0.2 * closed) * crease
    return image * ((1 - lash) * (1 - rim) * (1 - crease))[..., None]


def _eyeball(
    identity: Identity, grid: Grid, light: Light, y: Array, outward: Array, upper: Array
) -> Array:
    """White, iris, pupil, catch light and tear corner (H, W, 3)."""
    t = outward / identity.eye_width
    shadow = (0.52 + 0.48 * ramp(y, upper, upper + 0.14)) * (
        0.86 + 0.14 * ramp(np.abs(t), 1.0, 0.5)
    )
    white = np.array([0.82, 0.79, 0.78], np.float32)
    ball = white * (shadow * np.clip(0.3 + 0.75 * light.lambert, 0.4, 1.05))[..., None]
    soft = 1.5 * grid.step
    radius = np.hypot(outward, y + 0.015)
    angle = np.arctan2(y + 0.015, outward)
    rays = 1 + 0.25 * np.sin(angle * 23 + identity.seed % 7) * ramp(radius, 0.06, 0.12)
    rim = 0.55 + 0.45 * ramp(radius, identity.iris_radius, identity.iris_radius * 0.8)
    iris = np.asarray(identity.iris, np.float32) * (1.15 * rays * rim * shadow)[..., None]
    disc = identity.iris_radius
    ball = over(ball, iris, ramp(radius, disc + soft, disc - soft))
    pupil = disc * 0.42
    ball = over(ball, (0.02, 0.02, 0.02), ramp(radius, pupil + soft, pupil - soft))
    glint = np.hypot(grid.x - np.sign(grid.x) - 0.05, y + 0.07)
    ball = over(ball, (0.95, 0.95, 0.95), 0.9 * ramp(glint, 0.042, 0.020))
    tear = np.asarray(identity.skin, np.float32) * np.array([0.85, 0.62, 0.75], np.float32)
    return over(ball, tear, 0.8 * bump(outward, y, -identity.eye_width * 0.93, 0.01, 0.05, 0.04))
