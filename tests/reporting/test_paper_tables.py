"""Tables for a paper fit their widths, by the metrics of Computer Modern that Matplotlib brings."""

import re

import pytest
from matplotlib import ft2font, get_data_path
from paper_cases import NAMES, effects, paper_cases, texts

from merflow import paths
from merflow.reporting.paper_tables import FORMS, paper_table
from merflow.reporting.render.latex import fitted
from merflow.reporting.render.latex_width import CMR10, SMALL, WIDER, text_width
from merflow.reporting.table import words

BOTH = pytest.mark.parametrize(("case", "file"), [(case, file) for case in NAMES for file in FORMS])


@pytest.fixture(scope="module")
def cases():
    found = paper_cases()
    assert (*found,) == NAMES
    return found


@pytest.fixture(scope="module")
def latex(cases):
    return texts(cases)


@pytest.fixture(scope="module")
def font():
    return ft2font.FT2Font(f"{get_data_path()}/fonts/ttf/cmr10.ttf")


def measured(font, text, size):
    """Return the width of a text in pt by the font's own metrics, kerns left out."""
    font.set_size(1000, 72)
    flags = ft2font.LoadFlags.NO_HINTING
    wide = [font.load_char(ord(c), flags=flags).linearHoriAdvance / 65536 for c in text]
    return sum(wide) / 1000 * size * WIDER[size]


def test_widths_are_those_of_the_font(font):
    for width, chars in CMR10.items():
        for char in set(chars) - set('<>|_"\\{}~†‡§±×÷−'):
            assert measured(font, char, SMALL) <= text_width(char) + 0.02, (char, width)
            assert measured(font, char, SMALL) >= text_width(char) - 0.4, (char, width)


@BOTH
def test_a_table_is_as_wide_as_its_page_at_most(cases, case, file, font):
    form, (tables, beside) = FORMS[file], cases[case]
    for table in [*(paper_table(t, form) for t in tables), *beside]:
        fit = fitted(table, form.width)
        assert fit.width <= form.width
        rows = [row for row in fit.table.rows if len(row) == len(fit.table.columns)]
        for place, wrapped in enumerate(fit.wrapped):
            for row in rows if not wrapped else ():
                plain = re.sub("[†‡§±−]", "", words(row[place]))
                assert measured(font, plain, fit.size) <= fit.widths[place] + 0.1


@BOTH
def test_figures_have_three_decimals_at_most_and_every_table_a_label(latex, case, file):
    text = latex[case, file]
    body = "".join(re.findall(r"\\midrule(.*?)\\bottomrule", text, re.S))
    assert body and not re.search(r"\.\d{4}", body)
    labels = re.findall(r"\\label{(tab:[^}]*)}", text)
    assert len(labels) == len(set(labels)) == text.count(r"\begin{table")
    assert re.search(r"^%.*at most (345|252|516) pt wide", text)


def test_a_footnote_is_about_a_column_that_the_table_has(latex):
    plain, beside = (latex["plain", f"scores{end}.tex"] for end in ("", "_twocolumn"))
    assert "chance p" not in plain + beside
    scores = plain.partition(r"\label{tab:effects")[0]
    assert "Brackets:" not in scores and "bracket" not in scores and "$^\\dagger$" not in scores
    assert "Brackets:" in beside
    narrow = latex["plain", "scores_onecolumn.tex"]
    assert "uncorrected" in plain and "power at 5" in plain
    assert "power at 5" not in narrow and "Not shown here" in narrow
    assert "±: sd over seeds.\n" in latex["seeds", "scores.tex"].replace(r"$\pm$", "±")
    assert "means over seeds" in latex["seeds", "scores_twocolumn.tex"]


def test_intervals_stand_in_a_second_line_over_both_columns(latex):
    lines = latex["plain", "scores_twocolumn.tex"].splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("a & x1 &"))
    assert "[" not in lines[at]
    assert re.fullmatch(r" &  & (\[\.\d{3}, \.\d{3}\] ?(& )?){8}\\\\", lines[at + 1])


def test_more_datasets_than_a_page_holds_become_blocks(latex):
    assert r"\textit{my\_own\_recordings: 24 clips, 4 subjects}" in latex["seven", "scores.tex"]


def test_names_of_one_experiment_are_broken_and_not_shrunk(latex):
    text = latex["labels", "scores.tex"]
    assert re.search(r"\\begin{tabular}{@{}p{[\d.]+pt}lr", text)
    assert "Three-dimensional residual network" in text and "resnet" not in text


@pytest.mark.parametrize("file", FORMS)
def test_a_name_is_no_argument_of_the_rule_or_row_before_it(latex, file):
    text = latex["signs", file]
    assert "[ours]" in text and "* SVM" in text
    assert not re.search(r"^(\[|\*)", text, re.M)


def test_a_grid_over_schemes_has_a_label_for_each_table(latex):
    assert r"\label{tab:grid}" in latex["schemes", "scores.tex"]
    assert r"\label{tab:grid-2}" in latex["schemes", "scores.tex"]


def test_a_minus_is_a_minus(latex):
    text = latex["plain", "scores.tex"]
    assert "$-$.033 [$-$.051, .298]" in text
    assert effects("a").rows[1][4].startswith("-.033")


def test_every_form_is_a_file_that_the_table_writes():
    assert {*FORMS} - {"scores.tex"} == {*paths.LATEX_FORMS}
