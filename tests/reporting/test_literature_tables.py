"""The page and the tables of published results."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from merflow.commands.literature import literature, rendered
from merflow.errors import MerflowError
from merflow.evaluation.literature.results import published, results_text
from merflow.reporting.captions import literature_table
from merflow.reporting.literature_tables import literature_page, literature_tables

ROOT = Path(__file__).parents[2]


def test_the_page_of_the_documentation_is_made_from_the_data():
    text = (ROOT / "docs/reference_table.md").read_text(encoding="utf-8")
    assert text == literature_page(published()), "run `make docs`"
    assert "reference_table.md" in (ROOT / "mkdocs.yml").read_text()


def test_results_that_may_not_be_ranked_stand_below_a_line_with_the_reason():
    table = literature_tables(published(), "emotion")[0]
    assert next(iter(table.rows))[:2] == [
        "1",
        "STSTNet, authors' port at its last epoch (2019)",
    ]
    assert table.foot[0][1] == "not ranked"
    best = table.foot[1]
    assert best[1] == "CausalNet (2025)" and "chosen on the test" in best[-1]
    assert all(row[0] == "-" and row[-1] for row in table.foot[1:])


def test_a_claim_that_its_counts_contradict_is_flagged():
    tables = literature_tables(published(), "spotting")
    flagged = [row[1] for table in tables for row in table.foot if row[1].endswith("¶")]
    assert flagged == ["MTSN, claim in the same thread¶"]
    notes = [note for table in tables for note in table.notes if "¶" in note]
    assert "recall .1850, from the rest .2829" in notes[0]


def test_every_form_has_every_result_of_the_task(tmp_path, capsys):
    chosen = [r.facts for r in published() if r.facts.task == "action_units"]
    cells = [*csv.DictReader(io.StringIO(rendered([*published()], "action_units", "csv")))]
    assert {row["result"] for row in cells} == {facts.result for facts in chosen}
    listed = json.loads(rendered([*published()], "action_units", "json"))
    assert [row["f1"] for row in listed if row["result"] == "sssnet-cd6me"] == [
        *(0.405, 0.384, 0.683, 0.671)
    ]
    literature(task="action_units", out=tmp_path / "table.tex", format="latex")
    assert "SSSNet" in (tmp_path / "table.tex").read_text()
    capsys.readouterr()
    literature(task="action_units")
    shown = capsys.readouterr().out
    assert all(facts.method in shown for facts in chosen) and "HTNet" not in shown


def test_own_results_join_and_may_not_take_a_published_key(tmp_path, capsys):
    own = tmp_path / "own.csv"
    linear = next(r for r in published() if r.facts.result == "svm-linear")
    mine = type(linear)(linear.facts._replace(result="mine", method="my SVM"), linear.scores)
    own.write_text(results_text([mine]))
    literature(with_=own, task="emotion")
    assert "my SVM" in capsys.readouterr().out
    own.write_text(results_text([linear]))
    with pytest.raises(MerflowError, match="'svm-linear' is a published one"):
        literature(with_=own)


def test_the_block_beside_own_results_has_the_ranked_results_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = literature_table()
    names = [row[0] for row in table.rows]
    assert names[1].startswith("linear SVM") and not any("‡" in name for name in names)
    assert table.foot[0][0] == "not ranked:"
    marked = {row[0] for row in table.foot if "‡" in row[0]}
    assert {"HTNet (2024)‡", "CausalNet (2025)‡"} <= marked


def test_latex_has_a_label_for_each_table_and_short_reasons():
    made = rendered([*published()], "", "latex")
    labels = re.findall(r"\\label\{(.*?)\}", made)
    assert len(labels) == len({*labels}) == len(literature_tables(published()))
    assert r"claim in the same thread$^\P$" in made and "¶" not in made
    assert "epoch: test, settings: test" in made and "chosen on the test" not in made
    assert "Sources: " in made
