"""The identity of a generated face: shape, colours, hair and light, all drawn from one seed."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Colour = tuple[float, float, float]
Style = Literal["crop", "fringe", "parted", "swept", "long", "shaved"]
STYLES: tuple[Style, ...] = get_args(Style)

# (hairline y, roundness of the hairline, lower end of the hair y, volume) of each style.
HAIR: dict[Style, tuple[float, float, float, float]] = {
    "crop": (-2.00, 3.4, 0.15, 1.045),
    "fringe": (-1.45, 5.0, 0.30, 1.09),
    "parted": (-2.05, 2.6, 0.25, 1.08),
    "swept": (-2.30, 2.4, 0.10, 1.09),
    "long": (-2.10, 2.2, 4.60, 1.12),
    "shaved": (-2.25, 3.0, -0.10, 1.005),
}
LIGHT_SKIN, DARK_SKIN = np.array([0.92, 0.75, 0.66]), np.array([0.47, 0.31, 0.23])
HAIR_COLOURS = np.array(
    [
        [0.08, 0.07, 0.07],
        [0.14, 0.10, 0.08],
        [0.22, 0.14, 0.09],
        [0.38, 0.26, 0.15],
        [0.50, 0.37, 0.21],
    ]
)
IRIS_COLOURS = np.array(
    [[0.20, 0.12, 0.07], [0.28, 0.18, 0.10], [0.25, 0.33, 0.22], [0.25, 0.38, 0.50]]
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Shape in face units, colours as RGB 0..1.

    One face unit is half the distance between the pupils; the origin lies midway between them,
    x to the right of the image, y down. Left and right halves mirror each other.
    """

    seed: int
    half_width: float
    chin: float
    top: float
    jaw_power: float
    jaw_root: float
    eye_width: float
    eye_height: float
    eye_tilt: float
    iris_radius: float
    brow_y: float
    brow_arch: float
    brow_thickness: float
    brow_tilt: float
    brow_density: float
    nose_length: float
    nose_width: float
    nose_height: float
    mouth_y: float
    mouth_width: float
    upper_lip: float
    lower_lip: float
    skin: Colour
    lip: Colour
    iris: Colour
    hair: Colour
    cloth: Colour
    backdrop: Colour
    style: Style
    hairline: float
    parting: float
    collar: float
    light: tuple[float, float, float]
    blush: float
    moles: int
    stubble: float


def _colour(values: np.ndarray) -> Colour:
    r, g, b = np.clip(values, 0, 1)
    return (float(r), float(g), float(b))


def random_identity(seed: int) -> Identity:
    """Return the identity of a seed: the same seed gives the same face on every machine."""
    rng = np.random.default_rng([seed, 0xFACE])
    u = lambda low, high: float(rng.uniform(low, high))  # noqa: E731
    tone = u(0, 1) ** 1.2
    skin = (1 - tone) * LIGHT_SKIN + tone * DARK_SKIN + rng.uniform(-0.02, 0.02, 3)
    # Redder and darker than the skin, never close to it: a pale lip misleads landmark models.
    lip = skin * (np.array([0.76, 0.48, 0.50]) + rng.uniform(-0.04, 0.03, 3))
    style = STYLES[int(rng.integers(len(STYLES)))]
    light_side = u(-0.38, 0.38)
    return Identity(
        seed=seed,
        half_width=u(2.18, 2.40),
        chin=u(3.60, 3.92),
        top=u(3.30, 3.65),
        jaw_power=u(2.1, 2.6),
        jaw_root=u(0.46, 0.54),
        eye_width=u(0.37, 0.42),
        eye_height=u(0.155, 0.20),
        eye_tilt=u(-0.02, 0.10),
        iris_radius=u(0.175, 0.195),
        brow_y=u(-0.62, -0.53),
        brow_arch=u(0.08, 0.20),
        brow_thickness=u(0.075, 0.120),
        brow_tilt=u(-0.08, 0.04),
        brow_density=u(0.74, 0.92),
        nose_length=u(1.46, 1.66),
        nose_width=u(0.42, 0.53),
        nose_height=u(0.55, 0.78),
        mouth_y=u(2.15, 2.30),
        mouth_width=u(0.82, 0.95),
        upper_lip=u(0.17, 0.23),
        lower_lip=u(0.27, 0.36),
        skin=_colour(skin),
        lip=_colour(lip),
        iris=_colour(IRIS_COLOURS[rng.integers(4 if tone < 0.4 else 2)]),
        hair=_colour(HAIR_COLOURS[rng.integers(5 if tone < 0.45 else 2)] * u(0.85, 1.1)),
        cloth=_colour(u(0.12, 0.62) + rng.uniform(-0.10, 0.10, 3)),  # Less bright than a face.
        backdrop=_colour(u(0.38, 0.72) + rng.uniform(-0.03, 0.03, 3)),
        style=style,
        hairline=HAIR[style][0] + u(-0.12, 0.12),
        parting=u(-1, 1),
        collar=u(0.0, 0.5),
        light=(light_side, u(-0.60, -0.35), 1.0),
        blush=u(0.5, 1.2),
        moles=int(rng.integers(0, 5)),
        stubble=u(0, 1) ** 3 if style in ("crop", "swept", "shaved", "parted") else 0.0,
    )
