"""A streamed video gives the result in memory, as nearly as its method allows."""

import numpy as np
import pytest
from moving_textures import FPS, still_picture, truths

from merflow.config.settings import Magnify
from merflow.errors import MerflowError
from merflow.stages.magnification import stream
from merflow.stages.magnify import magnify_frames, magnify_stream

METHODS = ["phase", "linear", "lagrangian"]


@pytest.fixture(scope="module")
def long_clip():
    """90 frames of 64 px in which a patch moves to and fro."""
    times = np.sin(np.arange(90) / 9) ** 2
    truth = truths.MovingTexture(still_picture()[:64, :64], 0.3, times)
    return truth.clip(noise=0.5)


@pytest.mark.parametrize("method", METHODS)
def test_a_short_video_gives_the_result_in_memory(long_clip, method):
    settings = Magnify(method=method)
    whole, _ = magnify_frames(long_clip[:40], FPS, 8, settings, measured=False)
    streamed = np.stack(list(magnify_stream(iter(long_clip[:40]), FPS, 8, settings)))
    assert np.array_equal(streamed, whole)


@pytest.mark.parametrize("method", METHODS)
def test_windows_give_nearly_the_result_in_memory(long_clip, method, monkeypatch):
    monkeypatch.setattr(stream, "WINDOW", 48)
    settings = Magnify(method=method)
    whole, _ = magnify_frames(long_clip, FPS, 8, settings, measured=False)
    streamed = np.stack(list(magnify_stream(iter(long_clip), FPS, 8, settings)))
    assert streamed.shape == whole.shape
    assert np.array_equal(streamed[0], long_clip[0])
    change = np.sqrt(np.mean((whole.astype(float) - long_clip) ** 2))
    assert change > 1
    difference = np.sqrt(np.mean((streamed.astype(float) - whole) ** 2, axis=(1, 2, 3)))
    assert difference.max() < 0.12 * change
    assert difference.mean() < 0.06 * change


@pytest.mark.parametrize("band", [(0.5, 5.0), (1.0, 12.0)])
@pytest.mark.parametrize("flicker", [True, False])
def test_the_recursion_streams_exactly(long_clip, band, flicker):
    settings = Magnify(method="linear", remove_flicker=flicker, band_hz=band)
    whole, _ = magnify_frames(long_clip, FPS, 10, settings, measured=False)
    streamed = np.stack(list(magnify_stream(iter(long_clip), FPS, 10, settings)))
    # Summed in another order: the last bit of a float may turn a rounding.
    difference = np.abs(streamed.astype(int) - whole)
    assert difference.max() <= 1
    assert difference.mean() < 1e-3


def test_no_more_than_two_windows_are_ever_held(long_clip, monkeypatch):
    monkeypatch.setattr(stream, "WINDOW", 48)
    taken = 0

    def source():
        nonlocal taken
        for frame in long_clip:
            taken += 1
            yield frame

    for given, _ in enumerate(magnify_stream(source(), FPS, 8, Magnify(method="linear"))):
        assert taken - given <= 2 * 48
    assert taken == len(long_clip)


def test_factor_one_and_nothing_stream_too(long_clip):
    same = list(magnify_stream(iter(long_clip[:5]), FPS, 1, Magnify()))
    assert np.array_equal(np.stack(same), long_clip[:5])
    assert list(magnify_stream(iter([]), FPS, 10, Magnify())) == []
    one = list(magnify_stream(iter(long_clip[:1]), FPS, 10, Magnify()))
    assert np.array_equal(one[0], long_clip[0])
    with pytest.raises(MerflowError, match="0 or more"):
        list(magnify_stream(iter(long_clip), FPS, -2, Magnify()))
