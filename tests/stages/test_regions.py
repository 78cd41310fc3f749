"""Regions: names and lists, with 5 and with 68 landmarks, and settings that are refused."""

from typing import get_args

import numpy as np
import pytest

from merflow.config.loading import validate
from merflow.config.settings import Crop
from merflow.config.values import REGION_NAMES, RegionName
from merflow.errors import MerflowError
from merflow.stages.crop import region_square
from merflow.stages.regions import PLACES, POINTS_OF, SMALLEST, place

FIVE = np.array([(1.1, 0), (0.9, 0), (-1.1, 0), (-0.9, 0), (0, 1.0)]) * 100


def upright():
    """68 points of a plain face, in face units: each region's points in its own place."""
    rng = np.random.default_rng(3)
    points = rng.uniform((-0.9, -0.2), (0.9, 1.7), (68, 2))
    points[17:27] = [(x, -0.4) for x in np.linspace(-1, 1, 10)]
    points[48:68] = [(x, 1.1 + x / 10) for x in np.linspace(-0.5, 0.5, 20)]
    return points


def corners(found):
    x, y, side = found
    return np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2])


def test_settings_and_stage_know_the_same_names():
    assert set(REGION_NAMES) == set(get_args(RegionName)) == set(PLACES) == set(POINTS_OF)


@pytest.mark.parametrize("points", [None, upright()])
@pytest.mark.parametrize("name", REGION_NAMES)
def test_a_list_of_one_name_is_that_region(name, points):
    np.testing.assert_allclose(place((name,), points), place(name, points), atol=1e-12)


@pytest.mark.parametrize("points", [None, upright()])
def test_a_list_holds_all_its_members_and_no_more_than_a_square_needs(points):
    found = corners(place(("brows", "mouth"), points))
    parts = np.array([corners(place(name, points)) for name in ("brows", "mouth")])
    low, high = parts[:, :2].min(0), parts[:, 2:].max(0)
    assert (found[:2] <= low + 1e-9).all() and (found[2:] >= high - 1e-9).all()
    assert found[2] - found[0] == pytest.approx(max(high - low))


def test_listed_landmarks_span_the_square():
    points = upright()
    x, y, side = place((17, 26, 48), points)
    box = points[[17, 26, 48]]
    assert side == pytest.approx(max(np.ptp(box, axis=0)))
    assert (x, y) == pytest.approx(tuple((box.min(0) + box.max(0)) / 2))
    assert place((30,), points) == pytest.approx((*points[30], SMALLEST))


def test_the_order_of_a_list_does_not_count():
    assert place((3, "mouth", 40), upright()) == place((40, 3, "mouth"), upright())


def test_five_landmarks_serve_names_and_ask_for_68_otherwise():
    assert region_square(FIVE, Crop(region=["brows", "eyes"])).side > 0
    with pytest.raises(MerflowError, match=r"lists landmark 19 of 68(?s:.)*align\.points: 68"):
        region_square(FIVE, Crop(region=["brows", 19]))


BAD = [
    ("chin", "unknown region 'chin'; one of whole, brows, eyes, nose, cheeks, mouth, or a list"),
    ("brow", "did you mean 'brows'"),
    ("Eyes", "did you mean 'eyes'"),
    ([], "found an empty list"),
    ([68], "found 68 in the list; a whole number from 0 to 67"),
    ([-1], "found -1 in the list"),
    ([17.5], "found 17.5 in the list"),
    ([True], "found True in the list"),
    ([None], "found None in the list"),
    (["brows", "brows"], "brows is listed twice"),
    ([19, 24, 19], "19 is listed twice"),
    (["nose", "chin"], "unknown region 'chin'"),
    (19, "found 19; one of .* or a list, as \\[19\\]"),
    (None, "found None; one of"),
    ({"eyes": 1}, "found {'eyes': 1}; one of"),
    ([[17, 19]], "found \\[17, 19\\] in the list"),
]


@pytest.mark.parametrize(("region", "message"), BAD, ids=[str(region) for region, _ in BAD])
def test_a_malformed_region_has_one_message_at_its_key(region, message):
    with pytest.raises(MerflowError, match=message) as caught:
        validate({"align": {"points": 68}, "preparations": {"p": {"crop": {"region": region}}}})
    lines = [line for line in str(caught.value).splitlines() if "preparations" in line]
    assert len(lines) == 1 and "preparations.p.crop.region" in lines[0]


def test_listed_landmarks_need_68_points_in_the_config():
    regions = {"preparations": {"p": {"crop": {"region": [19, 24]}}}}
    with pytest.raises(MerflowError, match=r"p\.crop\.region: lists landmarks of 68; set align"):
        validate(regions)
    found = validate({**regions, "align": {"points": 68}}).preparations["p"].crop
    assert found.region == (19, 24)
    assert found.fingerprint()["region"] == [19, 24]
    assert Crop().fingerprint()["region"] == "whole"
