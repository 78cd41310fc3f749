"""The still image of a face: painted once at twice the frame's resolution, then only warped."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from merflow.synthetic import features, surroundings
from merflow.synthetic.face import Grid, height
from merflow.synthetic.identity import random_identity
from merflow.synthetic.shade import Light, blur, light_face

Array = np.ndarray
Part = tuple[slice, slice]

OVERSAMPLING = 2
FINE = 4
CAMERA_BLUR = 0.45 * OVERSAMPLING
GAMMA = 1 / 1.15
HEAD = (-3.5, 3.5, -4.4, 5.0)
"""The part of the scene that can move: left, right, top, bottom, in face units."""
AROUND = (HEAD[0] - 0.5, HEAD[1] + 0.5, HEAD[2] - 0.5, HEAD[3] + 0.5)
"""The part of a frame that contains HEAD under every placement of a clip."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Position of a face in its frame: `size` is (width, height) in px, `unit` px per face unit."""

    size: tuple[int, int]
    unit: float

    @property
    def centre(self) -> tuple[float, float]:
        """Pixel midway between the pupils."""
        return (self.size[0] / 2, self.size[1] * 0.45)

    def grid(self, oversampling: int = 1) -> Grid:
        """Return face-unit positions of every pixel of the frame, or of its oversampled image."""
        (w, h), (cx, cy), s = self.size, self.centre, oversampling
        x = ((np.arange(w * s, dtype=np.float32) + 0.5) / s - 0.5 - cx) / self.unit
        y = ((np.arange(h * s, dtype=np.float32) + 0.5) / s - 0.5 - cy) / self.unit
        gx, gy = np.meshgrid(x, y)
        return Grid(gx, gy, 1 / (self.unit * s))

    def rows_columns(
        self, box: tuple[float, float, float, float], oversampling: int = 1
    ) -> tuple[slice, slice]:
        """Pixel slices of a box (left, right, top, bottom) in face units, cut to the frame."""
        s = oversampling

        def cut(low: float, high: float, centre: float, size: int) -> slice:
            a, b = (round((centre + v * self.unit) * s) for v in (low, high))
            return slice(max(a, 0), min(b, size * s))

        return (
            cut(box[2], box[3], self.centre[1], self.size[1]),
            cut(box[0], box[1], self.centre[0], self.size[0]),
        )


@dataclass(frozen=True, slots=True)
class Portrait:
    """The still image, RGB float32 0..255, and the parts needed to repaint its eyes.

    whole: (H, W, 3) at OVERSAMPLING; moving: (h, w, 3) at FINE, the moving part, with its first
    pixel at `corner` (x, y) of the whole image at FINE; height: of the face, in face units, at
    the frame's own resolution.
    """

    whole: Array
    moving: Array
    corner: tuple[int, int]
    height: Array
    _eyes: Part
    _socket: Array
    _grid: Grid
    _light: Light
    _seed: int

    def with_eyes(self, closed: float) -> Array:
        """Return `moving` with the lids closed by a share 0..1."""
        if closed <= 0:
            return self.moving
        identity = random_identity(self._seed)
        patch = finer(
            finish(features.eyes(identity, self._grid, self._light, closed, self._socket))
        )
        rows, columns = self._eyes
        edge, up = 16, FINE // OVERSAMPLING
        top, left = rows.start * up - self.corner[1], columns.start * up - self.corner[0]
        h, w = patch.shape[:2]
        moving = self.moving.copy()
        moving[top + edge : top + h - edge, left + edge : left + w - edge] = patch[
            edge:-edge, edge:-edge
        ]
        return moving


def finish(colour: Array) -> Array:
    """Convert linear RGB 0..1 to the camera's 0..255, with its blur."""
    return blur(np.clip(colour, 0, 1).astype(np.float32) ** GAMMA * np.float32(255), CAMERA_BLUR)


def finer(image: Array) -> Array:
    """From OVERSAMPLING to FINE.

    Frames sample this one linearly: OpenCV's cubic kernel does not keep a straight ramp straight,
    which would bend small movements by up to 0.03 px.
    """
    size = (image.shape[1] * FINE // OVERSAMPLING, image.shape[0] * FINE // OVERSAMPLING)
    return cv2.resize(image, size, interpolation=cv2.INTER_LANCZOS4)


@lru_cache(maxsize=4)
def portrait(seed: int, scene: Scene) -> Portrait:
    """Paint the face of `seed`: deterministic, about 1 s, cached for the next clip."""
    identity = random_identity(seed)
    rng = np.random.default_rng([seed, 0x9A17])
    full = scene.grid(OVERSAMPLING)
    canvas = surroundings.backdrop(identity, full, rng)
    part = scene.rows_columns(HEAD, OVERSAMPLING)
    grid = full.window(*part)
    hair, strands = surroundings.hair_colour(identity, grid, rng)
    canvas[part] = surroundings.back_hair(identity, grid, hair, canvas[part])
    canvas[part] = surroundings.ears(identity, grid, canvas[part])
    canvas = surroundings.body(identity, full, rng, canvas)

    light = light_face(identity, grid, rng)
    face = features.skin(identity, grid, light, rng)
    face = features.nostrils(identity, grid, features.mouth(identity, grid, light, rng, face))
    head, rim = surroundings.head_mask(identity, grid)

    # Eyes and brows lie inside the head and below the hair: the eye region is kept for blinks.
    box = scene.rows_columns((-1.75, 1.75, -0.48, 0.48), OVERSAMPLING)
    inner = tuple(
        slice(b.start - p.start, b.stop - p.start) for b, p in zip(box, part, strict=True)
    )
    face = features.brows(identity, grid, light, rng, face)
    inside = head[..., None]
    closed_face = canvas[part] * (1 - inside) + face * rim[..., None] * inside
    closed_face = surroundings.front_hair(identity, grid, hair, strands, head, closed_face)
    eyes = grid.window(*inner)
    eye_light = Light(light.diffuse[inner], light.shine[inner], light.lambert[inner])
    socket = closed_face[inner].copy()
    closed_face[inner] = features.eyes(identity, eyes, eye_light, 0.0, socket)
    canvas[part] = closed_face
    small = scene.grid()
    z = blur(height(identity, small).astype(np.float32), 0.12 * scene.unit)
    whole = finish(canvas)
    # A margin, because the placement moves outer parts into the frame.
    left, right, top, bottom = AROUND
    moving = scene.rows_columns((left - 0.5, right + 0.5, top - 0.5, bottom + 0.5), OVERSAMPLING)
    up = FINE // OVERSAMPLING
    corner = (moving[1].start * up, moving[0].start * up)
    return Portrait(whole, finer(whole[moving]), corner, z, box, socket, eyes, eye_light, seed)
