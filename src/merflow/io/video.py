"""Read and write single videos and frame folders, for commands that take them directly."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from merflow.clip import Clip, ClipArrays, ClipKey
from merflow.errors import MerflowError, check_number
from merflow.frame_buffer import collect
from merflow.io.files import atomic
from merflow.io.frame_folder import read_clip, scan
from merflow.io.images import VIDEOS
from merflow.io.video_clip import video_facts
from merflow.io.video_encoder import CODECS, write_video
from merflow.progress import counted


def read(path: Path, fps: float | None = None) -> ClipArrays:
    """Read a video, or a folder of frames (which needs `fps`), as one clip.

    frames: (T, H, W, 3) uint8 RGB; the first frame is the onset, the last the offset.
    """
    if fps is not None:
        check_number("--fps", fps, 0, above=True)
    if path.is_dir():
        listing = scan(path)
        if not listing.files:
            raise MerflowError(str(path), "no frames in this folder", "numbered image files")
        folder, files, numbers = path, listing.files, listing.numbers
        if fps is None:
            raise MerflowError(
                str(path), "no frame rate", "--fps N, since image files store no frame rate"
            )
    elif not path.exists():
        raise MerflowError(str(path), "no such file or folder", "a video or a folder of frames")
    elif path.suffix.lower() in VIDEOS:
        folder, files, numbers = path.parent, (path.name,), ()
        fps = fps or video_rate(path)
    else:
        raise MerflowError(
            str(path), f"a file of type {path.suffix!r}", f"a folder or {', '.join(sorted(VIDEOS))}"
        )
    clip = Clip(ClipKey("file", "-", path.stem), str(folder), files, numbers, fps, "")
    return read_clip(clip)


def read_whole(path: Path, fps: float | None = None) -> ClipArrays:
    """Read a clip as `read` does and decode all of its frames, with progress."""
    clip = read(path, fps)
    if getattr(clip.frames, "decoded", True):
        return clip
    return replace(clip, frames=collect(counted(clip.frames, "reading", len(clip.frames))))


def video_rate(path: Path) -> float:
    """Return the frame rate in a video's header (Hz)."""
    facts = video_facts(path)
    if facts is None:
        raise MerflowError(str(path), "not a readable video", "a video that FFmpeg can decode")
    if not facts[0]:
        raise MerflowError(str(path), "its frame rate cannot be read", "--fps N")
    return facts[0]


def write(path: Path, frames: np.ndarray, fps: float, numbers: Sequence[int]) -> None:
    """Write frames (T, H, W, 1 or 3) uint8 as a video file, or as PNGs into a folder.

    Videos are lossy, PNGs are not. PNGs have the frames' numbers, or 0, 1, 2 ... where numbers
    repeat, which they do in a resampled video.
    """
    if path.suffix.lower() in CODECS:
        write_video(path, counted(frames, "writing", len(frames)), fps)
        return
    _check_type(path)
    if len(set(numbers)) < len(numbers):
        numbers = range(len(numbers))
    width = max(5, len(str(max(numbers, default=0))))
    names = [f"frame{int(number):0{width}d}.png" for number in numbers]
    _refuse_other_images(path, names)
    for frame, name in zip(counted(frames, "writing", len(names)), names, strict=True):
        write_png(path / name, frame)


def check_output_type(source: Path, out: Path) -> None:
    """Refuse, before any work, to turn a clip store into a video or the reverse."""
    store = source.suffix == ".h5"
    if store and out.suffix != ".h5":
        raise MerflowError(
            str(out), f"{source} is a clip store, and so is its output", "a file name with .h5"
        )
    if not store:
        _check_type(out)


def _check_type(path: Path) -> None:
    """Refuse a path of a type that cannot hold frames."""
    if path.suffix and path.suffix.lower() not in CODECS:
        store = "a clip store can only be made from a clip store" if path.suffix == ".h5" else ""
        raise MerflowError(
            str(path),
            store or f"frames cannot be written as a file of type {path.suffix!r}",
            f"a folder, or a video file name ({', '.join(sorted(CODECS))})",
        )


def _refuse_other_images(folder: Path, names: list[str]) -> None:
    """Refuse a folder with other images: readers would take them as frames of the clip."""
    listing = scan(folder) if folder.is_dir() else None
    held = {*listing.files, *listing.unnumbered} - {*names} if listing else ()
    if held:
        raise MerflowError(
            str(folder),
            f"already holds {len(held)} other images, such as {min(held)}",
            "a new or empty folder, or one with the same frames",
            "name another folder for OUT, or empty this one",
        )


def write_png(path: Path, frame: np.ndarray) -> None:
    """Write one image, (H, W, 1 or 3) uint8 RGB, atomically."""
    # Encoded in memory: OpenCV does not report a full disk.
    made, data = cv2.imencode(".png", _bgr(frame))
    if not made:
        raise MerflowError(str(path), "not an image that PNG can hold", "1 or 3 channels", code=3)
    with atomic(path) as part:
        part.write_bytes(data.tobytes())


def _bgr(frame: np.ndarray) -> np.ndarray:
    code = cv2.COLOR_GRAY2BGR if frame.shape[2] == 1 else cv2.COLOR_RGB2BGR
    return cv2.cvtColor(frame, code)
