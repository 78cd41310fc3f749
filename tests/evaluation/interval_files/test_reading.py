"""Forms of interval files, read and written; faults named by file and row."""

import pytest

from merflow.errors import MerflowError
from merflow.evaluation.interval_files.megc_log import is_log, read_log
from merflow.evaluation.interval_files.output import export
from merflow.evaluation.interval_files.table import read_intervals, read_lengths
from merflow.evaluation.interval_files.together import together
from merflow.evaluation.intervals.record import Video, VideoInterval, VideoLength
from merflow.evaluation.intervals.scores import match


def written(folder, *lines, name="p.csv"):
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


def error_of(call, *arguments, **options):
    with pytest.raises(MerflowError) as caught:
        call(*arguments, **options)
    return str(caught.value)


FORMS = {
    "merflow": (
        "dataset,subject,video,onset,offset,type,emotion,confidence",
        "samm_lv,019,019_7,10,20,micro,negative,0.5",
    ),
    "MEGC2022": ("vid,pred_onset,pred_offset,type", "019_7,10,20,me"),
    "MEGC2023": ("vid,onset,offset,type", "019_7,10,20,mae"),
    "MEGC spot then recognise": ("subject,video,onset,offset,emotion", "019,019_7,10,20,Negative"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_found_from_the_header(tmp_path, form):
    table = read_intervals(written(tmp_path, *FORMS[form]))
    (one,) = table.intervals
    assert table.form == form
    assert (one.subject, one.video, one.onset, one.offset) == ("019", "019_7", 10, 20)
    assert one.kind == {"merflow": "micro", "MEGC2022": "micro", "MEGC2023": "macro"}.get(form, "")
    assert one.emotion in ("", "negative")


def test_columns_in_any_order_whole_numbers_as_floats_and_unread_columns(tmp_path):
    table = read_intervals(written(tmp_path, "offset,apex,onset,vid,type", "20.0,15,10,dzw_a1,ME"))
    assert table.intervals == (
        VideoInterval(
            "", "dzw", "dzw_a1", 10, 20, "micro", "", pytest.approx(float("nan"), nan_ok=True)
        ),
    )


def test_no_predictions_at_all_can_be_read(tmp_path):
    assert read_intervals(written(tmp_path, "vid,onset,offset,type")).intervals == ()


@pytest.mark.parametrize(
    ("row", "found", "expected"),
    [
        ("a,1,v,20,10,me,x,.5", "onset 20 is after offset 10", "onset <= offset"),
        ("a,1,v,-3,10,me,x,.5", "onset '-3'", "0 or more"),
        ("a,1,v,ten,20,me,x,.5", "onset 'ten'", "a whole number of frames"),
        ("a,1,v,1.5,20,me,x,.5", "onset '1.5'", "a whole number of frames"),
        ("a,1,v,1,,me,x,.5", "no offset", "a whole number of frames"),
        ("a,1,v,1,20,blink,x,.5", "type 'blink'", "me or micro, mae or macro"),
        ("a,1,v,1,20,me,x,nan", "confidence 'nan'", "a number"),
        ("a,1,v,1,20,me,x,", "no confidence", "a number"),
        ("a,,v,1,20,me,x,.5", "no subject", "a subject"),
        ("a,1,v,1,20,me", "6 cells", "8, as in the header"),
    ],
)
def test_a_bad_row_is_named(tmp_path, row, found, expected):
    path = written(tmp_path, FORMS["merflow"][0], "a,1,v,1,9,me,x,.5", row)
    message = error_of(read_intervals, path)
    assert f"{path}: row 3: {found}" in message and expected in message


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("vid,onset,type", "no column 'offset'"),
        ("vid,onset,offset,confidense", "did you mean 'confidence'"),
        ("vid,video,onset,offset", "columns 'vid' and 'video'"),
        ("vid;onset;offset", "columns separated by semicolons"),
    ],
)
def test_a_bad_header_is_named(tmp_path, header, found):
    assert found in error_of(read_intervals, written(tmp_path, header))


def test_onsets_before_the_first_frame_are_read_where_asked(tmp_path):
    path = written(tmp_path, "vid,onset,offset", "a_1,-3,65")
    assert read_intervals(path, negative=True).intervals[0].onset == -3
    path = written(tmp_path, "vid,onset,offset", "a_1,-30,-6")
    assert "onset '-30'" in error_of(read_intervals, path, negative=True)


def test_lengths_stand_in_a_file_or_in_a_column(tmp_path):
    path = written(tmp_path, "dataset,subject,video,frames,fps,first", "a,1,v,90,30,0")
    assert read_lengths(path).lengths == {Video("a", "1", "v"): VideoLength(90, 30, 0)}
    path = written(tmp_path, "vid,onset,offset,frames", "a_1,1,5,90", "a_1,7,9,80")
    assert "row 3: recording a/a_1 has 80 frames, and 90" in error_of(read_intervals, path)
    path = written(tmp_path, "video,frames", "a_1,90", "a_1,90")
    assert "recording a/a_1 again" in error_of(read_lengths, path)
    path = written(tmp_path, "video,frames,fps", "a_1,90,0")
    assert "fps '0'" in error_of(read_lengths, path)


TRUTH = (
    "dataset,subject,video,onset,offset,type",
    "samm_lv,019,019_7,10,29,micro",
    "samm_lv,019,019_7,30,90,macro",
    "casme_sq,s15,s15_0101,5,14,micro",
)
LENGTHS = ("dataset,subject,video,frames", "samm_lv,019,019_7,100", "casme_sq,s15,s15_0101,60")


def both(folder, predicted, truth=TRUTH, lengths=(), kind=""):
    videos = read_lengths(written(folder, *lengths, name="v.csv")) if lengths else None
    paths = (written(folder, *predicted), written(folder, *truth, name="t.csv"))
    return together(*map(read_intervals, paths), videos, kind)


def test_ids_that_a_challenge_leaves_out_are_taken_from_the_truth(tmp_path):
    found = both(tmp_path, ("vid,onset,offset,type", "s15_0101,5,14,me", "019_7,10,29,me"))
    assert [str(one.key) for one in found.predictions] == [
        "casme_sq/s15/s15_0101",
        "samm_lv/019/019_7",
    ]
    assert match(found.predictions, found.truths).counts() == (2, 0, 1)


def test_and_those_that_the_truth_leaves_out_from_the_predictions(tmp_path):
    truth = ("vid,onset,offset,type", "7,10,29,me")
    found = both(tmp_path, ("dataset,subject,video,onset,offset,type", "d,s1,7,10,29,me"), truth)
    assert match(found.predictions, found.truths).counts() == (1, 0, 0)


def test_an_id_that_fits_two_recordings_is_refused(tmp_path):
    truth = ("dataset,subject,video,onset,offset", "a,1,v,1,5", "b,1,v,1,5")
    message = error_of(both, tmp_path, ("subject,video,onset,offset", "1,v,1,5"), truth)
    assert "row 2: video 'v' is a/1/v and b/1/v" in message and "add the column dataset" in message


def test_an_interval_outside_its_video_is_an_error(tmp_path):
    outside = (*TRUTH[:1], "samm_lv,019,019_7,10,29,micro", "samm_lv,019,019_7,95,101,micro")
    assert len(both(tmp_path, outside).predictions) == 2
    message = error_of(both, tmp_path, outside, lengths=LENGTHS)
    assert (
        "p.csv: row 3: micro interval 95..101 of samm_lv/019/019_7 is outside its video" in message
    )
    assert "frames 1..100" in message
    message = error_of(both, tmp_path, TRUTH, truth=outside, lengths=LENGTHS)
    assert "t.csv: row 3: micro interval 95..101" in message


def test_an_interval_that_stands_twice_is_an_error(tmp_path):
    twice = (*TRUTH, TRUTH[1])
    message = error_of(both, tmp_path, twice)
    assert "p.csv: row 5: micro interval 10..29" in message and "again, first in" in message
    assert "t.csv: row 5" in error_of(both, tmp_path, TRUTH, twice)


def test_recordings_that_the_truth_does_not_have(tmp_path):
    other = (TRUTH[0], "samm_lv,019,019_8,1,9,micro")
    assert "recording samm_lv/019/019_8 is not in the truth" in error_of(both, tmp_path, other)
    some = (*TRUTH, other[1])
    assert len(both(tmp_path, some).videos) == 2
    assert "019_8 is not in the truth" in error_of(both, tmp_path, some, lengths=LENGTHS)
    more = (*LENGTHS, "samm_lv,019,019_8,50")
    assert len(both(tmp_path, some, lengths=more).videos) == 3


def test_types_of_predictions_without_a_column(tmp_path):
    bare = ("subject,video,onset,offset", "019,019_7,10,29")
    assert "truth has micro and macro" in error_of(both, tmp_path, bare)
    found = both(tmp_path, bare, kind="micro")
    assert [one.kind for one in found.predictions] == ["micro"]
    assert match(found.predictions, found.truths).counts() == (1, 0, 1)
    found = both(tmp_path, bare, TRUTH[:2])
    assert match(found.predictions, found.truths).counts() == (1, 0, 0)


def test_types_are_dropped_where_the_truth_has_none(tmp_path):
    truth = ("subject,video,onset,offset", "019,019_7,10,29")
    found = both(tmp_path, ("vid,onset,offset,type", "019_7,10,29,mae"), truth)
    assert match(found.predictions, found.truths).counts() == (1, 0, 0)
    assert "types of the predictions" not in found.notes[0] and "not used" in found.notes[0]


def test_overlapping_truth_of_one_type_is_a_warning(tmp_path):
    truth = (*TRUTH, "samm_lv,019,019_7,80,99,macro")
    found = both(tmp_path, TRUTH, truth)
    (note,) = found.notes
    assert "1 pair of annotated intervals of one type overlap" in note
    assert "macro interval 30..90 of samm_lv/019/019_7 and 80..99" in note
    assert both(tmp_path, TRUTH).notes == ()


LOG = (
    "1",
    "019_7\t10\t29\t11\t30\tTP",
    "019_7   -  -  60 80   FP",
    "019_7   30 90 -  -    FN",
    "2",
    "s15_0101 5 14 - - FN",
)


def test_a_log_has_predictions_truth_and_counts(tmp_path):
    path = written(tmp_path, *LOG, name="log.txt")
    log = read_log(path)
    assert is_log(path) and log.printed == (1, 1, 2)
    assert len(log.predictions.intervals) == 2 and len(log.truth.intervals) == 3
    found = together(log.predictions, log.truth)
    assert [str(one.key) for one in found.truths] == [
        *["samm_lv/019/019_7"] * 2,
        "casme_sq/s15/s15_0101",
    ]
    assert match(found.predictions, found.truths).counts() == log.printed


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("019_7 10 29 11 30", "row 2: '019_7 10 29 11 30'"),
        ("019_7 10 29 11 30 XX", "row 2: '019_7 10 29 11 30 XX'"),
        ("019_7 10 29 11 30 FP", "row 2: '10 29'"),
        ("019_7 - - - - FP", "row 2: '- -'"),
        ("019_7 29 10 - - FN", "row 2: onset 29 is after offset 10"),
    ],
)
def test_a_bad_line_of_a_log_is_named(tmp_path, line, found):
    assert found in error_of(read_log, written(tmp_path, "1", line, name="log.txt"))


def test_in_a_log_one_prediction_may_hit_two_intervals(tmp_path):
    lines = ("1", "v_1 1 10 1 12 TP", "v_1 1 14 1 12 TP")
    log = read_log(written(tmp_path, *lines, name="log.txt"))
    assert (len(log.predictions.intervals), len(log.truth.intervals)) == (1, 2)
    assert match(log.predictions.intervals, log.truth.intervals, rule="megc2020").counts().tp == 2


def test_equal_intervals_of_a_log_all_count(tmp_path):
    lines = ("1", "v_1 1 10 - - FN", "v_1 1 10 - - FN", "v_1 - - 1 90 FP", "v_1 - - 1 90 FP")
    log = read_log(written(tmp_path, *lines, name="log.txt"))
    found = together(log.predictions, log.truth)
    assert match(found.predictions, found.truths).counts() == log.printed == (0, 2, 2)


@pytest.mark.parametrize("form", ["merflow", "megc2022", "megc2023", "megc-str", "megc-log"])
def test_every_form_reads_back_as_it_was_written(tmp_path, form):
    truth = read_intervals(written(tmp_path, *TRUTH)).intervals
    predicted = tuple(one._replace(emotion="negative", onset=one.onset + 1) for one in truth)
    matched = match(predicted, truth)
    export(tmp_path / "out", form, matched, predicted)
    if form == "megc-log":
        log = read_log(tmp_path / "out")
        read, columns = log.predictions.intervals, ("dataset", "video", "onset", "offset")
        assert log.printed == matched.counts() and len(log.truth.intervals) == 3
    else:
        read = read_intervals(tmp_path / "out").intervals
        columns = ("video", "onset", "offset")
        columns += {"megc-str": ("subject", "emotion")}.get(form, ("kind",))
        columns += ("dataset", "subject", "emotion") if form == "merflow" else ()
    pick = [[getattr(one, name) for name in columns] for one in (*read, *predicted)]
    assert sorted(pick[:3]) == sorted(pick[3:])


def test_a_log_is_written_of_two_datasets_only(tmp_path):
    one = VideoInterval("other", "1", "v", 1, 5)
    message = error_of(export, tmp_path / "log", "megc-log", match([one], [one]), [one])
    assert "dataset 'other'" in message
    assert "unknown form 'csv'" in error_of(
        export, tmp_path / "x", "csv", match([one], [one]), [one]
    )
