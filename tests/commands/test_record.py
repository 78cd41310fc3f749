"""A finished run becomes a row of the table of own results, once."""

import contextlib
from pathlib import Path

import pytest
from kept_records import keep_records
from report_tree import Tree, few, write_tree

from merflow.commands.record import record
from merflow.errors import MerflowError
from merflow.evaluation.literature.results import read_results
from merflow.evaluation.score_table import read_scores, write_scores

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
