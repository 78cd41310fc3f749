"""The motion of a clip over time: expression, head drift, blinks and distractors."""

from dataclasses import dataclass

import numpy as np

from merflow.synthetic.clip import DemoClip
from merflow.synthetic.expressions import Unit
from merflow.synthetic.face import ramp

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Motion:
    """All motion of one clip; arrays have one row per frame.

    course: (T,) 0..1, the expression, 1 at the apex; shift: (T, 2) px; roll, yaw, pitch: (T,)
    radians; scale: (T,) factor; closed: (T,) lids 0..1; gain: (T,) brightness factor;
    distractors: [(x, y, dx, dy, spread) in face units and px, (T,) course] each.
    """

    course: Array
    shift: Array
    roll: Array
    yaw: Array
    pitch: Array
    scale: Array
    closed: Array
    gain: Array
    place: tuple[float, float, float, float]
    """Placement of the whole scene: shift x, y (px), roll (radians), scale."""
    units: tuple[Unit, ...]
    balance: float
    distractors: tuple[tuple[tuple[float, float, float, float, float], Array], ...]


def course(frames: int, apex: int, rest: float) -> Array:
    """Return (T,): 0 at the first frame, 1 at position `apex`, back to `rest` at the last."""
    t = np.arange(frames)
    rise = ramp(t / max(apex, 1), 0, 1)
    fall = 1 - (1 - rest) * ramp((t - apex) / max(frames - 1 - apex, 1), 0, 1)
    return np.where(t <= apex, rise, fall)


def _walk(rng: np.random.Generator, frames: int, smoothness: float) -> Array:
    """Return a smooth random path (T,) that starts at 0 and reaches a distance of 1."""
    radius = int(3 * smoothness)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / smoothness) ** 2)
    steps = rng.standard_normal(frames + 2 * radius)
    path = np.convolve(steps, kernel, "valid")
    path = path - path[0]
    return path / max(np.abs(path).max(), 1e-9)


def _blink(rng: np.random.Generator, clip: DemoClip) -> Array:
    """Return lid closure (T,): a blink of about 0.25 s, sometimes cut by the end of the clip."""
    t = np.arange(clip.frames) / clip.fps
    if rng.random() >= clip.difficulty.blink_share:
        return np.zeros(clip.frames)
    # No blink in the very first frames, from which alignment takes its landmarks.
    centre = rng.uniform(0.35, 1.0) * t[-1] + 0.08
    return np.exp(-0.5 * ((t - centre) / 0.035) ** 2) * (np.abs(t - centre) < 0.12)


def _distractors(rng: np.random.Generator, clip: DemoClip, scale: float) -> tuple:
    """Return small pulls at random places of the face, each with its time course."""
    out = []
    for _ in range(clip.difficulty.distractors):
        size = scale * rng.uniform(*clip.difficulty.distractor_px)
        angle = rng.uniform(0, 2 * np.pi)
        place = (rng.uniform(-1.6, 1.6), rng.uniform(-1.0, 3.2))
        spread = rng.uniform(0.25, 0.55)
        peak = rng.integers(1, max(clip.frames - 1, 2))
        run = course(clip.frames, int(peak), rng.uniform(0, 0.6))
        pull = (*place, size * np.cos(angle), size * np.sin(angle), spread)
        out.append((tuple(float(v) for v in pull), run))
    return tuple(out)


def motion(clip: DemoClip) -> Motion:
    """Draw the motion of a clip from its seed."""
    d, n = clip.difficulty, clip.frames
    rng = np.random.default_rng([clip.seed, 0x30710])
    scale = clip.size[1] / 480
    long = 0.10 * clip.fps
    shift = np.stack([_walk(rng, n, long), 0.7 * _walk(rng, n, long)], 1)
    shift *= scale * d.drift_px * rng.uniform(0.5, 1)
    roll, yaw, pitch = (_walk(rng, n, long) * rng.uniform(0.4, 1) for _ in range(3))
    pose = [np.radians(v * rng.uniform(-1, 1)) for v in d.pose_degrees]
    flat = clip.expression == "neutral" or not clip.units
    run = course(n, clip.apex - clip.onset, rng.uniform(0, 0.25))
    change = [1 + d.variation * rng.uniform(-1, 1) for _ in clip.units]
    return Motion(
        course=np.zeros(n) if flat else run,
        shift=shift,
        roll=roll * np.radians(d.roll_degrees),
        yaw=pose[0] + yaw * np.radians(d.turn_degrees),
        pitch=pose[1] + pitch * np.radians(d.turn_degrees),
        scale=1 + 0.0008 * d.drift_px * _walk(rng, n, long),
        closed=_blink(rng, clip),
        gain=1 + d.flicker * rng.standard_normal(n),
        place=(
            float(scale * rng.uniform(-8, 8)),
            float(scale * rng.uniform(-6, 6)),
            float(np.radians(rng.uniform(-2, 2))),
            float(rng.uniform(0.97, 1.03)),
        ),
        units=tuple((u, s * c) for (u, s), c in zip(clip.units, change, strict=True)),
        balance=float(d.variation * rng.uniform(-1, 1)),
        distractors=_distractors(rng, clip, scale),
    )
