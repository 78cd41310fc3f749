"""Read a few frames of a clip, grey and small: enough to recognise the clip, in little time."""

import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import islice

import numpy as np

from merflow.clip import Clip
from merflow.errors import SkipClip
from merflow.io.image_header import image_size
from merflow.io.images import MAX_FILE, TENSORS, ImageFrames, is_video
from merflow.io.video_clip import MAX_SIDE
from merflow.io.video_decoder import MAX_PIXELS, Unreadable, decode_frames, grey_near


def sampled_frames(clip: Clip, places: Sequence[float], side: int) -> list[np.ndarray]:
    """Return frames of a clip, each (H, W) uint8 grey with H and W at least `side`, or the
    frame's own size if that is smaller.

    places: shares of the clip's length, 0 to 1. Frames that cannot be read are left out.
    """
    if clip.missing or not clip.files:
        return []
    count = len(clip.numbers) or 1
    wanted = sorted({min(count - 1, int(place * count)) for place in places})
    path = os.path.join(clip.folder, clip.files[0])
    if is_video(clip):
        found = _of_video(path, clip.onset or 0, wanted)
    elif os.path.splitext(path)[1].lower() in TENSORS:
        found = _of_array(path, clip.onset or 0, wanted)
    elif clip.content == "depth":
        found = _of_depth(clip, [min(k, len(clip.files) - 1) for k in wanted])
    else:
        names = [clip.files[min(k, len(clip.files) - 1)] for k in wanted]
        found = [_of_image(os.path.join(clip.folder, name), side) for name in names]
    return [frame for frame in found if frame is not None and min(frame.shape) > 1]


def consecutive_frames(clip: Clip, count: int) -> np.ndarray | None:
    """Return up to `count` frames from a clip's middle, at full size, (T, H, W, 1) uint8 grey.

    Of a video, its first frames. None if they cannot be read or differ in size.
    """
    if clip.missing or not clip.files:
        return None
    path = os.path.join(clip.folder, clip.files[0])
    if is_video(clip):
        found = _first_of_video(path, count)
    elif os.path.splitext(path)[1].lower() in TENSORS:
        found = _of_array(path, clip.onset or 0, range(count))
    else:
        first = max(0, (len(clip.files) - count) // 2)
        names = clip.files[first : first + count]
        if clip.content == "depth":
            found = _of_depth(clip, range(first, first + len(names)))
        else:
            found = [_of_image(os.path.join(clip.folder, name), MAX_SIDE) for name in names]
    if not found or any(frame is None or frame.shape != found[0].shape for frame in found):
        return None
    return np.stack(found)[..., None]


def _of_depth(clip: Clip, places: Iterable[int]) -> list[np.ndarray]:
    """Return depth pictures as the stages see them, in the clip's own range."""
    try:
        frames = ImageFrames(clip)
        return [frames.frame(place)[..., 0] for place in places]
    except SkipClip:
        return []


def _first_of_video(path: str, count: int) -> list[np.ndarray | None]:
    import cv2

    frames = closing(decode_frames(path))
    try:
        with frames as decoded:
            return [cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in islice(decoded, count)]
    except (OSError, Unreadable):
        return []


def _of_image(path: str, side: int) -> np.ndarray | None:
    """Return a grey image; a large JPEG is decoded at a part of its size, which is faster."""
    import cv2

    try:
        if os.path.getsize(path) > MAX_FILE:
            return None
        data = np.fromfile(path, np.uint8)
    except OSError:
        return None
    size = image_size(data.tobytes())
    if size is None or not _allowed(size):
        return None
    modes = (cv2.IMREAD_REDUCED_GRAYSCALE_4, cv2.IMREAD_REDUCED_GRAYSCALE_2)
    mode = cv2.IMREAD_GRAYSCALE
    for share, reduced in zip((4, 2), modes, strict=True):
        if min(size) >= 2 * share * side:
            mode = reduced
            break
    try:
        return cv2.imdecode(data, mode | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None


def _of_video(path: str, first: int, wanted: Sequence[int]) -> list[np.ndarray]:
    """Return frames of a video by seeking, which may be off by a few frames."""
    frames: list[np.ndarray] = []
    try:
        frames.extend(grey_near(path, [first + number for number in wanted]))
    except Unreadable:
        return frames
    return frames


def _of_array(path: str, first: int, wanted: Sequence[int]) -> list[np.ndarray]:
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, OverflowError, SyntaxError, TypeError):
        return []
    if array.ndim not in (3, 4) or array.dtype != np.uint8 or not _allowed(array.shape[2:0:-1]):
        return []
    places = [min(first + k, len(array) - 1) for k in wanted] if len(array) else []
    frames = (array[k] for k in places)
    return [np.array(f if f.ndim == 2 else f.mean(axis=-1), np.uint8) for f in frames]


def _allowed(size: Sequence[int]) -> bool:
    return min(size) > 0 and max(size) <= MAX_SIDE and size[0] * size[1] <= MAX_PIXELS
