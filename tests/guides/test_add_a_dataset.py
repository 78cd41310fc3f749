"""The worked example of docs/add_a_dataset.md runs as it is printed."""

import re
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from merflow.config.settings import DatasetEntry
from merflow.datasets import labels, readers
from merflow.datasets.registry import names, read_dataset
from merflow.errors import MerflowError
from merflow.io.images import read_frames
from merflow.workflow.dataset_check import check_dataset

PAGE = Path(__file__).parents[2] / "docs" / "add_a_dataset.md"


@pytest.fixture
def mini(tmp_path, monkeypatch):
    """The example's module, in a second folder of the registry; and a MINI to read."""
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "mini.py").write_text(code, encoding="utf-8")
    folders = [*readers.__path__, str(tmp_path / "code")]
    monkeypatch.setattr(readers, "__path__", folders)
    names.cache_clear()
    root = tmp_path / "MINI"
    for number in (107, 108, 109, 110):
        path = root / "video" / "P3" / "smile" / f"f{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((20, 30, 3), number, np.uint8))
    (root / "labels.csv").write_text(
        "person,video,begin,peak,end,feeling\nP3,smile,107,108,110,Happiness\n"
    )
    yield root
    sys.modules.pop("merflow.datasets.readers.mini", None)
    names.cache_clear()


def test_one_file_is_enough(mini):
    assert "mini" in names()
    reading = read_dataset("mini", DatasetEntry(root=str(mini)))
    (clip,) = reading.clips
    assert reading.sheets == ("labels.csv",)  # Named under the scores.
    assert clip.key == ("mini", "P3", "smile") and clip.fps == 50
    assert (clip.onset, clip.apex, clip.offset, clip.emotion) == (107, 108, 110, "happiness")
    assert read_frames(clip).mean((1, 2, 3)).tolist() == [107, 108, 109, 110]
    assert labels.label("three", clip) == "positive"


def test_check_knows_it_and_faults_are_named(mini):
    found = check_dataset("mini", DatasetEntry(root=str(mini)))
    assert found["clips"] == 1 and found["schemes"]["binary"] == {"negative": 0, "positive": 1}
    text = (mini / "labels.csv").read_text()
    (mini / "labels.csv").write_text(text + "P3,frown,1,2,x,disgust\nP4,a,1,2,3,joy\n")
    problems = read_dataset("mini", DatasetEntry(root=str(mini))).errors
    assert ["row 3, column 'end'" in problems[0].where, "row 4" in problems[1].where] == [True] * 2


def test_the_helpers_report_what_is_missing(mini):
    (mini / "video").rename(mini / "films")
    with pytest.raises(MerflowError, match="no folders of frames"):
        read_dataset("mini", DatasetEntry(root=str(mini)))
    (mini / "labels.csv").unlink()
    with pytest.raises(MerflowError, match="no annotation sheet"):
        read_dataset("mini", DatasetEntry(root=str(mini)))


def test_the_page_names_what_exists():
    text = PAGE.read_text(encoding="utf-8")
    root = PAGE.parents[1]
    for path in re.findall(r"`((?:src|tests|docs)/[\w/.]+)`", text):
        assert (root / path).exists() or "mini" in path, path
    for link in re.findall(r"\]\(([\w/.]+)\)", text):
        assert (PAGE.parent / link).exists(), link
