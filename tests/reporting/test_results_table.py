"""Tables: rows from pooled predictions, wide tables from rows, files from wide tables."""

import dataclasses
import json
import math
import re

import numpy as np
import pytest
from table_makers import pooled, rows, run

from merflow.config.settings import GridMember
from merflow.evaluation.columns import SCORES
from merflow.evaluation.confidence import chance_interval, permuted_scores
from merflow.evaluation.schema import records, stacked
from merflow.evaluation.score_table import (
    factor_rank,
    read_scores,
    score_rows,
    subject_numbers,
    write_confusion,
    write_scores,
)
from merflow.io.csv_table import safe_cell
from merflow.reporting.captions import number, title
from merflow.reporting.layouts import render_markdown, render_text
from merflow.reporting.paper_tables import render_latex
from merflow.reporting.results_table import may_be_marked, wide_tables
from merflow.workflow.scoring import as_json, open_table, write_all


def test_parts_are_slices_of_the_same_predictions():
    table = pooled()
    found = score_rows(table, run("a"), resamples=200)
    assert found["part"].tolist() == ["full", "smic", "casme2", "samm"]
    assert found["n"].tolist() == [216, 72, 72, 72]
    alone = score_rows(table.part("samm"), run("a"), resamples=200)
    assert records(alone)[1] == records(found)[3]


def test_rows_hold_scores_floors_and_intervals_together():
    for row in records(rows(run("a"))):
        assert row.floor_uf1 < row.guess_uf1 < row.uf1_lo < row.uf1 < row.uf1_hi < 1
        assert row.uar_lo < row.uar < row.uar_hi
        assert row.guess_uf1_lo < row.guess_uf1_hi < row.uf1
        assert row.chance_p < 0.01
        assert row.note == ""


def test_guesses_have_the_mean_and_the_range_of_one_model():
    table = pooled()
    for row in records(score_rows(table, run("a"), resamples=200)):
        part = table.part(row.part)
        owner, strata = subject_numbers(part)
        guesses = permuted_scores(part.truth, part.truth, owner, strata, 3)
        assert row.guess_uf1 == pytest.approx(guesses.mean(), abs=1e-12)
        assert (row.guess_uf1_lo, row.guess_uf1_hi) == chance_interval(guesses)


def test_guesses_have_no_uar_of_another_model():
    tables = wide_tables(rows(run("a")))
    for text in (render_text(tables), render_markdown(tables)):
        guess = next(line for line in text.splitlines() if "guessing by" in line)
        assert "3333" not in guess and ".333 " not in guess


def test_few_subjects_lost_clips_and_absent_classes_are_noted():
    table = pooled(subjects=3)
    table = table.take(np.flatnonzero(table.truth != 2))
    found = records(score_rows(table, run("a"), resamples=200, skipped={"samm": 2}))
    assert found[0].note == (
        "too few subjects (effective 9.0); no true clips of surprise: counted as 0; "
        "2 of 47 clips skipped"
    )
    assert "skipped" not in found[1].note
    assert found[3].note.endswith("2 of 17 clips skipped")


def test_one_subject_has_a_score_and_no_interval(tmp_path):
    found = score_rows(pooled(datasets=("smic",), subjects=1), run("a"), resamples=200)
    assert math.isnan(found["uf1_lo"][0])
    assert math.isnan(found["chance_p"][0]) and math.isnan(found["guess_uf1"][0])
    write_scores(tmp_path / "s.csv", found)
    assert ",,," not in (tmp_path / "s.csv").read_text().splitlines()[0]
    assert math.isnan(read_scores(tmp_path / "s.csv")["uf1_lo"][0])
    assert "-" in render_text(wide_tables(found))


def test_scores_csv_comes_back_and_is_sorted(tmp_path):
    made = rows(
        run("b", "x10"), run("b", "x1"), run("a", "x50"), run("a", "x1+x10"), run("a", "x*")
    )
    write_scores(tmp_path / "a.csv", made)
    back = read_scores(tmp_path / "a.csv")
    write_scores(tmp_path / "b.csv", back.iloc[::-1])
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert [(r.experiment, r.factor) for r in records(back)[::4]] == [
        ("a", "x50"), ("a", "x1+x10"), ("a", "x*"), ("b", "x1"), ("b", "x10")
    ]  # fmt: skip
    header = (tmp_path / "a.csv").read_text().splitlines()[0]
    assert header == ",".join(SCORES.names)
    assert header.startswith(
        "experiment,method,preparation,factor,seed,protocol,scheme,part,n,subjects,"
    )


def test_factors_are_ordered_by_their_number():
    names = ["x*", "x50", "x1+x10", "x2.5", "x10", "x1", "odd"]
    assert sorted(names, key=factor_rank) == ["x1", "x2.5", "x10", "x50", "x1+x10", "x*", "odd"]


def test_confusion_has_every_cell(tmp_path):
    write_confusion(tmp_path / "c.csv", pooled())
    lines = (tmp_path / "c.csv").read_text().splitlines()
    assert len(lines) == 1 + 4 * 9
    assert sum(int(line.split(",")[-1]) for line in lines[1:]) == 2 * 216


def test_seeds_become_mean_and_sd():
    made = rows(run("a", seed=0), run("a", seed=1), run("a", seed=2))
    (table,) = wide_tables(made)
    (line,) = table.lines
    values = [row.uf1 for row in records(made) if row.part == "full"]
    assert line.seeds == (0, 1, 2)
    assert line.cells["full"].uf1 == pytest.approx(np.mean(values))
    assert line.cells["full"].uf1_sd == pytest.approx(np.std(values, ddof=1))
    assert "±" in render_text([table])


def test_what_cannot_be_compared_does_not_share_a_table():
    one = rows(run("a"))
    other_protocol = rows(dataclasses.replace(run("b"), protocol="loso"))
    other_clips = rows(run("c"), subjects=11)
    tables = wide_tables(stacked([one, other_protocol, other_clips], SCORES))
    assert sorted([line.experiment for line in t.lines] for t in tables) == [["a"], ["b"], ["c"]]


def test_no_best_of_several_factors_is_marked():
    (table,) = wide_tables(rows(run("a", "x1"), run("a", "x10"), run("a", "x25")))
    assert not any(c.uf1_mark for line in table.lines for c in line.cells.values())
    assert "**" not in render_markdown([table])


def test_best_and_second_are_marked_among_rows_that_were_not_chosen_on_the_test():
    abouts = [run("a", "x1"), run("a", "x10"), run("a", "x*"), run("b"), run("c")]
    (table,) = wide_tables(rows(*abouts))
    marks = {(x.experiment, x.factor): x.cells["full"].uf1_mark for x in table.lines}
    assert marks["a", "x1"] == marks["a", "x10"] == ""
    assert sorted(marks.values()) == ["", "", "", "best", "second"]
    text = render_markdown([table])
    assert text.count("**") == 2 * 8
    assert text.count("<u>") >= 8
    assert r"\textbf{" in render_latex([table])
    assert "Bold" in text and "Bold" not in render_text([table])


def test_a_negative_control_is_never_marked():
    made = rows(run("a"), run("b"), run("masked"), run("masked", "x*"))
    (table,) = wide_tables(made, controls=("masked",))
    marks = [(x.experiment, x.cells[part].uf1_mark) for x in table.lines for part in x.cells]
    assert sorted(set(marks)) == [("a", "best"), ("a", "second"), ("b", "best"), ("b", "second"),
                                  ("masked", "")]  # fmt: skip


def test_the_dagger_that_a_note_explains_stands_in_every_form():
    tables = wide_tables(rows(run("a"), subjects=3))
    for text in (render_text(tables), render_markdown(tables)):
        above, _, below = text.partition("†: too few")
        assert "]†" in above and below


def test_one_is_not_many():
    (table,) = wide_tables(score_rows(pooled().take([0]), run("a"), resamples=200))
    assert title(table) == "UF1 and UAR, composite, three: 1 clip of 1 subject"
    assert "Smic" not in render_text([table]) and ": 1 clip (" in render_text([table])


def test_what_was_pooled_is_said_as_it_was():
    for protocol, legend in (
        ("composite", "Pooled over all folds"),
        ("final", "All predictions of one trained model"),
        ("", "conditional on the models that predicted"),
    ):
        text = render_markdown(wide_tables(rows(dataclasses.replace(run("a"), protocol=protocol))))
        assert legend in text and ("folds" in text) == (protocol == "composite")


@pytest.mark.parametrize(("lines", "expected"), [
    ([("a", "x1"), ("b", "x1")], [True, True]),
    ([("a", "x1"), ("a", "x10"), ("a", "x*")], [False, False, True]),
    ([("a-loss=focal", "x1"), ("a-loss=cross_entropy", "x1"), ("b", "x1")], [False, False, True]),
    ([("a-loss=focal-epochs=2", "x1"), ("a-loss=focal-epochs=4", "x1")], [False, False]),
    ([("cnn-big", "x1"), ("cnn-small", "x1")], [True, True]),
])  # fmt: skip
def test_grids_and_factors_are_choices(lines, expected):
    grids = {
        name: GridMember(base=name.partition("-")[0], values={}) for name, _ in lines if "=" in name
    }
    assert may_be_marked(lines, grids=grids) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.7353, ".7353"), (1, "1.0000"), (0, ".0000"), (math.nan, "-"), (None, "-")],
)
def test_scores_are_printed_as_the_literature_does(value, text):
    assert number(value) == text


def test_the_protocol_line_and_the_floors_stand_in_every_form():
    tables = wide_tables(rows(run("a")), {"a": "a: protocol line 100%"})
    for text in (render_text(tables), render_markdown(tables), render_latex(tables)):
        assert "protocol line 100" in text
        assert "largest class" in text
        assert "guessing" in text


def test_latex_is_balanced_and_has_a_cell_for_every_column():
    text = render_latex(wide_tables(rows(run("a_b&c%"), run("b")), {"b": r"50% & $x_1$ \ ~^"}))
    columns = len(re.search(r"\\begin{tabular}{@{}([lr]+)@{}}", text).group(1))
    lines = [
        line for line in text.splitlines() if line.endswith(r"\\") and "multicolumn" not in line
    ]
    assert len(lines) == 5
    for line in lines:
        assert len(re.findall(r"(?<!\\)&", line)) == columns - 1
    assert r"a\_b\&c\%" in text
    assert r"50\% \& \$x\_1\$ \textbackslash{} \textasciitilde{}\textasciicircum{}" in text
    assert text.count(r"\begin{") == text.count(r"\end{") == 3


def test_markdown_rows_have_equal_length():
    text = render_markdown(wide_tables(rows(run("a|b*c"), run("b"))))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    assert r"a\|b\*c" in text


@pytest.mark.parametrize("word", ["plain", "x10", "a-b", "=1+2", "-1+2", "@x"])
def test_guarded_words_come_back(tmp_path, word):
    made = rows(run(word))
    write_scores(tmp_path / "s.csv", made)
    assert read_scores(tmp_path / "s.csv")["experiment"][0] == word


def test_numbers_are_not_taken_for_formulas():
    assert safe_cell("x10") == "x10"
    assert safe_cell("-0.5") == "-0.5"


def test_json_says_what_the_issue_promises(tmp_path):
    table = pooled()
    made = score_rows(table, run("a"), resamples=200)
    found = json.loads(json.dumps(as_json(table, made), allow_nan=False))
    assert list(found["parts"]) == ["full", "smic", "casme2", "samm"]
    full = found["parts"]["full"]
    for key in ("n", "acc", "uf1", "uar", "uf1_ci", "uar_ci", "floor_uf1", "floor_uar"):
        assert full[key] is not None
    assert np.sum(full["confusion"]) == 216
    assert full["uf1"] == pytest.approx(np.mean(list(full["per_class_f1"].values())))


def test_all_that_score_writes_can_be_scored_again(tmp_path):
    table = pooled()
    made = score_rows(table, run("a"), resamples=200)
    write_all(tmp_path, table, made)
    for name, log in (("pooled.csv", False), ("challenge.log", True)):
        again = score_rows(open_table(tmp_path / name, megc_log=log), run("a"), resamples=200)
        assert again.equals(made)


def test_every_form_prints_display_names_and_csv_keeps_the_names_of_files():
    scores = rows(run("a"), run("a", "x10"))
    named = wide_tables(scores, {"a": "3D CNN: cnn3d"}, names={"a": "3D CNN (grey)"})
    for text in (render_markdown(named), render_latex(named), render_text(named)):
        assert "3D CNN (grey)" in text
        assert not re.search(r"^\W*a\b.*x10", text, re.MULTILINE)
    assert named[0].lines[0].experiment == "a" and named[0].lines[1].name == "3D CNN (grey) x10"
