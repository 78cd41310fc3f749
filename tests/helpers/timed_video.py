"""Videos whose frames have any times, as phones record them."""

from fractions import Fraction

import av
import numpy as np

BASE = Fraction(1, 90_000)
STILL = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8).repeat(4, 0).repeat(4, 1)


def moving(count):
    """Return frames (T, 48, 64, 3) uint8 that get brighter by 4 grey levels each."""
    return np.stack([np.minimum(STILL // 2 + 4 * t, 255).astype(np.uint8) for t in range(count)])


def write_timed(path, frames, times, turned=None):
    """Write frames (T, H, W, 3) with the given times (s) as H.264 without B-frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "1", "bf": "0"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv444p"
        stream.codec_context.time_base = stream.time_base = BASE
        if turned is not None:
            stream.set_display_rotation(turned)
        for frame, time in zip(frames, times, strict=True):
            picture = av.VideoFrame.from_ndarray(frame, "rgb24")
            picture.pts, picture.time_base = round(time / BASE), BASE
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
