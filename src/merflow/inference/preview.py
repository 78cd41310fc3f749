"""Previews of a magnified clip: factors side by side, point traces, kymographs."""

from typing import TYPE_CHECKING

import cv2
import numpy as np

from merflow.clip import ClipArrays, eye_centres
from merflow.stages.select import with_apex

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ANCHORS = {
    "left brow": (-0.45, -0.42),
    "right brow": (0.45, -0.42),
    "left mouth corner": (-0.40, 1.12),
    "right mouth corner": (0.40, 1.12),
}
"""Traced points, in eye distances from the midpoint between the eyes (x right, y down)."""
WINDOW = 31
"""Side of the patch that is tracked (px)."""
STRAY = 1.5
"""Largest correction (px) of a tracked point by a direct match with the onset frame."""


def anchors(clip: ClipArrays) -> dict[str, np.ndarray]:
    """Return the traced points of a cropped clip in its pixels, (2,) float32 each."""
    height, width = clip.frames.shape[1:3]
    if clip.landmarks is None:
        middle, unit = np.array([width / 2, height * 0.38]), width / 2.42
    else:
        left, right = eye_centres(clip.landmarks)
        middle, unit = (left + right) / 2, clip.eye_distance
    inside = np.array([width - 1, height - 1])
    return {
        name: np.clip(middle + unit * np.array(offset), 0, inside).astype(np.float32)
        for name, offset in ANCHORS.items()
    }


def traces(clip: ClipArrays) -> dict[str, np.ndarray]:
    """Return (T, 2) float32 displacement from the onset frame (px) of every traced point.

    A point is tracked from frame to frame, then matched with the onset frame, so that errors do
    not accumulate. Where magnification has changed its surroundings so much that the two results
    differ by STRAY or more, the tracked position is used.
    """
    grey = [_grey(frame) for frame in clip.frames]
    start = np.stack(list(anchors(clip).values()))[:, None]
    track = np.zeros((len(grey), len(start), 2), np.float32)
    for order in (range(clip.onset + 1, len(grey)), range(clip.onset - 1, -1, -1)):
        place, before = start, grey[clip.onset]
        for time in order:
            place = _follow(before, grey[time], place, place)
            again = _follow(grey[clip.onset], grey[time], start, place)
            near = np.linalg.norm(again - place, axis=2, keepdims=True) < STRAY
            place, before = np.where(near, again, place), grey[time]
            track[time] = (place - start)[:, 0]
    return {name: track[:, i] for i, name in enumerate(ANCHORS)}


def _follow(
    first: np.ndarray, second: np.ndarray, points: np.ndarray, guess: np.ndarray
) -> np.ndarray:
    """Return the positions of points of the first image in the second, (n, 1, 2) px."""
    return cv2.calcOpticalFlowPyrLK(
        *(first, second, points, guess.copy()),
        winSize=(WINDOW, WINDOW),
        maxLevel=2,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )[0]


def side_by_side(clips: dict[str, ClipArrays]) -> np.ndarray:
    """Return (T, H, W, 3) uint8: the clips side by side, each with its name."""
    return np.stack([_row(clips, t) for t in range(len(next(iter(clips.values())).frames))])


def _row(clips: dict[str, ClipArrays], time: int) -> np.ndarray:
    tiles = []
    for name, clip in clips.items():
        tile = _colour(clip.frames[time]).copy()
        for colour, thick in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(
                tile, name, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, thick, cv2.LINE_AA
            )
        tiles.append(tile)
    return np.concatenate(tiles, axis=1)


def _grey(frame: np.ndarray) -> np.ndarray:
    if frame.shape[2] == 1:
        return np.ascontiguousarray(frame[..., 0])
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def _colour(frame: np.ndarray) -> np.ndarray:
    return np.repeat(frame, 3, axis=2) if frame.shape[2] == 1 else frame


def figure(clips: dict[str, ClipArrays]) -> np.ndarray:
    """Return (H, W, 3) uint8: onset and apex of each clip, all traces, kymographs."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    first = next(iter(clips.values()))
    apex = with_apex(first).apex
    times = (np.arange(len(first.frames)) - first.onset) / first.fps * 1000
    page = Figure(figsize=(3 * len(clips), 10), layout="constrained")
    canvas = FigureCanvasAgg(page)
    grid = page.add_gridspec(4, len(clips), height_ratios=[3, 3, 2.4, 3])
    column = int(anchors(first)["right mouth corner"][0])
    lines = page.add_subplot(grid[2, :])
    for place, (name, clip) in enumerate(clips.items()):
        for row, (position, word) in enumerate(((clip.onset, "onset"), (apex, "apex"))):
            axes = page.add_subplot(grid[row, place])
            axes.imshow(_colour(clip.frames[position]))
            axes.axvline(column, color="tab:red", lw=0.6, alpha=0.7)
            axes.set_title(f"{name} {word} (frame {clip.numbers[position]})", fontsize=9)
            axes.set_axis_off()
        axes = page.add_subplot(grid[3, place])
        kymograph = np.stack([_colour(frame)[:, column] for frame in clip.frames], axis=1)
        axes.imshow(kymograph, aspect="auto", extent=(times[0], times[-1], 1, 0))
        axes.set_title(f"{name}: the red column over time", fontsize=9)
        axes.set_xlabel("ms after onset")
        axes.set_yticks([])
    _draw_traces(lines, clips, times)
    lines.axvline(times[apex], color="grey", lw=0.8, ls=":")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _draw_traces(axes: "Axes", clips: dict[str, ClipArrays], times: np.ndarray) -> None:
    """Draw the length of each point's displacement; colour: factor, line style: point."""
    styles = ("-", "--", "-.", ":")
    for n, (name, clip) in enumerate(clips.items()):
        for style, track in zip(styles, traces(clip).values(), strict=True):
            axes.plot(times, np.hypot(*track.T), style, color=f"C{n}", lw=1)
        axes.plot([], [], color=f"C{n}", label=name)
    for style, point in zip(styles, ANCHORS, strict=True):
        axes.plot([], [], style, color="0.4", label=point)
    axes.set(xlabel="ms after onset (dotted: apex)", ylabel="displacement (px)")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
