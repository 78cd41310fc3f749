"""Crop: one square per clip, the right part of the face, landmarks and pixels in agreement."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from face_makers import HAPPY, arrays_of, demo_clip
from hypothesis import given
from hypothesis import strategies as st

from merflow.clip import Clip, ClipArrays, ClipKey, eye_centres
from merflow.config.settings import Align, Crop
from merflow.errors import MerflowError
from merflow.io.images import ImageFrames
from merflow.stages.align import align_clip, aligned_frames
from merflow.stages.crop import crop_clip, crop_together, region_square
from merflow.stages.geometry import apply, compose
from merflow.stages.regions import PLACES
from merflow.workflow.face_finder import load_finder

KEY = ClipKey("smic", "s03", "s3_ne_01")


@pytest.fixture(scope="module")
def aligned():
    """The same clip aligned with 5 and with 68 points."""
    clip = arrays_of(demo_clip(HAPPY, frames=4))
    return {n: align_clip(clip, Align(points=n), load_finder(n)) for n in (5, 68)}


def clip_of(frames, **given):
    count = len(frames)
    return ClipArrays(KEY, frames, 100.0, np.arange(count), 0, None, count - 1, **given)


@pytest.mark.parametrize("points", [5, 68])
@pytest.mark.parametrize("region", list(PLACES))
@pytest.mark.parametrize(("colour", "channels"), [("grey", 1), ("rgb", 3)])
def test_every_region_and_colour_has_its_shape(aligned, points, region, colour, channels):
    done = crop_clip(aligned[points], Crop(region=region, colour=colour, working_size=96))
    assert done.frames.shape == (4, 96, 96, channels)
    assert done.frames.dtype == np.uint8
    assert done.landmarks.shape == (points, 2)
    assert done.facts["crop"]["by"] == "landmarks"
    assert done.facts["align"]


def test_regions_hold_what_they_are_named_after(aligned):
    clip = aligned[68]
    parts = {
        "whole": range(68),
        "brows": range(17, 27),
        "eyes": range(36, 48),
        "nose": range(27, 36),
        "cheeks": (2, 14, 31, 35, 48, 54),
        "mouth": range(48, 68),
    }
    for region, points in parts.items():
        done = crop_clip(clip, Crop(region=region, margin=0.1))
        inside = done.landmarks[list(points)]
        assert (inside > -2).all()
        assert (inside < 258).all()
    middle = {r: crop_clip(clip, Crop(region=r)).landmarks[27:].mean(0) for r in ("eyes", "mouth")}
    assert middle["mouth"][1] < middle["eyes"][1]


@pytest.mark.parametrize("region", list(PLACES))
def test_five_points_give_nearly_the_square_of_68(aligned, region):
    crops = [crop_clip(aligned[n], Crop(region=region)).facts["crop"] for n in (5, 68)]
    squares = [np.array(c["square"], float) for c in crops]
    distance = aligned[68].eye_distance
    centres = [s[:2] + s[2] / 2 for s in squares]
    eyes = [np.mean(eye_centres(aligned[n].landmarks), axis=0) for n in (5, 68)]
    assert np.abs((centres[0] - eyes[0]) - (centres[1] - eyes[1])).max() < 0.3 * distance
    assert 0.8 < squares[0][2] / squares[1][2] < 1.25


def test_landmarks_move_with_the_pixels(aligned):
    clip = aligned[5]
    frames = np.zeros_like(clip.frames)
    for x, y in np.rint(apply(clip.views[0], clip.landmarks)).astype(int):
        frames[:, y - 2 : y + 3, x - 2 : x + 3] = 255
    for size in (96, 256, 400):
        done = crop_clip(replace(clip, frames=frames), Crop(working_size=size))
        for x, y in done.landmarks:
            assert done.frames[0, round(float(y)), round(float(x)), 0] > 150


def test_a_margin_is_room_round_the_region(aligned):
    sides = [
        crop_clip(aligned[5], Crop(margin=m)).facts["crop"]["square"][2] for m in (0, 0.5, 1.0)
    ]
    assert sides[1] / sides[0] == pytest.approx(1.5, abs=0.02)
    assert sides[2] / sides[0] == pytest.approx(2.0, abs=0.02)


def test_grey_is_luma_and_one_square_serves_all_frames(aligned):
    done = crop_clip(aligned[5], Crop(colour="grey"))
    rgb = crop_clip(aligned[5], Crop(colour="rgb"))
    luma = rgb.frames.astype(np.float64) @ [0.299, 0.587, 0.114]
    assert np.abs(luma - done.frames[..., 0]).max() <= 1.5
    left, top, side = done.facts["crop"]["square"]
    place = np.array([[side / 256, 0, left + side / 512], [0, side / 256, top + side / 512]])
    place[:, 2] -= 0.5
    for before, view, after in zip(aligned[5].frames, aligned[5].views, rgb.frames, strict=True):
        seen = cv2.warpAffine(
            before.astype(np.float32), compose(view, place), (256, 256),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101,
        )  # fmt: skip
        assert np.abs(seen - after).mean() < 1.5


def test_a_raw_frame_is_rounded_once_and_keeps_its_fine_detail(aligned):
    """Sampling an aligned picture again rounds twice and blurs."""
    clip = aligned[5]
    once = crop_clip(clip, Crop())
    twice = crop_clip(replace(clip, frames=aligned_frames(clip), views=None), Crop())
    with np.errstate(all="raise"):
        sharp = [cv2.Laplacian(c.frames[0], cv2.CV_32F).var() for c in (once, twice)]
    assert sharp[0] > 1.02 * sharp[1]


@pytest.mark.parametrize("shrink", [1.6, 3.3])
def test_detail_too_fine_for_the_working_size_is_removed_not_aliased(shrink):
    """Stripes finer than the result can show become grey; those that it can show remain."""
    side = round(64 * shrink)
    across = np.arange(side + 40)
    points = np.array([[0.65, 0.4], [0.75, 0.4], [0.35, 0.4], [0.25, 0.4], [0.5, 0.6]]) * side
    contrast = []
    for wavelength in (1.25 * shrink, 6 * shrink):
        stripes = 128 + 100 * np.sin(2 * np.pi * across / wavelength)
        frame = np.repeat(np.rint(stripes)[None], side, 0).astype(np.uint8)[..., None]
        unit = side / (2.2 * 0.4 * side)
        clip = clip_of(frame[None], landmarks=(points * unit).astype(np.float32))
        done = crop_clip(clip, Crop(working_size=64, margin=0))
        assert 1 / done.facts["crop"]["scale"] == pytest.approx(shrink, rel=0.03)
        contrast.append(float(done.frames[0, 30].std()))
    assert contrast[0] < 20, "of 71 without the blur"
    assert contrast[1] > 55


def test_several_preparations_share_a_pass_and_each_gets_what_it_gets_alone(aligned, tmp_path):
    names = []
    for t, frame in enumerate(arrays_of(demo_clip(HAPPY, frames=4)).frames):
        names.append(f"{t}.jpg")
        cv2.imwrite(str(tmp_path / names[-1]), frame[..., ::-1])
    files = ImageFrames(Clip(KEY, str(tmp_path), tuple(names), (0, 1, 2, 3), 100.0, ""))
    clip = replace(aligned[5], frames=files)
    wanted = [Crop(), Crop(colour="rgb"), Crop(region="eyes", working_size=128)]
    for one, together in zip(wanted, crop_together(clip, wanted), strict=True):
        alone = crop_clip(clip, one)
        assert np.array_equal(together.frames, alone.frames)
        assert np.array_equal(together.landmarks, alone.landmarks)
    # A JPEG's luma is read as it is stored, without rounding to RGB in between.
    assert not np.array_equal(
        crop_clip(replace(clip, frames=np.asarray(files)), Crop()).frames,
        crop_clip(clip, Crop()).frames,
    )


def test_no_resizing_leaves_the_pixels_alone():
    frames = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype(np.uint8)
    done = crop_clip(clip_of(frames, enters_at="aligned"), Crop(working_size=64, colour="rgb"))
    assert (done.frames == frames).all()


def test_an_aligned_picture_gives_its_centre_and_a_cropped_one_is_kept_whole():
    frames = np.zeros((3, 60, 100, 3), np.uint8)
    frames[:, :, 20:80] = 200
    frames[:, :, :5] = 90
    centre = crop_clip(clip_of(frames, enters_at="aligned"), Crop(working_size=60))
    assert (centre.frames == 200).all()
    assert centre.facts["crop"]["by"] == "centre"
    whole = crop_clip(clip_of(frames, enters_at="cropped"), Crop(working_size=100))
    assert whole.facts["crop"]["by"] == "padded"
    assert (whole.frames[0, :, :5, 0] == 90).all()
    assert (whole.frames[0, 0, :, 0] == whole.frames[0, 50, :, 0]).all()
    assert whole.landmarks is None


def test_a_grey_store_can_give_rgb():
    frames = np.full((3, 40, 40, 1), 77, np.uint8)
    done = crop_clip(clip_of(frames, enters_at="cropped"), Crop(colour="rgb", working_size=32))
    assert done.frames.shape == (3, 32, 32, 3)
    assert (done.frames == 77).all()


def test_a_region_needs_landmarks():
    frames = np.zeros((3, 40, 40, 3), np.uint8)
    with pytest.raises(MerflowError, match="region 'mouth' is set for a clip without landmarks"):
        crop_clip(clip_of(frames, enters_at="cropped"), Crop(region="mouth"))


def test_the_hull_mask_blackens_all_but_the_face(aligned):
    done = crop_clip(aligned[68], Crop(hull_mask=True, margin=0.5, colour="rgb"))
    bare = crop_clip(aligned[68], Crop(margin=0.5, colour="rgb"))
    assert (done.frames[:, :8] == 0).all()
    assert (done.frames[:, :, :8] == 0).all()
    inside = np.rint(done.landmarks[17:]).astype(int)
    for x, y in inside:
        assert (done.frames[:, y, x] == bare.frames[:, y, x]).all()
    kept = (done.frames == bare.frames).all(axis=(0, 3)).mean()
    assert 0.2 < kept < 0.8


def test_the_hull_mask_needs_68_points(aligned):
    with pytest.raises(MerflowError, match="there are 5 landmarks"):
        crop_clip(aligned[5], Crop(hull_mask=True))
    frames = np.zeros((3, 40, 40, 3), np.uint8)
    with pytest.raises(MerflowError, match="there are no landmarks"):
        crop_clip(clip_of(frames, enters_at="cropped"), Crop(hull_mask=True))


@given(
    st.floats(-50, 450),
    st.floats(-50, 450),
    st.floats(5, 300),
    st.sampled_from(["whole", "eyes", "mouth"]),
    st.floats(0, 1),
)
def test_the_square_grows_and_moves_smoothly_with_the_face(x, y, distance, region, margin):
    half = distance / 2
    xs = (x + half * 1.2, x + half * 0.8, x - half * 1.2, x - half * 0.8, x)
    landmarks = np.array([(a, y) for a in xs[:4]] + [(x, y + distance)], np.float32)
    assert np.hypot(*np.subtract(*eye_centres(landmarks))) == pytest.approx(distance, rel=1e-3)
    across, down, side = PLACES[region]
    square = region_square(landmarks, Crop(region=region, margin=margin))
    assert square.side == pytest.approx(side * (1 + margin) * distance, rel=1e-3)
    centre = [square.left + square.side / 2 - 0.5, square.top + square.side / 2 - 0.5]
    assert centre == pytest.approx([x + across * distance, y + down * distance], abs=0.05)
