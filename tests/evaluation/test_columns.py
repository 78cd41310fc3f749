"""Named columns: unknown, missing and wrongly typed ones are errors; a new one needs two files."""

import subprocess
import sys
from pathlib import Path

import pytest

from merflow.errors import MerflowError
from merflow.evaluation.columns import SKIPPED
from merflow.evaluation.schema import Column, Schema

TWO = Schema("two.csv", (Column("name", str, "a name"), Column("share", float, "0 to 1")))

NEW_METRIC = """
from dataclasses import replace
from merflow.evaluation import columns, metrics
from merflow.evaluation.schema import Column

# What the two files would hold: the metric, and the line of its column.
metrics.METRICS["worst"] = metrics.recall_ratios
column = Column("worst", float, "recall again", "WORST")
columns.MEASURES = (*columns.MEASURES, column)
columns.SCORES = columns.SCORES.plus(column)

import sys
sys.path[:0] = ["tests/helpers"]
import openpyxl
from table_makers import rows, run
from merflow.evaluation.score_table import read_scores, write_scores
from merflow.reporting.html.environment import render
from merflow.reporting.html.scores import score_context
from merflow.reporting.layouts import render_markdown, render_text, sheets
from merflow.reporting.paper_tables import render_latex
from merflow.reporting.render.xlsx import write_workbook
from merflow.reporting.results_table import wide_tables

folder = sys.argv[1]
write_scores(f"{folder}/s.csv", rows(run("a"), run("b")))
tables = wide_tables(read_scores(f"{folder}/s.csv"))
write_workbook(f"{folder}/s.xlsx", sheets(tables, {}, {}))
sheet = openpyxl.load_workbook(f"{folder}/s.xlsx")["Full"]
page = render("scores.html.jinja", {"control_of": lambda name: ""} | score_context(tables))
texts = [render_text(tables), render_markdown(tables), render_latex(tables), page]
texts.append(" ".join(str(cell.value) for cell in sheet[2]))
print(*("WORST" in text for text in texts))
"""


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"name": "a", "share": 0.5, "more": 1}, "unknown column 'more'"),
        ({"name": "a"}, "no column 'share'"),
    ],
)
def test_unknown_and_missing_columns_are_errors(row, found):
    with pytest.raises(MerflowError, match=found):
        TWO.frame([row])


def test_a_column_of_another_type_is_an_error():
    frame = TWO.frame([{"name": "a", "share": 0.5}])
    with pytest.raises(MerflowError, match="column 'share'.*type int64"):
        TWO.check(frame.assign(share=[1]))


def test_a_bad_cell_is_named_by_file_row_and_column(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("name,share\na,0.5\nb,half\n")
    with pytest.raises(MerflowError, match="two.csv: row 3, column 'share'.*'half'"):
        TWO.read(path)


def test_a_frame_comes_back_from_its_file(tmp_path):
    frame = TWO.frame([{"name": "=1+2", "share": float("nan")}, {"name": "b", "share": 1 / 3}])
    TWO.write(tmp_path / "two.csv", frame)
    assert (tmp_path / "two.csv").read_text() == "name,share\n'=1+2,\nb,0.333333333\n"
    back = TWO.read(tmp_path / "two.csv")
    assert back["name"].tolist() == ["=1+2", "b"] and back["share"].isna().tolist() == [True, False]


def test_no_rows_keep_their_types():
    assert SKIPPED.frame([]).shape == (0, 5)
    assert SKIPPED.text(SKIPPED.frame([])) == "dataset,subject,clip,stage,reason\n"


def test_a_new_metric_appears_in_all_five_forms(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", NEW_METRIC, str(tmp_path)],
        capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["True"] * 5, done.stderr[-2000:]


def test_schemas_import_no_pandas():
    script = (
        "import sys, merflow.evaluation.columns, merflow.evaluation.predictions, "
        "merflow.evaluation.score_table, merflow.workflow.plan, merflow.commands.pack, "
        "merflow.commands.split; print('pandas' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
