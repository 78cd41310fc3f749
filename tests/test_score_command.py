"""`merflow score` on tables made elsewhere."""

import json

import pytest
from table_makers import pooled

from merflow.commands.compare import compare
from merflow.commands.score import score
from merflow.errors import MerflowError
from merflow.megclog import write_megc_log
from merflow.predictions import write_pooled


@pytest.fixture
def theirs(tmp_path):
    write_pooled(tmp_path / "theirs.csv", pooled())
    write_megc_log(tmp_path / "log.txt", pooled())
    return tmp_path


def printed(capsys, *arguments, **options):
    score(*arguments, json=True, resamples=200, **options)
    return json.loads(capsys.readouterr().out)


def test_a_table_and_its_challenge_log_score_alike(theirs, capsys):
    table = printed(capsys, theirs / "theirs.csv", scheme="three")
    assert table == printed(capsys, theirs / "log.txt", megc_log=True)
    assert list(table["parts"]) == ["full", "smic", "casme2", "samm"]


def test_the_scheme_fixes_the_classes(theirs, capsys):
    (theirs / "two.csv").write_text(
        "dataset,subject,clip,truth,predicted\n"
        + "".join(f"samm,{s},c,{w},{w}\n" for s in range(6) for w in ["negative"])
        + "samm,7,c,positive,positive\n"
    )
    assert printed(capsys, theirs / "two.csv")["parts"]["full"]["uf1"] == 1
    found = printed(capsys, theirs / "two.csv", scheme="three")["parts"]["full"]
    assert found["uf1"] == pytest.approx(2 / 3)
    assert "no true clips of surprise" in found["note"]
    score(theirs / "two.csv", resamples=200)
    assert "Classes as found in the table: negative, positive" in capsys.readouterr().out


def test_out_writes_every_form_and_the_terminal_shows_the_floors(theirs, capsys):
    score(theirs / "theirs.csv", scheme="three", out=theirs / "o", resamples=200)
    names = {path.name for path in (theirs / "o").iterdir()}
    assert names == {"pooled.csv", "scores.csv", "confusion.csv", "scores.json", "challenge.log"}
    assert (theirs / "o/challenge.log").read_bytes() == (theirs / "log.txt").read_bytes()
    text = capsys.readouterr().out
    assert "largest class" in text
    assert "guessing by shares" in text


def test_what_cannot_be_scored_is_said(theirs):
    with pytest.raises(MerflowError, match="unknown scheme 'thre'"):
        score(theirs / "theirs.csv", scheme="thre")
    with pytest.raises(MerflowError, match="without its config"):
        score(theirs)
    with pytest.raises(MerflowError, match="No such file"):
        score(theirs / "none.csv")


def test_two_tables_are_compared_subject_by_subject(theirs, capsys):
    write_pooled(theirs / "better.csv", pooled(seed=1, skill=0.95))
    compare(theirs / "theirs.csv", theirs / "better.csv", json=True)
    full, *parts = json.loads(capsys.readouterr().out)
    assert full["part"] == "full" and len(parts) == 3
    assert 0 < full["lo"] < full["difference"] < full["hi"] and full["p_holm"] < 0.01
    compare(theirs / "theirs.csv", theirs / "theirs.csv", metric="uar")
    text = capsys.readouterr().out
    assert "UAR difference" in text and "+.000" in text
    write_pooled(theirs / "short.csv", pooled().take(range(30)))
    with pytest.raises(MerflowError, match="is in one only"):
        compare(theirs / "theirs.csv", theirs / "short.csv")
