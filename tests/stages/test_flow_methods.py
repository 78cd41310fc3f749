"""Published flow methods: near known motion, the default unchanged, settings that are refused."""

import cv2
import numpy as np
import pytest
from motion_truth import ANGLE, MovingTexture, texture

from merflow.clip import ClipArrays, ClipKey
from merflow.config.flatten import settings_digest
from merflow.config.loading import validate
from merflow.config.settings import Flow
from merflow.errors import MerflowError
from merflow.stages.flow import flow_field, flow_image
from merflow.stages.flow_methods import METHODS, field_by
from merflow.stages.resample import to_luma

needs_tvl1 = pytest.mark.skipif(
    not hasattr(cv2, "optflow"), reason="this OpenCV has no cv2.optflow (opencv-contrib-python)"
)
ALL = [pytest.param("tvl1", marks=needs_tvl1), "farneback", "dis", "merflow"]


@pytest.fixture(scope="module")
def moved():
    """A pair of luma images, 128 px, and its motion: 1.5 px in the middle."""
    truth = MovingTexture(texture(128, 3), 1.5, np.ones(1))
    first, last = (np.float32(to_luma(np.uint8(truth.frame(s)))) for s in (0.0, 1.5))
    shape = 1.5 * truth.shape(truth.y, truth.x)
    return first, last, np.dstack([shape * np.cos(ANGLE), shape * np.sin(ANGLE)]), truth.moving


@pytest.mark.parametrize("method", ALL)
def test_every_method_is_near_the_known_motion(moved, method):
    first, last, true, moving = moved
    field = flow_field(first, last, method)
    assert field.shape == true.shape and field.dtype == np.float32
    assert np.hypot(*np.moveaxis(field - true, 2, 0))[moving].mean() < 0.15


@pytest.mark.parametrize("method", ALL)
def test_the_bytes_do_not_depend_on_the_threads(moved, method):
    made, before = set(), cv2.getNumThreads()
    try:
        for threads in (1, 2):
            cv2.setNumThreads(threads)
            made.add(flow_field(*moved[:2], method).tobytes())
    finally:
        cv2.setNumThreads(before)
    assert len(made) == 1


@pytest.mark.parametrize("method", ["farneback", "dis"])
def test_the_setting_decides_and_the_picture_keeps_its_form(moved, method):
    frames = np.uint8(np.stack([moved[0]] * 3 + [moved[1]] * 3))[..., None]
    numbers = np.arange(6)
    clip = ClipArrays(ClipKey("d", "s", "c"), frames, 100.0, numbers, 0, 5, 5)
    pictures = {m: flow_image(clip, Flow(size=16, method=m)) for m in ("merflow", method)}
    for picture in pictures.values():
        assert picture.shape == (16, 16, 3) and picture.dtype == np.float16
    assert not np.array_equal(*pictures.values())
    assert np.corrcoef(*(p[..., 0].ravel() for p in pictures.values()))[0, 1] > 0.95
    np.testing.assert_array_equal(pictures["merflow"], flow_image(clip, Flow(size=16)))


def test_tvl1_without_its_library_says_which_package_has_it(monkeypatch):
    monkeypatch.delattr(cv2, "optflow", raising=False)
    with pytest.raises(MerflowError, match=r"flow.method: tvl1(?s:.)*opencv-contrib-python"):
        field_by("tvl1", np.zeros((32, 32), np.float32), np.zeros((32, 32), np.float32))


def test_the_default_leaves_fingerprints_and_digest_as_they_were():
    assert Flow().fingerprint() == {"size": 28, "scale": "eye-distance"}
    assert Flow(method="dis").fingerprint()["method"] == "dis"
    digests = {
        settings_digest(validate({"preparations": {"p": {"kind": "flow", "flow": flow}}}))
        for flow in ({}, {"method": "merflow"}, {"method": "dis"})
    }
    assert len(digests) == 2
    assert set(METHODS) == {"tvl1", "farneback", "dis"}


@pytest.mark.parametrize(
    ("flow", "message"),
    [
        ({"method": "tv-l1"}, "p.flow.method: found 'tv-l1'"),
        ({"method": "TVL1"}, "p.flow.method: found 'TVL1'"),
        ({"method": ""}, "p.flow.method: found ''"),
        ({"method": None}, "p.flow.method: found None"),
        ({"method": ["tvl1", "dis"]}, "p.flow.method"),
        ({"method": 1}, "p.flow.method: found 1"),
        ({"methods": "tvl1"}, "p.flow.methods: unknown key .did you mean 'method'"),
        ({"method": "tvl1", "tau": 0.25}, "p.flow.tau: unknown key"),
    ],
)
def test_a_malformed_method_is_refused_at_its_key(flow, message):
    with pytest.raises(MerflowError, match=message):
        validate({"preparations": {"p": {"kind": "flow", "flow": flow}}})
