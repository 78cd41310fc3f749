"""Read frames of a clip from image files, a video or an array; skip clips that fail."""

import os
from collections.abc import Iterator
from itertools import chain

import numpy as np

from merflow.clip import Clip
from merflow.errors import SkipClip
from merflow.frame_buffer import Frames, collect
from merflow.io.files import file_digest
from merflow.io.image_header import header_fault, image_size
from merflow.io.sha256sums import NAME as SUMS
from merflow.io.sha256sums import read_sums
from merflow.io.video_clip import check_size, iter_video
from merflow.progress import counted

IMAGES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".tif", ".tiff"})
VIDEOS = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"})
TENSORS = frozenset({".npy"})

MAX_FILE = 256 * 2**20
MAX_CLIP_BYTES = 64 * 2**30
"""Limit of `read_frames`, which keeps most of it on disk; `iter_frames` has no such limit."""


def is_video(clip: Clip) -> bool:
    """Return whether the clip is one video file."""
    return len(clip.files) == 1 and _suffix(clip) in VIDEOS


def is_still(clip: Clip) -> bool:
    """Return whether the clip is one image file without onset and offset."""
    return len(clip.files) == 1 and not is_video(clip) and clip.onset is None


def _suffix(clip: Clip) -> str:
    return os.path.splitext(clip.files[0])[1].lower()


def iter_frames(clip: Clip) -> Iterator[np.ndarray]:
    """Yield the clip's frames in order, (H, W, 3) uint8 RGB, one in memory at a time.

    A video is decoded from its start, without seeking; frames onset..offset are yielded, at
    constant times (`video_timing`).
    """
    if clip.missing:
        raise SkipClip(clip.missing)
    if not clip.files:
        raise SkipClip("no frames")
    sums = read_sums(clip.folder)
    if is_video(clip) or _suffix(clip) in TENSORS:
        if sums is not None:
            _check_sum(clip, clip.files[0], sums)
        yield from iter_video(clip) if is_video(clip) else _tensor(clip)
        return
    size = None
    for name in counted(clip.files, "reading", len(clip.files)):
        if sums is not None:
            _check_sum(clip, name, sums)
        frame = _image(clip, name)
        if size is not None and frame.shape != size:
            raise SkipClip(
                f"{clip.key}: {name} is {frame.shape[1]}x{frame.shape[0]} pixels, "
                f"the frames before are {size[1]}x{size[0]}"
            )
        size = frame.shape
        yield frame


def read_frames(clip: Clip) -> Frames:
    """Return the clip's frames, (T, H, W, 3) uint8 RGB; a long clip's stay on disk.

    Raises SkipClip when a frame cannot be decoded or frames differ in size.
    """
    limited = _limited(clip)
    first = next(limited, None)
    if first is None:
        raise SkipClip(f"{clip.key}: {clip.files[0]} holds no frames in onset..offset")
    return collect(chain([first], limited))


def _limited(clip: Clip) -> Iterator[np.ndarray]:
    total = 0
    for frame in iter_frames(clip):
        total += frame.nbytes
        if total > MAX_CLIP_BYTES:
            raise SkipClip(
                f"{clip.key}: more than {MAX_CLIP_BYTES // 2**30} GiB of pixels in one clip; "
                "correct its onset and offset, or cut it"
            )
        yield frame


def _check_sum(clip: Clip, name: str, sums: dict[str, str]) -> None:
    """Refuse a file that differs from its entry in the folder's SHA256SUMS."""
    try:
        good = sums.get(name) == file_digest(os.path.join(clip.folder, name))
    except OSError as error:
        raise SkipClip(f"{clip.key}: {name} cannot be read ({error.strerror or error})") from error
    if not good:
        fault = "does not match its checksum in" if name in sums else "is not listed in"
        raise SkipClip(f"{clip.key}: {name} {fault} {SUMS}")


def _image(clip: Clip, name: str) -> np.ndarray:
    """Decode one image file to (H, W, 3) uint8 RGB."""
    import cv2

    path = os.path.join(clip.folder, name)
    try:
        if os.path.getsize(path) > MAX_FILE:
            raise SkipClip(f"{clip.key}: {name} is larger than {MAX_FILE // 2**20} MiB")
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise SkipClip(f"{clip.key}: {name} cannot be read ({error.strerror or error})") from error
    head = data.tobytes()
    declared = image_size(head)
    if declared is None:
        raise SkipClip(f"{clip.key}: {name} is damaged, or not a PNG, BMP, JPEG, TIFF or PNM")
    if fault := header_fault(head):
        raise SkipClip(f"{clip.key}: {name} is damaged: {fault}")
    check_size(clip, name, declared)
    try:
        # imread warns on a damaged JPEG and gives grey rows; the tail check catches cut files.
        frame = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        frame = None
    if frame is None or truncated(data):
        raise SkipClip(f"{clip.key}: {name} cannot be decoded (damaged or not an image)")
    check_size(clip, name, (frame.shape[1], frame.shape[0]))
    return frame


def truncated(data: np.ndarray) -> bool:
    """Return whether a JPEG or PNG, (n,) uint8, lacks its end mark: decoders fill it with grey."""
    head, tail = data[:4].tobytes(), data[-64:].tobytes()
    if head.startswith(b"\xff\xd8"):
        return b"\xff\xd9" not in data[-4096:].tobytes()
    return head == b"\x89PNG" and b"IEND" not in tail


def _tensor(clip: Clip) -> Iterator[np.ndarray]:
    """Yield the frames of a .npy file, (T, H, W) or (T, H, W, 1 or 3) uint8, as RGB."""
    name = clip.files[0]
    try:
        # A plain array only: no archive, and no pickle, which could run code.
        array = np.lib.format.open_memmap(os.path.join(clip.folder, name), mode="r")
    except (OSError, ValueError, OverflowError, SyntaxError, TypeError) as error:
        raise SkipClip(f"{clip.key}: {name} cannot be read as an array ({error})") from error
    shape = " x ".join(map(str, array.shape))
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or array.dtype != np.uint8 or array.shape[-1] not in (1, 3):
        raise SkipClip(
            f"{clip.key}: {name} is {shape} {array.dtype}; expected frames x height x width "
            "(x 1 or 3) uint8"
        )
    check_size(clip, name, (array.shape[2], array.shape[1]))
    first = clip.onset or 0
    last = len(array) if clip.offset is None else clip.offset + 1
    for frame in array[first:last]:
        yield np.ascontiguousarray(np.broadcast_to(frame, (*frame.shape[:2], 3)))
