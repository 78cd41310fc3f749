"""A finished run becomes a row of the table of own results, once."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
from kept_records import keep_records
from report_tree import Tree, few, write_tree

from merflow.clip import ClipKey
from merflow.commands.record import record
from merflow.errors import MerflowError
from merflow.evaluation.literature.results import read_results
from merflow.evaluation.schema import records
from merflow.evaluation.score_table import About, read_scores, write_scores
from merflow.evaluation.unit_predictions import UnitTable
from merflow.evaluation.unit_scores import unit_score_rows
from merflow.workflow.own_result import unit_scores

RUN = Path("results/runs/cnn/x1/seed0")
CONFIG = Path("results/config.yaml")


@pytest.fixture
def tree(tmp_path):
    with contextlib.chdir(tmp_path):
        keys, labels = few()
        experiments = {"cnn": {"factors": ["x1"], "label": "3D CNN"}}
        plan = write_tree(Tree(experiments, keys, labels, {"cnn": 0.5}))
        write_scores(RUN / "scores.csv", read_scores("results/tables/scores.csv"))
        keep_records()
        yield plan


def test_a_run_is_recorded_with_the_facts_of_how_it_was_made(tree, capsys):
    record(RUN, config=CONFIG)
    (made,) = read_results(Path("results/literature.csv"))
    facts, scores = made.facts, {score.part: score for score in made.scores}
    assert facts.method == "3D CNN x1" and facts.ran_by == "own"
    assert (facts.epoch, facts.settings) == ("fixed", "stated")
    assert (facts.clips, facts.subjects, facts.seeds) == ("54", "9", "seed 0")
    assert facts.commit == "merflow 0.1.0" and facts.floors.startswith("largest class UF1 0.1667")
    rows = read_scores(RUN / "scores.csv")
    full = rows[rows["part"] == "full"].iloc[0]
    assert scores["full"].uf1 == pytest.approx(full["uf1"], abs=1e-8)
    assert scores["full"].uf1_lo == pytest.approx(max(0, full["uf1_lo"]), abs=1e-8)
    assert set(scores) == {"full", "casme2", "samm", "smic"}
    assert "may be ranked" in capsys.readouterr().out


def test_the_same_run_is_not_added_twice(tree, capsys):
    record(RUN, config=CONFIG)
    first = Path("results/literature.csv").read_bytes()
    record(RUN, config=CONFIG)
    assert "nothing was added" in capsys.readouterr().out
    assert Path("results/literature.csv").read_bytes() == first


def test_settings_chosen_on_the_scores_have_no_rank(tree, capsys):
    record(RUN, settings="test", to=Path("own.csv"), config=CONFIG)
    assert "not ranked: settings chosen on the test" in capsys.readouterr().out
    assert read_results(Path("own.csv"))[0].unranked


def test_a_run_that_is_not_finished_is_refused(tree):
    (RUN / "scores.csv").unlink()
    with pytest.raises(MerflowError, match="the run is not finished"):
        record(RUN, config=CONFIG)
    assert not Path("results/literature.csv").exists()


def test_action_units_are_recorded_as_means_in_both_flavours():
    rng = np.random.default_rng(0)
    units = ("AU1", "AU4", "AU12")
    keys = [ClipKey(d, f"s{i // 4}", f"c{i}") for d in ("casme2", "samm") for i in range(12)]
    truth = rng.integers(0, 2, (24, 3)).astype(np.float32)
    table = UnitTable.of(keys, units, truth, rng.random((24, 3)) > 0.5, ("f",) * 24)
    rows = records(unit_score_rows(table, About("au", factor="x1"), resamples=100))
    found = unit_scores(rows, 3, "fixed")
    means = {(row.part, row.unit): row for row in rows}
    assert [(s.metric.split()[0], s.part) for s in found] == [
        (flavour, part)
        for flavour in ("binary", "macro")
        for part in ("mean of AUs", "casme2", "samm", "mean of datasets")
    ]
    assert found[0].f1 == means["full", "mean"].f1 and found[0].uf1 is None
    assert found[0].metric == "binary F1 of 3 AUs, threshold .5"
    assert found[4].f1 == means["full", "mean"].macro_f1
    assert found[3].f1 == means["datasets", "mean"].f1
