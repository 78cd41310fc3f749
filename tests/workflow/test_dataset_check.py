"""`merflow check` says what datasets hold and what is wrong, and leaves with the right code."""

import json
import zlib
from pathlib import Path

import cv2
import full_size
import numpy as np
import pytest

from merflow.commands.check import check as command
from merflow.commands.report import report
from merflow.config.settings import DatasetEntry, Experiment, Preparation, Pretraining, Settings
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError, unknown
from merflow.io.csv_table import read_csv
from merflow.workflow import dataset_check
from merflow.workflow.setup import start


def picture(path, value, size=(48, 64)):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(value)
    frame = rng.integers(0, 255, (*size, 3), np.uint8)
    assert cv2.imwrite(str(path), frame)


def manifest(root, rows, header="subject,clip,path,fps,emotion"):
    root.mkdir(parents=True, exist_ok=True)
    (root / "manifest.csv").write_text("\n".join([header, *rows]) + "\n")


@pytest.fixture
def small(tmp_path):
    """Two subjects, two clips each, three real pictures a clip."""
    rows = []
    for subject in ("p01", "p02"):
        for clip, word in (("a", "happiness"), ("b", "disgust")):
            rows.append(f"{subject},{clip},{subject}/{clip},100,{word}")
            for number in (1, 2, 3):
                seed = zlib.crc32(f"{subject}{clip}{number}".encode())
                picture(tmp_path / subject / clip / f"{number}.png", seed)
    manifest(tmp_path, rows)
    return tmp_path


def facts(root, **more):
    return dataset_check.check_dataset("manifest", DatasetEntry(root=str(root)), **more)


def test_facts_of_a_sound_dataset(small):
    found = facts(small)
    assert (found["clips"], found["subjects"], found["without_frames"]) == (4, 2, 0)
    assert found["labels"] == {"disgust": 2, "happiness": 2}
    assert found["schemes"]["three"] == {"negative": 2, "positive": 2, "surprise": 0}
    assert found["sizes"] == {"64x48": 4} and found["fps"] == [100.0]
    assert found["frames"] == {"total": 12, "fewest": 3, "median": 3.0, "most": 3}
    assert found["problems"] == []
    json.dumps(found)


def test_damaged_frames_are_named(small):
    folder = small / "p01" / "a"
    whole = (folder / "2.png").read_bytes()
    (folder / "2.png").write_bytes(whole[: len(whole) // 2])
    (folder / "3.png").write_bytes(b"")
    (small / "p01" / "b" / "1.png").write_bytes(b"hello")
    picture(small / "p02" / "a" / "3.png", 5, size=(10, 10))
    found = {p["where"]: p["found"] for p in facts(small)["problems"]}
    assert "2.png: the image is truncated" in found["manifest/p01/a"]
    assert "3.png: the file is empty" in found["manifest/p01/a"]
    assert "1.png: not an image" in found["manifest/p01/b"]
    assert "3.png: 10x10 pixels, others 64x48" in found["manifest/p02/a"]
    assert "manifest/p02/b" not in found


def test_repeated_frames_and_copied_clips_are_named(small):
    first = (small / "p01" / "a" / "1.png").read_bytes()
    (small / "p01" / "a" / "2.png").write_bytes(first)
    for number in (1, 2, 3):
        source = small / "p01" / "b" / f"{number}.png"
        (small / "p02" / "b" / f"{number}.png").write_bytes(source.read_bytes())
    found = {p["where"]: p["found"] for p in facts(small)["problems"]}
    assert "1.png = 2.png" in found["manifest/p01/a"]
    assert found["manifest/p02/b"] == "its frames are those of manifest/p01/b"


def test_a_subject_planted_in_two_datasets_is_found(small, tmp_path):
    entries = {n: DatasetEntry(root=str(small), reader="manifest") for n in ("one", "two")}
    report = dataset_check.check_datasets(entries)
    assert (
        len(
            [
                p
                for p in dataset_check.problems(report)
                if "its frames are those of one" in p["found"]
            ]
        )
        == 4
    )


def test_missing_folders_are_warnings_and_bad_cells_errors(small):
    text = (small / "manifest.csv").read_text()
    (small / "manifest.csv").write_text(text + "p03,a,p03/a,100,fear\n")
    report = dataset_check.check_datasets({"manifest": DatasetEntry(root=str(small))})
    assert (
        dataset_check.exit_code(report) == 0 and dataset_check.exit_code(report, strict=True) == 1
    )
    assert report["datasets"][0]["without_frames"] == 1
    (small / "manifest.csv").write_text(text + "p03,a,../a,100,fear\n")
    report = dataset_check.check_datasets({"manifest": DatasetEntry(root=str(small))})
    assert dataset_check.exit_code(report) == 2
    assert "row 6, column 'path'" in dataset_check.render(report)


def test_a_dataset_that_cannot_be_read_is_a_problem_not_a_stop(small, tmp_path):
    entries = {
        "casme2": DatasetEntry(root=str(tmp_path / "no")),
        "mine": DatasetEntry(root=str(small), reader="manifest"),
        "odd": DatasetEntry(root=str(small), reader="casme22"),
    }
    report = dataset_check.check_datasets(entries)
    assert [d["clips"] for d in report["datasets"]] == [0, 4, 0]
    text = dataset_check.render(report)
    assert "no such folder" in text and "did you mean 'casme2'" in text and "4 clips" in text


def settings(root, **experiment):
    given = {"preparation": "p", "collection": "c", "scheme": "three", "protocol": "loso"}
    return Settings(
        datasets={"mine": DatasetEntry(root=str(root), reader="manifest")},
        collections={"c": ("mine",)},
        preparations={"p": Preparation()},
        pretrainings={"first": Pretraining(preparation="p", collection="c", scheme="binary")},
        experiments={"e": Experiment(**given | experiment)},
    )


def test_folds_of_every_experiment_are_told(small):
    known = settings(small, scheme="binary")
    (found,) = dataset_check.check_datasets(known.datasets, known)["experiments"]
    assert (found["folds"], found["clips"], found["one_class_folds"]) == (2, 4, 0)
    assert found["classes"] == {"negative": 2, "positive": 2}
    assert "2 folds, 2 test clips" in dataset_check.render(
        dataset_check.check_datasets(known.datasets, known)
    )


def test_the_schemes_in_use_are_shown_and_the_clips_of_the_others(small):
    known = settings(small, scheme="binary")
    report = dataset_check.check_datasets(known.datasets, known)
    shown = dataset_check.render(report, every_scheme=False)
    assert "\n  binary    negative 2, positive 2 = 4\n" in shown and "\n  three " not in shown
    assert "clips in other schemes: " in shown and "three 4" in shown
    assert "\n  three     negative 2" in dataset_check.render(report)


def test_an_experiment_that_cannot_be_split_is_an_error(small):
    known = settings(small, scheme="megc2019")
    report = dataset_check.check_datasets(known.datasets, known)
    assert dataset_check.exit_code(report) == 2 and report["experiments"][0]["problems"]
    twice = {**report, "experiments": report["experiments"] * 2}
    twice["experiments"][1] = {**twice["experiments"][1], "experiment": "again"}
    # Once at the experiment, and once at the end; the second experiment refers to the first.
    assert dataset_check.render(twice).count("scheme megc2019: it has no classes") == 2
    assert (
        "experiment again (megc2019, loso): no folds\n  error: as for e\n"
        in dataset_check.render(twice)
    )


def test_what_a_scheme_drops_is_told_with_its_reason():
    found = dataset_check._scheme("megc2019", _clips("casme2"), None)
    kept, dropped = found
    assert kept == {"negative": 88, "positive": 32, "surprise": 25}
    assert dropped["emotion 'others' has no class in scheme 'megc2019'"] == 99
    assert dropped["not in the official list: its onset is its apex"] == 1


def _clips(dataset):
    from merflow.clip import Clip, ClipKey

    return [
        Clip(ClipKey(dataset, e.subject, e.clip), "", (), (), 200.0, e.emotion)
        for e in full_size.plan(dataset).expected
    ]


@pytest.mark.parametrize("dataset", sorted(full_size.VARIANTS))
def test_full_size_annotations_are_checked_whole(tmp_path, dataset, capsys):
    plan = full_size.plan(dataset)
    full_size.write(tmp_path, plan, frames=plan.dataset in ("jaffe", "ktfe"))
    command(dataset=dataset, root=tmp_path, annotations_only=True, json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["dataset"] == dataset and found["clips"] == len(plan.in_sheets)
    subjects = {e.subject for e in plan.in_sheets}
    assert found["subjects"] == (0 if dataset == "ktfe" else len(subjects))
    assert "will be skipped" not in json.dumps(found), "no frames were asked for"
    assert {"clips", "subjects", "labels", "schemes", "problems"} <= found.keys()
    assert all(
        p.keys() == {"severity", "where", "found", "expected", "fix"} for p in found["problems"]
    )


@pytest.mark.parametrize(
    ("dataset", "onset", "apex", "offset"),
    [("smic", 0, 164, 0), ("casme2", 0, 1, 0), ("casme3", 0, 2, 2), ("samm", 0, 0, 0)],
)
def test_key_frames_that_stay_unknown_are_counted(tmp_path, dataset, onset, apex, offset):
    plan = full_size.plan(dataset)
    full_size.write(tmp_path, plan, frames=plan.tree_is_annotation)
    entry = DatasetEntry(root=str(tmp_path))
    report = dataset_check.check_datasets({dataset: entry}, annotations_only=True)
    (found,) = report["datasets"]
    assert found["unknown"] == {"onset": onset, "apex": apex, "offset": offset}
    line = f"  unknown   onset in {onset}, apex in {apex}, offset in {offset} of "
    assert (line in dataset_check.render(report)) == any((onset, apex, offset))


def test_stills_have_no_key_frames_to_count(tmp_path):
    full_size.write(tmp_path, full_size.plan("jaffe"))
    report = dataset_check.check_datasets(
        {"jaffe": DatasetEntry(root=str(tmp_path))}, annotations_only=True
    )
    assert report["datasets"][0]["unknown"] == {}
    assert "  unknown" not in dataset_check.render(report)


def test_the_2019_sheet_tells_what_differs_from_the_list(tmp_path, capsys):
    full_size.write(tmp_path, full_size.plan("casme2"), frames=False)
    command(dataset="casme2", root=tmp_path, sheet="CASME2-coding-20190701.xlsx",
            annotations_only=True)  # fmt: skip
    text = capsys.readouterr().out
    assert "3 dropped: not in the official list, which follows the 2014 sheet" in text
    assert "negative 88, positive 32, surprise 25 = 145" in text


def test_command_leaves_with_2_on_errors_and_1_when_strict(tmp_path, capsys):
    full_size.write(tmp_path, full_size.plan("casme2"), frames=False)
    with pytest.raises(MerflowError, match="--root .*no: no such folder") as left:
        command(dataset="casme2", root=tmp_path / "no")
    assert left.value.code == 2
    with pytest.raises(MerflowError, match="--sheet no.xlsx: no such file"):
        command(dataset="casme2", root=tmp_path, sheet="no.xlsx")
    with pytest.raises(SystemExit) as left:
        command(dataset="casme2", root=tmp_path, annotations_only=True, strict=True)
    assert left.value.code == 1
    command(dataset="casme2", root=tmp_path, annotations_only=True)
    assert "0 errors" in capsys.readouterr().out


def test_a_manifest_is_checked_by_its_own_name(small, capsys):
    text = (small / "manifest.csv").read_text().splitlines()
    rows = [text[0] + ",dataset", *(f"{line},mine" for line in text[1:])]
    (small / "manifest.csv").write_text("\n".join(rows) + "\n")
    command(dataset="mine", root=small)
    assert "mine (a table of your own clips): 4 clips of 2 subjects" in capsys.readouterr().out
    (small / "manifest.csv").unlink()
    with pytest.raises(SystemExit):
        command(dataset="mine", root=small)
    said = capsys.readouterr().out
    assert "unknown dataset reader 'mine'" in said and "    expected: one of" in said
    assert "1 error, 0 warnings" in said


def test_clips_without_subjects_cannot_be_split(small):
    text = (small / "manifest.csv").read_text().replace("p01,", "unknown,")
    (small / "manifest.csv").write_text(text)
    known = settings(small)
    (found,) = dataset_check.check_datasets(known.datasets, known)["experiments"]
    assert "mine has clips without a subject id" in found["problems"][0]["found"]


def test_command_reads_the_config_and_the_local_one(small, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "run" / "config"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("datasets: {mine: {reader: manifest, root: /no/where}}\n")
    (folder / "local.yaml").write_text(f"datasets: {{mine: {{root: '{small}'}}}}\n")
    monkeypatch.chdir(folder.parent)
    command()
    assert "mine (a table of your own clips): 4 clips" in capsys.readouterr().out
    assert Path("config/config.yaml").exists()


def test_a_missing_demo_is_written_by_the_command_that_is_named(tmp_path):
    for name, words in (("casme3", "merflow demo --dataset casme3`"), ("samm", "merflow demo`")):
        with pytest.raises(MerflowError) as error:
            read_dataset(name, DatasetEntry(root=str(tmp_path / "demo" / name)))
        assert words in error.value.fix


def test_a_sheet_is_looked_for_below_the_root(small, monkeypatch):
    monkeypatch.chdir(small.parent)
    with pytest.raises(MerflowError, match=f"no such file below {small.name}") as error:
        command(dataset="mine", root=Path(small.name), sheet=f"{small.name}/manifest.csv")
    assert error.value.fix == "--sheet manifest.csv"


def test_a_video_that_the_run_would_skip_is_told(small):
    film = cv2.VideoWriter(str(small / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for value in range(18):
        film.write(np.full((48, 64, 3), value, np.uint8))
    film.release()
    shot = cv2.VideoWriter(str(small / "one.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    shot.write(np.zeros((48, 64, 3), np.uint8))
    shot.release()
    (small / "trash.avi").write_text("no video")
    rows = ["p1,b,a.avi,,joy,0,9000", "p1,c,trash.avi,25,joy,,", "p1,f,one.avi,,joy,,"]
    rows += ["p1,d,trash.avi,,joy,,", "p1,e,gone.avi,,joy,,"]
    manifest(small, rows, "subject,clip,path,fps,emotion,onset,offset")
    found = [(p["severity"], p["found"]) for p in facts(small)["problems"]]
    assert len(found) == 5
    for severity, words in (
        ("warning", "one.avi: the video has 1 frame, and a movement needs 2"),
        ("error", "trash.avi is not a readable video"),
        ("warning", "nothing at gone.avi"),
        ("warning", "frame 9000 is annotated; the video has frames 0 to 17"),
        ("warning", "trash.avi: not a readable video); the clip will be skipped"),
    ):
        assert any(s == severity and words in said for s, said in found), words


def test_a_pretraining_that_saw_tested_subjects_is_told(small):
    known = settings(small, pretrain="first", method="keras", scheme="binary")
    (found,) = dataset_check.check_datasets(known.datasets, known)["experiments"]
    assert "'first' was trained on 2 of the tested subjects" in found["problems"][0]["found"]


def test_an_unknown_name_where_none_is_known_says_so():
    assert str(unknown("--dataset", "dataset", "x", ())).endswith(
        "a dataset that is known; none is here"
    )


def test_check_and_the_first_step_refuse_what_training_would(small, tmp_path, monkeypatch):
    known = settings(small, test_on=("mine",))
    (found,) = dataset_check.check_datasets(known.datasets, known)["experiments"]
    assert found["folds"] == 0 and "no effect under" in found["problems"][0]["found"]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MerflowError, match="test_on: has no effect under"):
        start(known.model_dump(mode="json"))


def test_check_and_the_first_step_refuse_a_class_that_a_fold_cannot_learn(
    small, tmp_path, monkeypatch
):
    known = settings(small)
    report = dataset_check.check_datasets(known.datasets, known)
    said = dataset_check.render(report)
    assert dataset_check.exit_code(report) == 2
    assert "experiments.e, fold mine-p01: no training clip of class 'surprise'" in said
    assert "no clip of these datasets has it (1 more fold lacks a class)" in said
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MerflowError, match="no training clip of class 'surprise'"):
        start(known.model_dump(mode="json"))
    known = settings(small, scheme="raw")
    with pytest.raises(MerflowError, match="no list of the emotions of mine"):
        start(known.model_dump(mode="json"))


@pytest.mark.parametrize(("sign", "said"), [(";", "semicolons"), ("\t", "tabs")])
def test_a_table_with_other_signs_than_commas_is_told_so(tmp_path, sign, said):
    (tmp_path / "a.csv").write_text(sign.join(("dataset", "subject")) + "\n")
    with pytest.raises(MerflowError, match=f"separated by {said}"):
        read_csv(tmp_path / "a.csv", ("dataset",))


def test_a_report_without_scores_says_what_makes_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MerflowError, match="call `merflow run` first"):
        report(tmp_path / "a.html", config=Path(__file__).parents[2] / "config" / "quick.yaml")
