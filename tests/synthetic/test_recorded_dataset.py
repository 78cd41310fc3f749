"""The generated dataset of recordings: the form of CAS(ME)2, read back by its reader."""

import cv2
import numpy as np
import pytest

from merflow.commands.demo import demo
from merflow.config.settings import DatasetEntry
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.synthetic.clip import Difficulty
from merflow.synthetic.recorded_dataset import plan_recordings, write_recordings


def planned(root, subjects=2, each=2):
    return plan_recordings(root, subjects, each, 1, Difficulty(), small=True)


def test_the_sheet_has_the_drawn_intervals(tmp_path):
    made = planned(tmp_path)
    write_recordings(tmp_path, made, drawn=False)
    entry = DatasetEntry(root=str(tmp_path), variant="spotting")
    clips = {clip.key: clip for clip in read_dataset("casme_sq", entry).required().clips}
    assert [str(key) for key in clips] == [
        *("casme_sq/s15/disgust1", "casme_sq/s15/disgust2"),
        *("casme_sq/s16/disgust1", "casme_sq/s16/disgust2"),
    ]
    for one in made:
        clip = clips[one.recording.clip.key]
        assert clip.fps == 30
        assert clip.numbers == tuple(range(1, 121))
        parts = one.recording.parts
        spans = [(part.first + 1, part.last + 1, part.expression) for part in parts]
        assert [(i.onset, i.offset, i.emotion) for i in clip.intervals] == spans
        assert all(i.kind == "micro" and i.onset <= i.apex <= i.offset for i in clip.intervals)


def test_the_same_recordings_can_be_read_as_cut_clips(tmp_path):
    write_recordings(tmp_path, planned(tmp_path), drawn=False)
    entry = DatasetEntry(root=str(tmp_path), variant="rawpic")
    clips = read_dataset("casme_sq", entry).required().clips
    assert len(clips) == 8
    assert {clip.emotion for clip in clips} <= {"negative", "positive", "surprise"}


def test_frames_are_drawn_once_and_move_in_intervals_only(tmp_path):
    made = planned(tmp_path, subjects=1, each=1)
    assert write_recordings(tmp_path, made).endswith(f"written to {tmp_path}")
    assert write_recordings(tmp_path, made).endswith("nothing to do")
    one = made[0]
    frames = np.stack([cv2.imread(str(one.path / name), 0) for name in one.names]).astype(float)
    assert frames.shape == (120, 240, 320)
    part, rest = one.recording.parts[0], one.recording.parts[0].first - 4
    apex = (part.first + part.last) // 2
    moved, still = (np.abs(frames[t] - frames[rest]).max() for t in (apex, rest - 1))
    assert moved > 1.3 * still


def test_an_impossible_number_is_refused(tmp_path):
    with pytest.raises(MerflowError, match="at most 22 subjects with 9 recordings"):
        planned(tmp_path, each=10)
    with pytest.raises(MerflowError, match="--dataset casme2"):
        demo(tmp_path, dataset="casme2", recordings=1)
