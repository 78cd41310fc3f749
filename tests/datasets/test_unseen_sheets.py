"""MMEW, CASME and 4DME: sheets known from public code only; what they show decides."""

from collections import Counter

import full_size
import pytest
from annotation_sheets import SHEETS, changed, write

from merflow.clip import Clip, ClipKey
from merflow.config.settings import DatasetEntry
from merflow.datasets import labels
from merflow.datasets.action_units import parse
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError

UNITS = {
    # dataset: rows, units, then those of AU 1 2 4 5 6 7 9 10 12 14 15 17
    "casme": (189, 254, (23, 17, 70, 0, 1, 4, 40, 3, 9, 23, 14, 13)),
    "mmew": (300, 500, (50, 41, 109, 70, 10, 47, 8, 38, 37, 17, 6, 11)),
    "fourdme": (267, 454, (46, 54, 102, 8, 25, 89, 1, 2, 53, 4, 6, 11)),
}


def read(dataset, root, annotations_only=True, **entry):
    return read_dataset(
        dataset, DatasetEntry(root=str(root), **entry), annotations_only=annotations_only
    )


@pytest.mark.parametrize("dataset", UNITS)
def test_action_units_have_the_published_counts(tmp_path, dataset):
    full_size.write(tmp_path, full_size.plan(dataset), frames=False)
    clips = read(dataset, tmp_path).clips
    rows, total, twelve = UNITS[dataset]
    cells = [parse(c.action_units) for c in clips]
    assert len(clips) == rows and not any(cell.unparsed for cell in cells)
    assert sum(not unit.static for cell in cells for unit in cell.units) == total
    counts = Counter(code for cell in cells for code in cell.codes)
    assert (
        tuple(
            counts[code]
            for code in ["1", "2", "4", "5", "6", "7", "9", "10", "12", "14", "15", "17"]
        )
        == twelve
    )


@pytest.mark.parametrize("dataset", UNITS)
def test_an_emotion_outside_the_recalled_list_is_read_with_a_warning(tmp_path, dataset):
    sheet = SHEETS[dataset]
    write(tmp_path, sheet, changed(sheet, {"emotion": "Bewildered"}))
    found = read(dataset, tmp_path)
    (problem,) = found.problems
    assert problem.severity == "warning" and "it is read as written" in problem.found
    assert "unknown emotion 'Bewildered'" in problem.found and "row 3" in problem.where
    clip = next(c for c in found.clips if c.emotion == "bewildered")
    for scheme in ("three", "raw"):
        assert labels.explain(scheme, clip).label is None
    assert "not one of the published emotions" in labels.explain("raw", clip).reason


def lay(root, folder, names):
    (root / folder).mkdir(parents=True)
    for name in names:
        (root / folder / name).touch()


MMEW_TREES = (
    "MMEW_Final/Micro_Expression/happiness/S03-01-002",
    "S03/happiness/S03-01-002",
    "Micro/S03/happiness/S03-01-002",
)


@pytest.mark.parametrize("tree", MMEW_TREES)
def test_mmew_clips_lie_at_either_depth(tmp_path, tree):
    sheet = SHEETS["mmew"]
    write(tmp_path, sheet, sheet.rows)
    lay(tmp_path, tree, [f"{n}.jpg" for n in range(1, 31)])
    lay(tmp_path, "MMEW_Final/Macro_Expression/S03/happiness", ["S03-01-002.jpg"])
    clip = read("mmew", tmp_path, annotations_only=False).clips[0]
    assert clip.folder.endswith(tree) and clip.numbers == tuple(range(1, 21))
    assert (clip.key.subject, clip.enters_at) == ("S03", "cropped")


def test_mmew_numbers_beyond_the_files_are_moved_to_the_clip(tmp_path):
    sheet = SHEETS["mmew"]
    write(tmp_path, sheet, changed(sheet, {"onset": 101, "apex": 105, "offset": 118}, row=0))
    lay(tmp_path, MMEW_TREES[0], [f"{n}.jpg" for n in range(1, 21)])
    found = read("mmew", tmp_path, annotations_only=False)
    clip = found.clips[0]
    assert (clip.onset, clip.apex, clip.offset, clip.missing) == (1, 5, 18, "")
    (problem,) = [p for p in found.problems if "reduced by 100" in p.found]
    assert problem.severity == "warning" and "column 'OffsetFrame'" in problem.where


def test_mmew_repression_is_others_and_another_folder_is_named(tmp_path):
    sheet = SHEETS["mmew"]
    write(tmp_path, sheet, changed(sheet, {"emotion": "repression"}, row=0))
    lay(tmp_path, "Micro_Expression/Repression/S03-01-002", [f"{n}.jpg" for n in range(1, 21)])
    found = read("mmew", tmp_path, annotations_only=False)
    assert found.clips[0].emotion == "others"
    assert not [p for p in found.problems if "though the folder" in p.found]
    write(tmp_path, sheet, changed(sheet, {"emotion": "fear"}, row=0))
    found = read("mmew", tmp_path, annotations_only=False)
    (problem,) = [p for p in found.problems if "though the folder" in p.found]
    assert "'fear' is read" in problem.found and found.clips[0].emotion == "fear"


def test_mmew_subjects_are_those_of_the_names_of_clips(tmp_path):
    sheet = SHEETS["mmew"]
    write(tmp_path, sheet, changed(sheet, {"subject": 9}))
    found = read("mmew", tmp_path)
    assert {c.key.subject for c in found.clips} == {"S03", "S13"}
    (problem,) = found.problems
    assert "other clips of S03 have '3'" in problem.found


def test_casme_clips_lie_in_the_folders_of_both_sections(tmp_path):
    sheet = SHEETS["casme"]
    write(tmp_path, sheet, sheet.rows)
    lay(tmp_path, "CASME_A/Section A/sub01/EP01_5", [f"EP01_5-{n}.jpg" for n in range(60, 99)])
    lay(tmp_path, "CASME_B/Section B/sub2/EP01_5", [f"EP01_5-{n:03d}.jpg" for n in range(9, 40)])
    lay(tmp_path, "Cropped/sub01/EP01_5", ["reg_EP01_5-70.jpg"])
    found = read("casme", tmp_path, annotations_only=False)
    places = {c.key[1:]: (c.folder[len(str(tmp_path)) + 1 :], len(c.numbers)) for c in found.clips}
    assert places == {
        ("sub01", "EP01_5"): ("CASME_A/Section A/sub01/EP01_5", 26),
        ("sub01", "EP02_1"): ("", 0),
        ("sub02", "EP01_5"): ("CASME_B/Section B/sub2/EP01_5", 26),
    }
    cropped = read("casme", tmp_path, annotations_only=False, variant="cropped")
    assert [len(c.files) for c in cropped.clips] == [1, 0, 0]


def test_casme_never_reads_the_clip_of_another_subject(tmp_path):
    sheet = SHEETS["casme"]
    write(tmp_path, sheet, sheet.rows)
    lay(tmp_path, "sub02/EP01_5", [f"EP01_5-{n:03d}.jpg" for n in range(1, 99)])
    found = read("casme", tmp_path, annotations_only=False)
    assert [bool(c.files) for c in found.clips] == [False, False, True]


def test_a_second_apex_of_casme_is_named(tmp_path):
    sheet = SHEETS["casme"]
    write(tmp_path, sheet, changed(sheet, {"second": 70}))
    found = read("casme", tmp_path)
    (problem,) = found.problems
    assert "has a second apex, 70, which is not read" in problem.found
    assert "column 'ApexF2'" in problem.where


def test_4dme_emotions_are_sorted_and_kept_where_they_agree(tmp_path):
    sheet = SHEETS["fourdme"]
    write(tmp_path, sheet, changed(sheet, {"emotion": "Surprise + Positive", "surprise": 1}))
    found = read("fourdme", tmp_path)
    assert found.clips[1].emotion == "positive+surprise" and not found.problems
    assert labels.explain("three", found.clips[1]).label is None
    both = Clip(ClipKey("fourdme", "S01", "a"), "", (), (), 60.0, "negative+positive")
    own = {"any": {"negative": "felt", "positive": "felt", "others": "not"}}
    from merflow.config.settings import Settings

    assert labels.label("own", both, Settings(schemes={"own": own})) == "felt"


def test_4dme_rows_with_each_others_emotions_are_named_and_not_exchanged(tmp_path):
    sheet = SHEETS["fourdme"]
    rows = [list(r) for r in sheet.rows]
    at = sheet.at["emotion"]
    rows[1][at], rows[3][at] = rows[3][at], rows[1][at]
    write(tmp_path, sheet, rows)
    found = read("fourdme", tmp_path)
    assert [c.emotion for c in found.clips] == ["negative", "positive", "positive"]
    first, second = found.problems
    assert "as if its cells were those of row 4" in first.found and "row 2" in first.where
    assert "as if its cells were those of row 2" in second.found and "row 4" in second.where
    assert {first.severity, second.severity} == {"warning"}


@pytest.mark.parametrize("folder", ["S01/1st_001_01", "S1/1st_001_01", "S01_1st_001_01"])
def test_4dme_folders_have_the_subject_above_or_before_the_clip(tmp_path, folder):
    sheet = SHEETS["fourdme"]
    write(tmp_path, sheet, sheet.rows)
    lay(tmp_path, f"gray_micro/{folder}", [f"{n:03d}.jpg" for n in range(1, 40)])
    found = read("fourdme", tmp_path, annotations_only=False)
    assert [len(c.files) for c in found.clips] == [22, 0, 0]


def test_4dme_expressions_of_one_folder_are_two_clips(tmp_path):
    sheet = SHEETS["fourdme"]
    rows = changed(sheet, {"clip": "1st_001_01"})
    write(tmp_path, sheet, rows)
    found = read("fourdme", tmp_path)
    assert [c.key.clip for c in found.clips] == ["1st_001_01_5", "1st_001_01_6", "1st_001_01"]


def test_4dme_prefers_the_sheet_of_labels_to_the_extras(tmp_path):
    full_size.write(tmp_path, full_size.plan("fourdme"), frames=False)
    found = read("fourdme", tmp_path)
    assert [p.found for p in found.problems] == [
        "read in preference to 4DME_Labelling_Micro_extras_release v1.xlsx"
    ]
    with pytest.raises(MerflowError, match="no column 'Onset'"):
        read("fourdme", tmp_path, sheet="4DME_Labelling_Micro_extras_release v1.xlsx")


@pytest.mark.parametrize("name", ["dfme", "mmew", "casme3", "casme"])
def test_the_schemes_of_the_new_datasets(name):
    clips = [
        Clip(ClipKey(name, e.subject, e.clip), "", (), (), 60.0, e.emotion)
        for e in full_size.plan(name).expected
    ]
    counts = {
        scheme: Counter(labels.apply_scheme(scheme, clips)[1])
        for scheme in ("four", "seven", "three", "binary")
        if labels.BUILT_IN[scheme].mapping.get(name)
    }
    assert (
        counts
        == {
            "dfme": {
                "seven": Counter(c.emotion for c in clips),
                "three": {"negative": 1871, "positive": 311, "surprise": 447},
                "binary": {"negative": 1871, "positive": 311},
            },
            "mmew": {
                "four": {"happiness": 36, "surprise": 89, "disgust": 72, "others": 66},
                "seven": Counter(c.emotion for c in clips),
                "three": {"negative": 109, "positive": 36, "surprise": 89},
                "binary": {"negative": 109, "positive": 36},
            },
            "casme3": {
                "four": {"negative": 457, "positive": 55, "surprise": 187, "others": 161},
                "seven": counts.get("seven"),
                "three": {"negative": 457, "positive": 55, "surprise": 187},
                "binary": {"negative": 457, "positive": 55},
            },
            "casme": {
                "four": {"tense": 69, "disgust": 44, "repression": 38, "surprise": 20},
                "three": {"negative": 93, "positive": 7, "surprise": 20},
                "binary": {"negative": 93, "positive": 7},
            },
        }[name]
    )
