"""What magnification delivered, from the packed arrays to a table and its summary."""

import dataclasses

import numpy as np
import pytest
from clip_stores import clip, written

from merflow.commands.skipped import skipped
from merflow.errors import MerflowError
from merflow.evaluation.schema import records
from merflow.io.packed import survey, write_packed
from merflow.workflow.delivered_gain import read_delivered, summaries


def facts(gain, credible=True):
    measured = {"delivered": None if gain is None else 10 * gain, "gain": gain}
    asked = {"peak_px": 0.25, "asked_px": 2.5, "expected_gain": 0.94, "credible": credible}
    asked |= {"doubt": "" if credible else "compressed"}
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
    assert rows["clip"].tolist() == ["c1", "c2", "c3", "c4"]
    assert records(rows)[0] == (
        *("p", "smic", "s01", "c1", "x10", "phase"), *(0.25, 2.5, 8, 0.8, 0.94, True, "")
    )  # fmt: skip
    assert rows["delivered"].isna().tolist() == rows["gain"].isna().tolist() == [0, 1, 0, 0]


def test_medians_are_over_what_was_measured(rows):
    (found,) = records(summaries(rows))
    assert found[:5] == ("p", "x10", "phase", 4, 3)
    assert found[5:] == pytest.approx((9.0, 0.9, 2, 0, 1))
    (empty,) = records(summaries(rows[1:2]))
    assert empty.measured == 0
    assert np.isnan(empty.gain)


def test_no_file_is_no_row_and_a_damaged_cell_is_named(tmp_path, rows):
    assert read_delivered(tmp_path / "none.csv").empty
    path = tmp_path / "delivered.csv"
    path.write_text(path.read_text().replace("0.8,", "much,", 1))
    with pytest.raises(MerflowError, match="delivered.csv: row 2, column 'gain'.*'much'"):
        read_delivered(path)
