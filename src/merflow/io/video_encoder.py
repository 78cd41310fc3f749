"""Write frames as a video that browsers and slides play, with PyAV on one thread.

MP4 has H.264 with 4:2:0 chroma, the only form that browsers, PowerPoint and Keynote all play;
colours are BT.709 in limited range and say so. At this CRF a movement of 0.2 px keeps 96% of its
size (docs/magnification.md).
"""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from merflow.errors import MerflowError
from merflow.io.checked_output import CheckedOutput
from merflow.io.files import atomic

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import OutputContainer
    from av.video.stream import VideoStream

CRF = "6"
"""Constant rate factor of H.264: smaller is better and larger."""


class Codec(NamedTuple):
    """A codec with its pixel format and options, and a container with its options."""

    name: str
    pixels: str
    options: dict[str, str]
    container: str
    muxing: dict[str, str]


_H264 = ("libx264", "yuv420p", {"crf": CRF, "preset": "medium"})
_FIRST = {"movflags": "+faststart"}
"""The index in front of the frames, so that playing starts before all is loaded."""
CODECS = {
    ".mp4": Codec(*_H264, "mp4", _FIRST),
    ".m4v": Codec(*_H264, "mp4", _FIRST),
    ".mov": Codec(*_H264, "mov", _FIRST),
    ".mkv": Codec(*_H264, "matroska", {}),
    ".webm": Codec("libvpx-vp9", "yuv420p", {"crf": "4", "b": "0", "cpu-used": "4"}, "webm", {}),
    ".avi": Codec("mjpeg", "yuvj420p", {"qmin": "1", "qmax": "2"}, "avi", {}),
}
"""What is written by file name; other containers can be read only."""


def write_video(path: Path, frames: Iterable[np.ndarray], fps: float) -> None:
    """Write frames (T, H, W, 1 or 3) uint8 as a video; the kind follows from the file name.

    Any rate can be written: times are exact fractions of a second. Odd sizes get a copy of the
    last row or column, since 4:2:0 needs even ones.
    """
    import av

    codec = CODECS[path.suffix.lower()]
    # 30000/1001 and the like are found again in a rounded rate.
    rate = Fraction(fps).limit_denominator(1001)
    with atomic(path) as part, open(part, "wb", buffering=0) as raw:
        output = CheckedOutput(raw)
        try:
            _encode(output, codec, frames, rate)
        except av.FFmpegError as error:
            output.check()
            raise MerflowError(
                str(path),
                f"could not be written as a video ({error.strerror})",
                "frames that the format can hold",
                "write a folder of frames instead",
                code=3,
            ) from error
        output.check()


def _encode(
    output: CheckedOutput, codec: Codec, frames: Iterable[np.ndarray], rate: Fraction
) -> None:
    import av

    options = {"fflags": "+bitexact", **codec.muxing}
    with av.open(output, "w", codec.container, options=options) as container:
        stream = None
        for number, frame in enumerate(frames):
            picture = _picture(frame, codec)
            stream = stream or _stream(container, codec, rate, picture)
            picture.pts, picture.time_base = number, 1 / rate
            container.mux(stream.encode(picture))
        if stream is not None:
            container.mux(stream.encode(None))


def _stream(
    container: "OutputContainer", codec: Codec, rate: Fraction, picture: "VideoFrame"
) -> "VideoStream":
    stream = container.add_stream(codec.name, rate=rate, options=codec.options)
    stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, codec.pixels
    stream.thread_count = 1
    context = stream.codec_context
    context.time_base = 1 / rate
    context.colorspace, context.color_range = picture.colorspace, picture.color_range
    if not codec.pixels.startswith("yuvj"):
        context.color_primaries = context.color_trc = 1  # BT.709
    return stream


def _picture(frame: np.ndarray, codec: Codec) -> "VideoFrame":
    """Return a frame with even sides in the codec's pixel format."""
    import av
    from av.video.reformatter import ColorRange, Colorspace, Interpolation

    jpeg = codec.pixels.startswith("yuvj")
    odd = tuple((0, side % 2) for side in frame.shape[:2])
    whole = np.pad(frame, (*odd, (0, 0)), "edge")
    rgb = np.ascontiguousarray(np.repeat(whole, 3 // whole.shape[2], axis=2))
    return av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(
        format=codec.pixels,
        interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT,
        dst_colorspace=Colorspace.ITU601 if jpeg else Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.JPEG if jpeg else ColorRange.MPEG,
        threads=1,
    )
