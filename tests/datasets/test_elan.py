"""Segments of a recording go to ELAN and back, and annotations of others are read."""

import random
import time

import numpy as np
import pytest
from clip_makers import video
from timed_video import moving, write_timed

from merflow.commands.make_manifest import make_manifest
from merflow.config.settings import DatasetEntry
from merflow.datasets.elan import (
    ElanFile,
    Segment,
    Span,
    _shared,
    _Tier,
    elan_text,
    parse_elan,
    segments_of,
)
from merflow.datasets.recording_times import frame_times, span_at, times_of
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.io.images import read_frames

TIMES = np.arange(500) / 30
SEGMENTS = [
    Segment(0, 10, 4, "joy", "AU6 AU12", "a & b", "s01"),
    Segment(12, 13, None, "", "", "", ""),
    Segment(400, 499, 499, "fear <1>", "AU4", "ende ü", "s01"),
]
HEAD = '<ANNOTATION_DOCUMENT><HEADER><MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/x/take.avi"/></HEADER>'
SLOTS = "<TIME_ORDER>" + "".join(
    f'<TIME_SLOT TIME_SLOT_ID="t{n}" TIME_VALUE="{n * 100}"/>' for n in range(20)
)


def tier(name, *spans, **more):
    inner = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}{n}" TIME_SLOT_REF1="t{start}" '
        f'TIME_SLOT_REF2="t{end}"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION>"
        for n, (start, end, text) in enumerate(spans)
    )
    facts = " ".join(f'{key}="{value}"' for key, value in more.items())
    return f'<TIER TIER_ID="{name}" {facts}>{inner}</TIER>'


def document(*tiers):
    return f"{HEAD}{SLOTS}</TIME_ORDER>{''.join(tiers)}</ANNOTATION_DOCUMENT>".encode()


@pytest.mark.parametrize("rate", [25, 29.97, 30, 50, 59.94, 200, 500, 999])
def test_segments_come_back_frame_by_frame(rate):
    times = np.arange(500) / rate
    text = elan_text(SEGMENTS, times, "take.avi", "2026-01-01T00:00:00+00:00")
    found, _ = segments_of(parse_elan(text.encode(), "x.eaf"), times)
    assert found == SEGMENTS


def test_random_segments_come_back_at_varying_rates():
    chance = random.Random(3)
    for _ in range(20):
        times = np.cumsum([chance.choice((0.02, 0.033, 0.041)) for _ in range(300)])
        times -= times[0]
        starts = sorted(chance.sample(range(290), 8))
        wanted = [Segment(a, a + chance.randrange(1, 9), None, "joy") for a in starts]
        text = elan_text(wanted, times, "t.mp4", "2026-01-01T00:00:00+00:00")
        assert segments_of(parse_elan(text.encode(), "x.eaf"), times)[0] == wanted


def test_a_tier_for_each_action_unit_and_the_participant_are_read():
    data = document(
        tier("Expression", (1, 5, "joy"), (8, 9, "fear"), PARTICIPANT="p07"),
        tier("AU12", (2, 4, "B")), tier("AU 6", (3, 5, "")), tier("Comment", (1, 2, "blink")),
    )  # fmt: skip
    found, notes = segments_of(parse_elan(data, "x.eaf"), np.arange(60) / 30)
    assert [(one.onset, one.offset, one.emotion, one.subject) for one in found] == [
        (3, 14, "joy", "p07"), (24, 26, "fear", "p07"),
    ]  # fmt: skip
    assert found[0].action_units == "AU12 AU6" and "Comment" in " ".join(notes)


def test_tiers_that_could_be_meant_and_are_not_read_are_named():
    data = document(tier("emotion", (1, 5, "joy")), tier("Expression", (8, 9, "fear")))
    _, notes = segments_of(parse_elan(data, "x.eaf"), TIMES)
    assert "tiers that are not read: Expression" in notes


def test_a_tier_without_a_name_is_none_of_the_named_ones():
    data = document(tier("", (1, 5, "joy")), tier("AU4", (1, 5, "")))
    (one,), _ = segments_of(parse_elan(data, "x.eaf"), TIMES)
    assert (one.emotion, one.apex, one.subject, one.clip) == ("joy", None, "", "")


@pytest.mark.parametrize("names", [("emotion", "Emotion_"), ("emotion", " emotion"), ("x", "x ")])
def test_two_tiers_of_one_name_are_refused_and_an_empty_one_does_not_count(names):
    one, two = (tier(name, (n, n + 1, "joy")) for n, name in enumerate(names, 1))
    with pytest.raises(MerflowError, match="two tiers of one name"):
        segments_of(parse_elan(document(one, two), "x.eaf"), TIMES)
    data = document(
        tier("emotion", (1, 2, "joy")), tier("Emotion_"), tier("x"), tier("X", (1, 2, ""))
    )
    assert len(segments_of(parse_elan(data, "x.eaf"), TIMES)[0]) == 1


def test_annotations_after_the_end_are_counted_and_left_out():
    data = document(tier("emotion", (1, 2, "joy"), (18, 19, "fear")))
    found, notes = segments_of(parse_elan(data, "x.eaf"), np.arange(30) / 30)
    assert len(found) == 1 and "1 annotation after the end" in " ".join(notes)


BAD = {
    "not XML": b"x",
    "another XML": b"<svg/>",
    "entities": b'<!DOCTYPE a [<!ENTITY e "x">]><ANNOTATION_DOCUMENT>&e;</ANNOTATION_DOCUMENT>',
    "a file": b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><ANNOTATION_DOCUMENT>&e;'
    b"</ANNOTATION_DOCUMENT>",
    "an unknown encoding": b'<?xml version="1.0" encoding="klingon"?><ANNOTATION_DOCUMENT/>',
    "too many segments": document(tier("emotion", *[(1, 2, "joy")] * 10_001)),
    "no tiers": document(),
    "no times": document('<TIER TIER_ID="emotion"><ANNOTATION><ALIGNABLE_ANNOTATION '
                         'TIME_SLOT_REF1="t1" TIME_SLOT_REF2="t99"/></ANNOTATION></TIER>'),
    "backwards": document(tier("emotion", (5, 1, "joy"))),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_cannot_be_used_is_refused(case):
    with pytest.raises(MerflowError):
        segments_of(parse_elan(BAD[case], "x.eaf"), TIMES)


def test_overlaps_are_those_of_a_search_through_all_annotations_and_found_in_no_time():
    draw = random.Random(3)
    starts = [draw.randrange(2000) for _ in range(300)]
    spans = [Span(at, at + draw.choice((0, 1, 40, 900)), "x") for at in starts]
    spans.sort(key=lambda one: (one.start, one.end))
    for one in spans[::7]:
        assert _Tier.of(spans).overlapping(one) == [two for two in spans if _shared(two, one) > 0]
    row = [Span(at, at + 1, "x") for at in range(5000)]
    names = ("emotion", "apex", "clip", "subject")
    began = time.process_time()
    segments_of(ElanFile(dict.fromkeys(names, row), {}, ()), TIMES)
    assert time.process_time() - began < 10  # 140 s when each annotation is compared with each.


def test_recordings_faster_than_elan_counts_are_refused():
    with pytest.raises(MerflowError, match="more than 1000 frames per second"):
        elan_text(SEGMENTS[:1], np.arange(50) / 2000, "fast.avi", "2026-01-01T00:00:00+00:00")


def test_a_span_is_the_inverse_of_its_times():
    for first, last in ((0, 0), (3, 9), (498, 499)):
        assert span_at(TIMES, *times_of(TIMES, first, last)) == (first, last)


def test_annotations_of_one_recording_say_nothing_of_the_others(tmp_path, capsys):
    for name in ("a", "b"):
        video(tmp_path / f"{name}.avi", frames=8, fps=50)
        text = elan_text(
            [Segment(2, 5, None, "joy")], np.arange(8) / 50, f"{name}.avi", "2026-01-01T00:00:00Z"
        )
        (tmp_path / f"{name}.eaf").write_text(text)
        make_manifest(annotations=tmp_path / f"{name}.eaf")
    told = capsys.readouterr().out
    assert "not found" not in told and "2 clips of 1 subject" in told
    twins = [Segment(1, 2, None, "joy", clip="x"), Segment(4, 5, None, "joy", clip="x")]
    text = elan_text(twins, np.arange(8) / 50, "a.avi", "2026-01-01T00:00:00Z")
    (tmp_path / "a.eaf").write_text(text)
    before = (tmp_path / "manifest.csv").read_text()
    for out in (None, tmp_path / "new.csv"):
        with pytest.raises(MerflowError, match="two rows for the clip unknown/x"):
            make_manifest(annotations=tmp_path / "a.eaf", out=out)
    assert (tmp_path / "manifest.csv").read_text() == before
    assert not (tmp_path / "new.csv").exists()


def test_times_of_a_variable_rate_are_those_of_the_frames(tmp_path):
    path = tmp_path / "phone.mp4"
    wanted = [0, 40, 80, 160, 200, 300]
    write_timed(path, moving(len(wanted)), [time / 1000 for time in wanted])
    assert np.allclose(frame_times(path) * 1000, wanted, atol=1)


def test_the_command_reads_annotations_and_the_segments_are_exact(tmp_path, capsys):
    recording = tmp_path / "rec/take.avi"
    video(recording, frames=8, fps=50)
    times = np.arange(8) / 50
    marked = [Segment(2, 5, 3, "Joy", "AU12", "", "s01"), Segment(6, 7, None, "fear")]
    (tmp_path / "take.eaf").write_text(elan_text(marked, times, "take.avi", "2026-01-01T00:00:00Z"))
    make_manifest(annotations=tmp_path / "take.eaf", frames=tmp_path / "rec")
    assert "2 clips of 2 subjects" in capsys.readouterr().out
    clips = read_dataset("mine", DatasetEntry(root=str(tmp_path / "rec"), reader="manifest")).clips
    one = next(clip for clip in clips if clip.emotion == "joy")
    assert (one.onset, one.apex, one.offset, one.action_units) == (2, 3, 5, "AU12")
    brightness = [frame.mean() for frame in read_frames(one)]
    assert np.allclose(brightness, [60, 90, 120, 150], atol=4)
