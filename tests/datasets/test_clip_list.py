"""Every form in which the composite list circulates is read into the same clips and classes."""

from collections import Counter

import composite_lists as made
import pytest

from merflow.clip import ClipKey
from merflow.datasets.clip_ids import canonical, key_of_stem
from merflow.datasets.clip_list import read_list
from merflow.errors import MerflowError

FORMS = {
    "official.csv": made.official_csv,
    "capsule.csv": made.capsule_csv,
    "flow.csv": made.flow_csv,
    "meta.csv": made.meta_csv,
    "words.xlsx": made.words_xlsx,
    "apex.csv": made.apex_table,
    "apex.xlsx": made.apex_table,
    "lists": made.train_test_folder,
}


@pytest.fixture(scope="module")
def clips():
    return made.composite()


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_442_clips_and_classes(tmp_path, clips, name):
    found = read_list(FORMS[name](tmp_path / name, clips))
    assert found.classes == clips and not found.notes
    assert Counter(found.classes.values()) == {"negative": 250, "positive": 109, "surprise": 83}
    assert found.datasets == ("casme2", "samm", "smic")


def test_file_names_with_frame_numbers_give_the_clips_before_them(tmp_path, clips):
    found = read_list(made.train_test_folder(tmp_path / "lists", clips, long_names=True))
    assert found.classes == clips


def test_names_alone_are_a_list_without_classes(tmp_path, clips):
    rows = [f"{key.subject}_{key.clip} " for key in clips]
    (tmp_path / "names.txt").write_text("\n".join(rows) + "\n")
    assert read_list(tmp_path / "names.txt").classes == dict.fromkeys(clips, "")


def test_rows_of_commas_are_counted_and_the_clip_left_out_stays_out(tmp_path, clips):
    found = read_list(made.commas_csv(tmp_path / "list.csv", clips))
    assert len(found.classes) == 441 and set(clips) - set(found.classes) == {list(clips)[-1]}
    assert found.notes == ("2 rows of commas ignored",)


def test_the_name_of_a_smic_clip_decides_its_class(tmp_path, clips):
    key = ClipKey("smic", "s03", "s03_po_02")
    found = read_list(made.apex_table(tmp_path / "apex.csv", clips | {key: "negative"}))
    assert found.classes == clips
    assert "smic/s03/s03_po_02 is 'negative' in the list and positive by its name" in found.notes[0]


@pytest.mark.parametrize("copies", [4, 5])
def test_a_table_of_frames_is_refused_as_a_list(tmp_path, clips, copies):
    with pytest.raises(MerflowError) as refused:
        read_list(made.apex_table(tmp_path / "frames.csv", clips, copies))
    assert f"442 clips more than once among {442 * copies} rows" in str(refused.value)
    assert "leak" in str(refused.value)


def test_a_list_of_other_datasets_keeps_its_ids_and_words(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("dataset,subject,clip,emotion\nmine,P01,a_01,Joy\nmine,P02,b,\n")
    assert read_list(path).classes == {
        ClipKey("mine", "P01", "a_01"): "joy",
        ClipKey("mine", "P02", "b"): "",
    }


def test_the_dataset_follows_from_the_subject_where_no_column_names_it(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("subject,clip,label\nsub1,EP02_01f,1\n6,6_1_2,0\ns3,s3_sur_1,2\n")
    assert read_list(path).classes == {
        ClipKey("casme2", "sub01", "EP02_01f"): "positive",
        ClipKey("samm", "006", "006_1_2"): "negative",
        ClipKey("smic", "s03", "s03_sur_01"): "surprise",
    }


@pytest.mark.parametrize(
    ("written", "official"),
    [
        (("smic", "1", "s1_ne_1"), ("smic", "s01", "s01_ne_01")),
        (("smic", "s11", "ne_03"), ("smic", "s11", "s11_ne_03")),
        (("casme2", "7", "ep02_01F"), ("casme2", "sub07", "EP02_01f")),
        (("samm", "6.0", "6_1_2"), ("samm", "006", "006_1_2")),
        (("casme3", "spNO.1", "a_1"), ("casme3", "spNO.1", "a_1")),
        (("samm", "x", "odd"), ("samm", "x", "odd")),
    ],
)
def test_ids_are_padded_as_in_the_official_list(written, official):
    assert canonical(ClipKey(*written)) == official


@pytest.mark.parametrize(
    ("stem", "key"),
    [
        ("casme2_sub01_EP02_01f", ("casme2", "sub01", "EP02_01f")),
        ("sub05_EP06_02_01_img72-img46_flow", ("casme2", "sub05", "EP06_02_01")),
        ("s03_s3_ne_01_image_0088-image_0062_flow", ("smic", "s03", "s03_ne_01")),
        ("006_006_1_2_006_05588-006_05562_flow", ("samm", "006", "006_1_2")),
        ("face_01", None),
        ("006_1_2", None),
    ],
)
def test_clips_in_file_names(stem, key):
    assert key_of_stem(stem) == key


HEAD = "dataset,subject,clip,label\n"
MALFORMED = {
    "empty file": ("", "the file is empty"),
    "commas only": (",,,\n,,,\n", "the file is empty"),
    "prose": ("This is the list of clips\n", "no list of clips: it begins with 'This is"),
    "no clip column": ("dataset,subject,label\nsmic,s01,0\n", "no list of clips"),
    "header only": (HEAD, "no clips"),
    "two label columns": ("dataset,subject,clip,label,label\nsmic,s01,s01_ne_01,0,0\n", "twice"),
    "number beyond the classes": (HEAD + "smic,s01,s01_ne_01,3\n", "row 2: class '3'"),
    "negative number": (HEAD + "samm,6,006_1_2,-1\n", "row 2: class '-1'"),
    "half a class": (HEAD + "samm,6,006_1_2,0.5\n", "row 2: class '0.5'"),
    "no subject": (HEAD + "smic,,s01_ne_01,0\n", "row 2: no subject"),
    "no clip": (HEAD + "smic,s01,,0\n", "row 2: no clip"),
    "no dataset": (HEAD + ",anna,c1,0\n", "row 2: no dataset, and subject 'anna'"),
    "clip of another subject": (HEAD + "smic,s01,s02_ne_01,0\n", "is not of subject 's01'"),
    "clip of another subject of SAMM": ("samm,6,007_1_2,0\n", "is not of subject '6'"),
    "one clip twice": (HEAD + "smic,s1,s1_ne_01,0\nsmic,s01,s01_ne_01,0\n", "1 clip more than"),
    "a row too short": ("smic,s01,s01_ne_01,0\nsmic,s01\n", "row 2: 'smic,s01'"),
    "a row too long": ("smic,s01,s01_ne_01,0\nsmic,s01,a,b,c\n", "row 2: 'smic,s01,a,b,c'"),
    "a title in the middle": (
        "smic,s01,s01_ne_01,0\ndataset,subject,clip,label\n", "row 2: 'dataset,subject"),
    "a name without ids": ("006_006_1_2\nface\n", "row 2: 'face'"),
    "open quote": (HEAD + 'smic,"s01,s01_ne_01,0\n', "broken CSV"),
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_table_is_refused_with_one_message(tmp_path, case):
    text, words = MALFORMED[case]
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(MerflowError) as refused:
        read_list(tmp_path / "list.csv")
    assert words in str(refused.value) and str(tmp_path / "list.csv") in str(refused.value)


FILES = {
    "no test files": ({"a.txt": "x"}, "no <subject>_test.txt files"),
    "no label": ({"006_test.txt": "d/samm_006_006_1_2.png\n"}, "row 1: 'd/samm_006"),
    "a name without ids": ({"006_test.txt": "d/face.png 0 0\n"}, "row 1: 'd/face.png 0 0'"),
    "a class beyond": ({"006_test.txt": "samm_006_006_1_2.png 7 0\n"}, "class '7'"),
    "one clip in two folds": (
        {f"{s}_test.txt": "samm_006_006_1_2.png 0 0\n" for s in ("006", "007")},
        "1 clip more than once",
    ),
    "a subject without its file": (
        {"006_test.txt": "samm_006_006_1_2.png 0 0\n", "subName.txt": "006\n007\n"},
        "no 007_test.txt",
    ),
    "binary": ({"006_test.txt": "\0\0\1"}, "binary content"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_malformed_folder_is_refused_with_one_message(tmp_path, case):
    files, words = FILES[case]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(MerflowError) as refused:
        read_list(tmp_path)
    assert words in str(refused.value) and str(tmp_path) in str(refused.value)


def test_a_train_list_with_its_own_test_clip_is_noted(tmp_path):
    for name in ("006_test.txt", "006_train.txt"):
        (tmp_path / name).write_text("samm_006_006_1_2.png 0 0\n")
    found = read_list(tmp_path)
    assert found.notes == (
        "006_train.txt trains on 1 clip that its subject is tested on, as samm/006/006_1_2",
    )
    (tmp_path / "006_train.txt").unlink()
    assert "006_train.txt is missing" in read_list(tmp_path).notes[0]


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MerflowError, match="No such file"):
        read_list(tmp_path / "none.csv")
