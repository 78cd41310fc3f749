"""Align: rotate and place the face, and remove head drift without changing the expression.

The result is geometry, not pixels: one transform per frame from the aligned square, which has the
camera's scale (no zoom), is SIDE eye distances wide, and has the eyes level and their midpoint at
EYES. Crop samples the raw frames with it, so every pixel is resampled once. Landmarks detected in
every frame jitter by as much as a micro-expression moves, so the clip has one transform, composed
with the drift.
"""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from merflow.clip import ClipArrays, eye_centres
from merflow.errors import SkipClip
from merflow.frame_buffer import Frames, allocate, decoded, luma_of_files
from merflow.stages.faces import Face, Finder
from merflow.stages.geometry import apply, compose, face_frame, invert, similarity, transform_points
from merflow.stages.head_motion import Drift, rigid_drift
from merflow.stages.magnification.compression import Area, frame_coding
from merflow.stages.resample import warp
from merflow.stages.threads import parallel_for
from merflow.text import plural

if TYPE_CHECKING:
    from merflow.config.settings import Align

_log = logging.getLogger(__name__)

SIDE = 4.4
"""Side of the output in eye distances: the whole-face region with a margin of 1 just fits."""
EYES = (0.5, 0.34)
"""Position of the eye midpoint in the output, as shares of its side (x, y)."""

CLEAR = 0.5
"""Detector score from which a frame's landmarks have full weight."""
FURTHER = 16
"""Number of evenly spread frames in which landmarks are read once the drift is known."""
APART = 0.06
"""Mean distance (eye distances) from the median landmarks at which a frame has half weight."""


def align_clip(
    arrays: ClipArrays, settings: "Align", finder: Finder, *, still: bool = False
) -> ClipArrays:
    """Return the clip with the same frames, and views and landmarks in the aligned square.

    Clips that enter aligned or later pass unchanged, without landmarks. Raises SkipClip when the
    clip is too short or no face is found in its first frames. still: one frame is the whole clip.
    """
    if arrays.enters_at != "raw":
        return arrays
    count, needed = len(arrays.frames), 1 if still else settings.min_frames
    if count < needed:
        raise SkipClip(f"only {plural(count, 'frame')}, {needed} needed")
    seen = replace(arrays, frames=decoded(luma_of_files(arrays.frames)))
    faces = find_faces(seen, settings, finder)
    if settings.strategy == "frame":
        landmarks, views = frame_views(faces, count, settings.reference_frames)
        drift = None
    else:
        landmarks, views, drift = clip_views(seen, settings, faces, finder)
    upright = invert(views[0])
    left, right = eye_centres(apply(upright, landmarks))
    facts = _facts(settings, faces, float(np.hypot(*(right - left))), upright, drift)
    facts["coding"] = frame_coding(seen.frames, face_area(landmarks))
    return replace(
        arrays,
        views=views,
        landmarks=apply(upright, landmarks).astype(np.float32),
        facts={**arrays.facts, "align": facts},
    )


def aligned_frames(arrays: ClipArrays) -> Frames:
    """Return the pictures of an aligned clip, (T, S, S, C) uint8, at the camera's scale.

    Clips that enter aligned or later show their frames as they are.
    """
    if arrays.views is None:
        return arrays.frames
    side = output_side(arrays.eye_distance)
    frames = allocate((len(arrays.frames), side, side, arrays.frames.shape[3]))

    def place(t: int) -> None:
        frames[t] = warp(arrays.frames[t], arrays.views[t], (side, side))

    parallel_for(place, len(frames))
    return frames


def find_faces(arrays: ClipArrays, settings: "Align", finder: Finder) -> dict[int, Face]:
    """Return position -> face in the frames that the strategy needs."""
    first = min(settings.reference_frames, len(arrays.frames))
    searched = range(len(arrays.frames)) if settings.strategy == "frame" else range(first)
    faces = {t: face for t in searched if (face := finder.find(arrays.frames[t])) is not None}
    if not any(t < first for t in faces):
        raise SkipClip(f"no face found in the first {first} frames")
    most = max(face.seen for face in faces.values())
    if most > 1:
        _log.warning("%s: %d faces in one frame, the largest is used", arrays.key, most)
    return faces


def clip_views(
    arrays: ClipArrays, settings: "Align", faces: dict[int, Face], finder: Finder | None = None
) -> tuple[np.ndarray, np.ndarray, Drift | None]:
    """Return landmarks, one transform per frame, and the drift (strategies clip and stable).

    All frames have one transform; with `stable`, composed with the frame's drift. finder: reads
    the landmarks of further frames once the drift is known.
    """
    found = {t: face.landmarks.astype(np.float64) for t, face in faces.items()}
    landmarks = _mean(found, faces)
    drift = None
    if settings.strategy == "stable":
        drift = rigid_drift(arrays.frames, eye_centres(landmarks), arrays.fps)
        if drift is None:
            _log.warning("%s: too few points move together, head drift is not removed", arrays.key)
        else:
            if finder is not None:
                faces = faces | further_faces(arrays, faces, drift, finder)
            landmarks = mean_landmarks(faces, drift)
    view = view_of(eye_centres(landmarks))
    if drift is None:
        return landmarks, np.stack([view] * len(arrays.frames)), None
    views = np.stack([compose(motion, view) for motion in drift.transforms])
    # The first frame is the reference: its (smoothed) motion is part of every landmark.
    return apply(drift.transforms[0], landmarks), views, drift


def further_faces(
    arrays: ClipArrays, faces: dict[int, Face], drift: Drift, finder: Finder
) -> dict[int, Face]:
    """Return the faces of up to FURTHER other frames, in the first face's box moved by the drift.

    The box moves by whole pixels: any other change makes dlib's landmarks jump.
    """
    first = min(faces)
    x0, y0, x1, y1 = faces[first].box
    middle = np.array([[(x0 + x1) / 2, (y0 + y1) / 2]])
    start = apply(invert(drift.transforms[first]), middle)
    spread = np.linspace(0, len(arrays.frames) - 1, FURTHER).round().astype(int)
    found = {}
    for t in sorted({*spread.tolist()} - {*faces}):
        right, down = np.rint(apply(drift.transforms[t], start) - middle)[0]
        moved = faces[first]._replace(box=(x0 + right, y0 + down, x1 + right, y1 + down))
        found[t] = finder.follow(arrays.frames[t], moved)
    return found


def mean_landmarks(faces: dict[int, Face], drift: Drift) -> np.ndarray:
    """Return the mean landmarks of all frames without drift, (5 or 68, 2) px.

    Frames far from the median (a turned or hidden face) have little weight.
    """
    back = {t: apply(invert(drift.transforms[t]), one.landmarks) for t, one in faces.items()}
    every = np.stack(list(back.values()))
    off = np.linalg.norm(every - np.median(every, axis=0), axis=2).mean(1)
    unit = float(np.hypot(*np.subtract(*eye_centres(every.mean(0)))))
    return _mean(back, faces, 1 / (1 + (off / (APART * unit)) ** 4))


def _mean(
    landmarks: dict[int, np.ndarray], faces: dict[int, Face], weights: np.ndarray | float = 1.0
) -> np.ndarray:
    """Return the mean of the frames' landmarks; faces with a low score have little weight."""
    weights = weights * np.array([min(1.0, faces[t].score / CLEAR) for t in landmarks])
    return np.einsum("t,tnd->nd", weights / weights.sum(), np.stack(list(landmarks.values())))


def frame_views(faces: dict[int, Face], count: int, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Return landmarks and one transform per frame from its landmarks (strategy frame).

    Frames without a face use the nearest frame with one; the eye distance is that of the first
    `first` frames.
    """
    found = {t: face.landmarks.astype(np.float64) for t, face in faces.items()}
    distances = [np.hypot(*np.subtract(*eye_centres(p))) for t, p in found.items() if t < first]
    nearest = [min(found, key=lambda t: (abs(t - i), t)) for i in range(count)]
    views = [view_of(eye_centres(found[t]), float(np.mean(distances))) for t in nearest]
    return found[nearest[0]], np.stack(views)


def view_of(eyes: tuple[np.ndarray, np.ndarray], distance: float | None = None) -> np.ndarray:
    """Return the 2x3 transform from output px to frame px that levels and places the eyes.

    distance: eye distance in the output (px); default: that of the frame (scale 1).
    """
    frame = face_frame(eyes)
    unit = float(np.hypot(*frame[:, 0]))
    wanted = distance or unit
    angle = float(np.arctan2(frame[1, 0], frame[0, 0]))
    turn = similarity(unit / wanted, angle, np.zeros(2))
    place = np.array(EYES) * SIDE * wanted
    turn[:, 2] = frame[:, 2] - turn[:, :2] @ place
    return turn


def face_area(landmarks: np.ndarray) -> Area:
    """Return the square of the face from brows to mouth, in px of the frame."""
    left, right = eye_centres(landmarks)
    reach = float(np.hypot(*(right - left)))
    x, y = (left + right) / 2 + np.array([left[1] - right[1], right[0] - left[0]]) / 2
    return Area(*np.rint([x - reach, y - reach, x + reach, y + reach]).astype(int).tolist())


def output_side(distance: float) -> int:
    """Return the side of the output (px) for an eye distance (px)."""
    return max(16, round(SIDE * distance))


def _facts(
    settings: "Align",
    faces: dict[int, Face],
    distance: float,
    upright: np.ndarray,
    drift: Drift | None,
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "strategy": settings.strategy,
        "points": settings.points,
        "eye_distance": round(distance, 3),
        "transform": np.round(upright, 6).tolist(),
        "frames_with_face": sorted(faces),
        "faces": max(face.seen for face in faces.values()),
    }
    if settings.strategy == "stable":
        facts["drift_removed"] = drift is not None
    if drift is not None:
        middle = drift.trust @ drift.points / drift.trust.sum()
        path = transform_points(drift.transforms, middle[None])[:, 0]
        facts["drift_px"] = round(float(np.hypot(*(path - path[0]).T).max()), 3)
        facts["rigid_residual_px"] = round(drift.residual, 4)
        facts["drift_share"] = round(drift.share, 4)
        facts["tracked_points"] = round(float(drift.trust.sum() ** 2 / (drift.trust**2).sum()))
    return facts
