"""MEVIEW: cells that a spreadsheet program damaged, doubtful rows, and clips of unknown layout."""

import datetime
from collections import Counter

import cv2
import full_size
import numpy as np
import pytest
from annotation_sheets import SHEETS, changed, write

from merflow.config.settings import DatasetEntry
from merflow.datasets import labels
from merflow.datasets.action_units import parse
from merflow.datasets.readers.meview import mended
from merflow.datasets.registry import read_dataset


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    root = tmp_path_factory.mktemp("MEVIEW")
    full_size.write(root, full_size.plan("meview"), frames=False)
    return read(root)


def read(root, annotations_only=True, **entry):
    return read_dataset(
        "meview", DatasetEntry(root=str(root), **entry), annotations_only=annotations_only
    )


def kinds(reading):
    """Problems by the column that they name."""
    return Counter(p.where.partition("column '")[2].rstrip("'") for p in reading.problems)


def test_the_counts_of_the_published_sheet(reading):
    clips = reading.clips
    assert (len(clips), len({c.key.subject for c in clips})) == (40, 15)
    assert Counter(c.key.subject for c in clips)["sub07"] == 10 and "sub12" not in str(clips)
    assert sum(bool(c.emotion) for c in clips) == 27
    assert sum(bool(c.action_units) for c in clips) == 36
    assert all(c.apex is None and c.onset is not None for c in clips)
    assert not reading.errors
    found = Counter(p.found for p in reading.problems)
    damaged = [text for text in found if "took the units for a number or a date" in text]
    assert sorted(found[text] for text in damaged) == [1, 10]
    assert sum(c.action_units == "1+2" for c in clips) >= 11
    assert found["length 0: the row has no expression"] == 3
    clashes = [p.where for p in reading.problems if "but offset - onset is" in p.found]
    assert len(clashes) == 2
    assert kinds(reading) == {
        "Action Units": 11, "Emotion": 2, "Note": 11, "Length": 5, "": 1,
    }  # fmt: skip
    assert not any(parse(c.action_units).unparsed for c in clips)


def test_the_clear_rows_have_an_emotion_and_no_note(tmp_path, reading):
    full_size.write(tmp_path, full_size.plan("meview"), frames=False)
    clear = read(tmp_path, variant="clear")
    assert len(clear.clips) == 22 and all(c.emotion for c in clear.clips)
    assert not [p for p in clear.problems if "note" in p.found]
    three = labels.apply_scheme("three", clear.clips)[1]
    assert Counter(three) == {"surprise": 9, "negative": 8, "positive": 5}
    dropped = [labels.explain("three", c).reason for c in reading.clips if not c.emotion]
    assert dropped == ["it has no emotion"] * 13


def test_two_emotions_of_one_class_are_that_class():
    clip = next(c for c in full_size.plan("meview").expected if c.emotion == "contempt+disgust")
    from merflow.clip import Clip, ClipKey

    made = Clip(ClipKey("meview", clip.subject, clip.clip), "", (), (), 25.0, clip.emotion)
    assert labels.label("three", made) == "negative"
    assert labels.explain("raw", made).label is None


@pytest.mark.parametrize(
    ("cell", "units"),
    [
        ("1.2", "1+2"),
        ("4.12", "4+12"),
        ("2013-02-01T00:00:00", "1+2"),
        ("2013-02-01", "1+2"),
        ("2013-12-04T00:00:00", "4+12"),
        ("4", "4"),
        ("1+2", "1+2"),
        ("", ""),
        ("R14", "R14"),
        ("1.2.4", "1.2.4"),
        ("412.7", "412.7"),
    ],
)
def test_damaged_action_units_are_mended(cell, units):
    assert mended(cell) == units


@pytest.mark.parametrize("value", [1.2, datetime.datetime(2013, 2, 1), datetime.date(2013, 2, 1)])
def test_floats_and_dates_of_a_workbook_are_mended_with_a_warning(tmp_path, value):
    sheet = SHEETS["meview"]
    write(tmp_path, sheet, changed(sheet, {"action_units": value}), "xlsx")
    found = read(tmp_path, fps=25)
    (problem,) = found.problems
    assert "is read as 1+2" in problem.found and "row 3, column 'Action Units'" in problem.where
    assert found.clips[1].action_units == "1+2"


def test_the_rate_is_the_config_s_a_video_s_or_assumed(tmp_path):
    sheet = SHEETS["meview"]
    write(tmp_path, sheet, sheet.rows)
    found = read(tmp_path)
    assert [c.fps for c in found.clips] == [25.0] * 3
    assert next(p.found for p in found.problems).startswith("no frame rate; 25 fps is assumed")
    assert [c.fps for c in read(tmp_path, fps=30).clips] == [30.0] * 3
    assert not read(tmp_path, fps=30).problems
    for _, name, *_ in sheet.rows[1:]:
        film = cv2.VideoWriter(
            str(tmp_path / f"{name}.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 50, (32, 24)
        )
        for value in range(40):
            film.write(np.full((24, 32, 3), value, np.uint8))
        film.release()
    found = read(tmp_path, annotations_only=False)
    assert [c.fps for c in found.clips] == [50.0] * 3 and not found.problems
    assert found.clips[0].files == (f"{found.clips[0].key.clip}.avi",)
    assert (found.clips[0].numbers[0], found.clips[0].numbers[-1]) == (
        found.clips[0].onset,
        found.clips[0].offset,
    )
