"""The stage table: order, sources and versions that the other modules read from it."""

import pytest

from merflow.command_help import commands
from merflow.config.fingerprints import STAGE_VERSION, of_stage
from merflow.config.settings import Preparation, Settings
from merflow.stage_table import NAMES, WITH_FILES, has_factor, pipeline, sources


def names(kind: str, factor: str, until: str = "pack") -> list[str]:
    return [stage.name for stage in pipeline(kind, factor, until)]


def test_a_clip_goes_through_the_stages_of_its_kind_and_factor():
    frames = ["align", "crop", "magnify", "select", "interpolate", "pack"]
    assert names("frames", "x10") == frames
    assert names("frames", "x1") == [name for name in frames if name != "magnify"]
    assert names("flow", "x10") == ["align", "crop", "magnify", "flow", "pack"]
    assert names("frames", "x10", "crop") == ["align", "crop"]


def test_a_stage_decides_the_kind_of_its_own_pipeline():
    assert names("frames", "x1", "flow") == ["align", "crop", "flow"]
    assert names("flow", "x1", "interpolate") == ["align", "crop", "select", "interpolate"]


@pytest.mark.parametrize(
    ("stage", "read"),
    [
        ("crop", ("align",)),
        ("magnify", ("crop",)),
        ("interpolate", ("crop", "magnify")),
        ("flow", ("crop", "magnify")),
        ("windows", ("crop",)),
    ],
)
def test_a_stage_reads_the_stage_before_it_with_and_without_magnification(stage, read):
    assert sources(stage) == read


def test_only_magnification_and_later_stages_differ_between_factors():
    found = [stage.name for stage in WITH_FILES if has_factor(stage.name)]
    assert found == ["magnify", "interpolate", "flow", "pack"]


def test_every_stage_with_files_has_a_command_and_settings():
    assert {stage.name for stage in WITH_FILES} <= commands().keys()
    sections = {*Preparation.model_fields, "align"}
    assert {stage.name for stage in WITH_FILES} - {"pack"} <= sections


def test_fingerprints_keep_their_numbers_and_the_order_of_their_keys():
    assert STAGE_VERSION == {
        **{"align": 4, "crop": 2, "windows": 1, "magnify": 5, "select": 2, "interpolate": 3},
        **{"flow": 1, "pack": 4, "split": 1, "train": 7, "score": 3, "table": 7, "report": 7},
        **{"spot": 1, "recognise": 1},
    }
    assert tuple(STAGE_VERSION) == NAMES
    settings = Settings(preparations={"p": Preparation(), "q": Preparation(kind="flow")})
    made = of_stage(settings, "pack", "p", "x10")
    assert list(made) == ["align", "crop", "magnify", "select", "interpolate", "pack"]
    assert made["magnify"]["factor"] == 10 and made["interpolate"]["difference"] == "none"
    assert made["pack"] == {"version": 4}
    assert list(of_stage(settings, "pack", "q", "x1")) == ["align", "crop", "flow", "pack"]
    assert of_stage(settings, "align") == {"align": made["align"]}
