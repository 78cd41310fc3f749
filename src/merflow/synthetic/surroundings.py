"""Paint the surroundings of the face: backdrop, clothes, neck, ears and hair."""

import cv2
import numpy as np

from merflow.synthetic.face import Grid, bump, half_width, ramp
from merflow.synthetic.identity import HAIR, Identity
from merflow.synthetic.shade import blur, over, texture

Array = np.ndarray


def backdrop(identity: Identity, grid: Grid, rng: np.random.Generator) -> Array:
    """Return a plain wall, a little darker to one side and downwards (H, W, 3)."""
    fall = 1.0 - 0.012 * np.sign(identity.light[0]) * -grid.x - 0.012 * (grid.y + 2)
    wall = np.asarray(identity.backdrop, np.float32) * fall[..., None]
    return wall + texture(rng, grid.x.shape, ((60, 0.006), (3, 0.004)))[..., None]


def body(identity: Identity, grid: Grid, rng: np.random.Generator, image: Array) -> Array:
    """Paint neck, its shadow under the chin, and clothes with a round or open collar."""
    x, y, ax = grid.x, grid.y, grid.ax
    soft = 1.5 * grid.step
    width = identity.half_width * 0.60 + 0.10 * np.clip(y - identity.chin, 0, 2) ** 2
    neck = ramp(ax, width + soft, width - soft) * (y > 1.2)
    side = np.sqrt(np.clip(1 - (x / (identity.half_width * 0.72)) ** 2, 0, 1))
    lit = (0.32 + 0.40 * side) * (0.58 + 0.42 * ramp(y, identity.chin, identity.chin + 1.1))
    lit = lit * (1 + 0.10 * np.sign(identity.light[0]) * x / 2)
    mottle = texture(rng, x.shape, ((4, 0.012), (30, 0.015)))
    image = over(image, np.asarray(identity.skin, np.float32) * (lit + mottle)[..., None], neck)
    collar = identity.chin + 0.72 + identity.collar * np.clip(1 - ax / 1.2, 0, 1)
    shoulder = np.maximum(collar - 0.25 * ramp(ax, 0.2, 1.4), 0) + 0.15 * ax**1.5
    cloth = ramp(y, shoulder - soft, shoulder + soft)
    weave = 0.80 + texture(rng, x.shape, ((2, 0.020), (50, 0.020))) - 0.06 * ax
    fold = 0.05 * np.sin(2.2 * ax + 0.6 * y) * ramp(ax, 0.8, 2.5)
    hem = 1 - 0.25 * np.exp(-0.5 * ((y - shoulder - 0.14) / 0.025) ** 2)
    colour = np.asarray(identity.cloth, np.float32) * ((weave + fold) * hem)[..., None]
    return over(image, colour, cloth)


def ears(identity: Identity, grid: Grid, image: Array) -> Array:
    """Paint the ears; long hair comes later and hides them."""
    y, ax = grid.y, grid.ax
    cx, cy = identity.half_width * 1.03, 0.52
    mask = ramp(((ax - cx) / 0.21) ** 2 + ((y - cy) / 0.58) ** 2, 1.12, 0.9)
    lit = 0.46 + 0.24 * bump(ax, y, cx + 0.13, cy - 0.1, 0.06, 0.40)
    lit = lit - 0.20 * bump(ax, y, cx + 0.05, cy, 0.045, 0.28)
    lit = lit + 0.12 * bump(ax, y, cx + 0.02, cy + 0.40, 0.08, 0.12)
    return over(image, np.asarray(identity.skin, np.float32) * lit[..., None], mask)


def _outline(identity: Identity, grid: Grid) -> Array:
    """Return where there is hair, front and back (H, W) bool."""
    _, _, end, volume = HAIR[identity.style]
    y, ax = grid.y, grid.ax
    width = identity.half_width * (volume + 0.03)
    crown = np.clip(-(y + 0.6), 0, 9) / (identity.top * volume - 0.6)
    cap = (ax / width) ** 2.5 + crown**2.4 < 1
    if identity.style == "long":
        wave = 0.05 * np.sin(2.6 * y + identity.seed) + 0.10 * np.clip(y, 0, 4)
        curtain = (ax < width + wave) & (y > -0.6)
        tips = (
            end - 0.5 + 0.35 * np.sin(7 * grid.x + identity.seed % 5) * 0.25 - 0.12 * (ax - 2) ** 2
        )
        return (cap | curtain) & (y < tips)
    # Short hair narrows and ends in front of the ear.
    return cap & (y < end - 0.35 * ramp(ax, width * 0.8, width))


def _strands(identity: Identity, grid: Grid, rng: np.random.Generator) -> Array:
    """Return a texture (H, W), about -2..2, of hairs from the parting outwards and down."""
    noise = blur(rng.standard_normal((48, 720), dtype=np.float32), 0.7)
    noise /= noise.std()
    px, py = 0.75 * identity.parting, -identity.top * 0.93
    if identity.style in ("crop", "fringe", "shaved"):
        px, py = 0.1 * identity.parting, -identity.top * 1.25
    dx, dy = grid.x - px, grid.y - py
    across = (np.arctan2(dx, dy) / (2 * np.pi) + 0.5) * 718
    grain = 9.0 if identity.style in ("crop", "shaved") else 3.0
    along = (np.hypot(dx, dy) * grain) % 46
    return cv2.remap(noise, across.astype(np.float32), along.astype(np.float32), cv2.INTER_LINEAR)


def hair_colour(identity: Identity, grid: Grid, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return lit hair (H, W, 3) and its strand texture (H, W)."""
    strands = _strands(identity, grid, rng)
    band = np.exp(-0.5 * ((grid.y + identity.top * 0.72) / 0.75) ** 2)
    rim = ramp(grid.ax, identity.half_width * 1.1, identity.half_width * 0.4)
    lit = 0.50 + 0.45 * band * rim + 0.18 * strands + 0.10 * rim
    lit = lit * (1 + 0.12 * np.sign(identity.light[0]) * grid.x / 2.4)
    sheen = 0.035 * band * rim * np.clip(strands + 0.6, 0, 2)
    lit = np.clip(lit, 0.22, 1.7)
    return np.asarray(identity.hair, np.float32) * (1.25 * lit)[..., None] + (0.012 + sheen)[
        ..., None
    ], strands


def back_hair(identity: Identity, grid: Grid, colour: Array, image: Array) -> Array:
    """Paint the hair behind the head and the neck."""
    if identity.style == "shaved":
        return image
    mask = blur(_outline(identity, grid).astype(np.float32), 2.0)
    return over(image, colour * 0.8, mask)


def front_hair(
    identity: Identity, grid: Grid, colour: Array, strands: Array, head: Array, image: Array
) -> Array:
    """Paint the hair over forehead and temples, and the shadow it casts on the skin."""
    y, ax = grid.y, grid.ax
    roundness = HAIR[identity.style][1]
    temple = -0.30 if identity.style != "fringe" else -0.1
    t = np.clip(ax / (identity.half_width * 0.93), 0, 1.2)
    lift = temple - identity.hairline
    slant = 0.0
    if identity.style in ("parted", "long"):
        # The parting: the hairline opens above it and falls away to both sides.
        slant = 0.22 * np.abs(grid.x - 0.75 * identity.parting) - 0.30
    line = identity.hairline + slant + lift * t**roundness + 0.035 * strands
    outline = _outline(identity, grid)
    cover = (y < line) & outline
    if identity.style == "long":
        # Falls beside the face and in front of the shoulders, never over the neck.
        edge = np.maximum(half_width(identity, y) * 0.985, 1.62 - 0.10 * (y - identity.chin))
        cover |= outline & (ax > edge + 0.02 * strands) & (y > -0.4)
    depth = 1.6 if identity.style != "shaved" else 4.0
    mask = blur(cover.astype(np.float32), depth)
    if identity.style == "shaved":
        mask = mask * np.clip(0.72 + 0.16 * strands, 0, 1)
    shadow = blur(mask, 0.10 / grid.step) * (1 - mask) * head
    image = image * (1 - (0.06 if identity.style == "shaved" else 0.22) * shadow)[..., None]
    return over(image, colour, mask)


def head_mask(identity: Identity, grid: Grid) -> tuple[Array, Array]:
    """Return where the head is (H, W), 0..1, and a darkening towards its outline."""
    width = np.maximum(half_width(identity, grid.y), 1e-3)
    share = grid.ax / width
    inside = (share < 1) & (grid.y < identity.chin) & (grid.y > -identity.top)
    return blur(inside.astype(np.float32), 1.3), 1 - 0.18 * ramp(share, 0.90, 1.0)
