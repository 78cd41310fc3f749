"""Targets of `merflow run`: what a word names, and what to say of one that names nothing."""

from pathlib import Path

import pytest

from merflow.clip import Clip, ClipKey
from merflow.config.loading import load
from merflow.config.settings import Settings
from merflow.errors import MerflowError
from merflow.workflow.plan import Plan
from merflow.workflow.targets import RULES, targets_of

ROOT = Path(__file__).parents[2]
RUN = "results/runs/demo/x10/seed0"


@pytest.fixture(scope="module")
def plan():
    return Plan(load(ROOT / "config/config.yaml"))


@pytest.mark.parametrize(
    ("word", "targets"),
    [
        *((rule, [rule]) for rule in RULES),
        ("frozen", ["results/runs/frozen/x10/seed0/scores.csv"]),
        ("demo", [f"results/runs/demo/{x}/seed0/scores.csv" for x in ("x1", "x10", "x25", "x50")]),
        (RUN, [f"{RUN}/scores.csv"]),
        (f"./{RUN}/", [f"{RUN}/scores.csv"]),
        (str(Path(RUN).absolute()), [f"{RUN}/scores.csv"]),
        (f"{RUN}/final", [f"{RUN}/final/run.json"]),
        (f"{RUN}/pooled.csv", [f"{RUN}/pooled.csv"]),
        (f"{RUN}/smic-s03/predictions.csv", [f"{RUN}/smic-s03/predictions.csv"]),
        ("results/tables", ["tables"]),
        ("results/tables/scores_twocolumn.tex", ["tables"]),
        ("results/methods.md", ["report"]),
        ("results/model_card.md", ["report"]),
        ("results/tables/scores.xlsx", ["results/tables/scores.xlsx"]),
        ("results/grey64/packed/composite/x10.h5", ["results/grey64/packed/composite/x10.h5"]),
        ("results/aligned/smic/s03.h5", ["results/aligned/smic/s03.h5"]),
        ("results/catalogue/samm.json", ["results/catalogue/samm.json"]),
    ],
)
def test_words_that_name_something(plan, word, targets):
    assert targets_of([word], plan) == targets


def test_several_words_are_one_list(plan):
    assert targets_of(["aligned", "frozen"], plan)[0] == "aligned"
    assert targets_of([], plan) == []


def test_the_name_of_a_grid_means_all_it_makes():
    raw = load(ROOT / "config/config.yaml").model_dump(mode="json")
    base = raw["experiments"].pop("frozen")
    raw["experiments"] = {
        f"net-lr={rate}": base | {"from_grid": {"base": "net", "values": {"lr": rate}}}
        for rate in ("a", "b")
    }
    found = targets_of(["net"], Plan(Settings.model_validate(raw)))
    assert found == [f"results/runs/net-lr={x}/x10/seed0/scores.csv" for x in ("a", "b")]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("demos", "demo"),
        ("allign", "aligned"),
        ("tabels", "tables"),
        ("reprot", "report"),
        ("final", "finals"),
        (f"{RUN}/score.csv", f"{RUN}/scores.csv"),
        ("results/runs/demo/x10/seed1", RUN),
        ("results/table/scores.csv", "results/tables/scores.csv"),
        ("xyzzy", ""),
        ("results/runs/demo/x10/seed0/weights", None),
        ("results/runs/other/x10/seed0/s1/predictions.csv", None),
        ("results/grey32/packed/composite/x10.h5", None),
        ("results/aligned/casme3/sub01.h5", None),
        ("config/config.yaml", None),
    ],
)
def test_a_word_that_names_nothing_is_refused_with_the_nearest(plan, word, near):
    with pytest.raises(MerflowError) as error:
        targets_of(["all", word], plan)
    assert error.value.where == f"target '{word}'"
    assert "an experiment: demo, frozen" in error.value.expected
    assert all(f"    {rule} " in error.value.expected for rule in RULES)
    if near:
        assert f"did you mean '{near}'?" in error.value.found
    elif near == "":
        assert "did you mean" not in error.value.found


@pytest.mark.parametrize("name", ["curves.pdf", "ranking.csv"])
def test_a_file_without_a_rule_of_its_own_is_made_with_another(plan, name):
    with pytest.raises(MerflowError, match=f"is made together with {RUN}/"):
        targets_of([f"{RUN}/{name}"], plan)


def test_folders_of_results_are_no_files_of_the_user(plan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(RUN).mkdir(parents=True)
    Path("results/benchmark.txt").write_text("")
    for word in ("results", "results/runs/demo", "results/benchmark.txt"):
        with pytest.raises(MerflowError, match="the config makes nothing of this name"):
            targets_of([word], plan)


def test_a_subject_that_the_dataset_lacks_is_refused():
    settings = load(ROOT / "config/config.yaml")
    clip = Clip(ClipKey("smic", "s03", "a"), "", (), (), 100.0, "joy")
    plan = Plan(settings, {"smic": [clip]})
    assert targets_of(["results/aligned/smic/s03.h5"], plan)
    with pytest.raises(MerflowError, match="nosuch"):
        targets_of(["results/aligned/smic/nosuch.h5"], plan)


def test_a_file_of_the_user_is_named_as_such(plan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("")
    with pytest.raises(MerflowError, match="a file of yours"):
        targets_of(["notes.txt"], plan)
