"""Frames that a video codec predicted from each other, against a camera's and JPEG's."""

import io

import av
import cv2
import numpy as np
import pytest
from moving_textures import FPS, still_picture, truths

from merflow.clip import ClipArrays, ClipKey
from merflow.config.settings import Magnify
from merflow.stages.magnification.compression import Area, frame_coding
from merflow.stages.magnification.credibility import compressed
from merflow.stages.magnify import magnify_clip, magnify_frames


@pytest.fixture(scope="module")
def recorded():
    """A patch that moves by 0.2 px under a camera's noise, (32, H, W, 3)."""
    truth = truths.MovingTexture(still_picture(), 0.2, truths.bump(32))
    return truth.clip(noise=1.5)


def jpeg(frames, quality):
    files = [cv2.imencode(".jpg", f, [cv2.IMWRITE_JPEG_QUALITY, quality])[1] for f in frames]
    return np.stack([cv2.imdecode(file, cv2.IMREAD_COLOR) for file in files])


def h264(frames, crf, **options):
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=200, options={"crf": str(crf), **options})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    with av.open(io.BytesIO(file.getvalue())) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


@pytest.mark.parametrize("quality", [None, 95, 90, 75])
def test_frames_compressed_by_themselves_are_credible(recorded, quality):
    frames = jpeg(recorded, quality) if quality else recorded
    _, facts = magnify_frames(frames, FPS, 10, Magnify(method="lagrangian"))
    assert (facts["credible"], facts["doubt"]) == (True, "")
    assert facts["independent"] == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("crf", [18, 23, 28])
def test_frames_predicted_from_each_other_are_not_credible(recorded, crf):
    for frames in (h264(recorded, crf), h264(recorded, crf, bf="0", g="12")):
        _, facts = magnify_frames(frames, FPS, 10, Magnify(method="lagrangian"))
        assert (facts["credible"], facts["doubt"]) == (False, "compressed")
        assert facts["repeated"] > 0.3


def test_a_video_of_key_frames_alone_is_credible(recorded):
    assert not compressed(frame_coding(h264(recorded, 18, g="1")))


def test_the_measures_of_the_cameras_frames_are_used(recorded):
    """What crop resampled no longer shows the blocks; align has seen the raw frames."""
    times = np.arange(len(recorded))
    clip = ClipArrays(ClipKey("d", "s", "c"), recorded, FPS, times, 0, None, len(recorded) - 1)
    clip.facts["align"] = {"coding": {"independent": 0.7, "repeated": 0.9}}
    made = magnify_clip(clip, Magnify(), 10)
    assert made.facts["magnify"]["doubt"] == "compressed"


def test_duplicated_frames_and_blank_borders_are_no_compression(recorded):
    twice = np.repeat(recorded, 2, axis=0)
    assert not compressed(frame_coding(twice))
    masked = recorded.copy()
    masked[:, :60] = 0
    assert not compressed(frame_coding(masked))


@pytest.mark.parametrize("change", ["still", "short", "small"])
def test_nothing_is_measured_without_change_or_frames(recorded, change):
    frames = {
        "still": np.repeat(recorded[:1], 9, axis=0),
        "short": recorded[:2],
        "small": recorded[:, :12, :12],
    }[change]
    assert frame_coding(frames) == {}


def test_only_the_face_is_compared(recorded):
    """A drawn or denoised background may repeat exactly."""
    wide = np.full((len(recorded), 200, 400, 3), 90, np.uint8)
    wide[:, 32:160, 240:368] = recorded
    assert frame_coding(wide)["repeated"] > 0.5
    face = frame_coding(wide, Area(240, 32, 368, 160))
    assert face["repeated"] < 0.1
    assert frame_coding(wide, Area(-500, -500, 9000, 9000)) == frame_coding(wide)


def test_a_video_file_with_few_bits_is_doubted_where_a_moving_head_hides_the_blocks():
    moving = {"independent": 0.9, "repeated": 0.05}
    assert not compressed(moving | {"bits_per_pixel": 0.2})
    assert compressed(moving | {"codec": "h264", "bits_per_pixel": 0.03})
    assert not compressed({})
