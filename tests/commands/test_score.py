"""`merflow score` on tables made elsewhere."""

import json

import pytest
from table_makers import pooled

from merflow.commands.audit import audit
from merflow.commands.compare import compare
from merflow.commands.score import score
from merflow.errors import MerflowError
from merflow.evaluation.megc_log import CLASSES, write_megc_log
from merflow.evaluation.predictions import read_pooled, write_pooled
from merflow.workflow.scoring import open_table


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


def test_a_log_is_written_only_of_the_challenges_classes(theirs, capsys):
    emotions = perfect(theirs / "four.csv", "mine", ["anger", "happy", "sad", "surprise"])
    score(emotions, out=theirs / "four", resamples=200)
    assert "No challenge.log: its classes are negative," in capsys.readouterr().err
    assert not (theirs / "four/challenge.log").exists()
    turned = "d,s,c,positive,0.1,0.8,0.1\nd,t,c,surprise,0.8,0.1,0.1\n"
    header = "dataset,subject,clip,truth,p_surprise,p_positive,p_negative\n"
    (theirs / "turned.csv").write_text(header + turned)
    score(theirs / "turned.csv", out=theirs / "turned", resamples=200)
    assert (theirs / "turned/challenge.log").read_text() == "d s\nc 1 1\nd t\nc 2 2\n"


def test_clips_that_are_not_the_official_ones_are_no_megc2019_composite(theirs, capsys):
    note = "not the official 442 clips of MEGC2019"
    score(theirs / "theirs.csv", scheme="megc2019", resamples=200)
    assert note in " ".join(capsys.readouterr().out.split())
    assert (
        note in printed(capsys, theirs / "theirs.csv", scheme="megc2019")["parts"]["full"]["note"]
    )
    assert note not in str(printed(capsys, theirs / "theirs.csv", scheme="three"))


def test_a_table_made_elsewhere_is_not_said_to_come_of_folds(theirs, capsys):
    score(theirs / "theirs.csv", scheme="three", resamples=200)
    text = " ".join(capsys.readouterr().out.split())
    assert "fold" not in text and "conditional on the models that predicted" in text


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
    with pytest.raises(MerflowError, match=r"186 clips in .*theirs.csv only, as casme2/s05/c0"):
        compare(theirs / "theirs.csv", theirs / "short.csv")


def test_a_runs_folder_is_compared_by_its_pooled_table(theirs, capsys):
    (theirs / "run").mkdir()
    write_pooled(theirs / "run/pooled.csv", pooled())
    compare(theirs / "run", theirs / "theirs.csv", json=True)
    assert json.loads(capsys.readouterr().out)[0]["difference"] == 0


FIVE = ("disgust", "happiness", "others", "repression", "surprise")


def perfect(path, dataset, words):
    """A table without an error: ten subjects, every class in turn."""
    lines = [f"{dataset},s{i % 10},c{i},{w},{w}" for i, w in enumerate(words * 10)]
    path.write_text("\n".join(["dataset,subject,clip,truth,predicted", *lines]))
    return path


@pytest.mark.parametrize(
    ("scheme", "dataset", "words", "count"),
    [
        ("five", "casme2", FIVE, 5),
        (
            "seven",
            "samm",
            ["anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"],
            7,
        ),
        ("raw", "casme2", FIVE, 5),
        ("raw", "their own", ("joy", "anger"), 2),
        ("megc2019", "CASME II", ("negative", "positive", "surprise"), 3),
        ("three", "their own", ("negative", "positive", "surprise"), 3),
    ],
)
def test_a_scheme_has_the_classes_of_the_tables_own_datasets(
    tmp_path, capsys, scheme, dataset, words, count
):
    path = perfect(tmp_path / "t.csv", dataset, list(words))
    found = printed(capsys, path, scheme=scheme)
    assert len(found["classes"]) == count and found["parts"]["full"]["uf1"] == 1
    compare(path, path, scheme=scheme, json=True)
    assert json.loads(capsys.readouterr().out)[0]["difference"] == 0
    audit(path, scheme=scheme, json=True)
    absent = {f["trap"]: f["verdict"] for f in json.loads(capsys.readouterr().out)}
    assert absent["absent classes"] == "pass"


def test_what_a_scheme_cannot_know_of_a_table_is_refused(tmp_path, capsys):
    path = perfect(tmp_path / "t.csv", "CASME II", list(FIVE))
    for command in (score, compare, audit):
        tables = (path, path) if command is compare else (path,)
        with pytest.raises(MerflowError) as refused:
            command(*tables, scheme="five")
        assert "it has no classes for CASME II" in str(refused.value)
        assert "leave out --scheme" in str(refused.value)
    text = path.read_text()
    path.write_text(text.replace("CASME II", "casme2", 20).replace("CASME II", "samm"))
    with pytest.raises(MerflowError, match="differ between these datasets"):
        score(path, scheme="five")
    score(perfect(path, "their own", ["joy", "anger"]), scheme="raw", resamples=200)
    assert "Classes as found in the table: anger, joy.\n" in capsys.readouterr().out


def test_a_log_of_five_classes_is_read_by_its_datasets(tmp_path, capsys):
    write_megc_log(tmp_path / "log.txt", open_table(perfect(tmp_path / "t.csv", "casme2", [*FIVE])))
    found = printed(capsys, tmp_path / "log.txt", megc_log=True, scheme="five")
    assert found["classes"] == list(FIVE) and found["parts"]["full"]["uf1"] == 1


def test_columns_in_another_order_are_the_same_table(tmp_path, capsys):
    for name, classes in (("one", "abc"), ("two", "cba")):
        header = ",".join(["dataset,subject,clip,truth", *(f"p_{c}" for c in classes)])
        rows = [
            f"d,s{i % 5},c{i},{'abc'[i % 3]},"
            + ",".join("0.8" if c == "abc"[(i + (i % 4 == 0)) % 3] else "0.1" for c in classes)
            for i in range(20)
        ]
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *rows]))
    compare(tmp_path / "one.csv", tmp_path / "two.csv", json=True)
    (full,) = json.loads(capsys.readouterr().out)
    assert (full["part"], full["difference"], full["p"]) == ("full", 0, 1)


def test_the_configs_bootstrap_makes_the_interval_of_a_comparison(theirs, capsys):
    write_pooled(theirs / "better.csv", pooled(seed=1, skill=0.95))
    found = []
    for count in (100, 2000):
        (theirs / "c.yaml").write_text(f"bootstrap: {count}\n")
        compare(theirs / "theirs.csv", theirs / "better.csv", config=theirs / "c.yaml", json=True)
        found.append(json.loads(capsys.readouterr().out)[0])
    assert found[0]["lo"] != found[1]["lo"] and found[0]["p"] == found[1]["p"]


def test_a_row_that_was_chosen_is_not_scored_or_audited_as_a_run(tmp_path):
    folder = tmp_path / "results/runs/cnn/nested/seed0"
    folder.mkdir(parents=True)
    (tmp_path / "c.yaml").write_text("bootstrap: 100\n")
    with pytest.raises(MerflowError, match="a row x.*[\\s\\S]*merflow choose"):
        score(folder, config=tmp_path / "c.yaml")
    for permute in (0, 20):
        with pytest.raises(MerflowError) as refused:
            audit(folder, config=tmp_path / "c.yaml", permute=permute)
        assert "audit the runs it chooses between, results/runs/cnn*/x*/seed0" in str(refused.value)


@pytest.mark.parametrize(
    ("subject", "log"),
    [
        ("Björn", True), ("李雷", True), ("Zoë-Ünal_3", True),
    ],
)  # fmt: skip
def test_a_name_that_the_challenge_log_cannot_hold_leaves_only_the_log_out(
    tmp_path, capsys, subject, log
):
    lines = [f"mine,{subject},c{i},{w},{w}" for i, w in enumerate(CLASSES)]
    lines += [f"mine,p{i},c,{w},negative" for i, w in enumerate(CLASSES)]
    table = tmp_path / "t.csv"
    table.write_text("\n".join(["dataset,subject,clip,truth,predicted", *lines]) + "\n", "utf-8")
    score(table, out=tmp_path / "out", resamples=200)
    assert read_pooled(tmp_path / "out/pooled.csv").keys == read_pooled(table).keys
    assert (tmp_path / "out/scores.csv").is_file() and (tmp_path / "out/scores.json").is_file()
    assert (tmp_path / "out/challenge.log").exists() == log
    said = capsys.readouterr()
    assert "UF1" in said.out
    assert (f"'{subject}' has one" in said.err) != log
    if log:
        assert open_table(tmp_path / "out/challenge.log", megc_log=True).keys
