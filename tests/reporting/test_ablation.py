"""Grids: an ablation table for each, and one choice inside the folds over all their values."""

import contextlib
import itertools
from pathlib import Path

import numpy as np
import pytest
from kept_records import keep_records
from report_tree import Tree, few, write_tree
from table_makers import pooled, rows, run

from merflow.commands.choose import choose
from merflow.commands.table import table
from merflow.config.settings import GridMember
from merflow.errors import MerflowError
from merflow.evaluation.columns import ABLATION, ablation_columns
from merflow.evaluation.effects import Row, experiment_effects
from merflow.evaluation.fold import Fold
from merflow.evaluation.fold_files import fold_text
from merflow.evaluation.predictions import predictions_text, read_pooled
from merflow.io.files import write_text
from merflow.reporting.ablation import ablation_frame, ablations
from merflow.reporting.render.latex import latex
from merflow.reporting.render.markdown import markdown
from merflow.reporting.results_table import wide_tables
from merflow.workflow.pooling import score_run, scoring_job


def test_each_setting_has_a_column_and_each_row_its_difference_from_the_first():
    names = [f"cnn-loss={loss}-epochs={n}" for loss in ("ce", "focal") for n in (10, 20)]
    made = rows(*(run(name) for name in names), run("svm"))
    runs = {Row(name, "x1"): {0: pooled(number)} for number, name in enumerate(names)}
    paths = ("training.loss", "training.epochs")
    grids = {
        name: GridMember(base="cnn", values=dict(zip(paths, values, strict=True)))
        for name, values in zip(names, itertools.product(("ce", "focal"), (10, 20)), strict=True)
    }
    (side,) = ablations(wide_tables(made), experiment_effects(runs, grids=grids), grids)
    assert side.title == "cnn: loss x epochs"
    assert [c.text for c in side.columns if not c.number] == ["loss", "epochs", "factor"]
    assert [row[:2] for row in side.rows] == [
        ["ce", "10"],
        ["ce", "20"],
        ["focal", "10"],
        ["focal", "20"],
    ]
    assert side.rows[0][-2:] == ["", ""] and all("[" in row[-2] for row in side.rows[1:])
    assert "visible" not in " ".join((*(c.text for c in side.columns), *side.notes))
    assert "No row is marked as best" in " ".join(side.notes)
    assert all(len(row) == len(side.columns) for row in side.rows)
    assert sum(line.endswith(r"\\") for line in latex([side]).splitlines()) == 5
    assert markdown([side]).count("\n| ") == 6


def test_the_columns_of_an_ablation_are_checked_and_follow_its_grid():
    (table,) = wide_tables(rows(run("cnn-loss=ce"), run("cnn-loss=focal")))
    grids = {
        line.experiment: GridMember(base="cnn", values={"training.loss": "ce"})
        for line in table.lines
    }
    frame = ablation_frame(table.lines, ["training.loss"], list(table.parts), {}, grids)
    added = ablation_columns(["training.loss"], table.parts)
    assert list(frame.columns) == [*ABLATION.names, *(column.name for column in added)]
    assert frame["training.loss"].tolist() == ["ce", "ce"] and frame["difference"].isna().all()
    assert {"full_uf1", "full_uar_sd"} <= {*frame.columns}
    with pytest.raises(MerflowError, match="unknown column 'training.loss'"):
        ABLATION.check(frame)


def listed():
    keys, labels = few()
    entry = {"factors": [1, 10], "nested": True}
    experiments = {"cnn": {**entry, "grid": {"training.loss": list(LOSSES)}}}
    skill = {("cnn-loss=focal", "x10"): 0.9}
    return write_tree(Tree(experiments, keys, labels, skill)), keys, labels


LOSSES = ("cross_entropy", "focal")


def write_inner(plan, keys, labels):
    """Inner predictions in which one candidate does best in every fold."""
    classes = plan.data.classes(plan.experiments[0])
    for name in plan.experiments:
        for fold in plan.fold_names(name):
            tested = [i for i, k in enumerate(keys) if f"{k.dataset}-{k.subject}" == fold]
            known = [i for i in range(len(keys)) if i not in tested]
            split = Fold.of(fold, known, tested)
            write_text(f"results/folds/{name}/{fold}.csv", fold_text(split, keys, labels))
            for one in plan.runs([name]):
                good = (name, one.factor) == ("cnn-loss=focal", "x10")
                answers = [classes.index(labels[i]) if good else 0 for i in known]
                text = predictions_text([keys[i] for i in known], np.eye(3)[answers], classes)
                write_text(f"{one.folder}/{fold}/inner.csv", text)


def test_one_row_is_chosen_over_all_values_of_a_grid(tmp_path, capsys):
    with contextlib.chdir(tmp_path):
        plan, keys, labels = listed()
        assert plan.choices() == {"cnn": ("cnn-loss=cross_entropy", "cnn-loss=focal")}
        assert list(plan.candidates("cnn", 0)) == [
            f"loss={loss} {factor}" for loss in LOSSES for factor in ("x1", "x10")
        ]
        write_inner(plan, keys, labels)
        keep_records(plan, again=True)
        choose(Path("results/runs/cnn/nested/seed0"), config=Path("results/config.yaml"))
        assert "loss=focal x10 in 9 of 9" in capsys.readouterr().out
        chosen = read_pooled("results/runs/cnn/nested/seed0/pooled.csv")
        best = read_pooled("results/runs/cnn-loss=focal/x10/seed0/pooled.csv")
        assert (chosen.predicted == best.predicted).all()
        for one in plan.runs():
            with scoring_job(Path(one.folder), plan):
                score_run(Path(one.folder), plan)
        scores = sorted(Path("results/runs").glob("*/*/seed0/scores.csv"))
        table(Path("out"), *scores, config=Path("results/config.yaml"))
        text = Path("out/scores.md").read_text()
        assert "| cnn | x\\* |" in text and "| chosen inside | x\\* |" in text
        assert "\ncnn,cnn3d,grey,x*," in Path("out/scores.csv").read_text()


@pytest.mark.parametrize(
    "change",
    [{"scheme": "five"}, {"permute_labels": 1}, {"folds_file": "f.csv"}, {"control": "frozen"}],
)
def test_grids_that_change_the_clips_cannot_be_chosen_between(tmp_path, change):
    with contextlib.chdir(tmp_path):
        plan, _, _ = listed()
        changed = dict(plan.settings.experiments)
        name = "cnn-loss=focal"
        changed[name] = changed[name].model_copy(update=change)
        plan.settings = plan.settings.model_copy(update={"experiments": changed})
        with pytest.raises(
            MerflowError, match="its grid changes the clips, labels, folds or control"
        ):
            plan.choices()
