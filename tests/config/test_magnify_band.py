"""`band_hz` in place of three earlier keys: messages, and fingerprints that stay."""

import pytest

from merflow.config.fingerprints import of_stage
from merflow.config.flatten import settings_digest
from merflow.config.loading import checked, validate
from merflow.config.settings import Magnify, Preparation
from merflow.errors import MerflowError
from merflow.stages.magnification.temporal import recursive_coefficient

EARLIER = {"high_hz": None, "iir": None, "iir_hz": None}


@pytest.mark.parametrize(
    ("magnify", "says"),
    [
        ({"high_hz": 12}, "magnify: high_hz is now band_hz: [0, 12]"),
        ({"iir_hz": [12, 1.5]}, "magnify: iir_hz is now band_hz: [1.5, 12]"),
        ({"high_hz": 12, "iir_hz": [9, 1]}, "[0, 12]; iir_hz is now band_hz: [1, 9]"),
        ({"high_hz": "fast"}, "high_hz is now band_hz: [lowest, highest] in Hz"),
        ({"iir": [0.1, 0.4]}, "write band_hz: [3.354, 16.26]"),
        ({"iir": 0.4}, "iir is now band_hz: [lowest, highest] in Hz"),
        ({"band_hz": [12, 1]}, "band_hz: found [12, 1]; the lower first"),
        ({"band_hz": [-1, 12]}, "band_hz: found [-1, 12]; the lower first"),
        ({"band_hz": [1, 12]}, "band_hz: found [1, 12] for method phase; method: linear, or 0"),
    ],
)
def test_wrong_bands_are_refused_with_the_key_to_write(magnify, says):
    with pytest.raises(MerflowError) as caught:
        validate({"preparations": {"p": {"magnify": magnify}}})
    assert f"preparations.p.magnify: {says}"[-len(says) :] in str(caught.value)


def test_the_message_for_coefficients_gives_their_cut_offs():
    with pytest.raises(MerflowError) as caught:
        checked(Magnify, {"method": "linear", "iir": [0.4, 0.05]}, "x")
    low, high = str(caught.value).split("write band_hz: [")[1].split("]")[0].split(", ")
    assert recursive_coefficient(float(high), 200) == pytest.approx(0.4, abs=1e-3)
    assert recursive_coefficient(float(low), 200) == pytest.approx(0.05, abs=1e-3)


@pytest.mark.parametrize(
    ("magnify", "earlier"),
    [
        ({}, {}),
        ({"band_hz": [0, 12]}, {"high_hz": 12.0}),
        ({"method": "linear", "band_hz": [1, 12]}, {"iir_hz": [12.0, 1.0]}),
    ],
)
def test_fingerprints_have_the_earlier_keys(magnify, earlier):
    settings = validate({"preparations": {"p": {"magnify": magnify}}})
    found = of_stage(settings, "magnify", "p", "x10")["magnify"]
    assert list(found) == [
        "version", "method", "high_hz", "iir", "iir_hz", "lambda_c", "remove_flicker", "factor"
    ]  # fmt: skip
    assert {key: found[key] for key in EARLIER} == {**EARLIER, **earlier}


def test_the_digest_of_all_settings_is_that_of_earlier_versions():
    """Of those since `folds_per_job` is no part of it."""
    assert settings_digest(validate({"preparations": {"p": {}}})) == "2963341693ce1d48"
    entry = {"preparation": "p", "collection": "c"}
    raw = {
        "datasets": {"smic": {"root": "x"}},
        "collections": {"c": ["smic"]},
        "preparations": {"p": {"magnify": {"band_hz": [0, 12]}}},
        "experiments": {"e": {**entry, "grid": {"training.loss": ["focal", "cross_entropy"]}}},
    }
    assert settings_digest(validate(raw)) == "26d6b444163db0d7"


def test_empty_earlier_keys_are_read():
    """An earlier version's results/config.yaml has them."""
    settings = validate({"preparations": {"p": {"magnify": {**EARLIER, "method": "phase"}}}})
    assert settings.preparations["p"].magnify == Magnify()


@pytest.mark.parametrize(
    ("saved", "band"), [({"high_hz": 12.0}, (0, 12)), ({"iir_hz": [12.0, 1.0]}, (1, 12))]
)
def test_a_saved_model_of_an_earlier_version_is_read(saved, band):
    magnify = {**EARLIER, "method": "linear", **saved}
    read = Preparation.model_validate({"magnify": magnify}, context="saved")
    assert read.magnify.band_hz == band
