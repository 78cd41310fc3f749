"""Labels of action units: cells as the sheets write them, doubt as the settings say."""

import numpy as np
import pytest

from merflow.clip import Clip, ClipKey
from merflow.config.task_settings import ActionUnitTask
from merflow.datasets import unit_labels
from merflow.datasets.action_units import parse
from merflow.errors import MerflowError

EVERY = ActionUnitTask(units=[*range(1, 30)])


def test_an_unknown_cell_is_not_an_empty_one():
    assert parse("?").unknown and not parse("").unknown
    assert unit_labels.label("?", EVERY) == (None, unit_labels.UNCODED)
    assert unit_labels.label("", EVERY) == (None, unit_labels.NO_CELL)


@pytest.mark.parametrize(
    ("cell", "alternatives", "text"),
    [
        ("L12 or L14", "mask", "AU12?+AU14?"),
        ("L12 or L14", "all", "AU12+AU14"),
        ("L12 or L14", "drop", None),
        ("(R6 or R12)+R15", "mask", "AU6?+AU12?+AU15"),
        ("(R6 or R12)+R15", "all", "AU6+AU12+AU15"),
        ("(R6 or R12)+R15", "drop", None),
        ("R14A or 17A or 24A", "mask", "AU14?+AU17?+AU24?"),
        ("4+L12", "drop", "AU4+AU12"),
        ("12+(R12 or R14)", "mask", "AU12+AU14?"),  # one side is sure
    ],
)
def test_alternatives_are_masked_taken_or_dropped_never_joined(cell, alternatives, text):
    task = EVERY.model_copy(update={"alternatives": alternatives})
    assert unit_labels.label(cell, task).text == text


@pytest.mark.parametrize(
    ("unknown", "text"), [("mask", "AU4+AU12?"), ("all", "AU4+AU12"), ("drop", None)]
)
def test_a_doubted_unit_is_masked_taken_or_dropped(unknown, text):
    task = EVERY.model_copy(update={"unknown": unknown})
    assert unit_labels.label("4+12?", task).text == text


def test_a_choice_between_units_not_asked_for_leaves_the_clip_as_it_is():
    task = ActionUnitTask(units=[4, 15], alternatives="drop")
    assert unit_labels.label("(R6 or R12)+R15", task).text == "AU15"


def test_units_that_do_not_move_are_absent_and_a_clip_may_have_none():
    task = ActionUnitTask(units=[4, 12])
    assert unit_labels.label("4(k)+12", task).text == "AU12"
    assert unit_labels.label("17", task).text == "none"


def test_a_clip_without_any_clear_unit_has_no_label():
    task = ActionUnitTask(units=[12, 14])
    assert unit_labels.label("L12 or L14", task) == (None, unit_labels.ALL_UNCLEAR)


def test_a_piece_that_is_no_unit_is_an_error_that_names_clip_and_piece():
    clip = Clip(ClipKey("samm", "006", "006_1_2"), "/x", (), (), 200, "anger", action_units="4+xyz")
    with pytest.raises(MerflowError, match="samm/006/006_1_2.*xyz"):
        unit_labels.apply(EVERY, [clip])


def test_clips_without_label_are_counted_by_reason():
    cells = ["4", "?", "", "L12 or L14"]
    clips = [
        Clip(ClipKey("samm", "006", f"c{i}"), "/x", (), (), 200, "anger", action_units=cell)
        for i, cell in enumerate(cells)
    ]
    found = unit_labels.apply(EVERY.model_copy(update={"alternatives": "drop"}), clips)
    assert found.labels == ["AU4"]
    assert dict(found.left_out) == {
        ("samm", unit_labels.UNCODED): 1,
        ("samm", unit_labels.NO_CELL): 1,
        ("samm", unit_labels.CHOICE): 1,
    }


def test_labels_come_back_from_their_text():
    names = ["AU4", "AU12", "AU14"]
    values = np.array([[1, 0, np.nan], [0, 0, 0], [1, 1, 1]], np.float32)
    labels = unit_labels.encode(values, names)
    assert labels == ["AU4+AU14?", "none", "AU4+AU12+AU14"]
    np.testing.assert_array_equal(unit_labels.decode(labels, names), values)
    with pytest.raises(MerflowError, match="AU17"):
        unit_labels.decode(["AU17"], names)


@pytest.mark.parametrize("given", [["AU0x"], ["smile"], [4, "AU4"]])
def test_units_that_are_none_or_listed_twice_are_refused(given):
    with pytest.raises(ValueError, match="no action unit|listed twice"):
        ActionUnitTask(units=given)
