"""`merflow score --log` on logs of published code, from the file to the table and back."""

import json

import composite_lists
import log_makers as made
import pytest

from merflow.commands.audit import audit
from merflow.commands.compare import compare
from merflow.commands.score import score
from merflow.errors import MerflowError
from merflow.evaluation.predictions import read_pooled, write_pooled
from merflow.evaluation.schema import stacked
from merflow.evaluation.score_table import SCORES, read_scores
from merflow.evaluation.table_marks import ORACLE_NOTE
from merflow.reporting.results_table import wide_tables


@pytest.fixture(scope="module")
def clips():
    return composite_lists.composite()


@pytest.fixture(scope="module")
def answers(clips):
    return made.answers(clips)


def printed(capsys, **options):
    capsys.readouterr()
    score(json=True, resamples=100, **options)
    return json.loads(capsys.readouterr().out)


def test_an_oracle_is_marked_wherever_it_goes(tmp_path, capsys, answers):
    log, out = made.htnet(tmp_path / "log.txt", answers), tmp_path / "out"
    found = printed(capsys, log=log, out=out)
    assert found["log"]["oracle"] and not found["log"]["clip_names"]
    assert all(ORACLE_NOTE in part["note"] for part in found["parts"].values())
    assert json.loads((out / "scores.json").read_text())["log"] == found["log"]
    assert not (out / "challenge.log").exists()
    score(log=log, resamples=100)
    text = " ".join(capsys.readouterr().out.split())
    assert "Oracle, not a result: predictions of the epoch that is best" in text
    again = printed(capsys, source=out / "pooled.csv")
    assert all(ORACLE_NOTE in part["note"] for part in again["parts"].values())
    rows = read_scores(out / "scores.csv")
    honest = [rows.assign(experiment=n, note="", uf1=rows["uf1"] - 0.1 * i - 0.1)
              for i, n in enumerate("ab")]  # fmt: skip
    (table,) = wide_tables(stacked([rows, *honest], SCORES))
    marks = {line.experiment: line.cells["full"].uf1_mark for line in table.lines}
    assert marks["log"] == "" and marks["a"] and marks["b"]


def test_clips_without_names_are_scored_and_not_compared(tmp_path, capsys, clips, answers):
    found = printed(capsys, log=made.stst(tmp_path / "log.txt", answers), out=tmp_path / "out")
    assert not found["log"]["oracle"] and found["log"]["notes"][0].startswith("442 of 442 clips")
    assert "the log prints UF1 0.7209" in found["log"]["notes"][1]
    pooled = tmp_path / "out/pooled.csv"
    with pytest.raises(MerflowError, match="comes from a log without clip names"):
        compare(pooled, pooled)
    assert not any(key.clip in pooled.read_text() for key in clips)
    score(source=pooled, scheme="megc2019", resamples=100)
    assert "not the official" not in capsys.readouterr().out


def test_missing_clips_are_counted_and_with_a_list_named(tmp_path, capsys, clips, answers):
    lost = [key for key in answers if key.dataset == "smic"][::24]
    log = made.challenge(tmp_path / "log.csv", {k: v for k, v in answers.items() if k not in lost})
    found = printed(capsys, log=log, scheme="megc2019")
    assert found["log"]["incomplete"] == "435 of 442 clips of the official composite"
    assert "435 of 442 clips" in found["parts"]["full"]["note"]
    assert "not the official 442 clips" in found["parts"]["full"]["note"]
    listed = composite_lists.official_csv(tmp_path / "list.csv", clips)
    named = printed(capsys, log=log, against=listed)
    assert f"missing: {', '.join(map(str, sorted(lost)))}" in named["log"]["notes"]
    score(log=log, against=listed, resamples=100)
    assert f"missing: {min(lost)}" in capsys.readouterr().out


def test_a_challenge_log_gives_a_table_with_the_official_ids(tmp_path, capsys, clips, answers):
    log, out = made.challenge(tmp_path / "log.csv", answers), tmp_path / "out"
    printed(capsys, log=log, out=out)
    table = read_pooled(out / "pooled.csv")
    assert set(table.keys) == set(clips) and (out / "challenge.log").exists()
    compare(out / "pooled.csv", out / "pooled.csv", json=True)
    assert json.loads(capsys.readouterr().out)[0]["difference"] == 0


def test_a_short_log_without_names_is_compared_with_the_counts_of_a_list(tmp_path, capsys, clips):
    few = {key: name for key, name in clips.items() if key.dataset == "samm"}
    log = made.stst(tmp_path / "log.txt", made.answers(few))
    listed = composite_lists.capsule_csv(tmp_path / "list.csv", few)
    found = printed(capsys, log=log, against=listed)
    assert found["log"]["notes"][0].startswith("133 of 133 clips of the list, with its number")
    assert printed(capsys, log=log)["log"]["incomplete"] == (
        "133 of 442 clips of the official composite"
    )


@pytest.mark.parametrize("given", ["nothing", "both", "a list alone"])
def test_one_source_is_scored(tmp_path, answers, given):
    log = made.challenge(tmp_path / "log.csv", answers)
    options = {
        "nothing": {},
        "both": {"source": log, "log": log},
        "a list alone": {"source": log, "against": log},
    }[given]
    with pytest.raises(MerflowError, match="merflow score: ") as refused:
        score(**options)
    assert "--log FILE [--against LIST]" in str(refused.value)


def test_a_scheme_names_the_numbers_of_a_log(tmp_path, capsys):
    (tmp_path / "log.txt").write_text("Subject: sub01\nPredicted : [1, 0]\nGround Truth: [1, 1]\n")
    found = printed(capsys, log=tmp_path / "log.txt", scheme="binary")
    assert found["classes"] == ["negative", "positive"]


def test_an_oracle_with_clip_names_is_marked_in_a_comparison_and_an_audit(
    tmp_path, capsys, answers
):
    log, out = made.challenge(tmp_path / "log.csv", answers), tmp_path / "out"
    printed(capsys, log=log, out=out)
    table = read_pooled(out / "pooled.csv")
    chosen = table.changed(folds=tuple(f"oracle:{fold}" for fold in table.folds))
    write_pooled(tmp_path / "chosen.csv", chosen)
    compare(out / "pooled.csv", tmp_path / "chosen.csv")
    assert f"{ORACLE_NOTE}." in " ".join(capsys.readouterr().out.split())
    audit(tmp_path / "chosen.csv", json=True)
    found = {one["trap"]: one["verdict"] for one in json.loads(capsys.readouterr().out)}
    assert found["epoch chosen on the test subject"] == "fail"


def test_an_audit_claims_nothing_about_clips_without_names(tmp_path, capsys, answers):
    printed(capsys, log=made.stst(tmp_path / "log.txt", answers), out=tmp_path / "out")
    audit(tmp_path / "out/pooled.csv", json=True)
    found = {one["trap"]: one for one in json.loads(capsys.readouterr().out)}
    assert found["another set of clips"]["verdict"] == "cannot tell"
    assert "without clip names" in found["another set of clips"]["because"]
