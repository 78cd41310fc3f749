"""The commands of a spotting run, from windows to the table."""

import json
from pathlib import Path

import pytest
from spotting_makers import LENGTHS, planned, settings, write_windows

from merflow.commands.score_intervals import score_intervals
from merflow.commands.score_spotting import score_spotting
from merflow.commands.spot import spot
from merflow.commands.spotting_table import spotting_table
from merflow.commands.windows import windows
from merflow.errors import MerflowError
from merflow.io import records
from merflow.io.csv_table import read_csv
from merflow.io.files import write_text

RUN = Path("results/spotting/spotter/seed0")
CONFIG = Path("config.yaml")


@pytest.fixture
def spotted(tmp_path, monkeypatch):
    """A project with the folds of a spotting run; one subject moves later than annotated."""
    monkeypatch.chdir(tmp_path)
    made = settings(tmp_path)
    planned(made)
    write_text(CONFIG, json.dumps(made.model_dump(mode="json")))
    write_windows("movement")
    write_windows("movement", late=25, subjects=["s16"])
    folds = [Path(f"results/folds/spotter/casme_sq-{subject}.csv") for subject in LENGTHS]
    spot(RUN, *folds, config=CONFIG)
    return tmp_path


def test_scores_tables_and_figures_of_a_run(spotted, capsys):
    score_spotting(RUN, config=CONFIG)
    out = capsys.readouterr().out
    assert "spotter seed 0: F1 0.6667 (TP 4, FP 2, FN 2), random 0." in out
    document = json.loads((RUN / "scores.json").read_text())
    (row,) = document["scores"]
    assert (row["tp"], row["fp"], row["fn"], row["videos"], row["subjects"]) == (4, 2, 2, 6, 3)
    low, high = document["floor_range"]
    assert low <= row["floor_f1"] <= high
    assert row["floor_f1"] < row["f1"]
    for name in ("timeline", "curve"):
        assert (RUN / f"{name}.svg").read_text().startswith("<?xml")
    assert records.record_of(RUN / "scores.json").step == "score-spotting"
    spotting_table(Path("results/tables"), config=CONFIG)
    text = Path("results/tables/spotting.md").read_text()
    assert "| spotter | 0 | micro | 3.5 |  | 4 | 2 | 2 | .6667 | .6667 | .6667" in text
    table = read_csv("results/tables/spotting.csv", ("name", "threshold", "f1", "floor_highest"))
    assert table["name"] == ["spotter"]
    assert float(table["f1"][0]) == pytest.approx(2 / 3)
    assert float(table["floor_highest"][0]) == pytest.approx(high)


def test_the_files_of_a_run_give_its_score_to_score_intervals(spotted, capsys):
    score_spotting(RUN, config=CONFIG)
    capsys.readouterr()
    files = [RUN / "predictions.csv", RUN / "truth.csv"]
    score_intervals(*files, videos=RUN / "videos.csv", json=True, resamples=100)
    (row,) = json.loads(capsys.readouterr().out)["scores"]
    own = json.loads((RUN / "scores.json").read_text())["scores"][0]
    assert (row["tp"], row["fp"], row["fn"], row["f1"]) == (4, 2, 2, own["f1"])


def test_a_run_without_any_prediction_has_a_score(spotted, capsys):
    for subject in LENGTHS:
        path = RUN / f"casme_sq-{subject}" / "intervals.csv"
        made, others = (
            records.made_of(path),
            [path.with_name(n) for n in ("run.json", "measure.csv")],
        )
        with records.job("spot", path) as job:
            write_text(path, path.read_text().splitlines()[0] + "\n")
            job.done(made, [path, *others])
    score_spotting(RUN, config=CONFIG)
    assert "F1 0.0000 (TP 0, FP 0, FN 6)" in capsys.readouterr().out
    spotting_table(Path("results/tables"), config=CONFIG)


def test_a_final_spotter_takes_all_recordings(spotted, capsys):
    from spotting_makers import recordings

    from merflow.datasets.catalogue import catalogue_text

    path = Path("results/catalogue/casme_sq.json")
    write_text(path, catalogue_text(recordings()))
    with records.job("plan", "results/config.yaml") as job:
        job.done({}, [path])
    spot(RUN, Path("final"), config=CONFIG)
    facts = json.loads((RUN / "final/run.json").read_text())
    assert facts["tested"] == []
    assert facts["subjects"] == [f"casme_sq/{subject}" for subject in LENGTHS]
    assert facts["k"] == 5


def test_wrong_words_are_refused(spotted):
    with pytest.raises(MerflowError, match="not the folder of a spotting run"):
        spot(Path("results/runs/a/x1/seed0"), Path("final"), config=CONFIG)
    with pytest.raises(MerflowError, match="no fold file"):
        spot(RUN, config=CONFIG)
    with pytest.raises(MerflowError, match="'k0'"):
        windows(Path("a.h5"), Path("b.h5"), window="k0")
