"""What magnification delivered, from the packed arrays to a table and its summary."""

import dataclasses

import numpy as np
import pytest
from clip_stores import clip, written

from merflow.commands.skipped import skipped
from merflow.errors import MerflowError
from merflow.io.packed import survey, write_packed
from merflow.workflow.delivered_gain import Delivered, read_delivered, summaries


def facts(gain, credible=True):
    measured = {"delivered": None if gain is None else 10 * gain, "gain": gain}
    asked = {"peak_px": 0.25, "asked_px": 2.5, "expected_gain": 0.94, "credible": credible}
    return {"magnify": {"method": "phase", "factor": 10.0, **asked, **measured}}


def packed(tmp_path, factor, clips):
    store = written(tmp_path / f"{factor}.h5", *clips)
    path = tmp_path / "results" / "p" / "packed" / "c" / f"{factor}.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_packed(path, survey([store]), {})
    return path


@pytest.fixture
def rows(tmp_path):
    gains = {"c3": 0.9, "c1": 0.8, "c2": None, "c4": 1.0}
    clips = [
        dataclasses.replace(clip(name), facts=facts(gain, name != "c4"))
        for name, gain in gains.items()
    ]
    packs = packed(tmp_path, "x10", clips), packed(tmp_path, "x1", [clip("c1")])
    skipped(tmp_path / "skipped.csv", *packs, delivered=tmp_path / "delivered.csv")
    return read_delivered(tmp_path / "delivered.csv")


def test_every_magnified_clip_has_its_row(rows):
    assert [row.clip for row in rows] == ["c1", "c2", "c3", "c4"]
    assert rows[0] == Delivered(
        *("p", "smic", "s01", "c1", "x10", "phase", "0.25", "2.5", "8", "0.8", "0.94", "True")
    )
    assert rows[1].delivered == rows[1].gain == ""


def test_medians_are_over_what_was_measured(rows):
    (found,) = summaries(rows)
    assert found[:5] == ("p", "x10", "phase", 4, 3)
    assert found[5:] == pytest.approx((9.0, 0.9, 2))
    (empty,) = summaries(rows[1:2])
    assert empty.measured == 0
    assert np.isnan(empty.gain)


def test_no_file_is_no_row_and_a_damaged_one_is_named(tmp_path, rows):
    assert read_delivered(tmp_path / "none.csv") == []
    with pytest.raises(MerflowError, match="delivered.csv"):
        summaries([rows[0]._replace(gain="much")])
