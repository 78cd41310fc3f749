"""One person's still picture: painted once at twice the frame's resolution, then only warped."""

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
"""The part of a frame in which HEAD lies, wherever the clip's placement puts it."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a face lies in its frame: `size` is (width, height) in px, `unit` px a face unit."""

    size: tuple[int, int]
    unit: float

    @property
    def centre(self) -> tuple[float, float]:
        """Pixel midway between the pupils."""
        return (self.size[0] / 2, self.size[1] * 0.45)

    def grid(self, oversampling: int = 1) -> Grid:
        """Face-unit positions of every pixel of the frame, or of its finer picture."""
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
    """The still picture, RGB float32 0..255, and how to redo its eyes.

    whole: (H, W, 3) at OVERSAMPLING; moving: (h, w, 3) at FINE, the part that moves, whose first
    pixel is `corner` (x, y) of the whole picture at FINE; height: of the face, in face units, at
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
        person = random_identity(self._seed)
        patch = finer(finish(features.eyes(person, self._grid, self._light, closed, self._socket)))
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
    """From linear RGB 0..1 to the camera's 0..255, with its blur."""
    return blur(np.clip(colour, 0, 1).astype(np.float32) ** GAMMA * np.float32(255), CAMERA_BLUR)


def finer(picture: Array) -> Array:
    """From OVERSAMPLING to FINE.

    Frames sample this one linearly: OpenCV's cubic kernel does not keep a straight ramp straight,
    which would bend small movements by up to 0.03 px.
    """
    size = (picture.shape[1] * FINE // OVERSAMPLING, picture.shape[0] * FINE // OVERSAMPLING)
    return cv2.resize(picture, size, interpolation=cv2.INTER_LANCZOS4)


@lru_cache(maxsize=4)
def portrait(seed: int, scene: Scene) -> Portrait:
    """Paint the person of `seed`: deterministic, about a second, kept for the next clip."""
    person = random_identity(seed)
    rng = np.random.default_rng([seed, 0x9A17])
    full = scene.grid(OVERSAMPLING)
    canvas = surroundings.backdrop(person, full, rng)
    part = scene.rows_columns(HEAD, OVERSAMPLING)
    grid = full.window(*part)
    hair, strands = surroundings.hair_colour(person, grid, rng)
    canvas[part] = surroundings.back_hair(person, grid, hair, canvas[part])
    canvas[part] = surroundings.ears(person, grid, canvas[part])
    canvas = surroundings.body(person, full, rng, canvas)

    light = light_face(person, grid, rng)
    face = features.skin(person, grid, light, rng)
    face = features.nostrils(person, grid, features.mouth(person, grid, light, rng, face))
    head, rim = surroundings.head_mask(person, grid)
    mix = (rim * 1.0)[..., None]

    def compose(face: Array) -> Array:
        under = canvas[part] * (1 - head[..., None]) + face * mix * head[..., None]
        return surroundings.front_hair(person, grid, hair, strands, head, under)

    # Eyes and brows lie inside the head and below the hair: the socket is kept for blinks.
    box = scene.rows_columns((-1.75, 1.75, -0.48, 0.48), OVERSAMPLING)
    inner = tuple(
        slice(b.start - p.start, b.stop - p.start) for b, p in zip(box, part, strict=True)
    )
    face = features.brows(person, grid, light, rng, face)
    closed_face = compose(face)
    eyes = grid.window(*inner)
    eye_light = Light(light.diffuse[inner], light.shine[inner], light.lambert[inner])
    socket = closed_face[inner].copy()
    closed_face[inner] = features.eyes(person, eyes, eye_light, 0.0, socket)
    canvas[part] = closed_face
    small = scene.grid()
    z = blur(height(person, small).astype(np.float32), 0.12 * scene.unit)
    whole = finish(canvas)
    # A margin, for what the placement brings in from outside.
    left, right, top, bottom = AROUND
    moving = scene.rows_columns((left - 0.5, right + 0.5, top - 0.5, bottom + 0.5), OVERSAMPLING)
    up = FINE // OVERSAMPLING
    corner = (moving[1].start * up, moving[0].start * up)
    return Portrait(whole, finer(whole[moving]), corner, z, box, socket, eyes, eye_light, seed)
