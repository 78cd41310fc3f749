"""Network input: `select` and `difference`."""

import numpy as np
import pytest

from merflow.clip import ClipArrays, ClipKey
from merflow.config.settings import Interpolate, Preparation, Select
from merflow.errors import SkipClip
from merflow.stages.interpolate import interpolate_clip
from merflow.stages.network_input import prepare_clip


def clip_of(count=21, onset=0, apex=8, **changes):
    """A clip with grey value 60 + 3 t in frame t, and a white and a black corner."""
    frames = np.empty((count, 16, 16, 1), np.uint8)
    frames[:] = (60 + 3 * np.arange(count))[:, None, None, None]
    frames[:, :4, :4], frames[:1, :4, :4] = 255, 0
    key = ClipKey("smic", "s01", "s01_po_01")
    given = {"onset": onset, "apex": apex, "offset": count - 1} | changes
    return ClipArrays(key, frames, 100.0, np.arange(count), **given)


def prepared(clip, length=5, **settings):
    step = Interpolate(length=length, size=16)
    return prepare_clip(clip, Preparation(interpolate=step, **settings), interpolate_clip)


def test_differences_are_exact_about_128_and_clipped():
    done = prepared(clip_of(), difference="onset")
    plain = prepared(clip_of()).frames.astype(int)
    assert np.all(done.frames[0] == 128)
    assert done.frames[:, 8, 8, 0].tolist() == [128, 143, 158, 173, 188]
    assert np.all(done.frames[4, :4, :4] == 255)
    assert np.array_equal(done.frames, np.clip(plain - plain[0] + 128, 0, 255))


def test_the_onset_is_subtracted_wherever_it_lies():
    done = prepared(clip_of(onset=10, apex=14), difference="onset")
    assert np.all(done.frames[done.onset] == 128)
    assert done.onset == 2
    assert done.frames[0, 8, 8, 0] < 128


@pytest.mark.parametrize(
    ("select", "values"),
    [
        ({"frames": "apex-nine"}, [0, 2, 4, 6, 8, 11, 14, 17, 20]),
        ({"frames": "onset-apex"}, range(9)),
        ({"frames": "windows", "window": 1}, [0, 1, 7, 8, 9, 19, 20]),
    ],
)
def test_selected_frames_are_what_is_interpolated(select, values):
    chosen = list(values)
    done = prepared(clip_of(), length=len(chosen), select=Select(**select))
    assert done.frames[:, 8, 8, 0].tolist() == [60 + 3 * value for value in chosen]


def test_a_clip_without_frames_is_skipped():
    with pytest.raises(SkipClip):
        prepared(clip_of(count=0))
