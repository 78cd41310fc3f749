"""A list of clips and the folder of their frames become one manifest of several datasets."""

import composite_lists as made
import pytest
import yaml
from clip_makers import picture, video

from merflow.clip import ClipKey
from merflow.commands.make_manifest import make_manifest as command
from merflow.config.settings import DatasetEntry
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError

CLIPS = {
    ClipKey("casme2", "sub01", "EP02_01f"): "positive",
    ClipKey("casme2", "sub02", "EP02_01f"): "negative",
    ClipKey("samm", "006", "006_1_2"): "negative",
    ClipKey("samm", "007", "007_1_2"): "surprise",
    ClipKey("smic", "s03", "s03_ne_01"): "negative",
    ClipKey("smic", "s03", "s03_po_01"): "positive",
}
PLACES = (
    "CASME2/Cropped/sub01/EP02_01f/reg_img46.png",
    "flow/sub02_EP02_01f .png",
    "SAMM/006/006_1_2/006_05562.png",
    "SMIC/s3/micro/negative/s3_ne_01/image1.png",
)


@pytest.fixture
def listed(tmp_path):
    for place in PLACES:
        picture(tmp_path / "faces" / place)
    video(tmp_path / "faces/SMIC/s03_po_01.avi", fps=25)
    return made.official_csv(tmp_path / "list.csv", CLIPS)


def test_clips_are_found_by_name_wherever_they_lie(tmp_path, capsys, listed):
    command(from_list=listed, frames=tmp_path / "faces", fps=100)
    printed = capsys.readouterr().out
    assert "1 of 6 listed clips not found: samm/007/007_1_2" in printed
    assert "5 clips of 4 subjects" in printed
    entries = yaml.safe_load(printed.split("In the config: ")[1])["datasets"]
    assert sorted(entries) == ["casme2", "samm", "smic"]
    clips = [
        clip
        for name, entry in entries.items()
        for clip in read_dataset(name, DatasetEntry(**entry)).clips
    ]
    assert {clip.key: clip.emotion for clip in clips} == {
        key: name for key, name in CLIPS.items() if key.subject != "007"
    }
    rates = {clip.key.clip: clip.fps for clip in clips}
    assert rates["006_1_2"] == 100 and rates["s03_po_01"] == 100
    assert all(not clip.missing for clip in clips)


def test_no_frame_rate_is_guessed(tmp_path, capsys, listed):
    command(from_list=listed, frames=tmp_path / "faces", out=tmp_path / "m.csv")
    assert "add `fps:` to each entry" in capsys.readouterr().out
    entry = {"root": str(tmp_path / "faces"), "sheet": str(tmp_path / "m.csv")}
    reading = read_dataset("smic", DatasetEntry(**entry, reader="manifest"))
    assert [clip.fps for clip in reading.clips] == [25.0]  # the video's own
    assert "no frame rate" in reading.errors[0].found
    with_rate = read_dataset("smic", DatasetEntry(**entry, reader="manifest", fps=100))
    assert len(with_rate.clips) == 2 and not with_rate.errors


def test_clips_of_your_own_lie_below_their_subjects(tmp_path):
    picture(tmp_path / "in/P01/x/1.png")
    picture(tmp_path / "in/P02/x/1.png")
    (tmp_path / "list.csv").write_text("dataset,subject,clip,emotion\nmine,p1,x,joy\n")
    command(from_list=tmp_path / "list.csv", frames=tmp_path / "in", fps=9)
    (clip,) = read_dataset("mine", DatasetEntry(root=str(tmp_path / "in"), reader="manifest")).clips
    assert clip.key == ("mine", "p1", "x") and clip.folder.endswith("P01/x")


CASES = {
    "nowhere": ({"frames": "empty"}, "none of the 6 clips of"),
    "no folder": ({}, "no folder of frames"),
    "a folder that is not there": ({"frames": "none"}, "no such folder"),
    "class folders as well": ({"frames": "faces", "from_class_folders": "faces"}, "has no effect"),
    "a form": ({"frames": "faces", "form": "class/clip"}, "--form: has no effect with --from-list"),
    "a dataset": ({"frames": "faces", "dataset": "mine"}, "--dataset: has no effect"),
    "two places": ({"frames": "faces", "copy": True}, "1 clip in several places, as samm/006"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_fit_a_list_is_refused(tmp_path, listed, case):
    options, words = CASES[case]
    if options.pop("copy", False):
        picture(tmp_path / "faces/SAMM copy/006/006_1_2/006_05562.png")
    (tmp_path / "empty").mkdir()
    given = {
        name: tmp_path / value if name in ("frames", "from_class_folders") else value
        for name, value in options.items()
    }
    with pytest.raises(MerflowError) as refused:
        command(from_list=listed, **given)
    assert words in str(refused.value) and not (tmp_path / "faces/manifest.csv").exists()


@pytest.mark.parametrize("given", [{}, {"frames": "x"}])
def test_one_source_is_needed(tmp_path, given):
    with pytest.raises(MerflowError, match="merflow make-manifest: "):
        command(**dict.fromkeys(given, tmp_path))
