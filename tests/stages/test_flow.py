"""Flow: close to known motion, insensitive to light, in eye distances, independent of threads."""

import cv2
import numpy as np
import pytest
from face_makers import HAPPY, SURPRISE, arrays_of, demo_clip, true_picture

from merflow.clip import ClipArrays, ClipKey
from merflow.config.settings import Align, Crop, Flow
from merflow.stages.align import align_clip
from merflow.stages.crop import crop_clip
from merflow.stages.flow import EYE_SHARE, flow_clip, flow_field, flow_image, optical_strain
from merflow.stages.select import APEX_METHOD
from merflow.workflow.face_finder import load_finder


@pytest.fixture(scope="module")
def finder():
    return load_finder(5)


def cropped(clip, finder):
    return crop_clip(align_clip(arrays_of(clip), Align(), finder), Crop())


def texture(size=160, seed=0):
    """A random picture with coarse and fine parts, as a function of position (px)."""
    rng = np.random.default_rng(seed)
    speed, angle = np.exp(rng.uniform(np.log(0.04), np.log(0.7), 60)), rng.uniform(0, 6.3, 60)
    waves = speed[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    phase, height = rng.uniform(0, 6.3, 60), 2.5 * speed**-0.4

    def value(x, y):
        out = np.full(np.shape(x), 128.0)
        for (u, v), p, h in zip(waves, phase, height, strict=True):
            out += h * np.sin(u * x + v * y + p)
        return out.astype(np.float32)

    y, x = np.mgrid[0:size, 0:size].astype(np.float64)
    return value, x, y


@pytest.mark.parametrize(
    ("units", "person", "amplitude", "error", "likeness"),
    [(HAPPY, 3, 1.0, 0.40, 0.93), (SURPRISE, 27, 1.0, 0.40, 0.93), (HAPPY, 27, 0.4, 0.6, 0.80)],
)
def test_the_flow_of_a_face_is_near_the_truth(finder, units, person, amplitude, error, likeness):
    clip = demo_clip(units, person, frames=30, amplitude=amplitude)
    arrays = cropped(clip, finder)
    true = true_picture(clip, arrays, 28)
    seen = flow_image(arrays, Flow()).astype(np.float64)[..., :2]
    assert np.sqrt(((seen - true) ** 2).sum() / (true**2).sum()) < error
    assert (seen * true).sum() / np.sqrt((seen**2).sum() * (true**2).sum()) > likeness


@pytest.mark.parametrize("shift", [(0.2, 0.0), (0.0, -0.5), (2.3, -1.7), (7.0, 5.0)])
def test_a_shift_is_found_to_a_few_hundredths(shift):
    value, x, y = texture()
    field = flow_field(value(x, y), value(x - shift[0], y - shift[1]))
    inside = field[20:-20, 20:-20].reshape(-1, 2)
    assert np.abs(np.median(inside, axis=0) - shift).max() < 0.03
    assert np.sqrt(((inside - shift) ** 2).mean()) < 0.06


def test_what_does_not_move_has_no_flow_whatever_the_light():
    value, x, y = texture()
    first = value(x, y)
    assert np.abs(flow_field(first, first)).max() < 0.01
    assert np.abs(flow_field(first, 0.85 * first + 12)).max() < 0.02
    flat = np.full((64, 64), 90, np.float32)
    assert np.abs(flow_field(flat, flat)).max() == 0


def test_strain_is_that_of_the_field():
    y, x = np.mgrid[0:20, 0:30] * 2.0
    stretch = np.stack([0.03 * x, -0.01 * y], -1)
    assert np.allclose(optical_strain(stretch, 2.0), np.hypot(0.03, 0.01), atol=1e-6)
    shear = np.stack([0.04 * y, np.zeros_like(y)], -1)
    assert np.allclose(optical_strain(shear, 2.0), 0.04 * np.sqrt(0.5), atol=1e-6)
    turn = np.stack([-0.05 * y, 0.05 * x], -1)
    assert np.allclose(optical_strain(turn, 2.0), 0, atol=1e-6)


def clip_of(frames, landmarks=None, **given):
    count = len(frames)
    given = {"onset": 0, "apex": count - 1, "offset": count - 1} | given
    key = ClipKey("samm", "006", "006_1_2")
    return ClipArrays(
        key, frames, 30.0, np.arange(count), **given, landmarks=landmarks, enters_at="cropped"
    )


def shifted(shift, count=3):
    """A clip that moves by `shift` (px) from its first to its last frame."""
    value, x, y = texture(128)
    steps = np.linspace(0, 1, count)
    frames = np.stack([value(x - s * shift[0], y - s * shift[1]) for s in steps])
    return np.clip(np.rint(frames), 0, 255).astype(np.uint8)[..., None]


def test_flow_is_in_eye_distances():
    landmarks = np.array([(90, 50), (70, 50), (38, 50), (58, 50), (64, 80)], np.float32)
    known = flow_image(clip_of(shifted((1.0, -0.5)), landmarks), Flow(size=16))
    assert known.shape == (16, 16, 3)
    assert known.dtype == np.float16
    middle = known[4:12, 4:12].reshape(-1, 3).astype(np.float64).mean(0)
    assert middle[:2] == pytest.approx([1 / 32, -0.5 / 32], rel=0.05)
    unknown = flow_image(clip_of(shifted((1.0, -0.5))), Flow(size=16))
    middle = unknown[4:12, 4:12].reshape(-1, 3).astype(np.float64).mean(0)
    assert middle[:2] == pytest.approx([1 / (128 * EYE_SHARE), -0.5 / (128 * EYE_SHARE)], rel=0.05)


def test_twice_the_motion_is_twice_the_flow_unless_each_clip_has_its_own_scale():
    pictures = {
        (scale, by): flow_image(clip_of(shifted((by, 0.0))), Flow(size=16, scale=scale))
        for scale in ("eye-distance", "clip")
        for by in (0.5, 1.0)
    }
    middle = {k: float(p[4:12, 4:12, 0].astype(np.float64).mean()) for k, p in pictures.items()}
    assert middle["eye-distance", 1.0] / middle["eye-distance", 0.5] == pytest.approx(2, rel=0.05)
    assert middle["clip", 1.0] / middle["clip", 0.5] == pytest.approx(1, rel=0.1)
    own = pictures["clip", 1.0].astype(np.float64)
    assert np.hypot(own[..., 0], own[..., 1]).max() == pytest.approx(1, abs=1e-3)
    assert own[..., 2].max() == pytest.approx(1, abs=1e-3)


def test_the_flow_is_from_onset_to_apex_and_not_to_the_last_frame():
    there_and_back = np.concatenate([shifted((1.0, 0.0), 6), shifted((1.0, 0.0), 6)[::-1]])
    to_apex = flow_image(clip_of(there_and_back, apex=5), Flow(size=16))
    to_last = flow_image(clip_of(there_and_back, apex=11), Flow(size=16))
    found = flow_image(clip_of(there_and_back, apex=None), Flow(size=16))
    inside = np.s_[4:12, 4:12, 0]
    assert to_apex[inside].mean() > 0.015
    assert abs(to_last[inside].mean()) < 0.001
    assert found[inside].mean() > 0.8 * to_apex[inside].mean()


@pytest.mark.parametrize("scale", ["eye-distance", "clip"])
def test_a_clip_that_does_not_move_gives_finite_zeros(scale):
    still = np.repeat(shifted((0.0, 0.0), 1), 5, axis=0)
    for apex in (0, 2, None):
        picture = flow_image(clip_of(still, apex=apex), Flow(scale=scale))
        assert picture.shape == (28, 28, 3)
        assert np.isfinite(picture).all()
        assert (np.abs(picture) < 1.001).all()
    assert (flow_image(clip_of(still, apex=0), Flow(scale=scale)) == 0).all()


@pytest.mark.parametrize("side", [32, 100, 300])
def test_pictures_of_any_size_give_the_same_flow(side):
    frames = np.stack(
        [cv2.resize(f, (side, side), interpolation=cv2.INTER_AREA) for f in shifted((4.0, 0.0))]
    )[..., None]
    picture = flow_image(clip_of(frames), Flow(size=16))
    middle = float(picture[4:12, 4:12, 0].astype(np.float64).mean())
    assert middle == pytest.approx(4 / (128 * EYE_SHARE), rel=0.1)


def test_the_same_bytes_on_any_number_of_threads():
    clip = clip_of(shifted((3.0, 1.0)))
    before, made = cv2.getNumThreads(), set()
    try:
        for threads in (1, 2, 5):
            cv2.setNumThreads(threads)
            made.add(flow_image(clip, Flow()).tobytes())
    finally:
        cv2.setNumThreads(before)
    assert len(made) == 1


@pytest.mark.parametrize("apex", [None, 1])
def test_the_record_says_how_the_apex_was_found(apex):
    clip = flow_clip(clip_of(shifted((0.8, 0.0)), apex=apex), Flow(size=16))
    assert clip.apex == clip.facts["apex"]["position"]
    assert clip.facts["apex"]["method"] == (APEX_METHOD if apex is None else "annotated")
    assert clip.frames.shape == (16, 16, 3)
