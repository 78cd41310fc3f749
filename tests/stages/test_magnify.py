"""Properties of every magnification method, for any clip."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merflow.clip import ClipArrays, ClipKey
from merflow.config.settings import Magnify
from merflow.errors import MerflowError
from merflow.stages import magnify
from merflow.stages.magnify import magnify_clip, magnify_frames

METHODS = ["phase", "linear", "lagrangian"]


def moving(length, height, width, channels=3, shift=0.5, seed=0, noise=1.0):
    """Return a smooth random picture that drifts by up to `shift` px and comes back, uint8."""
    rng = np.random.default_rng(seed)
    picture = cv2.GaussianBlur(rng.normal(0, 1, (height, width, channels)), (0, 0), 1.5)
    picture = (picture.reshape(height, width, channels) / picture.std() * 40 + 128).astype("f4")
    frames = []
    for time in range(length):
        way = shift * np.sin(np.pi * time / max(1, length - 1))
        matrix = np.array([[1, 0, way], [0, 1, way / 2]])
        frame = cv2.warpAffine(
            picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        ).reshape(height, width, channels)
        frames.append(frame + rng.normal(0, noise, frame.shape))
    return np.clip(np.rint(frames), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("method", METHODS)
@given(
    length=st.sampled_from([1, 2, 3, 5, 12]),
    height=st.integers(8, 70),
    width=st.integers(8, 70),
    channels=st.sampled_from([1, 3]),
    factor=st.sampled_from([0.0, 0.5, 3.0, 10.0, 50.0]),
    seed=st.integers(0, 99),
    flicker=st.booleans(),
)
@settings(deadline=None, max_examples=25)
def test_any_clip_gives_a_clip_of_its_shape_and_keeps_the_onset(
    method, length, height, width, channels, factor, seed, flicker
):
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (length, height, width, channels), np.uint8)
    reference = int(rng.integers(length))
    given_frames = frames.copy()
    chosen = Magnify(method=method, remove_flicker=flicker)
    out, facts = magnify_frames(frames, 100.0, factor, chosen, reference=reference)
    assert out.shape == frames.shape
    assert out.dtype == np.uint8
    assert np.array_equal(out[reference], frames[reference])
    assert np.array_equal(frames, given_frames)
    for value in facts.values():
        assert isinstance(value, str | bool) or value is None or np.isfinite(value)


@pytest.mark.parametrize("method", METHODS)
@given(seed=st.integers(0, 99), channels=st.sampled_from([1, 3]))
@settings(deadline=None, max_examples=5)
def test_factor_one_is_the_identity(method, seed, channels):
    frames = np.random.default_rng(seed).integers(0, 256, (6, 20, 24, channels), np.uint8)
    out, _ = magnify_frames(frames, 25.0, 1, Magnify(method=method))
    assert np.array_equal(out, frames)
    assert out is not frames


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("factor", [0.0, 10, 50])
@pytest.mark.parametrize("size", [(64, 64), (127, 131)])
def test_a_still_clip_stays_as_it_is(method, factor, size):
    frames = np.repeat(moving(1, *size, noise=0), 9, axis=0)
    out, _ = magnify_frames(frames, 100.0, factor, Magnify(method=method))
    assert np.array_equal(out, frames)


@pytest.mark.parametrize("method", METHODS)
@given(
    value=st.integers(0, 255),
    length=st.integers(1, 12),
    size=st.tuples(st.integers(8, 40), st.integers(8, 40)),
    factor=st.floats(0, 60),
)
@settings(deadline=None, max_examples=20)
def test_a_flat_clip_stays_flat(method, value, length, size, factor):
    frames = np.full((length, *size, 3), value, np.uint8)
    out, _ = magnify_frames(frames, 100.0, factor, Magnify(method=method))
    assert (out == value).all()


@pytest.mark.parametrize("method", METHODS)
def test_grey_equals_three_equal_channels(method):
    grey = moving(12, 64, 72, channels=1)
    once, _ = magnify_frames(grey, 100.0, 10, Magnify(method=method))
    thrice, _ = magnify_frames(np.repeat(grey, 3, axis=3), 100.0, 10, Magnify(method=method))
    # The three luma weights add up to 1 only within float32.
    assert np.abs(thrice.astype(int) - once).max() <= 1


@pytest.mark.parametrize("method", ["phase", "linear"])
def test_colour_differences_are_kept(method):
    frames = moving(12, 64, 64)
    out, _ = magnify_frames(frames, 100.0, 10, Magnify(method=method))
    assert not np.array_equal(out, frames)
    inside = ((out > 0) & (out < 255)).all(axis=-1)
    before = frames[..., 0].astype(int) - frames[..., 1]
    after = out[..., 0].astype(int) - out[..., 1]
    assert np.abs(after - before)[inside].max() <= 1


def test_colours_move_together_in_the_lagrangian_method():
    frames = np.repeat(moving(12, 64, 64, channels=1), 3, axis=3)
    frames[..., 0] //= 2
    out, _ = magnify_frames(frames, 100.0, 10, Magnify(method="lagrangian"))
    assert not np.array_equal(out, frames)
    inside = ((out > 0) & (out < 255)).all(axis=-1)
    assert np.abs(out[..., 0] - out[..., 1] / 2.0)[inside].max() <= 2


@pytest.mark.parametrize("method", METHODS)
def test_the_result_does_not_depend_on_threads(method):
    frames = moving(16, 127, 131)
    threads = cv2.getNumThreads()
    try:
        results = []
        for count in (1, 2, 4):
            cv2.setNumThreads(count)
            results.append(magnify_frames(frames, 100.0, 25, Magnify(method=method))[0])
    finally:
        cv2.setNumThreads(threads)
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


@pytest.mark.parametrize("method", METHODS)
def test_the_result_hardly_depends_on_the_block(method, monkeypatch):
    frames = moving(16, 90, 101)
    whole, _ = magnify_frames(frames, 100.0, 25, Magnify(method=method))
    monkeypatch.setattr("merflow.stages.threads.BLOCK", 1000)
    chunked, _ = magnify_frames(frames, 100.0, 25, Magnify(method=method))
    # BLAS may round the last bit differently; after rounding to bytes hardly a pixel shows it.
    difference = np.abs(whole.astype(int) - chunked)
    assert difference.max() <= 1
    assert difference.mean() < 1e-3


@pytest.mark.parametrize("method", METHODS)
@given(
    length=st.integers(4, 20),
    reference=st.integers(0, 3),
    shift=st.floats(0, 1),
    seed=st.integers(),
)
@settings(deadline=None, max_examples=8)
def test_reversed_time_gives_the_reversed_result(method, length, reference, shift, seed):
    frames = moving(length, 64, 64, shift=shift, seed=abs(seed))
    chosen, onset = Magnify(method=method), length - 1 - reference
    forth, _ = magnify_frames(frames, 100.0, 10, chosen, reference=reference)
    back, _ = magnify_frames(frames[::-1].copy(), 100.0, 10, chosen, reference=onset)
    # Sums in another order: the last bit may turn a rounding, or end a search a step later.
    difference = np.abs(back[::-1].astype(int) - forth)
    assert difference.max() <= 5
    assert difference.mean() < 0.01


@pytest.mark.parametrize("method", METHODS)
def test_a_change_of_light_is_not_magnified(method):
    still = np.repeat(moving(1, 96, 96, noise=0).clip(20, 230), 16, axis=0).astype(float)
    gain = 1 + 0.01 * np.sin(np.arange(16) / 2)
    frames = np.rint(still * gain[:, None, None, None]).astype(np.uint8)
    kept, _ = magnify_frames(frames, 100.0, 10, Magnify(method=method))
    lost, _ = magnify_frames(frames, 100.0, 10, Magnify(method=method, remove_flicker=False))
    added = np.sqrt(np.mean((kept.astype(float) - frames) ** 2))
    without = np.sqrt(np.mean((lost.astype(float) - frames) ** 2))
    if method == "phase":  # a change of contrast turns no phase: there is nothing to take out
        assert max(added, without) < 0.1
    else:
        assert added < 0.5 * without


def test_the_clip_carries_its_facts():
    frames = moving(10, 48, 48)
    numbers = np.arange(10)
    clip = ClipArrays(
        ClipKey("samm", "006", "1"), frames, 200.0, numbers, 0, 4, 9, facts={"crop": {"side": 3}}
    )
    out = magnify_clip(clip, Magnify(method="linear"), 10)
    assert out.facts["crop"] == {"side": 3}
    assert out.facts["magnify"]["method"] == "linear"
    assert out.facts["magnify"]["factor"] == 10
    assert 0 <= out.facts["magnify"]["clipped"] <= 1
    assert out.key == clip.key
    assert out.apex == 4
    assert clip.facts == {"crop": {"side": 3}}
    direct, _ = magnify_frames(frames, 200.0, 10, Magnify(method="linear"))
    assert np.array_equal(out.frames, direct)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"factor": -1}, "0 or more"),
        ({"factor": float("nan")}, "0 or more"),
        ({"fps": 0}, "frames per second"),
        ({"frames": np.zeros((3, 4, 4), np.uint8)}, "uint8"),
        ({"frames": np.zeros((3, 4, 4, 3), np.float32)}, "uint8"),
        ({"frames": np.zeros((0, 4, 4, 3), np.uint8)}, "no pixels"),
        ({"reference": 3}, "position"),
    ],
)
def test_what_cannot_be_magnified_is_refused(changes, word):
    arguments = {
        "frames": np.zeros((3, 8, 8, 3), np.uint8),
        "fps": 100.0,
        "factor": 10,
        "settings": Magnify(),
        **changes,
    }
    with pytest.raises(MerflowError, match=word):
        magnify_frames(**arguments)


@pytest.mark.parametrize("method", METHODS)
def test_measuring_changes_no_pixel(method):
    frames = moving(12, 64, 64)
    with_facts, facts = magnify_frames(frames, 100.0, 10, Magnify(method=method))
    without, fewer = magnify_frames(frames, 100.0, 10, Magnify(method=method), measured=False)
    assert np.array_equal(with_facts, without)
    assert "delivered" in facts
    assert fewer.items() <= facts.items()
    assert "delivered" not in fewer


@pytest.mark.parametrize("method", METHODS)
def test_views_of_arrays_are_magnified_like_copies(method):
    frames = moving(8, 48, 40)
    for view in (frames[:, ::-1, :, ::-1], frames.transpose(0, 2, 1, 3), frames[::2]):
        out, _ = magnify_frames(view, 100.0, 10, Magnify(method=method))
        copied, _ = magnify_frames(view.copy(), 100.0, 10, Magnify(method=method))
        assert np.array_equal(out, copied)


@pytest.mark.parametrize("method", METHODS)
def test_factors_together_give_the_bytes_of_each_alone_from_one_estimate(method, monkeypatch):
    frames, factors = moving(10, 64, 56), [1, 10, 50]
    alone = [magnify_frames(frames, 100.0, f, Magnify(method=method)) for f in factors]
    estimates = []
    whole = magnify.estimate
    monkeypatch.setattr(magnify, "estimate", lambda *a: estimates.append(1) or whole(*a))
    together = magnify.magnify_factors(frames, 100.0, factors, Magnify(method=method))
    assert len(estimates) == 1
    for (made, facts), (wanted, wanted_facts) in zip(together, alone, strict=True):
        assert np.array_equal(made, wanted)
        assert facts == wanted_facts
