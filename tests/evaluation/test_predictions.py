"""Prediction tables: what is written comes back, what is malformed is named by its row."""

import numpy as np
import pytest

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.megc_log import read_megc_log, write_megc_log
from merflow.evaluation.predictions import (
    Predictions,
    pool,
    predictions_text,
    read_pooled,
    read_predictions,
    write_pooled,
    write_predictions,
)

CLASSES = ("negative", "positive", "surprise")
KEYS = tuple(ClipKey("samm", s, f"{s}_{i}") for s in ("006", "011") for i in (1, 2, 10))
POOLED = """\
dataset,subject,clip,fold,truth,predicted,p_negative,p_positive,p_surprise
samm,006,006_1,f,negative,negative,0.7,0.2,0.1
samm,006,006_2,f,positive,surprise,0.1,0.2,0.7
"""


def table(seed=0, keys=KEYS):
    chances = np.random.default_rng(seed).dirichlet(np.ones(3), len(keys))
    return Predictions.of(keys, CLASSES, chances)


def pooled(seed=0):
    truth = {key: CLASSES[i % 3] for i, key in enumerate(KEYS)}
    return pool(
        [("samm-006", table(seed, KEYS[:3])), ("samm-011", table(1, KEYS[3:]))], truth, CLASSES
    )


def test_predictions_come_back_as_written(tmp_path):
    write_predictions(tmp_path / "p.csv", table())
    back = read_predictions(tmp_path / "p.csv", classes=CLASSES, expected=KEYS)
    assert back.keys == tuple(sorted(KEYS))
    order = sorted(range(len(KEYS)), key=lambda i: KEYS[i])
    assert np.allclose(back.probabilities, table().probabilities[order], rtol=1e-8)


def test_text_is_sorted_and_short():
    keys = [ClipKey("b", "1", "x"), ClipKey("a", "007", "y")]
    text = predictions_text(keys, np.array([[1 / 3, 2 / 3], [1, 0]]), ("no", "yes"))
    assert text == ("dataset,subject,clip,p_no,p_yes\na,007,y,1,0\nb,1,x,0.333333333,0.666666667\n")


def test_no_truth_is_written_with_predictions(tmp_path):
    write_predictions(tmp_path / "p.csv", table())
    assert "truth" not in (tmp_path / "p.csv").read_text()


def test_columns_may_stand_in_any_order(tmp_path):
    (tmp_path / "p.csv").write_text(
        "p_surprise,clip,p_negative,subject,dataset,p_positive\n.1,c,.7,1,samm,.2\n"
    )
    back = read_predictions(tmp_path / "p.csv", classes=CLASSES)
    assert back.probabilities.tolist() == [[0.7, 0.2, 0.1]]


def test_a_fold_whose_clips_were_all_skipped_has_no_rows(tmp_path):
    (tmp_path / "p.csv").write_text(predictions_text([], np.empty((0, 3)), CLASSES))
    assert read_predictions(tmp_path / "p.csv", classes=CLASSES).keys == ()


def test_pooled_comes_back_as_written(tmp_path):
    write_pooled(tmp_path / "a.csv", pooled())
    back = read_pooled(tmp_path / "a.csv")
    write_pooled(tmp_path / "b.csv", back)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert back.keys == pooled().keys
    assert back.folds == pooled().folds
    assert (back.predicted == pooled().probabilities.argmax(1)).all()


def test_pooling_does_not_depend_on_the_order_of_folds():
    parts = [("a", table(0, KEYS[:3])), ("b", table(1, KEYS[3:]))]
    truth = {key: CLASSES[i % 3] for i, key in enumerate(KEYS)}
    one, two = pool(parts, truth, CLASSES), pool(parts[::-1], truth, CLASSES)
    assert one.keys == two.keys
    assert (one.probabilities == two.probabilities).all()


def test_pooling_matches_classes_by_name():
    turned = Predictions.of(KEYS, CLASSES[::-1], table().probabilities[:, ::-1])
    truth = dict.fromkeys(KEYS, "negative")
    one, two = pool([("a", table())], truth, CLASSES), pool([("a", turned)], truth, CLASSES)
    assert (one.probabilities == two.probabilities).all()


def test_a_clip_in_two_folds_a_missing_one_and_a_foreign_one_are_refused():
    truth = dict.fromkeys(KEYS, "negative")
    with pytest.raises(MerflowError, match="also in fold a"):
        pool([("a", table()), ("b", table())], truth, CLASSES)
    with pytest.raises(MerflowError, match="no prediction for 3 of 6 clips"):
        pool([("a", table(0, KEYS[:3]))], truth, CLASSES)
    with pytest.raises(MerflowError, match="not asked for"):
        pool([("a", table())], {KEYS[0]: "negative"}, CLASSES)
    with pytest.raises(MerflowError, match="another scheme"):
        pool([("a", table())], truth, ("I", "II"))


@pytest.mark.parametrize("text", [
    "dataset,subject,clip,truth,predicted\nsamm,006,a,negative,positive\nsamm,006,b,surprise,surprise\n",
    "\ufeffdataset,subject,clip,truth,predicted\r\nsamm,006,a,negative,positive\r\n\r\nsamm,006,b,surprise,surprise\r\n",
    "dataset,subject,clip,truth,p_negative,p_positive,p_surprise\nsamm,006,a,negative,.1,.8,.1\nsamm,006,b,surprise,0,0,1\n",
])  # fmt: skip
def test_tables_made_elsewhere_are_read(tmp_path, text):
    (tmp_path / "t.csv").write_bytes(text.encode())
    back = read_pooled(tmp_path / "t.csv", classes=CLASSES)
    assert [k.subject for k in back.keys] == ["006", "006"]
    assert back.truth.tolist() == [0, 2]
    assert back.predicted.tolist() == [1, 2]


@pytest.mark.parametrize("cells", [("",), (" positive", "positive ")])
def test_no_class_is_made_of_a_blank(tmp_path, cells):
    rows = [f"a,b,c{i},{cell},positive\n" for i, cell in enumerate(cells)]
    (tmp_path / "t.csv").write_text("dataset,subject,clip,truth,predicted\n" + "".join(rows))
    if cells == ("",):
        with pytest.raises(MerflowError, match="row 2: truth is empty"):
            read_pooled(tmp_path / "t.csv")
    else:
        assert read_pooled(tmp_path / "t.csv").classes == ("positive",)


MALFORMED = {
    "empty": ("", "the file is empty"),
    "blank": ("\n \n", "the file is empty"),
    "header only": (POOLED.splitlines()[0] + "\n", "a header and no rows"),
    "a workbook": (b"PK\x03\x04\x14\0\0\0", "a workbook (xlsx) or an archive"),
    "UTF-16": (POOLED.encode("utf-16"), "UTF-16"),
    "UTF-16 without mark": (POOLED.encode("utf-16-le"), "UTF-16"),
    "Latin-1": (POOLED.replace("006_2", "caf\xe9").encode("latin-1"), "row 3: byte 0xe9"),
    "binary": (b"\x89PNG\0\0", "binary"),
    "no truth": (POOLED.replace(",truth,", ",thruth,"), "no column 'truth' (did you mean 'thruth'"),
    "no subject": (POOLED.replace("subject,", "sub,"), "row 1: no column 'subject'"),
    "no prediction": ("dataset,subject,clip,truth\na,b,c,x\n", "no column 'predicted'"),
    "column twice": (POOLED.replace("p_surprise", "p_positive"), "'p_positive' twice"),
    "duplicate row": (POOLED + POOLED.splitlines()[1], "row 4: clip samm/006/006_1 is already in row 2"),
    "unknown class": (POOLED.replace("positive,surprise,", "hapiness,surprise,"), "row 3: unknown class 'hapiness'"),
    "unknown answer": (POOLED.replace("positive,surprise,", "positive,Surprise,"), "row 3: unknown class 'Surprise' in column 'predicted' (did you mean 'surprise'"),
    "unknown column": (POOLED.replace("p_positive", "p_happy"), "row 1: unknown class in column 'p_happy'"),
    "class column missing": ("dataset,subject,clip,truth,p_negative,p_positive\na,b,c,negative,.5,.5\n", "no column 'p_surprise'"),
    "mixed schemes": (POOLED.replace("negative,negative", "I,negative"), "row 2: unknown class 'I'"),
    "NaN": (POOLED.replace("0.7,0.2,0.1", "nan,0.2,0.1"), "row 2: p_negative is 'nan'"),
    "infinite": (POOLED.replace("0.7,0.2,0.1", "inf,0.2,0.1"), "row 2: p_negative is 'inf'"),
    "negative": (POOLED.replace("0.7,0.2,0.1", "1.1,-0.2,0.1"), "row 2: p_negative is '1.1'"),
    "no number": (POOLED.replace("0.1,0.2,0.7", "0.1,,0.7"), "row 3: p_positive is ''"),
    "decimal comma": (POOLED.replace("0.1,0.2,0.7", '"0,1",0.2,0.7'), "row 3: p_negative is '0,1'"),
    "does not sum to 1": (POOLED.replace("0.1,0.2,0.7", "0.1,0.2,0.6"), "row 3: the probabilities sum to 0.9"),
    "scores for probabilities": (POOLED.replace("0.7,0.2,0.1", "1,1,1"), "row 2: the probabilities sum to 3"),
    "short row": (POOLED.replace(",0.1\n", "\n"), "row 2: 8 cells"),
    "long row": (POOLED.replace(",0.1\n", ",0.1,\n"), "row 2: 10 cells"),
    "empty truth": (POOLED.replace("negative,negative", ",negative"), "row 2: truth is empty"),
    "blank answer": (POOLED.replace("negative,negative", "negative, "), "row 2: predicted is empty"),
    "empty clip": (POOLED.replace("006_1", ""), "row 2: clip is ''"),
    "trailing space": (POOLED.replace("006_1", "006_1 "), "row 2: clip is '006_1 '"),
    "control character": (POOLED.replace("006_1", "006\x07_1"), "row 2: clip is"),
    "disagree": (POOLED.replace("negative,negative", "negative,positive"), "row 2: predicted is 'positive' but"),
    "open quote": (POOLED + '"samm,006,x', "row 4: not CSV"),
    "semicolons": (POOLED.replace(",", ";"), "separated by semicolons"),
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_table_is_named_by_file_and_row(tmp_path, case):
    content, words = MALFORMED[case]
    path = tmp_path / "theirs.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(MerflowError) as caught:
        read_pooled(path, classes=CLASSES)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_the_table_that_the_malformed_ones_are_made_of_is_read(tmp_path):
    (tmp_path / "ours.csv").write_text(POOLED)
    assert read_pooled(tmp_path / "ours.csv", classes=CLASSES).predicted.tolist() == [0, 2]


def test_a_missing_and_a_foreign_clip_are_named(tmp_path):
    write_predictions(tmp_path / "p.csv", table())
    with pytest.raises(
        MerflowError, match="no prediction for 1 of 7 clips, the first is smic/s03/x"
    ):
        read_predictions(tmp_path / "p.csv", expected=[*KEYS, ClipKey("smic", "s03", "x")])
    with pytest.raises(MerflowError, match="1 clip not asked for"):
        read_predictions(tmp_path / "p.csv", expected=KEYS[1:])


def test_a_missing_file_and_a_folder_are_errors_of_the_user(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(MerflowError):
            read_pooled(path)


def test_bad_probabilities_are_not_written(tmp_path):
    for bad in (np.full((6, 3), np.nan), np.full((6, 3), 1.0), np.full((6, 2), 0.5)):
        with pytest.raises(MerflowError) as caught:
            write_predictions(tmp_path / "p.csv", Predictions.of(KEYS, CLASSES, bad))
        assert caught.value.code == 3
    assert not (tmp_path / "p.csv").exists()


def test_the_challenge_log_comes_back(tmp_path):
    write_megc_log(tmp_path / "log.txt", pooled())
    text = (tmp_path / "log.txt").read_text()
    assert text.startswith("samm 006\n006_1 0 ")
    assert text.count("samm 011") == 1
    back = read_megc_log(tmp_path / "log.txt")
    assert back.keys == pooled().keys
    assert (back.truth == pooled().truth).all()
    assert (back.predicted == pooled().predicted).all()


@pytest.mark.parametrize(("text", "words"), [
    ("EP02 1 1\n", "row 1: a clip before a subject"),
    ("casme2 sub01\nEP02 1 3\n", "row 2: class '3'"),
    ("casme2 sub01\nEP02 1 -1\n", "row 2: class '-1'"),
    ("casme2 sub01\nEP02 1 1\nEP02 1 1\n", "row 3: clip casme2/sub01/EP02 twice"),
    ("casme2 sub01\n", "no clips"),
    ("casme2 sub01\nEP02 1 1 1\n", "row 2: 4 words"),
    ("", "empty"),
])  # fmt: skip
def test_a_malformed_log_is_named_by_row(tmp_path, text, words):
    (tmp_path / "log.txt").write_text(text)
    with pytest.raises(MerflowError) as caught:
        read_megc_log(tmp_path / "log.txt")
    assert words in str(caught.value)


def test_a_name_with_a_space_cannot_enter_the_log(tmp_path):
    keys = (ClipKey("a", "1", "x y"),)
    spaced = pool([("f", table(0, keys))], {keys[0]: "negative"}, CLASSES)
    with pytest.raises(MerflowError, match="without spaces"):
        write_megc_log(tmp_path / "log.txt", spaced)
