"""Magnification delivered on textures with known motion."""

import numpy as np
import pytest
from moving_textures import FPS, LENGTH, patch, still_picture, truths

from merflow.config.settings import Magnify
from merflow.stages.magnification.delivered import expected_gain, largest_motion, measure
from merflow.stages.magnification.luma import luma_of
from merflow.stages.magnification.motion import motion_fields
from merflow.stages.magnification.motion_share import filter_in_time, motion_share
from merflow.stages.magnification.temporal import anchored, low_pass
from merflow.stages.magnify import magnify_frames

BANDS = {
    ("phase", 10): (0.85, 1.05, 0.995),
    ("phase", 25): (0.84, 1.05, 0.98),
    ("lagrangian", 10): (0.88, 1.05, 0.985),
    ("lagrangian", 25): (0.88, 1.05, 0.96),
    ("linear", 10): (0.25, 0.75, 0.93),
}


@pytest.mark.parametrize(("method", "factor"), BANDS)
def test_the_requested_displacement_is_delivered(method, factor):
    truth, frames = patch()
    out, facts = magnify_frames(frames, FPS, factor, Magnify(method=method))
    found = truths.score(truth, frames, out, factor)
    least, most, similar = BANDS[method, factor]
    assert least <= found["gain"] <= most
    assert found["ssim"] >= similar
    assert facts["peak_px"] == pytest.approx(0.2, abs=0.05)
    assert facts["credible"]
    # The clip's own measurement, made without the truth, agrees with the ruler.
    assert facts["gain"] == pytest.approx(found["gain"], abs=0.12)


@pytest.mark.parametrize("method", ["phase", "lagrangian"])
def test_a_factor_below_one_reduces_motion(method):
    truth, frames = patch()
    ruler = truths.Ruler(truth, 0.5, 0.05)
    top = int(np.argmax(truth.times))
    halved, _ = magnify_frames(frames, FPS, 0.5, Magnify(method=method))
    gone, _ = magnify_frames(frames, FPS, 0.0, Magnify(method=method))
    assert ruler.shift(frames[top]) == pytest.approx(0.2, abs=0.03)
    assert ruler.shift(halved[top]) == pytest.approx(0.1, abs=0.04)
    assert ruler.shift(gone[top]) == pytest.approx(0.0, abs=0.06)


@pytest.mark.parametrize("method", ["phase", "lagrangian"])
def test_a_shift_of_the_whole_picture_is_magnified(method):
    truth = truths.MovingTexture(still_picture(), 0.2, truths.bump(16), uniform=True)
    out, _ = magnify_frames(truth.clip(), FPS, 10, Magnify(method=method))
    top = int(np.argmax(truth.times))
    truth.moving[:16], truth.moving[-16:] = False, False
    truth.moving[:, :16], truth.moving[:, -16:] = False, False
    found = truths.Ruler(truth, 3.0).shift(out[top])
    assert found == pytest.approx(10 * 0.2 * truth.times[top], rel=0.12)


@pytest.mark.parametrize("method", ["phase", "lagrangian"])
def test_noise_alone_is_hardly_magnified(method):
    still = np.repeat(still_picture()[None], LENGTH, axis=0)
    noisy = still + np.random.default_rng(0).normal(0, 1.5, still.shape)
    frames = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    out, facts = magnify_frames(frames, FPS, 50, Magnify(method=method))
    before, after = (
        np.sqrt(np.mean((truths.luma(f) - truths.luma(still_picture())) ** 2))
        for f in (frames, out)
    )
    assert after <= 1.5 * before
    assert facts["delivered"] is None


def test_motion_too_large_to_be_credible_is_marked():
    truth = truths.MovingTexture(still_picture(), 2.0, truths.bump(12))
    _, facts = magnify_frames(truth.clip(), FPS, 50, Magnify(method="linear"))
    assert not facts["credible"]
    assert facts["peak_px"] == pytest.approx(2, rel=0.25)
    assert facts["gain"] < 0.4


def test_the_measurement_sees_what_was_rendered():
    times = truths.bump(LENGTH)
    truth = truths.MovingTexture(still_picture(), 0.3, times)
    tripled = truths.MovingTexture(still_picture(), 0.9, times).clip()
    smooth, light = low_pass(LENGTH, FPS, 15.0), np.zeros((LENGTH, 2), np.float32)
    operator = anchored(low_pass(LENGTH, FPS, 15.0), 0)
    frames = truth.clip()
    motion = filter_in_time(motion_fields(luma_of(frames), LENGTH, 0), smooth, 0)
    peak = largest_motion(frames, motion, operator, light, 0)
    assert abs(peak.time - int(np.argmax(times))) <= 1
    for factor in (3, 5):  # 5 was requested, 3 is delivered
        facts = measure(frames, tripled, peak, 0, factor)
        assert facts["delivered"] == pytest.approx(3, rel=0.06)
        assert facts["gain"] == pytest.approx(3 / factor, rel=0.06)


def test_filtered_fields_are_the_operator_applied():
    rng = np.random.default_rng(0)
    course = np.sin(np.linspace(0, np.pi, LENGTH)).astype(np.float32)
    raw = np.empty((LENGTH, 20, 24, 2), np.float32)
    raw[:] = course[:, None, None, None]
    noise = rng.normal(0, 0.1, raw.shape).astype(np.float32)
    noise -= noise[:1]
    smooth = low_pass(LENGTH, FPS, 15.0)
    wanted = np.tensordot(anchored(low_pass(LENGTH, FPS, 15.0), 0), raw, 1)
    moving, share = motion_share(raw.copy(), smooth, 0)
    assert moving == pytest.approx(wanted, abs=1e-5)
    assert share.min() > 0.99
    # Noise alone is not believed, motion under noise nearly whole.
    _, none = motion_share(noise.copy(), smooth, 0)
    assert none.mean() < 0.2
    _, most = motion_share(raw + noise, smooth, 0)
    assert most.mean() > 0.9


@pytest.mark.parametrize("method", ["phase", "linear", "lagrangian"])
def test_the_expected_gain_falls_with_the_requested_displacement(method):
    gains = [expected_gain(method, px) for px in (0.5, 3, 20, 50, 500)]
    assert all(0 < gain <= 1 for gain in gains)
    assert gains[-1] < gains[0]
    _, frames = patch()
    _, facts = magnify_frames(frames, FPS, 10, Magnify(method=method))
    assert facts["expected_gain"] == expected_gain(method, facts["asked_px"])
    assert facts["asked_px"] == pytest.approx(10 * facts["peak_px"] * 256 / 128, abs=0.01)
