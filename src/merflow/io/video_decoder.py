"""Decode local video files with PyAV: one frame in memory at a time, one thread, no other file.

PyAV is imported when the first video is opened: it costs 0.3 s, which jobs without videos save.
Bytes do not depend on threads or on the processor: FFmpeg decodes on one thread, and swscale
converts to RGB with its exact routines. The conversion uses the matrix and the range that the
stream declares; without a declaration BT.601 and limited range, as FFmpeg and OpenCV do.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm,mpeg,mpegvideo,mpegts,asf"
"""Containers that are opened. Playlists and scripts, which name other files, are not among them."""
MAX_PIXELS = 1 << 25
"""Pixels in one frame: 8K video has 33.2 million."""
BUFFER = 1 << 20
"""Bytes read from the file at once."""


class Unreadable(Exception):
    """A file that cannot be opened or decoded as a video; its text is the reason."""


class Header(NamedTuple):
    """Size of the frames as shown (px), frame rate (Hz), number of frames; 0: not given; codec."""

    width: int
    height: int
    rate: float
    count: int
    codec: str = ""


@contextmanager
def open_video(
    path: str | os.PathLike[str],
) -> Iterator[tuple["InputContainer", "VideoStream"]]:
    """Open a video and its first video stream.

    FFmpeg gets an open file, never a name: it can open no URL and no second file.
    """
    import av

    try:
        with (
            open(path, "rb", buffering=0) as handle,
            av.open(
                handle,
                "r",
                options={"max_pixels": str(MAX_PIXELS), "threads": "1", "flags": "+bitexact"},
                container_options={"format_whitelist": FORMATS},
                buffer_size=BUFFER,
                io_open=_refuse,
            ) as container,
        ):
            if not container.streams.video:
                raise Unreadable("cannot be opened as a video (it has no pictures)")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise Unreadable("cannot be opened as a video (its codec is not known)")
            stream.codec_context.thread_count = 1
            yield container, stream
    except (av.FFmpegError, OSError, ValueError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unreadable(f"cannot be opened as a video ({reason})") from error


def _refuse(url: str, flags: int, options: dict[str, Any]) -> NoReturn:
    """Refuse every other file that a video names."""
    raise PermissionError(f"a video may not open {url}")


def survey(path: str | os.PathLike[str]) -> tuple[Header, np.ndarray | None]:
    """Return what a video's header declares and the times of its frames, without decoding them.

    Times: in s, in display order, (T,) float64; None if frames lack one. Frames that an edit list
    drops are left out.
    """
    with open_video(path) as (container, stream):
        rate = float(stream.guessed_rate or stream.average_rate or 0)
        codec = stream.codec_context.name
        header = Header(stream.width or 0, stream.height or 0, rate, stream.frames or 0, codec)
        packets = [
            packet.pts
            for packet in container.demux(stream)
            if packet.size and not packet.is_discard
        ]
        if None in packets:
            return header, None
        return header, np.sort(np.array(packets, np.int64)) * float(stream.time_base or 1)


def decode_frames(path: str | os.PathLike[str], first: int = 0) -> Iterator[np.ndarray]:
    """Yield the frames from number `first` on in display order, (H, W, 3) uint8 RGB.

    They are turned as the file says.  Unreadable at the first damaged frame.
    """
    import av

    number = 0
    with open_video(path) as (container, stream):
        size = (stream.width, stream.height)
        try:
            for frame in container.decode(stream):
                if frame.is_corrupt:
                    raise Unreadable(f"cannot be decoded (frame {number} is damaged)")
                if (frame.width, frame.height) != size:
                    raise Unreadable(
                        f"frame {number} is {frame.width}x{frame.height} pixels, "
                        f"the frames before are {size[0]}x{size[1]}"
                    )
                if number >= first:
                    yield pixels(frame)
                number += 1
        except av.FFmpegError as error:
            reason = f"frame {number} is damaged: {error.strerror}"
            raise Unreadable(f"cannot be decoded ({reason})") from error


def pixels(frame: "VideoFrame") -> np.ndarray:
    """Return a decoded frame as (H, W, 3) uint8 RGB, turned by the display matrix."""
    from av.video.reformatter import Interpolation

    exact = Interpolation.ACCURATE_RND | Interpolation.BITEXACT | Interpolation.FULL_CHR_H_INT
    rgb = frame.to_ndarray(format="rgb24", interpolation=Interpolation.BILINEAR | exact, threads=1)
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, turns)) if turns else rgb


def grey_near(path: str | os.PathLike[str], numbers: Sequence[int]) -> Iterator[np.ndarray]:
    """Yield for each number a frame at or shortly before it, (H, W) uint8 grey, by seeking."""
    with open_video(path) as (container, stream):
        rate, base = stream.guessed_rate or stream.average_rate, stream.time_base
        if not rate or not base:
            return
        for number in numbers:
            place = (stream.start_time or 0) + round(number / rate / base)
            container.seek(place, stream=stream)
            for frame in container.decode(stream):
                if frame.pts is None or frame.pts + 1 / rate / base > place:
                    yield frame.to_ndarray(format="gray", threads=1)
                    break
