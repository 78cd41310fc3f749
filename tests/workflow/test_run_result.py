"""What `merflow run` shows at its end, by its targets."""

from merflow.workflow.run_result import RUNS, SHOW, result_text, to_show


def scored(folder, count):
    """Write scores of `count` runs; return them as targets."""
    runs = [f"results/runs/e{i}/x1/seed0" for i in range(count)]
    for run in runs:
        (folder / run).mkdir(parents=True)
        (folder / run / "scores.csv").write_text("")
    return [f"{run}/scores.csv" for run in runs]


def test_after_an_experiment_the_command_that_shows_its_scores_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(SHOW, to_show(scored(tmp_path, 1)))
    line = "  merflow score results/runs/e0/x1/seed0 --config results/config.yaml\n"
    assert result_text() == f"\nTo see the scores:\n{line}"


def test_of_many_runs_the_first_are_listed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(SHOW, to_show(scored(tmp_path, RUNS + 2)))
    assert result_text().count("merflow score") == RUNS
    assert result_text().endswith("  and 2 more\n")


def test_after_a_run_of_everything_the_table_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(SHOW, to_show([]))
    assert result_text() == ""
    (tmp_path / "results/tables").mkdir(parents=True)
    (tmp_path / "results/tables/scores.txt").write_text("the table\n")
    assert result_text() == "\nthe table\n"


def test_after_other_targets_nothing_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    targets = [*scored(tmp_path, 1), "results/frames/smic/s01.json"]
    assert to_show(targets) == to_show(["aligned"]) == ""
    # A file of the user that is named like the scores of a run.
    (tmp_path / "scores.csv").write_text("")
    monkeypatch.setenv(SHOW, "")
    assert result_text() == ""
    monkeypatch.delenv(SHOW)
    assert result_text() == ""
