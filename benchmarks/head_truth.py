"""Demo faces with known motion of head and expression, and measures of alignment."""

from merflow.clip import ClipArrays, ClipKey
from merflow.stages.geometry import apply, invert
from merflow.synthetic.clip import DemoClip, Difficulty
from merflow.synthetic.render import render_clip
from merflow.synthetic.warp import Warp

import functools

import numpy as np

HAPPY = (("6", 0.6), ("12", 1.0))
SURPRISE = (("1", 0.9), ("2", 0.8), ("5", 0.5), ("26", 0.8))
SADNESS = (("1", 0.5), ("4", 0.8), ("15", 1.0))
DISGUST = (("4", 0.8), ("9", 1.0))
CALM = {"blink_share": 0.0, "distractors": 0, "turn_degrees": 0.0}
HALF_EYES = 42.0
"""Half the eye distance of the faces (px)."""


def demo_clip(units=(), person=3, frames=24, amplitude=1.0, fps=100.0, drift=1.5, **difficulty):
    """Return a clip of 360x420; drift: largest head shift (px), reached 0.5 to 1 times."""
    settings = {**CALM, "drift_px": drift * 480 / 420, **difficulty}
    key = ClipKey("casme2", f"sub{person:02d}", "EP01_01")
    last = 100 + frames - 1
    return DemoClip(
        *("casme2", key.subject, key.clip, key, "any", "positive" if units else "neutral"),
        *(units, "", 7, 100, 100 + frames // 2, last, fps, (360, 420), HALF_EYES, amplitude),
        *(person, person + 50, False, Difficulty(**settings)),
    )


@functools.cache
def _drawn(clip):
    frames = np.stack(list(render_clip(clip)))
    frames.flags.writeable = False
    return frames


def arrays_of(clip, **changes):
    """The clip as the align stage gets it."""
    given = {
        "key": clip.key,
        "frames": _drawn(clip),
        "fps": clip.fps,
        "numbers": np.arange(clip.onset, clip.offset + 1),
        "onset": 0,
        "apex": clip.apex - clip.onset,
        "offset": clip.frames - 1,
    }
    return ClipArrays(**given | changes)


def face_points(step=0.4):
    """Points of the face in half eye distances from the eyes' middle, (N, 2)."""
    grid = np.meshgrid(np.arange(-1.6, 1.61, step), np.arange(-1.2, 3.01, step))
    return np.stack(grid, -1).reshape(-1, 2)


class Truth:
    """Where points of the face lie in each frame of the clip, by its own parameters."""

    def __init__(self, clip):
        self.clip, self.warp = clip, Warp(clip)
        self.motion = self.warp.motion

    def at(self, points, t, expression=True):
        """(N, 2) px in frame t of points given in half eye distances."""
        m, warp = self.motion, self.warp
        still = points * self.clip.unit
        turn = np.array([[m.scale[t] - 1, -m.roll[t]], [m.roll[t], m.scale[t] - 1]])
        depth = self._looked_up(self.warp.maps.z, points)
        tilt = np.sin([m.yaw[t], m.pitch[t]])
        moved = still @ turn.T + m.shift[t] + depth[:, None] * tilt
        if expression:
            moved = moved + m.course[t] * self.expression(points)
        return (still + np.array(warp.scene.centre) + moved) @ warp.linear.T + warp.offset

    def expression(self, points):
        """(N, 2) px at the apex, before the scene is placed in the frame."""
        return self._looked_up(self.warp.maps.expression, points)

    def _looked_up(self, values, points):
        place = (points * self.clip.unit + np.array(self.warp.scene.centre)).astype(np.float32)
        return self.warp.look_up(values, place[:, None, 0], place[:, None, 1])[:, 0]


def rigid_left(clip, views):
    """Rms motion (px, as a vector) of a face without expression, seen through `views`."""
    truth, points = Truth(clip), face_points()
    seen = [apply(invert(v), truth.at(points, t, False)) for t, v in enumerate(views)]
    moved = np.stack(seen) - seen[0]
    return float(np.sqrt((moved**2).sum(2).mean()))


def expression_kept(clip, views):
    """Share of the true expression that is there at the apex, seen through `views`."""
    truth, points, apex = Truth(clip), face_points(0.1), clip.apex - clip.onset
    true = truth.motion.course[apex] * truth.expression(points)
    strong = np.hypot(*true.T) > 0.4 * np.hypot(*true.T).max()
    points = points[strong]
    true = true[strong] @ truth.warp.linear.T @ invert(views[0])[:, :2].T
    seen = [apply(invert(views[t]), truth.at(points, t)) for t in (0, apex)]
    return float(((seen[1] - seen[0]) * true).sum() / (true**2).sum())


def true_picture(clip, arrays, size):
    """The expression's flow (size, size, 2) in eye distances, from the clip's own parameters."""
    truth = Truth(clip)
    transform, crop = np.array(arrays.facts["align"]["transform"]), arrays.facts["crop"]
    points = np.stack(np.meshgrid(np.arange(-2.6, 2.61, 0.05), np.arange(-2, 4.41, 0.05)), -1)
    points = points.reshape(-1, 2)
    moved = truth.motion.course[arrays.apex] * truth.expression(points)
    moved = moved @ truth.warp.linear.T @ transform[:, :2].T * crop["scale"]
    place = apply(transform, truth.at(points, 0, False)) - crop["square"][:2]
    cell = np.floor((place + 0.5) * crop["scale"] * size / arrays.frames.shape[1]).astype(int)
    inside = ((cell >= 0) & (cell < size)).all(1)
    total, count = np.zeros((size, size, 2)), np.zeros((size, size))
    np.add.at(total, (cell[inside, 1], cell[inside, 0]), moved[inside])
    np.add.at(count, (cell[inside, 1], cell[inside, 0]), 1)
    return total / np.maximum(count, 1)[..., None] / arrays.eye_distance
