"""`merflow score-intervals` on generated intervals."""

import csv
import json

import pytest

from merflow.commands.score_intervals import score_intervals
from merflow.errors import MerflowError

TRUTH = """dataset,subject,video,onset,offset,type,emotion
samm_lv,006,006_1,10,19,micro,negative
samm_lv,006,006_1,40,90,macro,positive
samm_lv,007,007_1,5,14,micro,surprise
casme_sq,s15,s15_0101,30,39,micro,negative
casme_sq,s16,s16_0101,30,39,micro,positive
"""
PREDICTED = """dataset,subject,video,onset,offset,type,emotion,confidence
samm_lv,006,006_1,11,20,micro,negative,.9
samm_lv,006,006_1,60,69,micro,negative,.2
samm_lv,006,006_1,42,95,macro,positive,.8
casme_sq,s15,s15_0101,30,39,micro,positive,.7
casme_sq,s15,s15_0102,1,9,micro,negative,.1
"""
VIDEOS = """dataset,subject,video,frames,fps
samm_lv,006,006_1,100,10
samm_lv,007,007_1,100,10
casme_sq,s15,s15_0101,200,10
casme_sq,s15,s15_0102,200,10
casme_sq,s16,s16_0101,200,10
casme_sq,s17,s17_0101,200,10
"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("p", PREDICTED), ("t", TRUTH), ("v", VIDEOS)):
        (tmp_path / f"{name}.csv").write_text(text)
    return [tmp_path / "p.csv", tmp_path / "t.csv"]


def printed(capsys, *arguments, **options):
    score_intervals(*arguments, json=True, resamples=100, **options)
    return json.loads(capsys.readouterr().out)


def table(path):
    with open(path, newline="") as handle:
        return list(csv.DictReader(handle))


def test_scores_of_every_part_and_type(files, capsys):
    found = printed(capsys, *files)
    rows = {(row["part"], row["type"]): row for row in found["scores"]}
    assert set(rows) >= {("full", "micro"), ("samm_lv", "macro"), ("casme_sq", "overall")}
    row = rows["full", "overall"]
    assert (row["tp"], row["fp"], row["fn"]) == (3, 2, 2)
    assert row["f1"] == pytest.approx(0.6)
    assert row["pairs"] == 3 and row["strs"] == pytest.approx(0.6 * row["analysis_f1"])
    assert row["videos_without_predictions"] == 2 and row["floor_f1"] is None
    text = " ".join(found["notes"])
    assert "No prediction in 2 videos: casme_sq/s16/s16_0101, samm_lv/007/007_1" in text
    assert "No prediction for 2 subjects: casme_sq/s16, samm_lv/007" in text
    assert "false alarms in casme_sq/s15/s15_0102" in text


def test_lengths_give_a_floor_and_count_recordings_without_an_expression(files, capsys, tmp_path):
    found = printed(capsys, *files, videos=tmp_path / "v.csv")["scores"]
    row = next(r for r in found if (r["part"], r["type"]) == ("full", "overall"))
    assert (row["videos"], row["subjects"]) == (6, 5)
    assert 0 < row["floor_f1"] < row["f1"]


def test_a_rule_with_faults_says_what_it_leaves_out(files, capsys):
    found = printed(capsys, *files, rule="megc-str")
    row = next(r for r in found["scores"] if (r["part"], r["type"]) == ("full", "overall"))
    assert (row["tp"], row["fp"], row["fn"]) == (3, 1, 0)
    assert "Not counted, as the rule megc-str leaves them out: 3 videos" in found["notes"][0]
    assert row["analysis_uar"] == row["analysis_precision"]


def test_files_of_a_comparison(files, capsys, tmp_path):
    out = tmp_path / "o"
    score_intervals(*files, videos=tmp_path / "v.csv", out=out, resamples=100)
    capsys.readouterr()
    assert {p.name for p in out.iterdir()} == {
        "interval_scores.csv",
        "interval_matches.csv",
        *("interval_curve.csv", "interval_curve.svg", "interval_curve.pdf"),
        "scores.json",
    }
    outcomes = [row["outcome"] for row in table(out / "interval_matches.csv")]
    assert sorted(outcomes) == ["FN"] * 2 + ["FP"] * 2 + ["TP"] * 3
    hit = next(r for r in table(out / "interval_matches.csv") if r["onset"] == "11")
    assert hit["iou"] == "0.818181818" and hit["true_onset"] == "10"
    missed = next(r for r in table(out / "interval_matches.csv") if r["outcome"] == "FN")
    assert (missed["onset"], missed["true_onset"], missed["true_emotion"]) == ("", "30", "positive")
    last = [r for r in table(out / "interval_curve.csv") if r["type"] == "overall"]
    ends = [r for r in last if r["part"] == "full"]
    assert [r["threshold"] for r in ends] == ["0.9", "0.8", "0.7", "0.2", "0.1"]
    assert ends[-1]["false_per_minute"] == format(2 / (1000 / 10 / 60), ".9g")
    document = json.loads((out / "scores.json").read_text())
    assert document == printed(capsys, *files, videos=tmp_path / "v.csv")
    rows = table(out / "interval_scores.csv")
    assert [float(r["f1"]) for r in rows] == pytest.approx([r["f1"] for r in document["scores"]])


def test_without_confidences_there_is_no_curve_and_an_earlier_one_is_removed(files, tmp_path):
    out = tmp_path / "o"
    score_intervals(*files, out=out, resamples=100)
    bare = [line.rpartition(",")[0] for line in PREDICTED.splitlines()]
    (tmp_path / "bare.csv").write_text("\n".join(bare) + "\n")
    score_intervals(tmp_path / "bare.csv", files[1], out=out, resamples=100)
    assert not list(out.glob("interval_curve.*"))


def test_the_terminal_names_the_rule_and_what_it_means(files, capsys, tmp_path):
    score_intervals(*files, videos=tmp_path / "v.csv", resamples=100)
    shown = " ".join(capsys.readouterr().out.split())
    for text in (
        "Spotting, rule one-to-one",
        "3 2 2 .6000",
        "Emotions of the hits",
        "random places of each recording",
        "No prediction in 2 videos",
    ):
        assert text in shown
    score_intervals(*files, rule="megc-str", resamples=100)
    assert "known faults" in capsys.readouterr().out


def test_a_log_of_the_challenge_has_its_own_truth(files, capsys, tmp_path):
    score_intervals(*files, export_to=tmp_path / "log.txt", form="megc-log", resamples=100)
    capsys.readouterr()
    found = printed(capsys, tmp_path / "log.txt")
    row = next(r for r in found["scores"] if r["part"] == "full")
    assert (row["tp"], row["fp"], row["fn"], row["type"]) == (3, 2, 2, "")
    assert found["notes"][-1].startswith("The truth is that of the log")
    text = (tmp_path / "log.txt").read_text().replace("30\t39\t30\t39\tTP", "30\t39\t20\t28\tTP")
    (tmp_path / "log.txt").write_text(text)
    notes = " ".join(printed(capsys, tmp_path / "log.txt")["notes"])
    assert "The log counts TP 3, FP 2, FN 2; the rule one-to-one gives TP 2, FP 3, FN 3" in notes


def test_emotions_are_those_asked_for(files, capsys):
    found = printed(capsys, *files, emotions="negative, surprise")
    assert found["emotions"] == ["negative", "surprise"]
    row = next(r for r in found["scores"] if (r["part"], r["type"]) == ("full", "overall"))
    assert row["pairs"] == 2
    with pytest.raises(MerflowError, match="did you mean 'negative'"):
        printed(capsys, *files, emotions="negativ")


def test_one_type_alone(files, capsys):
    found = printed(capsys, *files, type="macro")["scores"]
    assert {row["type"] for row in found} == {"macro"} and found[0]["tp"] == 1


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"rule": "megc"}, "unknown rule 'megc'"),
        ({"form": "megc2023"}, "without --export-to"),
        ({"resamples": 5}, "--resamples"),
    ],
)
def test_wrong_options(files, options, found):
    with pytest.raises(MerflowError, match=found):
        score_intervals(*files, **options)


def test_predictions_alone_are_no_comparison(files):
    with pytest.raises(MerflowError, match="no TRUTH"):
        score_intervals(files[0])
