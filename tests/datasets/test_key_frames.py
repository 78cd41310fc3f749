"""Corrected key frames of clips that their reader has not corrected itself, and which file holds."""

from dataclasses import replace

import pytest

from merflow.clip import Clip, ClipKey
from merflow.config.settings import DatasetEntry
from merflow.datasets import errata
from merflow.datasets.errata import Correction, Errata
from merflow.datasets.key_frames import correct_key_frames
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError

KEY = ClipKey("mine", "s01", "a")
PICTURES = Clip(
    KEY, "/faces", tuple(f"{n}.png" for n in range(10, 20)), tuple(range(10, 20)), 25.0, "joy",
    onset=10, offset=19,
)  # fmt: skip
VIDEO = replace(PICTURES, files=("a.mp4",), onset=None, offset=None)
HEAD = "subject,clip,field,was,is,source\n"


def corrected(clip, **fields):
    lines = tuple(
        Correction(name, was, now, "A. B.", "mine.csv") for name, (was, now) in fields.items()
    )
    (found,) = correct_key_frames([clip], Errata({("s01", "a"): lines}))
    return found


def test_frames_before_a_later_onset_and_after_an_earlier_offset_are_left_out():
    found = corrected(PICTURES, onset=("10", "12"), apex=("", "14"), offset=("19", "17"))
    assert (found.onset, found.apex, found.offset) == (12, 14, 17)
    assert found.numbers == tuple(range(12, 18)) and found.files[0] == "12.png"
    assert len(found.files) == 6


def test_a_video_keeps_its_file_and_loses_numbers():
    found = corrected(VIDEO, onset=("", "13"), offset=("", "15"))
    assert found.files == ("a.mp4",) and found.numbers == (13, 14, 15)


def test_a_video_without_key_frames_is_cut_where_its_offset_becomes_known():
    whole = replace(VIDEO, numbers=())
    found = corrected(whole, apex=("", "14"))
    assert found.apex == 14 and found.numbers == ()
    assert corrected(whole, onset=("", "13")).numbers == ()
    assert corrected(whole, offset=("", "2")).numbers == (0, 1, 2)
    found = corrected(whole, onset=("", "13"), offset=("", "15"))
    assert found.files == ("a.mp4",) and found.numbers == (13, 14, 15)
    absent = replace(whole, files=())
    assert corrected(absent, offset=("", "2")).numbers == ()


def test_a_line_for_another_value_or_another_field_changes_nothing():
    assert corrected(PICTURES, onset=("9", "12")) is PICTURES
    assert corrected(PICTURES, onset=("8", "10")) is PICTURES  # Its reader has corrected it.
    assert corrected(PICTURES, emotion=("joy", "sad")) is PICTURES


def test_a_frame_that_is_no_number_names_its_line():
    with pytest.raises(MerflowError, match="mine.csv.*twelve"):
        corrected(PICTURES, onset=("10", "twelve"))


def write(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines))


def test_the_file_of_a_name_in_the_config_precedes_that_of_its_reader(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "config/errata"
    write(folder / "samm.csv", "028,028_4_1,apex,1143,1113,paper", "028,028_4_1,onset,1,2,paper")
    write(folder / "mine.csv", "028,028_4_1,apex,1143,1120,A. B.")
    lines = errata.of_dataset("mine", "samm", False).corrections["028", "028_4_1"]
    assert {one.field: one.now for one in lines} == {"onset": "2", "apex": "1120"}
    assert errata.of_dataset("samm", "samm", False).corrections["028", "028_4_1"][0].now == "1113"


def test_generated_clips_have_a_file_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "config/errata"
    write(folder / "casme2.csv", "sub01,EP02_01f,onset,46,50,paper")
    assert not errata.of_dataset("casme2", "casme2", True).corrections
    write(folder / "generated/casme2.csv", "sub01,EP02_01f,onset,46,50,A. B.")
    assert errata.of_dataset("casme2", "casme2", True).corrections


def test_a_manifest_without_key_frames_takes_corrected_ones(tmp_path, monkeypatch):
    """A dataset named `mine` in the config, read by the reader of manifests."""
    import cv2
    import numpy as np

    monkeypatch.chdir(tmp_path)
    for number in range(6):
        (tmp_path / "own/s01/a").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(f"own/s01/a/{number:03d}.png", np.zeros((8, 8), np.uint8))
    (tmp_path / "own/manifest.csv").write_text(
        "subject,clip,path,fps,emotion\ns01,a,s01/a,25,joy\n"
    )
    entry = DatasetEntry(root="own", reader="manifest")
    (before,) = read_dataset("mine", entry).clips
    number = before.numbers[1]
    was = "" if before.onset is None else before.onset
    write(tmp_path / "config/errata/mine.csv", f"s01,a,onset,{was},{number},A. B.")
    (after,) = read_dataset("mine", entry).clips
    assert after.onset == number and after.numbers == before.numbers[1:]
