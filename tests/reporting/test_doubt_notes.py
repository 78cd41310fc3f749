"""Remarks at rows whose magnification is not credible in many clips."""

from types import SimpleNamespace

import pytest
from table_makers import rows, run

from merflow.reporting.doubt_notes import best_warnings, doubt_warnings, with_doubts
from merflow.reporting.layouts import render_markdown, render_text
from merflow.reporting.paper_tables import render_latex
from merflow.reporting.results_table import wide_tables


def gain(tables, factor, credible, large=0, compressed=0):
    """The summary of 58 measured clips of the preparation of these tables."""
    counts = {"measured": 58, "credible": credible, "large": large, "compressed": compressed}
    preparation = tables[0].lines[0].preparation
    return SimpleNamespace(preparation=preparation, factor=factor, **counts)


@pytest.fixture(scope="module")
def tables():
    return wide_tables(rows(run("a", "x1"), run("a", "x50"), run("b", "x10")))


def test_a_row_with_12_of_58_credible_clips_is_remarked_everywhere(tables):
    found = with_doubts(tables, [gain(tables, "x50", 12, large=40, compressed=6)])
    note = "§ a x50: magnification not credible in 46 of 58 measured clips (40 asked for"
    for render in (render_markdown, render_text):
        text = render(found)
        assert note in text
        lines = [line for line in text.splitlines() if "x50" in line and "§" in line]
        assert len(lines) > 1, "the mark stands in the row, beside its score"
        assert not any("x10" in line and "§" in line for line in text.splitlines())
    assert r"$^\S$" in render_latex(found)
    ((title, text),) = doubt_warnings(found)
    assert "§" in title and "a x50" in text and "b x10" not in text


def test_a_few_doubtful_clips_are_not_remarked(tables):
    found = with_doubts(tables, [gain(tables, "x50", 50, large=8)])
    assert "§" not in render_markdown(found)
    assert doubt_warnings(found) == []


@pytest.mark.parametrize("factor", ["x*", "x1+x50"])
def test_a_choice_and_a_combination_of_factors_have_the_doubts_of_their_factors(factor):
    tables = wide_tables(rows(run("a", factor)))
    (table,) = with_doubts(tables, [gain(tables, "x50", 0)])
    assert table.lines[0].doubt.startswith("x50: ")


def test_a_doubtful_row_at_the_top_has_a_warning_of_its_own(tables):
    scores = {line.name: line.cells["full"].uf1 for line in tables[0].lines}
    best = max(scores, key=scores.get)
    (line,) = [line for line in tables[0].lines if line.name == best]
    found = with_doubts(tables, [gain(tables, line.factor, 11, large=47)])
    ((title, text),) = best_warnings(found, ())
    assert f"The highest row, {best}," in title and "47 of 58" in text
    assert best_warnings(found, {line.experiment}) == []
    assert best_warnings(tables, ()) == []
