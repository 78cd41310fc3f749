"""DFME: the counts of its three sheets, renamed files, and training on one part only."""

from collections import Counter

import full_size
import pytest
from full_size import dfme as form

from merflow.config.loading import validate
from merflow.config.settings import DatasetEntry
from merflow.datasets.action_units import parse
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.workflow.dataset_check import check_datasets
from merflow.workflow.plan import Plan
from merflow.workflow.protocol_text import protocol_lines

PARTS = ("training", "testA", "testB")
HEADER = "Subject,Filename,OnsetFrame,ApexFrame,OffsetFrame,Emotion,EmotionId,Fps,AU"


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    """Return the folder of the three sheets, without frames."""
    root = tmp_path_factory.mktemp("DFME")
    full_size.write(root, full_size.plan("dfme"), frames=False)
    return root


@pytest.fixture(scope="module")
def clips(sheets):
    return read(sheets, annotations_only=True).clips


def read(root, annotations_only=False, **entry):
    return read_dataset(
        "dfme", DatasetEntry(root=str(root), **entry), annotations_only=annotations_only
    )


def test_frame_rates_are_those_of_the_rows(clips):
    by_clip = {row[1]: part for part in PARTS for row in form._rows(part)}
    found = Counter((by_clip[c.key.clip], int(c.fps)) for c in clips)
    assert found == {
        ("training", 200): 556, ("training", 300): 605, ("training", 500): 695,
        ("testA", 200): 116, ("testA", 300): 143, ("testA", 500): 215,
        ("testB", 200): 159, ("testB", 300): 57, ("testB", 500): 83,
    }  # fmt: skip
    rates = {(c.key.subject, c.fps) for c in clips}
    assert len(rates) == len({c.key.subject for c in clips}) == 259
    assert Counter(int(fps) for _, fps in rates) == {500: 72, 300: 91, 200: 96}
    subjects = [{c.key.subject for c in clips if by_clip[c.key.clip] == p} for p in PARTS]
    assert [len(s) for s in subjects] == [176, 42, 41]
    assert not (subjects[0] & subjects[1] or subjects[1] & subjects[2])


def test_key_frames_are_known_in_every_row(clips):
    assert len(clips) == 2629 and all(c.onset < c.apex < c.offset for c in clips)
    by_clip = {row[1]: part for part in PARTS for row in form._rows(part)}
    from_zero = Counter(by_clip[c.key.clip] for c in clips if c.onset == 0)
    assert from_zero == {"training": 883, "testA": 240, "testB": 117}
    lengths = [c.offset - c.onset + 1 for c in clips]
    assert min(lengths) >= 19 and max(lengths) <= 271
    long = Counter(by_clip[c.key.clip] for c in clips if (c.offset - c.onset + 1) / c.fps > 0.5)
    assert long == {"training": 48, "testA": 10, "testB": 10}


def test_every_action_unit_is_parsed(clips):
    cells = [parse(c.action_units) for c in clips]
    units = [unit for cell in cells for unit in cell.units]
    assert len(units) == 4555 and sum(bool(unit.side) for unit in units) == 634
    assert not any(cell.unparsed or cell.choices or cell.unknown for cell in cells)
    assert Counter(unit.code for unit in units) == {
        "4": 1079, "7": 563, "5": 450, "1": 442, "2": 398, "12": 395, "6": 242, "24": 241,
        "14": 164, "10": 158, "17": 129, "AD38": 52, "15": 46, "23": 44, "20": 40, "9": 29,
        "25": 16, "AD31": 16, "AD39": 16, "16": 12, "18": 9, "M58": 8, "28": 5, "M57": 1,
    }  # fmt: skip
    assert sum(len(cell.units) > len(cell.codes) for cell in cells) == 1
    alone = Counter(len(cell.units) for cell in cells)
    assert alone[1] == 698 + 176 + 124


def test_a_sheet_read_as_a_manifest_loses_nothing(sheets):
    entry = DatasetEntry(
        root=str(sheets), reader="manifest", sheet=f"{form.TOP}/testB_full_with_AU.xlsx"
    )
    reading = read_dataset("mine", entry, annotations_only=True)
    assert len(reading.clips) == 299 and all(c.onset < c.apex < c.offset for c in reading.clips)
    assert Counter(c.fps for c in reading.clips) == {200: 159, 300: 57, 500: 83}
    assert Counter(c.emotion for c in reading.clips) == form.EMOTIONS["testB"]
    assert [p.found for p in reading.problems] == ["columns that are not read: 'EmotionId'"]


def lay(root, *rows, name="DFME_training_full_with_AU.csv", header=HEADER):
    root.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def frames(folder, count):
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:05d}.png").touch()


FIRST = "sub0001,sub0001_01,0,2,3,happiness,4,500,12"


@pytest.mark.parametrize(
    ("tree", "sheet"),
    [
        ("train_data/train_data", "a/b/training_full_with_AU.csv"),
        ("DFME_train", "DFME_training_full_with_AU.csv"),
        ("", "DFME/DFME_train.csv"),
        ("any name/deeper/still", "DFME.csv"),
    ],
)
def test_sheets_and_folders_may_be_renamed_and_nested(tmp_path, tree, sheet):
    frames(tmp_path / tree / "sub0001_01", 6)
    (tmp_path / sheet).parent.mkdir(parents=True, exist_ok=True)
    lay(tmp_path, FIRST, name=sheet)
    reading = read(tmp_path)
    (clip,) = reading.clips
    assert (clip.numbers, clip.fps) == ((0, 1, 2, 3), 500.0) and not reading.errors
    assert not [p for p in reading.problems if "outside onset" in p.found]


def test_the_name_of_a_sheet_tells_its_part(tmp_path):
    lay(tmp_path, FIRST)
    second = "sub0005,sub0005_01,1,2,3,fear,3,300,4"
    lay(tmp_path, second, name="DFME_test_A_full_with_AU.csv")
    for variant, subjects in (("", [1, 5]), ("training", [1]), ("testA", [5])):
        reading = read(tmp_path, annotations_only=True, variant=variant)
        assert [int(c.key.subject[3:]) for c in reading.clips] == subjects
        lacking = [p.found for p in reading.problems]
        expected = "no sheet of testB; the others are read"
        assert lacking == ([expected] if not variant else [])
    with pytest.raises(MerflowError, match="no annotation sheet found"):
        read(tmp_path, annotations_only=True, variant="testB")
    with pytest.raises(MerflowError, match="is the sheet of testA; the variant is training"):
        read(tmp_path, variant="training", sheet="DFME_test_A_full_with_AU.csv")


def test_a_subject_in_two_parts_is_refused(tmp_path):
    lay(tmp_path, FIRST)
    lay(tmp_path, FIRST.replace("_01", "_09"), name="testA_full_with_AU.csv")
    reading = read(tmp_path, annotations_only=True)
    (problem,) = reading.errors
    assert problem.found == "subject sub0001 is in training and in testA"
    assert "testA_full_with_AU.csv, row 2, column 'Subject'" in problem.where


def test_a_row_without_a_rate_takes_that_of_the_config_or_is_refused(tmp_path):
    lay(tmp_path, FIRST.replace(",500,", ",,"))
    (problem,) = read(tmp_path, annotations_only=True, variant="training").errors
    assert problem.found == "no frame rate" and "column 'Fps'" in problem.where
    reading = read(tmp_path, annotations_only=True, variant="training", fps=300)
    assert [c.fps for c in reading.clips] == [300.0]


def test_the_number_of_another_emotion_is_a_warning(tmp_path):
    lay(tmp_path, FIRST.replace(",4,500", ",3,500"))
    (problem,) = read(tmp_path, annotations_only=True, variant="training").problems
    assert problem.severity == "warning"
    assert problem.found == "3 is not the number of happiness, which is read"


def settings(root, **experiment):
    datasets = {f"dfme_{p}": {"reader": "dfme", "root": str(root), "variant": p} for p in PARTS}
    return validate(
        {
            "datasets": datasets,
            "collections": {"dfme": list(datasets)},
            "preparations": {"p": {}},
            "experiments": {
                "e": {"preparation": "p", "collection": "dfme", "scheme": "seven", **experiment}
            },
        }
    )


def test_training_on_one_part_and_testing_on_the_two_others(sheets):
    known = settings(sheets, protocol="cross", test_on=["dfme_testA", "dfme_testB"])
    report = check_datasets(known.datasets, known, annotations_only=True)
    (found,) = report["experiments"]
    assert (found["folds"], found["clips"], found["test_clips"]) == (2, 2629, [299, 474])
    assert found["problems"] == []
    assert [d["schemes"]["seven"]["fear"] for d in report["datasets"]] == [265, 62, 38]
    plan = Plan(known, {n: [] for n in known.datasets})
    assert "official folds" not in protocol_lines(plan)["e"]


def test_folds_that_merflow_makes_are_not_called_official(sheets, clips, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known = settings(sheets, protocol="kfold", folds=10)
    line = protocol_lines(Plan(known, {n: [] for n in known.datasets}))["e"]
    assert "protocol kfold, not the official folds;" in line
    subjects = sorted({c.key.subject for c in clips})
    parts = {row[0]: p for p in PARTS for row in form._rows(p)}
    rows = [f"{i % 10},dfme_{parts[s]},{s}" for i, s in enumerate(subjects)]
    (tmp_path / "folds.csv").write_text("\n".join(["fold,dataset,subject", *rows]) + "\n")
    known = settings(sheets, protocol="file", folds_file="folds.csv")
    line = protocol_lines(Plan(known, {n: [] for n in known.datasets}))["e"]
    assert "protocol file folds.csv;" in line and "official" not in line
    (found,) = check_datasets(known.datasets, known, annotations_only=True)["experiments"]
    assert (found["folds"], found["clips"], found["problems"]) == (10, 2629, [])


def test_a_subject_of_two_parts_in_one_collection_is_refused(tmp_path):
    lay(tmp_path, FIRST, "sub0002,sub0002_01,0,2,3,fear,3,500,12")
    for part in ("testA", "testB"):
        number = {"testA": "1", "testB": "3"}[part]
        rows = [f"sub000{number},sub000{number}_0{k},0,2,3,fear,3,500,12" for k in (7, 8)]
        lay(tmp_path, *rows, name=f"DFME_{part}.csv")
    known = settings(tmp_path, protocol="cross", test_on=["dfme_testA", "dfme_testB"])
    (found,) = check_datasets(known.datasets, known, annotations_only=True)["experiments"]
    (problem,) = found["problems"]
    assert "dfme_testA and dfme_training have the same subject, sub0001" in problem["found"]
