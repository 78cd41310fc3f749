"""Read frames of a clip from image files, a video or an array; skip clips that fail."""

import os
from collections.abc import Iterator
from itertools import chain

import numpy as np

from merflow.clip import Clip
from merflow.errors import SkipClip
from merflow.frame_buffer import FrameBuffer, Frames, collect
from merflow.io.depth import Range, depth_range, sampled, to_grey
from merflow.io.files import file_digest
from merflow.io.image_header import header_fault, image_size
from merflow.io.sha256sums import NAME as SUMS
from merflow.io.sha256sums import read_sums
from merflow.io.video_clip import check_size, iter_video
from merflow.text import plural

IMAGES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".tif", ".tiff"})
VIDEOS = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"})
TENSORS = frozenset({".npy"})

MAX_FILE = 256 * 2**20
MAX_CLIP_BYTES = 64 * 2**30
"""Limit of `read_frames`, which keeps most of it on disk; `iter_frames` has no such limit."""


def is_video(clip: Clip) -> bool:
    """Return whether the clip is one video file."""
    return len(clip.files) == 1 and _suffix(clip) in VIDEOS


def has_images(clip: Clip) -> bool:
    """Return whether the clip's frames are image files: one or more, each a frame."""
    return bool(clip.files) and not (is_video(clip) or _suffix(clip) in TENSORS)


def is_still(clip: Clip) -> bool:
    """Return whether the clip is one image file without onset and offset."""
    return len(clip.files) == 1 and not is_video(clip) and clip.onset is None


def _suffix(clip: Clip) -> str:
    return os.path.splitext(clip.files[0])[1].lower()


def iter_frames(clip: Clip) -> Iterator[np.ndarray]:
    """Yield the clip's frames in order, (H, W, 1 or 3) uint8, one in memory at a time.

    Colour is RGB; a grey picture has one channel. A video is decoded from its start, without
    seeking; frames onset..offset are yielded, at constant times (`video_timing`).
    """
    if clip.missing or not clip.files:
        raise SkipClip(clip.missing or "no frames")
    if is_video(clip):
        if (sums := read_sums(clip.folder)) is not None:
            _check_sum(clip, clip.files[0], sums)
        yield from iter_video(clip)
    elif not has_images(clip):
        yield from _tensor(clip)
    else:
        yield from ImageFrames(clip)


class ImageFrames(FrameBuffer):
    """The frames of image files, decoded when they are asked for.

    grey: JPEGs are decoded to their luma alone, which is faster and rounds less than luma from RGB.
    Raises SkipClip when a frame cannot be decoded or frames differ in size.
    """

    def __init__(self, clip: Clip, *, grey: bool = False) -> None:
        self._clip, self._grey, self._sums = clip, grey, read_sums(clip.folder)
        self._range = self._depth_range() if clip.content == "depth" else None
        self._first = self._decoded(0)
        super().__init__((len(clip.files), *self._first.shape), np.uint8)

    @property
    def luma(self) -> FrameBuffer:
        """The same frames, JPEGs in one channel."""
        return self if self._grey else ImageFrames(self._clip, grey=True)

    @property
    def decoded(self) -> bool:
        """False: each reading decodes a file."""
        return False

    def frame(self, position: int) -> np.ndarray:
        """Decode one frame."""
        frame = self._decoded(position) if position else self._first
        if frame.shape[2] < self.shape[3]:
            frame = np.repeat(frame, 3, axis=2)
        if frame.shape != self.shape[1:]:
            raise SkipClip(
                f"{self._clip.key}: {self._clip.files[position]} is {_described(frame.shape)}, "
                f"the frames before are {_described(self.shape[1:])}"
            )
        return frame

    def _decoded(self, position: int) -> np.ndarray:
        name = self._clip.files[position]
        if self._sums is not None:
            _check_sum(self._clip, name, self._sums)
        if self._range is not None:
            return to_grey(_depth(self._clip, name), self._range)[..., None]
        return _image(self._clip, name, grey=self._grey)

    def _depth_range(self) -> Range:
        files = [self._clip.files[k] for k in sampled(len(self._clip.files))]
        found = depth_range([_depth(self._clip, name) for name in files])
        if found is None:
            raise SkipClip(f"{self._clip.key}: no depth was measured in {', '.join(files[:3])}")
        return found


def _described(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]} pixels{' in colour' if shape[2] == 3 else ''}"


def read_frames(clip: Clip) -> Frames:
    """Return the clip's frames, (T, H, W, 1 or 3) uint8; a long clip's stay on disk.

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
        check_length(clip, total)
        yield frame


def check_length(clip: Clip, size: int) -> None:
    """Refuse a clip with more bytes of pixels than a stage could keep on disk."""
    if size > MAX_CLIP_BYTES:
        raise SkipClip(
            f"{clip.key}: more than {MAX_CLIP_BYTES // 2**30} GiB of pixels in one clip; "
            "correct its onset and offset, or cut it"
        )


def _check_sum(clip: Clip, name: str, sums: dict[str, str]) -> None:
    """Refuse a file that differs from its entry in the folder's SHA256SUMS."""
    try:
        good = sums.get(name) == file_digest(os.path.join(clip.folder, name))
    except OSError as error:
        raise SkipClip(f"{clip.key}: {name} cannot be read ({error.strerror or error})") from error
    if not good:
        fault = "does not match its checksum in" if name in sums else "is not listed in"
        raise SkipClip(f"{clip.key}: {name} {fault} {SUMS}")


def _image(clip: Clip, name: str, *, grey: bool) -> np.ndarray:
    """Decode one image file to (H, W, 1 or 3) uint8; grey: a JPEG to its luma alone."""
    import cv2

    data = _image_bytes(clip, name)
    jpeg = data[:2].tobytes() == b"\xff\xd8"
    mode = cv2.IMREAD_GRAYSCALE if grey and jpeg else cv2.IMREAD_ANYCOLOR
    frame = _decode(clip, name, data, mode)
    return frame[..., None] if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


def _depth(clip: Clip, name: str) -> np.ndarray:
    """Decode one picture of distances, (H, W) uint16."""
    import cv2

    frame = _decode(clip, name, _image_bytes(clip, name), cv2.IMREAD_UNCHANGED)
    if frame.ndim != 2 or frame.dtype != np.uint16:
        found = f"{frame.dtype}, {plural(frame[:1, :1].size, 'channel')}"
        raise SkipClip(f"{clip.key}: {name} is {found}; a depth picture has one channel of uint16")
    return frame


def _image_bytes(clip: Clip, name: str) -> np.ndarray:
    """Return the bytes of an image file, (n,) uint8, after checks of its header."""
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
    return data


def _decode(clip: Clip, name: str, data: np.ndarray, mode: int) -> np.ndarray:
    import cv2

    try:
        # imread warns on a damaged JPEG and gives grey rows; the tail check catches cut files.
        frame = cv2.imdecode(data, mode | cv2.IMREAD_IGNORE_ORIENTATION)
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


def open_array(clip: Clip) -> np.ndarray:
    """Return the array of a clip's .npy file, of any shape and type, mapped from the disk."""
    name = clip.files[0]
    if (sums := read_sums(clip.folder)) is not None:
        _check_sum(clip, name, sums)
    try:
        # A plain array only: no archive, and no pickle, which could run code.
        return np.lib.format.open_memmap(os.path.join(clip.folder, name), mode="r")
    except (OSError, ValueError, OverflowError, SyntaxError, TypeError) as error:
        raise SkipClip(f"{clip.key}: {name} cannot be read as an array ({error})") from error


def _tensor(clip: Clip) -> Iterator[np.ndarray]:
    """Yield the frames of a .npy file, (T, H, W) or (T, H, W, 1 or 3) uint8."""
    name, array = clip.files[0], open_array(clip)
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
        yield np.ascontiguousarray(frame)
